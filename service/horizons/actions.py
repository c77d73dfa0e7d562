from datetime import datetime, timedelta

from service.changes.queries import INSTANT
from service.clock import legal_day
from service.db import Database
from service.horizons.queries import (
    find_first_known_day,
    find_last_horizon,
    forget_horizons,
    insert_edges,
    insert_horizons,
    lock_log,
    move_head,
)
from service.horizons.rules import KEPT_DAYS, MARK_HOURS, horizons_due


async def log_clock_edges(database: Database, *, now: datetime) -> int:
    """Write `opened` and `ended` for every window that opened or closed by the clock since the last run; return how many.

    One transaction under the log's lock, ended by the horizons that are due: a run that dies leaves nothing, the next one
    makes it good, and two at once take turns. Window edges are no decisions, so nothing holds them back.
    """
    async with database.transaction() as session:
        log_id, head, head_at = await lock_log(session)
        last = await find_last_horizon(session)
        due = horizons_due(last=last.at if last else None, now=now)
        if not due:
            return 0
        since = legal_day(last.at) if last else await find_first_known_day(session)
        day = legal_day(now)
        count = 0
        if since is not None and since < day:
            # The head's instant moves with the day even where no edge is written: what is numbered behind this horizon was
            # then known on this day or later, so that no edge of it can lie before.
            instant = max(now, head_at + INSTANT)
            count = await insert_edges(session, since=since, day=day, head=head, now=now, instant=instant)
            await move_head(session, position=head + count, instant=instant)
        await insert_horizons(session, instants=due, log_id=log_id, position=head + count, now=now)
        await forget_horizons(session, before=now - timedelta(days=KEPT_DAYS), mark_seconds=MARK_HOURS * 3600)
    return count

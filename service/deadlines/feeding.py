"""What a feed's receipts make of deadlines: the other side's acceptance meets them, its rejection leaves or makes them open."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from asyncpg import Connection

from service.catalog.rules import Catalog
from service.deadlines.actions import derive_deadlines
from service.deadlines.queries import accept_deadlines, list_standing, reject_deadlines
from service.deadlines.rules import Outcome, Standing, State
from service.records.review import Key
from service.rulebook.deadlines import DECIDED, Bearer


async def meet_by_feed(
    connection: Connection, catalog: Catalog, *, channel: str, days: Mapping[Key, date], actor: str, now: datetime
) -> dict[Key, date]:
    """Meet the open deadlines of a channel that records' acceptances meet, each on its day, and what the same act meets.

    Returns the records whose publication (and not only their push to another province) was met, with the day.
    """
    if not days:
        return {}
    ids: dict[date, list[UUID]] = {}
    published: dict[Key, date] = {}
    standing = await list_standing(connection, keys=list(days))
    pushed = {row.after for rule in catalog.deadlines.rules if (row := rule.duty) is not None and row.after}
    for (uscc, record_id), day in days.items():
        for one in _of_channel(catalog, standing.get(record_id, ()), channel):
            if one.state is State.OPEN:
                ids.setdefault(max(day, one.starts_on), []).append(one.id)
                if one.deadline not in pushed:
                    published[uscc, record_id] = day
    for day, some in ids.items():
        await accept_deadlines(connection, ids=some, on=day, reference=actor, actor=actor, now=now)
    if ids:
        await derive_deadlines(connection, catalog, keys=list(days), cause=Outcome.ACCEPTED.value, now=now)
    return published


async def reject_by_feed(
    connection: Connection,
    catalog: Catalog,
    *,
    channel: str,
    answers: Mapping[Key, tuple[date, str]],
    actor: str,
    now: datetime,
) -> None:
    """Note on the deadlines of a channel that the other side turned records away: on which day, and why in words."""
    if not answers:
        return
    standing = await list_standing(connection, keys=list(answers))
    touched = False
    for (_, record_id), (day, reason) in answers.items():
        wanted = {State.OPEN, State.MET}
        ids = [one.id for one in _of_channel(catalog, standing.get(record_id, ()), channel) if one.state in wanted]
        if ids:
            touched = True
            await reject_deadlines(connection, ids=ids, on=day, reason=reason, reference=actor, actor=actor, now=now)
    if touched:
        await derive_deadlines(connection, catalog, keys=list(answers), cause=Outcome.REJECTED.value, now=now)


def _of_channel(catalog: Catalog, standing: Collection[Standing], channel: str) -> list[Standing]:
    """The deadlines that the authority itself has on a channel from its decision on."""
    duties = {
        rule.id
        for rule in catalog.deadlines.rules
        if rule.duty is not None
        and rule.duty.channel == channel
        and rule.duty.starts == DECIDED
        and rule.duty.bearer is Bearer.AUTHORITY
    }
    return [one for one in standing if one.rule_id in duties]

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.changes.queries import MOVED
from service.db import ReadSession
from service.horizons.rules import LoggedHorizon

# `:since` is the day of the last horizon, `:day` that of this run. A window that was open when its version came to be known
# needs no `opened`: the log's entry of that version told it. One that had passed by then never showed anything.
_EDGES: Final = """
{name}_known AS (
    SELECT v.uscc, v.id, v.version_no, v.public_from, v.public_until FROM {table} v
    WHERE v.superseded_at IS NULL AND v.state = 'published' AND v.public_reason IS NULL AND {near}
    AND NOT EXISTS (SELECT FROM pending_change p WHERE p.uscc = v.uscc AND p.record_id = v.id)
    UNION ALL
    SELECT v.uscc, v.id, v.version_no, v.public_from, v.public_until FROM {table} v
    WHERE (v.uscc, v.id, v.version_no) IN (
        SELECT c.uscc, c.record_id, max(c.version_no) FROM change c
        JOIN (SELECT DISTINCT uscc, record_id FROM pending_change WHERE kind = '{name}') p
            ON p.uscc = c.uscc AND p.record_id = c.record_id
        GROUP BY c.uscc, c.record_id
    ) AND v.state = 'published' AND v.public_reason IS NULL AND {near}
), {name}_edge AS (
    SELECT k.*, (SELECT (min(c.sequenced_at) AT TIME ZONE 'Asia/Shanghai')::date FROM change c
                 WHERE c.uscc = k.uscc AND c.record_id = k.id AND c.version_no = k.version_no) AS known_on
    FROM {name}_known k WHERE k.public_until IS NULL OR k.public_until >= k.public_from
)"""
_NEAR: Final = """(v.public_from > CAST(:since AS date) AND v.public_from <= CAST(:day AS date)
    OR v.public_until >= CAST(:since AS date) AND v.public_until < CAST(:day AS date))"""
_EVENTS: Final = """
    SELECT public_from AS day, 1 AS step, '{name}' AS kind, uscc, id, version_no, 'opened' AS event FROM {name}_edge
    WHERE public_from > CAST(:since AS date) AND public_from <= CAST(:day AS date) AND known_on < public_from
    UNION ALL
    SELECT public_until + 1, 0, '{name}', uscc, id, version_no, 'ended' FROM {name}_edge
    WHERE public_until >= CAST(:since AS date) AND public_until < CAST(:day AS date) AND known_on <= public_until"""
_TABLES: Final = {"penalty": "penalty_version", "blacklist_entry": "blacklist_entry_version"}

_INSERT_EDGES: Final = f"""
WITH {",".join(_EDGES.format(name=name, table=table, near=_NEAR) for name, table in _TABLES.items())}, numbered AS (
    INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
    SELECT :head + row_number() OVER (ORDER BY day, step, kind, uscc, id), uscc, kind, id, version_no, event,
           CAST(:now AS timestamptz), CAST(:instant AS timestamptz)
    FROM ({" UNION ALL ".join(_EVENTS.format(name=name) for name in _TABLES)}) AS edge
    RETURNING 1
)
SELECT count(*) FROM numbered"""  # noqa: S608 - put together from the names above


async def lock_log(session: AsyncSession) -> tuple[UUID, int, datetime]:
    """Lock the log's row, as the sequencer does for each batch; return its identity, its last position and its instant."""
    row = (await session.execute(text("SELECT log_id, head_position, head_at FROM change_log FOR UPDATE"))).one()
    return row.log_id, row.head_position, row.head_at


async def find_last_horizon(session: AsyncSession | ReadSession) -> LoggedHorizon | None:
    """Return the newest horizon, or None where none was ever taken."""
    rows = await session.execute(text("SELECT at, log_id, position FROM horizon ORDER BY at DESC LIMIT 1"))
    row = rows.one_or_none()
    return None if row is None else LoggedHorizon(row.at, row.log_id, row.position)


async def find_horizon(session: AsyncSession | ReadSession, *, at: datetime) -> LoggedHorizon | None:
    """Return the newest horizon at or before the instant `at`, or None where there is none."""
    rows = await session.execute(
        text("SELECT at, log_id, position FROM horizon WHERE at <= :at ORDER BY at DESC LIMIT 1"), {"at": at}
    )
    row = rows.one_or_none()
    return None if row is None else LoggedHorizon(row.at, row.log_id, row.position)


async def find_first_horizon_since(session: AsyncSession | ReadSession, *, since: datetime) -> LoggedHorizon | None:
    """Return the oldest kept horizon at or after an instant, or None where there is none."""
    rows = await session.execute(
        text("SELECT at, log_id, position FROM horizon WHERE at >= :since ORDER BY at LIMIT 1"), {"since": since}
    )
    row = rows.one_or_none()
    return None if row is None else LoggedHorizon(row.at, row.log_id, row.position)


async def find_first_known_day(session: AsyncSession) -> date | None:
    """Return the legal day of the log's first entry, or None while the log is empty."""
    first: date | None = await session.scalar(
        text("SELECT (sequenced_at AT TIME ZONE 'Asia/Shanghai')::date FROM change ORDER BY position LIMIT 1")
    )
    return first


async def insert_edges(
    session: AsyncSession, *, since: date, day: date, head: int, now: datetime, instant: datetime
) -> int:
    """Write the edges of the days after `since` up to `day` behind position `head`, in order; return how many there were.

    Of each record the last known version counts, so that what waits for its number opens and closes nothing. The caller
    holds the log's lock.
    """
    count: int = (
        await session.execute(
            text(_INSERT_EDGES), {"since": since, "day": day, "head": head, "now": now, "instant": instant}
        )
    ).scalar_one()
    return count


async def move_head(session: AsyncSession, *, position: int, instant: datetime) -> None:
    """Set the log's head; the caller holds its lock."""
    await session.execute(
        text("UPDATE change_log SET head_position = :position, head_at = :instant"),
        {"position": position, "instant": instant},
    )
    await session.execute(text(MOVED))


async def insert_horizons(
    session: AsyncSession, *, instants: list[datetime], log_id: UUID, position: int, now: datetime
) -> None:
    """Write horizons that share a position."""
    await session.execute(
        text("INSERT INTO horizon (at, log_id, position, recorded_at) VALUES (:at, :log_id, :position, :now)"),
        [{"at": at, "log_id": log_id, "position": position, "now": now} for at in instants],
    )


async def forget_horizons(session: AsyncSession, *, before: datetime, mark_seconds: int) -> None:
    """Delete horizons older than `before` that are no marks (whole multiples of `mark_seconds` since 1970)."""
    await session.execute(
        text("DELETE FROM horizon WHERE at < :before AND mod(extract(epoch FROM at), :mark) <> 0"),
        {"before": before, "mark": mark_seconds},
    )

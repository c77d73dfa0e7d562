from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import uuid_utils.compat
from asyncpg import Connection
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.visibility import among
from service.clock import day_start
from service.db import ReadSession
from service.deadlines.lists import Sight
from service.models import QualitySheet, ReminderLetter
from service.supervision.rules import Overdue, next_month

_L = ReminderLetter
_S = QualitySheet


async def list_late_authorities(connection: Connection, *, week_on: date) -> list[str]:
    """Return the authorities that have open deadlines whose last day lies before the week, and no letter of it."""
    rows = await connection.fetch(
        """SELECT DISTINCT d.authority_code FROM deadline d
        WHERE d.state = 'open' AND d.bearer <> 'subject' AND d.due_on < $1 AND NOT EXISTS (
            SELECT FROM reminder_letter l WHERE l.authority_code = d.authority_code AND l.week_on = $1) ORDER BY 1""",
        week_on,
    )
    return [row["authority_code"] for row in rows]


async def list_overdue(connection: Connection, *, authority_code: str, week_on: date) -> list[Overdue]:
    """Return an authority's open deadlines whose last day lies before the week, counted by row and last day, the oldest first."""
    rows = await connection.fetch(
        """SELECT deadline, rule_id, channel, due_on, count(*) AS count FROM deadline
        WHERE authority_code = $1 AND state = 'open' AND bearer <> 'subject' AND due_on < $2
        GROUP BY deadline, rule_id, channel, due_on ORDER BY due_on, deadline, rule_id, channel""",
        authority_code,
        week_on,
    )
    return [Overdue(*row) for row in rows]


async def insert_notice(connection: Connection, *, topic: str, about: UUID, now: datetime) -> None:
    """Queue one notice about a letter or a sheet for its authority; neither belongs to a subject."""
    await connection.execute(
        "INSERT INTO outbox_item (topic, uscc, record_kind, record_id, created_at) VALUES ($1, '', $1, $2, $3)",
        topic,
        about,
        now,
    )


def new_id() -> UUID:
    """Return a fresh id of a letter or a sheet (uuid 7)."""
    return uuid_utils.compat.uuid7()


#: What authorities did in a month: handed files in, or had deadlines that fell due. $1, $2: its days; $3, $4: its instants.
_ACTIVE: Final = """
SELECT authority_code FROM data_import WHERE finished_at >= $3 AND finished_at < $4
    AND NOT coalesce((options ->> 'dry_run')::boolean, false)
UNION
SELECT authority_code FROM deadline WHERE due_on >= $1 AND due_on < $2 AND state <> 'dropped' AND bearer <> 'subject'"""

_SOURCES: Final = """
SELECT coalesce(source_code, 'own:' || authority_code) AS source, kind,
       count(*) FILTER (WHERE state = 'finished') AS imports, count(*) FILTER (WHERE state = 'reverted') AS reverted,
       count(*) FILTER (WHERE state = 'failed') AS failed, coalesce(sum(rows_read) FILTER (WHERE state = 'finished'), 0)::bigint AS rows
FROM data_import WHERE authority_code = $1 AND finished_at >= $2 AND finished_at < $3
    AND NOT coalesce((options ->> 'dry_run')::boolean, false)
GROUP BY 1, 2 ORDER BY 1, 2"""

_COUNTS: Final = """
SELECT coalesce(source_code, 'own:' || authority_code) AS source, kind, c.key AS name, sum(c.value::bigint)::bigint AS rows
FROM data_import d, LATERAL jsonb_each_text(coalesce(d.counts -> $4, '{}')) AS c
WHERE authority_code = $1 AND finished_at >= $2 AND finished_at < $3 AND state = 'finished'
    AND NOT coalesce((options ->> 'dry_run')::boolean, false)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""

_DISPUTED: Final = """
SELECT t.source_code AS source, i.kind, count(*) AS rows FROM source_statement t JOIN data_import i ON i.id = t.import_id
WHERE t.status = 'open' AND i.authority_code = $1 GROUP BY 1, 2"""

_DEADLINES: Final = """
SELECT deadline, count(*) AS due, count(*) FILTER (WHERE state = 'met' AND met_on <= due_on) AS on_time,
       count(*) FILTER (WHERE state = 'met' AND met_on > due_on) AS late, count(*) FILTER (WHERE state = 'open') AS overdue,
       count(*) FILTER (WHERE rejections > 0) AS rejected
FROM deadline WHERE authority_code = $1 AND due_on >= $2 AND due_on < $3 AND state IN ('open', 'met') AND bearer <> 'subject'
GROUP BY deadline ORDER BY deadline"""


async def list_without_sheet(connection: Connection, *, month_on: date) -> list[str]:
    """Return the authorities that did something in a month and have no sheet of it yet."""
    behind = next_month(month_on)
    rows = await connection.fetch(
        f"""SELECT a.authority_code FROM ({_ACTIVE}) a JOIN authority k ON k.code = a.authority_code
        WHERE NOT EXISTS (SELECT FROM quality_sheet s WHERE s.authority_code = a.authority_code AND s.month_on = $1)
        ORDER BY 1""",  # noqa: S608 - of a constant
        month_on,
        behind,
        day_start(month_on),
        day_start(behind),
    )
    return [row["authority_code"] for row in rows]


async def count_quality(connection: Connection, *, authority_code: str, month_on: date) -> dict[str, Any]:
    """Return what an authority supplied in a month, by source and kind, as it stands now, and its deadlines that fell due."""
    behind = next_month(month_on)
    within = (authority_code, day_start(month_on), day_start(behind))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in await connection.fetch(_SOURCES, *within):
        found[row["source"], row["kind"]] = dict(row) | {"outcomes": {}, "reasons": {}, "disputed_open": 0}
    for part in ("outcomes", "reasons"):
        for row in await connection.fetch(_COUNTS, *within, part):
            found[row["source"], row["kind"]][part][row["name"]] = row["rows"]
    for row in await connection.fetch(_DISPUTED, authority_code):
        if (row["source"], row["kind"]) in found:
            found[row["source"], row["kind"]]["disputed_open"] = row["rows"]
    deadlines = await connection.fetch(_DEADLINES, authority_code, month_on, behind)
    return {"sources": list(found.values()), "deadlines": [dict(row) for row in deadlines]}


async def insert_letter(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Insert a letter; False, and nothing written, where the week has one already."""
    return await _insert(connection, "reminder_letter", values)


async def insert_sheet(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Insert a sheet; False, and nothing written, where the month has one already."""
    return await _insert(connection, "quality_sheet", values)


async def _insert(connection: Connection, table: str, values: Mapping[str, Any]) -> bool:
    places = ", ".join(f"${at}" for at in range(1, len(values) + 1))
    made: str = await connection.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - one of the two above
        *values.values(),
    )
    return made == "INSERT 0 1"


def _seen(column: Any, sight: Sight) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    return true() if sight.everything else among(column, sight.authorities)


async def list_letters(
    session: AsyncSession | ReadSession, *, sight: Sight, after: UUID | None, limit: int
) -> Sequence[ReminderLetter]:
    """Return letters that may be seen, the newest first (their ids grow with time), behind the one named."""
    query = select(_L).where(_seen(_L.authority_code, sight)).order_by(_L.id.desc()).limit(limit)
    if after is not None:
        query = query.where(_L.id < after)
    return (await session.scalars(query)).all()


async def find_letter(session: AsyncSession | ReadSession, *, letter_id: UUID, sight: Sight) -> ReminderLetter | None:
    """Return a letter that may be seen, or None."""
    query = select(_L).where(_L.id == letter_id, _seen(_L.authority_code, sight))
    return (await session.scalars(query)).one_or_none()


async def list_sheets(
    session: AsyncSession | ReadSession, *, month_on: date, sight: Sight, after: str | None, limit: int
) -> Sequence[QualitySheet]:
    """Return the sheets of a month that may be seen, by authority, behind the one named."""
    query = (
        select(_S)
        .where(_S.month_on == month_on, _seen(_S.authority_code, sight))
        .order_by(_S.authority_code)
        .limit(limit)
    )
    if after is not None:
        query = query.where(_S.authority_code > after)
    return (await session.scalars(query)).all()


async def find_sheet(
    session: AsyncSession | ReadSession, *, authority_code: str, month_on: date, sight: Sight
) -> QualitySheet | None:
    """Return a sheet that may be seen, or None."""
    query = select(_S).where(
        _S.authority_code == authority_code, _S.month_on == month_on, _seen(_S.authority_code, sight)
    )
    return (await session.scalars(query)).one_or_none()

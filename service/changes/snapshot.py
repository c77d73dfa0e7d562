"""The whole public state at the head of the log, as lines that a reader of changes would hold, and their digest.

A line is what a change says of a registration or record (`id`, `kind`, `record`, `uscc`), members sorted, no blanks, UTF-8. The digest is
that of `service.exports.digests`: a sum over the lines, so it needs no order, and who holds a line more or less, or another one,
has another digest.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import date
from typing import Any, Final

import orjson
from asyncpg import Connection

from service.changes.queries import find_head
from service.changes.rules import ChangeKind, DayNotLogged, public_view, registration_view
from service.clock import legal_day
from service.db import Database, ReadSession, driver
from service.exports.digests import SetDigest
from service.exports.selects import known_rows
from service.horizons.queries import find_last_horizon

#: Rows that are read, rendered and sent at a time.
PART: Final = 2_000

#: The kinds of record beside registrations.
RECORDS: Final = (ChangeKind.PENALTY, ChangeKind.BLACKLIST_ENTRY)

_COLUMNS: Final = {
    ChangeKind.SUBJECT: ("subjects", "v.uscc, NULL::uuid AS id, v.name, v.registration_status, v.successors"),
    ChangeKind.PENALTY: (
        "penalties",
        """v.uscc, v.id, v.document_no, v.kinds, v.authority_name, v.decided_on, v.public_from, v.public_until, v.fine_fen,
        v.held_texts""",
    ),
    ChangeKind.BLACKLIST_ENTRY: (
        "blacklist_entries",
        """v.uscc, v.id, v.list_id, v.grounds, v.authority_name, v.document_no, v.listed_on, v.public_until, v.held_texts,
        (SELECT b.name FROM blacklist b WHERE b.id = v.list_id) AS list_name,
        (SELECT b.severity FROM blacklist b WHERE b.id = v.list_id) AS severity""",
    ),
}


async def stream_snapshot(database: Database, *, today: date) -> AsyncGenerator[bytes]:
    """Yield the snapshot in parts of whole lines, all of one snapshot of the database; the first part is its first line.

    Raises:
        DayNotLogged: the log does not hold yet what opened or closed with this day.
    """
    async with database.reading() as session:
        connection = await driver(session)
        head = await find_head(connection)
        await _check_day(session, today)
        yield orjson.dumps({"log_id": str(head.log_id), "position": head.position, "day": today}) + b"\n"
        digest = SetDigest()
        for kind in _COLUMNS:
            async for records in stream_records(connection, kind, position=head.position, day=today):
                lines = [orjson.dumps(one, option=orjson.OPT_SORT_KEYS, default=str) for one in records]
                digest.add(lines)
                yield b"\n".join(lines) + b"\n"
        yield orjson.dumps({"count": digest.count, "digest": digest.hex()}) + b"\n"


async def _check_day(session: ReadSession, today: date) -> None:
    horizon = await find_last_horizon(session)
    if horizon is None or legal_day(horizon.at) < today:
        raise DayNotLogged(
            "What opened or closed with this day is not in the log yet. Ask again in a minute; if this stays, the jobs"
            " process does not run.",
            detail_zh="当日到期的公示窗口尚未记入变更日志，请稍后再试。",
        )


async def stream_records(
    connection: Connection, kind: ChangeKind, *, position: int, day: date
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield everything of a kind that is public at a position on a day, in parts, in no order: `kind`, `uscc`, `id`, `record`."""
    table, columns = _COLUMNS[kind]
    cursor = await connection.cursor(known_rows(table, columns), position, day)
    while rows := await cursor.fetch(PART):
        yield [_told(kind, row) for row in rows]


def _told(kind: ChangeKind, row: Mapping[str, Any]) -> dict[str, Any]:
    if kind is ChangeKind.SUBJECT:
        record = registration_view(row["uscc"], row["name"], row["registration_status"], row["successors"])
    else:
        record = public_view(kind, dict(row))
    return {"kind": kind.value, "uscc": row["uscc"], "id": row["id"], "record": record}

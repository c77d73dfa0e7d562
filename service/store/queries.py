from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Connection

from service.changes.queries import CHANNEL
from service.status.queries import SOURCES

__all__ = ["CHANNEL", "Head", "changed_codes", "every_code", "read_head"]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the log in one snapshot, with what answers need besides; `lists` is JSON `{id: [name, severity]}`."""

    log_id: str
    position: int
    at: datetime
    catalog_version: int
    sources: str
    lists: str


_HEAD = f"""
SELECT l.log_id::text AS log_id, l.head_position, l.head_at, (SELECT version FROM catalog_version) AS catalog_version,
    {SOURCES.replace("{by}", "$1")},
    (SELECT coalesce(json_object_agg(b.id, json_build_array(b.name, b.severity) ORDER BY b.id), '{{}}') FROM blacklist b)::text
        AS lists
FROM change_log l"""  # noqa: S608 - put together from the names above


async def read_head(connection: Connection, *, delivered_by: datetime) -> Head:
    """Return the head of the log, by one statement; the sources' deliveries are those by an instant."""
    row = await connection.fetchrow(_HEAD, delivered_by)
    return Head(
        log_id=row["log_id"],
        position=row["head_position"],
        at=row["head_at"],
        catalog_version=row["catalog_version"],
        sources=row["sources"],
        lists=row["lists"],
    )


async def every_code(connection: Connection, *, part: int) -> AsyncIterator[list[str]]:
    """Yield all codes that any row is about, in the order of their bytes, `part` at a time; inside a transaction."""
    cursor = await connection.cursor('SELECT uscc FROM subject ORDER BY uscc COLLATE "C"')
    while rows := await cursor.fetch(part):
        yield [row["uscc"] for row in rows]


async def changed_codes(connection: Connection, *, after: int, upto: int, part: int) -> AsyncIterator[list[str]]:
    """Yield the codes with changes behind `after` up to `upto`, each once, `part` at a time; inside a transaction."""
    cursor = await connection.cursor(
        'SELECT DISTINCT uscc COLLATE "C" AS uscc FROM change WHERE position > $1 AND position <= $2 ORDER BY 1',
        after,
        upto,
    )
    while rows := await cursor.fetch(part):
        yield [row["uscc"] for row in rows]

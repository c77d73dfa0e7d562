"""Going through records again: those that changed, behind the log, and all of them when the law beside them changes.

A cursor (one row of the job's own table) says up to which position of the change log its work was done, by which law, and where
a review of all records stands. It moves in the transaction of the work itself: a run that dies leaves nothing, two runs take
turns at the cursor's lock, and the next one goes on where the last stopped.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from asyncpg import Connection

from service.db import Database, driver

Key = tuple[str, UUID]
#: Kinds of which records are gone through: a change of one bears the name of its table of heads.
PENALTIES_AND_PERMITS: Final = ("penalty", "credit_record")
#: What is done with some records in one transaction, for a cause (`record` or `law`); returns how much it changed.
Work = Callable[[Connection, list[Key], str], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a job's work was done: position of the log, digest of the law, and where a review of all records stands."""

    position: int
    law: str | None
    reviewing: str | None
    after: Key | None


async def review_records(
    database: Database, *, table: str, law: str, batch: int, work: Work, kinds: Collection[str]
) -> int:
    """Do `work` for what changed since the cursor in `table`, then, if the digest `law` is another, for all records of `kinds`.

    Returns the sum of what `work` returned.
    """
    total = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            cursor = await _lock_cursor(connection, table)
            reached, keys = await _changed(connection, kinds, after=cursor.position, limit=batch)
            if reached == cursor.position:
                break
            total += await work(connection, keys, "record") if keys else 0
            await _move_cursor(connection, table, replace(cursor, position=reached))
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            cursor = await _lock_cursor(connection, table)
            if cursor.law == law:
                return total
            after = cursor.after if cursor.reviewing == law else None
            keys = await _next(connection, kinds, after=after, limit=batch)
            if keys:
                total += await work(connection, keys, "law")
                cursor = replace(cursor, reviewing=law, after=keys[-1])
            else:
                cursor = replace(cursor, law=law, reviewing=None, after=None)
            await _move_cursor(connection, table, cursor)


async def _lock_cursor(connection: Connection, table: str) -> Cursor:
    # A restored database has a new log, of which nothing was read yet.
    row = await connection.fetchrow(f"SELECT * FROM {table} FOR UPDATE")  # noqa: S608 - the job's own table
    log_id = await connection.fetchval("SELECT log_id FROM change_log")
    if row["log_id"] != log_id:
        await connection.execute(
            f"UPDATE {table} SET log_id = $1, position = 0, law = NULL",  # noqa: S608 - the job's own table
            log_id,
        )
        return Cursor(0, None, None, None)
    after = None if row["reviewed_uscc"] is None else (row["reviewed_uscc"], row["reviewed_id"])
    return Cursor(row["position"], row["law"], row["reviewing"], after)


async def _move_cursor(connection: Connection, table: str, cursor: Cursor) -> None:
    uscc, record_id = cursor.after or (None, None)
    await connection.execute(
        f"UPDATE {table} SET position = $1, law = $2, reviewing = $3, reviewed_uscc = $4, reviewed_id = $5",  # noqa: S608 - the job's own table
        cursor.position,
        cursor.law,
        cursor.reviewing,
        uscc,
        record_id,
    )


async def _changed(connection: Connection, kinds: Collection[str], *, after: int, limit: int) -> tuple[int, list[Key]]:
    """The position up to which the next changes reach, and the records they touch; a registration touches all penalties of its subject."""
    rows = await connection.fetch(
        """WITH part AS (SELECT position, uscc, kind, record_id FROM change WHERE position > $1 ORDER BY position LIMIT $2)
        SELECT (SELECT max(position) FROM part) AS reached, p.uscc, p.id FROM (
            SELECT uscc, record_id AS id FROM part WHERE kind = ANY ($3)
            UNION
            SELECT p.uscc, p.id FROM penalty p WHERE p.uscc IN (SELECT uscc FROM part WHERE kind = 'subject')
        ) p
        UNION ALL
        SELECT max(position), NULL, NULL FROM part""",
        after,
        limit,
        sorted(kinds),
    )
    reached = rows[-1]["reached"]
    return (after if reached is None else reached), [(row["uscc"], row["id"]) for row in rows[:-1]]


async def _next(connection: Connection, kinds: Collection[str], *, after: Key | None, limit: int) -> list[Key]:
    start = after or ("", UUID(int=0))
    part = "(SELECT uscc, id FROM {} WHERE (uscc, id) > ($1, $2) ORDER BY uscc, id LIMIT $3)"
    parts = " UNION ALL ".join(map(part.format, kinds))
    rows = await connection.fetch(f"SELECT uscc, id FROM ({parts}) p ORDER BY uscc, id LIMIT $3", *start, limit)  # noqa: S608 - tables that callers name as constants
    return [(row["uscc"], row["id"]) for row in rows]

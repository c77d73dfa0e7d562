"""Deadlines derived from the change log, answers of the other side, reminders and escalation.

Nobody has to think of opening a deadline: whatever writes a version of a penalty (an import, a draft, a review, a withdrawal)
leaves a change, and this reads the log behind its cursor, works out what the record owes by now, and brings the table to it.
Deadlines and cursor move in one transaction, so that a run that dies leaves nothing and a second one changes nothing. When the
law beside the records changes (a calendar year, a row, an authority), all records are reviewed in batches, restartable.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from asyncpg import Connection

from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.db import Database, driver
from service.deadlines.queries import (
    Key,
    change_deadlines,
    changed_penalties,
    insert_deadlines,
    list_records,
    list_standing,
    lock_cursor,
    move_cursor,
    next_penalties,
)
from service.deadlines.rules import Change, Dues, Record, Tracked, compare, law_digest, tracked_deadlines

#: Records of one transaction.
BATCH: Final = 2000


async def track_deadlines(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """Bring the deadlines of all penalties up to the log and the law; return how many were opened or changed."""
    async with database.reading() as session:
        catalog = await load_catalog(session)
    law = law_digest(catalog)
    dues = Dues(catalog)
    total = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            cursor = await lock_cursor(connection)
            reached, keys = await changed_penalties(connection, after=cursor.position, limit=batch)
            if reached == cursor.position:
                break
            total += await _bring_up(connection, catalog, dues, keys, cause="record", now=now)
            await move_cursor(connection, replace(cursor, position=reached))
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            cursor = await lock_cursor(connection)
            if cursor.law == law:
                return total
            after = cursor.after if cursor.reviewing == law else None
            keys = await next_penalties(connection, after=after, limit=batch)
            total += await _bring_up(connection, catalog, dues, keys, cause="law", now=now)
            if keys:
                cursor = replace(cursor, reviewing=law, after=keys[-1])
            else:
                cursor = replace(cursor, law=law, reviewing=None, after=None)
            await move_cursor(connection, cursor)


async def derive_deadlines(
    connection: Connection, catalog: Catalog, *, keys: list[Key], cause: str, now: datetime
) -> int:
    """Bring the deadlines of some penalties up to date in the caller's transaction; return how many changed."""
    return await _bring_up(connection, catalog, Dues(catalog), keys, cause=cause, now=now)


async def _bring_up(
    connection: Connection, catalog: Catalog, dues: Dues, keys: list[Key], *, cause: str, now: datetime
) -> int:
    if not keys:
        return 0
    records = await list_records(connection, catalog, keys=keys)
    standing = await list_standing(connection, keys=keys)
    new: list[tuple[Record, Tracked]] = []
    changes: list[Change] = []
    for record in records:
        present = standing.get(record.id, [])
        met = {one.deadline: one.met_on for one in present if one.met_on is not None}
        tracked = tracked_deadlines(record, catalog, dues, met)
        changes += compare(present, tracked)
        known = {one.deadline for one in present}
        new += [(record, one) for one in tracked.values() if one.deadline not in known]
    changed = await change_deadlines(connection, changes, cause=cause, now=now)
    return changed + await insert_deadlines(connection, new, catalog, cause=cause, now=now)

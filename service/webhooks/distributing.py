"""From the change log to messages: each active endpoint stands at a position, and messages are made of what lies behind it.

Endpoints that stand at the same place go on together, by one statement. Making messages and moving the place are one transaction, so
whoever dies in between leaves neither; an endpoint that is set back gets its messages again.
"""

from datetime import datetime, timedelta
from typing import Final

from service.changes.actions import render_changes
from service.changes.queries import find_head, list_changes
from service.changes.rules import ENDED, NONE
from service.clock import legal_day
from service.db import Database, driver
from service.webhooks.queries import Told, ask_receipts, insert_messages, list_positions, lock_endpoints_at

#: Changes that are distributed in one transaction.
BATCH: Final = 2_000


async def distribute(database: Database, *, now: datetime, receipts_within: timedelta, batch: int = BATCH) -> int:
    """Make the next messages of every place at which endpoints stand; return how many changes were passed, told or not."""
    async with database.transaction() as session:
        connection = await driver(session)
        head = (await find_head(connection)).position
        positions = await list_positions(connection, head=head)
    passed = 0
    for number, position in enumerate(positions):
        following = positions[number + 1] if number + 1 < len(positions) else head
        upto = min(position + batch, following)
        passed += await _go_on(database, position, upto, now=now, receipts_within=receipts_within)
    return passed


async def _go_on(database: Database, position: int, upto: int, *, now: datetime, receipts_within: timedelta) -> int:
    async with database.transaction() as session:
        connection = await driver(session)
        endpoints = await lock_endpoints_at(connection, position=position)
        if not endpoints:
            return 0
        changes = await list_changes(connection, after=position, limit=upto - position)
        rendered = await render_changes(connection, changes, today=legal_day(now))
        told = []
        for change in changes:
            item = rendered[change.position]
            if item["event"] == NONE:
                continue
            list_id = (item.get("record") or {}).get("list")
            told.append(Told(change.position, change.uscc, item.get("kind"), list_id))
        await insert_messages(connection, endpoint_ids=endpoints, told=told, upto=upto, now=now)
        # One receipt for each time that a record disappeared, however often it is told of before and after.
        ends = [one.position for one in changes if one.event == ENDED and rendered[one.position]["event"] == ENDED]
        if ends:
            await ask_receipts(
                connection, endpoint_ids=endpoints, positions=ends, now=now, due_at=now + receipts_within
            )
        return len(changes)

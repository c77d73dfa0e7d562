from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.changes.queries import (
    find_head,
    list_changes,
    list_known_versions,
    list_present_versions,
    list_registrations,
    sequence_batch,
)
from service.changes.rules import NONE, ChangeKind, LoggedChange, check_reader, render_record, render_registration
from service.clock import Clock
from service.db import Database, ReadSession, driver

#: Changes numbered in one transaction: enough for speed, few enough that the lock on the log's row is short.
BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the log as it reads now; `next` is the position to go on from, None where the page reaches the head."""

    log_id: UUID
    head_position: int
    items: list[dict[str, Any]]
    next: int | None


async def drain(database: Database, clock: Clock, *, limit: int = BATCH) -> int:
    """Number everything that is pending, `limit` changes a transaction, and return how many there were."""
    total = 0
    while True:
        async with database.transaction() as session:
            count = await sequence_batch(session, limit=limit, now=clock())
        total += count
        if count < limit:
            return total


async def read_changes(
    session: AsyncSession | ReadSession, *, after: int, log_id: UUID | None, limit: int, today: date
) -> ChangePage:
    """Return the changes behind position `after`, at most `limit`, each rendered as it may be seen on the day `today`.

    Raises:
        LogChanged: `log_id` is another log's.
        PositionAhead: `after` lies behind the head.
    """
    connection = await driver(session)
    head = await find_head(connection)
    check_reader(head, after=after, log_id=log_id)
    changes = await list_changes(connection, after=after, limit=limit)
    rendered = await render_changes(connection, changes, today=today)
    last = changes[-1].position if changes else after
    return ChangePage(
        log_id=head.log_id,
        head_position=head.position,
        items=[rendered[change.position] for change in changes],
        next=last if last < head.position else None,
    )


async def render_changes(
    connection: Connection, changes: Sequence[LoggedChange], *, today: date
) -> dict[int, dict[str, Any]]:
    """Return what each change says on the day `today`, by position."""
    rendered: dict[int, dict[str, Any]] = {
        change.position: {"position": change.position, "event": NONE} for change in changes if change.kind is None
    }
    codes = sorted({change.uscc for change in changes if change.kind is ChangeKind.SUBJECT})
    registrations = await list_registrations(connection, codes=codes) if codes else {}
    for change in changes:
        if change.kind is ChangeKind.SUBJECT:
            rendered[change.position] = render_registration(change, registrations.get(change.uscc))
    for kind in (ChangeKind.PENALTY, ChangeKind.BLACKLIST_ENTRY):
        about = [change for change in changes if change.kind is kind]
        records = sorted({(change.uscc, _record(change)) for change in about})
        if not records:
            continue
        versions = await list_known_versions(connection, kind, records=records)
        present = await list_present_versions(connection, kind, records=records)
        for change in about:
            record = _record(change)
            rendered[change.position] = render_record(change, versions.get(record, []), present.get(record), on=today)
    return rendered


def _record(change: LoggedChange) -> UUID:
    if change.record_id is None:
        raise ValueError(f"the change at position {change.position} names no record")
    return change.record_id

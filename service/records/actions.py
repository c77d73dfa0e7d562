"""Acting on a record: who acts on which version, may it be done, and the one version that it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.changes.rules import ChangeKind
from service.clock import legal_day
from service.db import ReadSession
from service.records.queries import Event, Row, append_version, find_visible, lock_current, no_such_record
from service.records.rules import Move, Moves, Standing, decide
from service.versions import ExpectedVersion


@dataclass(frozen=True, slots=True)
class Order:
    """Who acts on which version of which record, and when."""

    uscc: str
    record_id: UUID
    actor: Actor
    expected: ExpectedVersion
    now: datetime

    @property
    def today(self) -> date:
        """The legal day of the act."""
        return legal_day(self.now)


def standing_of(row: Row) -> Standing:
    """Return what of a version decides about moves."""
    return Standing(row["state"], row["version_no"], row["authority_code"], frozenset(row["recorders"]))


async def get_visible(
    session: AsyncSession | ReadSession, kind: ChangeKind, *, uscc: str, record_id: UUID, actor: Actor
) -> Row:
    """Return the current version of a record.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    row = await find_visible(session, kind, uscc=uscc, record_id=record_id, actor=actor)
    if row is None:
        raise no_such_record(record_id)
    return row


async def begin(session: AsyncSession, kind: ChangeKind, moves: Moves, order: Order, move: Move) -> Row:
    """Return the locked current version on which the order's actor may make the move.

    Raises:
        NoSuchRecord: there is none that the actor may see.
        Refusal: `decide` says which.
    """
    await get_visible(session, kind, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    row = await lock_current(session, kind, uscc=order.uscc, record_id=order.record_id)
    decide({**moves, move.command: move}, standing_of(row), move.command, order.actor, expected=order.expected)
    return row


async def finish(
    session: AsyncSession,
    kind: ChangeKind,
    order: Order,
    move: Move,
    row: Row,
    *,
    changes: Row | None = None,
    natural_key: str | None = None,
    **event: Any,  # noqa: ANN401 - the further members of `Event`
) -> Row:
    """Append the version that the move makes of the locked `row`; `event` are further members of `Event`."""
    told = Event(
        command=move.command,
        state=move.target or row["state"],
        actor=str(order.actor.id),
        public_event=move.event,
        at=order.now,
        **event,
    )
    return await append_version(session, kind, current=row, changes=changes or {}, event=told, natural_key=natural_key)


def with_recorder(row: Row, order: Order) -> Sequence[str]:
    """Return the recorders of a record with the one who acts now."""
    return sorted({*row["recorders"], str(order.actor.id)})

"""Reading deadlines: pages by due day, one with its history, and the supervisor's monthly table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Text,
    and_,
    any_,
    bindparam,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import note_owners
from service.catalog.rules import Catalog
from service.db import ReadSession
from service.deadlines.rules import State
from service.models import CreditRecordVersion, Deadline, DeadlineEvent, PenaltyVersion

Row = RowMapping


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose deadlines are seen: all, or those of `authorities`; of `in_full` (None: all) with the record they belong to."""

    everything: bool
    authorities: frozenset[str]
    in_full: frozenset[str]

    def shows_record(self, authority_code: str) -> bool:
        """Return whether the record of a deadline is shown, and not only that there is one."""
        return self.everything or authority_code in self.in_full


def sight_of(actor: Actor, catalog: Catalog) -> Sight:
    """Return whose deadlines the actor sees: those of records it sees, and those that it supervises."""
    supervised = {code for code in catalog.authority_by_code if actor.supervises(code)}
    return Sight(actor.audits_everything, actor.sees_records_of | supervised, actor.sees_records_of)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What deadlines are asked for; None and empty: no matter. Days are inclusive."""

    states: frozenset[State] = frozenset()
    deadline: str | None = None
    channel: str | None = None
    authority_code: str | None = None
    division: str | None = None
    uscc: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    moved: bool = False


def _document(version: type[PenaltyVersion | CreditRecordVersion]) -> ScalarSelect[Any]:
    return (
        select(version.document_no)
        .where(version.uscc == Deadline.uscc, version.id == Deadline.record_id, version.superseded_at.is_(None))
        .scalar_subquery()
    )


_DOCUMENT: Final = func.coalesce(_document(PenaltyVersion), _document(CreditRecordVersion))


def _among(values: frozenset[str]) -> ColumnElement[bool]:
    return Deadline.authority_code == any_(bindparam(None, sorted(values), type_=ARRAY(Text), unique=True))


def _seen(sight: Sight) -> ColumnElement[bool]:
    return true() if sight.everything else _among(sight.authorities)


def _conditions(wanted: Wanted, sight: Sight) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [_seen(sight)]
    if wanted.states:
        found.append(Deadline.state.in_(sorted(wanted.states)))
    for column, value in (
        (Deadline.deadline, wanted.deadline),
        (Deadline.channel, wanted.channel),
        (Deadline.authority_code, wanted.authority_code),
        (Deadline.uscc, wanted.uscc),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.uscc is not None and not sight.everything:
        found.append(_among(sight.in_full))
    if wanted.division is not None:
        found.append(Deadline.division_code.startswith(wanted.division, autoescape=True))
    if wanted.due_from is not None:
        found.append(Deadline.due_on >= wanted.due_from)
    if wanted.due_to is not None:
        found.append(Deadline.due_on <= wanted.due_to)
    if wanted.moved:
        moved = select(DeadlineEvent.id).where(DeadlineEvent.deadline_id == Deadline.id, DeadlineEvent.event == "moved")
        found.append(moved.exists())
    return and_(*found)


async def list_deadlines(
    session: AsyncSession | ReadSession, *, wanted: Wanted, sight: Sight, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Row]:
    """Return deadlines by due day and id, at most `limit`, those behind the key `after`."""
    query = select(*Deadline.__table__.columns, _DOCUMENT.label("document_no")).where(_conditions(wanted, sight))
    if after is not None:
        query = query.where(tuple_(Deadline.due_on, Deadline.id) > after)
    rows = (await session.execute(query.order_by(Deadline.due_on, Deadline.id).limit(limit))).mappings().all()
    note_owners(session, (row["authority_code"] for row in rows[: limit - 1]))
    return rows


async def count_deadlines(session: AsyncSession | ReadSession, *, wanted: Wanted, sight: Sight) -> int:
    """Return how many deadlines `list_deadlines` would give in all."""
    found = await session.scalar(select(func.count()).select_from(Deadline).where(_conditions(wanted, sight)))
    return found or 0


async def find_deadline(session: AsyncSession | ReadSession, *, deadline_id: UUID, sight: Sight) -> Row | None:
    """Return a deadline that may be seen, or None."""
    query = select(*Deadline.__table__.columns, _DOCUMENT.label("document_no"))
    rows = await session.execute(query.where(Deadline.id == deadline_id, _seen(sight)))
    row = rows.mappings().one_or_none()
    note_owners(session, [] if row is None else [row["authority_code"]])
    return row


async def list_events(session: AsyncSession | ReadSession, *, deadline_id: UUID) -> Sequence[Row]:
    """Return the history of a deadline, oldest first."""
    query = select(*DeadlineEvent.__table__.columns).where(DeadlineEvent.deadline_id == deadline_id)
    return (await session.execute(query.order_by(DeadlineEvent.id))).mappings().all()


async def list_of_record(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID) -> Sequence[Row]:
    """Return all deadlines of a record, by id of the deadline."""
    query = select(*Deadline.__table__.columns, _DOCUMENT.label("document_no")).where(
        Deadline.uscc == uscc, Deadline.record_id == record_id
    )
    return (await session.execute(query.order_by(Deadline.deadline))).mappings().all()


_MONTH: Final = """
SELECT authority_code, division_code, deadline,
       count(*) AS due,
       count(*) FILTER (WHERE state = 'met' AND met_on <= due_on) AS on_time,
       count(*) FILTER (WHERE state = 'met' AND met_on > due_on) AS late,
       count(*) FILTER (WHERE state = 'open' AND due_on < :today) AS overdue,
       count(*) FILTER (WHERE state = 'open' AND due_on >= :today) AS running,
       count(*) FILTER (WHERE state = 'withheld') AS withheld,
       count(*) FILTER (WHERE rejections > 0) AS rejected
FROM deadline
WHERE due_on >= :first AND due_on < :behind AND state <> 'dropped' AND bearer <> 'subject'
  AND (:everything OR authority_code = ANY (:authorities))
GROUP BY authority_code, division_code, deadline
ORDER BY authority_code, division_code, deadline"""


async def count_month(
    session: AsyncSession | ReadSession, *, first: date, behind: date, today: date, sight: Sight
) -> Sequence[Row]:
    """Return the counts of deadlines due from `first` to before `behind`, by authority, division and deadline.

    `due` = `on_time` + `late` + `overdue` + `running` + `withheld`; `rejected` counts those that the other side sent back at
    least once, whatever became of them.
    """
    rows = await session.execute(
        text(_MONTH),
        {
            "first": first,
            "behind": behind,
            "today": today,
            "everything": sight.everything,
            "authorities": sorted(sight.authorities),
        },
    )
    return rows.mappings().all()

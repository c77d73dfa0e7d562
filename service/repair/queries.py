from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import note_owners
from service.db import ReadSession
from service.models import (
    Authority,
    BlacklistEntryVersion,
    CaseEvent,
    Document,
    Objection,
    PenaltyVersion,
    Repair,
    SubjectVersion,
)
from service.records.queries import Row
from service.versions import VersionMismatch

TABLES: Final[Mapping[str, Any]] = {"repair": Repair, "objection": Objection}


def _visible(case: Any, actor: Actor) -> Any:  # noqa: ANN401 - a table and an SQL condition
    if actor.audits_everything:
        return case.uscc.is_not(None)
    return or_(
        case.authority_code.in_(sorted(actor.sees_records_of)),
        case.uscc.in_(sorted(actor.subjects)),
        case.filed_by == str(actor.id),
    )


async def find_case(
    session: AsyncSession | ReadSession, kind: str, *, uscc: str, case_id: UUID, actor: Actor
) -> Row | None:
    """Return an application or objection that the actor may see: its authority's, its firm's, its own; or None."""
    case = TABLES[kind]
    found = await session.execute(
        select(case.__table__).where(case.uscc == uscc, case.id == case_id, _visible(case, actor))
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    note_owners(session, [row["authority_code"]])
    return dict(row)


async def list_cases(
    session: AsyncSession | ReadSession,
    kind: str,
    *,
    actor: Actor,
    uscc: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Return cases that the actor may see, of one subject or of all, oldest first."""
    case = TABLES[kind]
    query = select(case.__table__).where(_visible(case, actor)).order_by(case.id).limit(limit)
    if uscc is not None:
        query = query.where(case.uscc == uscc)
    if state is not None:
        query = query.where(case.state == state)
    if after is not None:
        query = query.where(case.id > after)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    note_owners(session, (row["authority_code"] for row in rows[: limit - 1]))
    return rows


async def count_cases(session: AsyncSession | ReadSession, kind: str, *, actor: Actor, state: str) -> int:
    """Return how many cases `list_cases` would give of a state in all."""
    case = TABLES[kind]
    query = select(func.count()).select_from(case).where(_visible(case, actor), case.state == state)
    return await session.scalar(query) or 0


async def lock_case(session: AsyncSession, kind: str, *, uscc: str, case_id: UUID) -> Row:
    """Return a case, locked until the transaction ends."""
    case = TABLES[kind]
    found = await session.execute(
        select(case.__table__).where(case.uscc == uscc, case.id == case_id).with_for_update(key_share=True)
    )
    return dict(found.mappings().one())


async def insert_case(session: AsyncSession, kind: str, values: Row, *, command: str, now: datetime) -> Row:
    """Insert a case in its first version, with the event that made it."""
    case = TABLES[kind]
    made = await session.execute(insert(case).values({**values, "version_no": 1}).returning(case.__table__))
    row = dict(made.mappings().one())
    await _insert_event(session, kind, row, command=command, actor=row["filed_by"], reason=None, act=None, now=now)
    return row


async def move_case(
    session: AsyncSession,
    kind: str,
    *,
    row: Row,
    state: str,
    changes: Row,
    command: str,
    actor: str,
    reason: str | None,
    act: dict[str, Any] | None,
    now: datetime,
) -> Row:
    """Move a case from the very state and version of `row`, and keep the event; whoever comes second is refused.

    Raises:
        VersionMismatch: somebody else moved it first.
    """
    case = TABLES[kind]
    moved = await session.execute(
        update(case)
        .where(
            case.uscc == row["uscc"],
            case.id == row["id"],
            case.version_no == row["version_no"],
            case.state == row["state"],
        )
        .values({**changes, "state": state, "version_no": row["version_no"] + 1})
        .returning(case.__table__)
    )
    found = moved.mappings().one_or_none()
    if found is None:
        raise VersionMismatch("Somebody else changed it first. Read it again.", detail_zh="已被他人修改。")
    made = dict(found)
    await _insert_event(session, kind, made, command=command, actor=actor, reason=reason, act=act, now=now)
    return made


async def _insert_event(
    session: AsyncSession,
    kind: str,
    row: Row,
    *,
    command: str,
    actor: str,
    reason: str | None,
    act: dict[str, Any] | None,
    now: datetime,
) -> None:
    await session.execute(
        insert(CaseEvent).values(
            uscc=row["uscc"],
            case_id=row["id"],
            version_no=row["version_no"],
            case_kind=kind,
            command=command,
            state=row["state"],
            actor=actor,
            reason=reason,
            act=act,
            recorded_at=now,
        )
    )


async def list_events(session: AsyncSession | ReadSession, *, uscc: str, case_id: UUID) -> Sequence[CaseEvent]:
    """Return the steps of a case, oldest first."""
    found = await session.scalars(
        select(CaseEvent).where(CaseEvent.uscc == uscc, CaseEvent.case_id == case_id).order_by(CaseEvent.version_no)
    )
    return found.all()


async def list_materials(session: AsyncSession | ReadSession, *, uscc: str, case_id: UUID) -> frozenset[str]:
    """Return the kinds of the documents attached to an application."""
    found = await session.execute(
        select(Document.kind).where(Document.uscc == uscc, Document.record_id == case_id).distinct()
    )
    return frozenset(found.scalars())


async def list_present_lists(session: AsyncSession | ReadSession, *, uscc: str, today: date) -> frozenset[str]:
    """Return the lists that the subject is on today, by entries that are in force whether shown or not."""
    entry = BlacklistEntryVersion
    found = await session.execute(
        select(entry.list_id)
        .where(
            entry.uscc == uscc,
            entry.superseded_at.is_(None),
            entry.state.in_(("published", "suspended")),
            or_(entry.public_until.is_(None), entry.public_until >= today),
        )
        .distinct()
    )
    return frozenset(found.scalars())


async def count_repeated(
    session: AsyncSession | ReadSession, *, uscc: str, violation_type: str | None, after: date | None, system: str
) -> int:
    """Return how many penalties of authorities of a system, decided after a day, are for the same kind of violation."""
    if violation_type is None or after is None:
        return 0
    penalty = PenaltyVersion
    counted = await session.execute(
        select(func.count())
        .select_from(penalty)
        .join(Authority, and_(Authority.code == penalty.authority_code, Authority.system == system))
        .where(
            penalty.uscc == uscc,
            penalty.superseded_at.is_(None),
            penalty.state.in_(("approved", "published", "withheld", "suspended")),
            penalty.violation_type == violation_type,
            penalty.decided_on > after,
        )
    )
    count: int = counted.scalar_one()
    return count


async def count_open_objections(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID) -> int:
    """Return how many objections to a record are open."""
    counted = await session.execute(
        select(func.count()).where(Objection.uscc == uscc, Objection.record_id == record_id, Objection.state == "open")
    )
    count: int = counted.scalar_one()
    return count


async def find_province(session: AsyncSession | ReadSession, *, uscc: str) -> str | None:
    """Return the first two digits of a firm's region: that of its registration, else of its code; 10 is the national level."""
    stated = await session.scalar(
        select(SubjectVersion.division_code).where(SubjectVersion.uscc == uscc, SubjectVersion.superseded_at.is_(None))
    )
    first = (stated or uscc[2:8])[:2]
    return first if first.isdigit() and first != "10" else None

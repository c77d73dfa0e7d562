from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.past import Past
from service.access.rules import Actor
from service.access.visibility import among
from service.db import ReadSession
from service.models import CreditRecordVersion, PenaltyVersion, SubjectVersion
from service.versions import VersionMismatch

Row = dict[str, Any]
_V = CreditRecordVersion


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Its own authority's people, those above it, auditors, and the enterprise's own agent see a record; it is not public."""
    if actor.audits_everything:
        return true()
    return or_(among(_V.authority_code, actor.sees_records_of), among(_V.uscc, actor.subjects))


async def list_records(
    session: AsyncSession | ReadSession,
    *,
    uscc: str,
    actor: Actor,
    class_id: str | None = None,
    past: Past | None = None,
) -> Sequence[Row]:
    """Return the versions of a subject's records that the actor may see, by class and day.

    They are the current ones, or those of the `past`: these records are in no log, so it is the instant of recording that
    says what was known.
    """
    query = select(_V.__table__).where(_V.uscc == uscc, _seen(actor))
    known_at = None if past is None else past.known_at
    if known_at is None:
        query = query.where(_V.superseded_at.is_(None))
    else:
        query = query.where(_V.recorded_at <= known_at, or_(_V.superseded_at.is_(None), _V.superseded_at > known_at))
    if past is not None and past.moment.as_of is not None:
        query = query.where(_V.decided_on <= past.day)
    if class_id is not None:
        query = query.where(_V.class_id == class_id)
    found = await session.execute(query.order_by(_V.class_id, _V.decided_on.desc(), _V.id))
    return [dict(row) for row in found.mappings()]


async def find_record(
    session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID, actor: Actor, lock: bool = False
) -> Row | None:
    """Return the current version of a record that the actor may see, locked when it is to be changed, or None."""
    query = select(_V.__table__).where(_V.uscc == uscc, _V.id == record_id, _V.superseded_at.is_(None), _seen(actor))
    row = (await session.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def insert_version(session: AsyncSession, values: Row) -> Row:
    """Insert a version; a document number that is taken violates `uq_credit_record_version_number`."""
    made = await session.execute(insert(_V).values(values).returning(_V.__table__))
    return dict(made.mappings().one())


async def append_version(session: AsyncSession, row: Row, changes: Row) -> Row:
    """Append the version that `changes` make of the current `row`; whoever comes second is refused.

    Raises:
        VersionMismatch: somebody else changed it first.
    """
    closed = await session.execute(
        update(_V)
        .where(
            _V.uscc == row["uscc"],
            _V.id == row["id"],
            _V.version_no == row["version_no"],
            _V.superseded_at.is_(None),
        )
        .values(superseded_at=changes["recorded_at"])
        .returning(_V.version_no)
    )
    if closed.one_or_none() is None:
        raise VersionMismatch("Somebody else changed it first. Read it again.", detail_zh="记录已被他人修改。")
    return await insert_version(
        session, row | {"superseded_at": None, "reason": None} | changes | {"version_no": row["version_no"] + 1}
    )


async def count_coverage(session: ReadSession) -> dict[str, list[Row]]:
    """Return what is covered: subjects by district, suppliers of penalties, and records by class and supplier."""
    subject, penalty = SubjectVersion, PenaltyVersion
    district = func.coalesce(subject.division_code, "unknown")
    by_district = (
        select(district.label("district"), func.count().label("subjects"))
        .where(subject.superseded_at.is_(None), subject.registered.is_(True))
        .group_by(district)
        .order_by(district)
    )
    suppliers = (
        select(penalty.source_code.label("source"), func.count().label("records"))
        .where(penalty.superseded_at.is_(None), penalty.state != "void")
        .group_by(penalty.source_code)
        .order_by(penalty.source_code)
    )
    by_class = (
        select(
            _V.class_id,
            _V.authority_code,
            func.count().label("records"),
            func.count(_V.uscc.distinct()).label("subjects"),
            func.max(_V.recorded_at).label("last_at"),
        )
        .where(_V.superseded_at.is_(None), _V.state == "recorded")
        .group_by(_V.class_id, _V.authority_code)
        .order_by(_V.class_id, _V.authority_code)
    )
    return {
        name: [dict(row) for row in (await session.execute(query)).mappings()]
        for name, query in (("districts", by_district), ("penalty_sources", suppliers), ("classes", by_class))
    }

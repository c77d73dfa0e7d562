from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, insert, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from service.access.past import Past
from service.access.rules import Actor
from service.access.visibility import among
from service.db import ReadSession
from service.models import Change, CreditRecord, CreditRecordVersion, PenaltyVersion, PendingChange, SubjectVersion
from service.versions import VersionMismatch

Row = dict[str, Any]
_V = CreditRecordVersion
_H = CreditRecord
#: What a record of the further classes is called in the change log.
KIND: Final = "credit_record"
#: Columns that belong to one act and are not carried into the next version.
OF_THE_ACT: Final[Row] = {"superseded_at": None, "reason": None, "import_id": None, "import_row": None}


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Its own authority's people, those above it, auditors, and the enterprise's own agent see a record; it is not public."""
    if actor.audits_everything:
        return true()
    return or_(among(_V.authority_code, actor.sees_records_of), among(_V.uscc, actor.subjects))


async def list_records(
    session: AsyncSession | ReadSession, *, uscc: str, actor: Actor, class_id: str | None = None
) -> Sequence[Row]:
    """Return the current versions of a subject's records that the actor may see, by class and day."""
    query = select(_V.__table__).where(_V.uscc == uscc, _V.superseded_at.is_(None), _V.state != "void", _seen(actor))
    if class_id is not None:
        query = query.where(_V.class_id == class_id)
    found = await session.execute(query.order_by(_V.class_id, _V.decided_on.desc(), _V.id))
    return [dict(row) for row in found.mappings()]


async def list_known_records(
    session: ReadSession, *, uscc: str, actor: Actor, past: Past | None = None
) -> Sequence[Row]:
    """Return a subject's records that the actor may see as the change log has them: what has no position is left out.

    Of the `past`: what had its position by then, and was decided by its day.
    """
    one = aliased(_V)
    log = PendingChange if past is None else Change
    same = (log.uscc == one.uscc, log.kind == KIND, log.record_id == one.id, log.version_no == one.version_no)
    known = ~exists().where(*same) if past is None else exists().where(*same, Change.position <= past.position)
    latest = (
        select(one.uscc, one.id, func.max(one.version_no)).where(one.uscc == uscc, known).group_by(one.uscc, one.id)
    )
    query = select(_V.__table__).where(
        tuple_(_V.uscc, _V.id, _V.version_no).in_(latest), _V.state != "void", _seen(actor)
    )
    if past is not None and past.moment.as_of is not None:
        query = query.where(_V.decided_on <= past.day)
    found = await session.execute(query.order_by(_V.class_id, _V.decided_on.desc(), _V.id))
    return [dict(row) for row in found.mappings()]


async def find_record(
    session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID, actor: Actor, lock: bool = False
) -> Row | None:
    """Return the current version of a record that the actor may see, locked when it is to be changed, or None."""
    query = select(_V.__table__).where(
        _V.uscc == uscc, _V.id == record_id, _V.superseded_at.is_(None), _V.state != "void", _seen(actor)
    )
    row = (await session.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def insert_record(session: AsyncSession, values: Row, *, key: str | None) -> Row:
    """Insert a record with its first version and pending change; a key that is taken violates its index.

    A withdrawn record gives its key up to the one that is made anew.
    """
    if key is not None:
        await session.execute(
            update(_H)
            .where(_H.uscc == values["uscc"], _H.natural_key == key, _H.state == "withdrawn")
            .values(natural_key=None)
        )
    await session.execute(
        insert(_H).values(
            uscc=values["uscc"],
            id=values["id"],
            class_id=values["class_id"],
            natural_key=key,
            state=values["state"],
            version_no=1,
            created_at=values["recorded_at"],
        )
    )
    return await _insert_version(session, values | {"version_no": 1}, event="recorded")


async def _insert_version(session: AsyncSession, values: Row, *, event: str) -> Row:
    made = await session.execute(insert(_V).values(values).returning(_V.__table__))
    row = dict(made.mappings().one())
    await session.execute(
        insert(PendingChange).values(
            uscc=row["uscc"],
            kind=KIND,
            record_id=row["id"],
            version_no=row["version_no"],
            event=event,
            recorded_at=row["recorded_at"],
        )
    )
    return row


async def append_version(session: AsyncSession, row: Row, changes: Row, *, head: Row | None = None) -> Row:
    """Append the version that `changes` make of the current `row`, and its pending change; whoever comes second is refused.

    `head` are columns of the head that it changes; a natural key that is taken violates its index.

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
    after = row | OF_THE_ACT | changes | {"version_no": row["version_no"] + 1}
    await session.execute(
        update(_H)
        .where(_H.uscc == row["uscc"], _H.id == row["id"])
        .values(version_no=after["version_no"], state=after["state"], **(head or {}))
    )
    return await _insert_version(session, after, event="withdrawn" if after["state"] == "withdrawn" else "corrected")


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

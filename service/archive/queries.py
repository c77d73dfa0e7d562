from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.visibility import is_own
from service.archive.rules import OWN_SOURCE, CaseKind, Row
from service.audit.selection import list_of_record
from service.changes.rules import ChangeKind
from service.db import ReadSession, driver
from service.models import (
    CaseEvent,
    Deadline,
    DeadlineEvent,
    Document,
    EntryRevocation,
    EntrySupport,
    Objection,
    OutboxItem,
    PenaltyCorrection,
    Repair,
    RetentionPeriod,
    WithdrawalNotice,
)
from service.records.queries import VERSIONS

#: What else a case has, by the name of the file in the package: table, and the column that names the record.
_PARTS: Final[dict[CaseKind, dict[str, tuple[Any, Any]]]] = {
    CaseKind.PENALTY: {
        "corrections": (PenaltyCorrection, PenaltyCorrection.penalty_id),
        "withdrawal-notices": (WithdrawalNotice, WithdrawalNotice.penalty_id),
        "supported-entries": (EntrySupport, EntrySupport.penalty_id),
    },
    CaseKind.BLACKLIST_ENTRY: {
        "supports": (EntrySupport, EntrySupport.entry_id),
        "revocations": (EntryRevocation, EntryRevocation.entry_id),
    },
}
_PARTS_OF_ALL: Final[dict[str, tuple[Any, Any]]] = {
    "repairs": (Repair, Repair.record_id),
    "objections": (Objection, Objection.record_id),
    "deadlines": (Deadline, Deadline.record_id),
    "deliveries": (OutboxItem, OutboxItem.record_id),
}


async def list_case_versions(
    session: ReadSession, kind: CaseKind, *, uscc: str, record_id: UUID, actor: Actor
) -> list[Row]:
    """Return all versions of a record whose file the actor may see, oldest first; none where it may not."""
    version = VERSIONS[ChangeKind(kind.value)]
    found = await session.execute(
        select(version.__table__)
        .where(version.uscc == uscc, version.id == record_id, is_own(actor, version))
        .order_by(version.version_no)
    )
    rows: list[Row] = [dict(row) for row in found.mappings()]
    # A record that was moved to another authority's hands is its present authority's case.
    current = next((row for row in rows if row["superseded_at"] is None), None)
    return rows if current is not None and current["state"] != "void" else []


async def list_cases(
    session: ReadSession,
    kind: CaseKind,
    *,
    actor: Actor,
    authority: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[tuple[str, UUID]]:
    """Return code and id of the cases that the actor's authorities keep here, behind the pair named."""
    version = VERSIONS[ChangeKind(kind.value)]
    query = (
        select(version.uscc, version.id)
        .where(
            version.superseded_at.is_(None),
            version.state.not_in(("void", "draft")),
            version.source_code.startswith(OWN_SOURCE),
            is_own(actor, version),
        )
        .order_by(version.uscc, version.id)
        .limit(limit)
    )
    if authority is not None:
        query = query.where(version.authority_code == authority)
    if after is not None:
        query = query.where(tuple_(version.uscc, version.id) > after)
    return [(row.uscc, row.id) for row in await session.execute(query)]


async def list_versions_of(
    session: ReadSession, kind: CaseKind, keys: Sequence[tuple[str, UUID]]
) -> dict[UUID, list[Row]]:
    """Return all versions of several records, oldest first, by id."""
    columns = VERSIONS[ChangeKind(kind.value)].__table__.c
    found = await session.execute(
        select(columns).where(tuple_(columns.uscc, columns.id).in_(keys)).order_by(columns.id, columns.version_no)
    )
    rows: dict[UUID, list[Row]] = {}
    for row in found.mappings():
        rows.setdefault(row["id"], []).append(dict(row))
    return rows


async def list_documents_of(session: ReadSession, keys: Sequence[tuple[str, UUID]]) -> dict[UUID, list[Row]]:
    """Return the documents of several records and of the applications for their repair, oldest first, by the record's id."""
    columns = Document.__table__.columns
    table: Any = columns
    own = select(*columns, table.record_id.label("case_id")).where(tuple_(table.uscc, table.record_id).in_(keys))
    of_repairs = (
        select(*columns, Repair.record_id.label("case_id"))
        .join(Repair, (Repair.uscc == table.uscc) & (Repair.id == table.record_id))
        .where(tuple_(Repair.uscc, Repair.record_id).in_(keys))
    )
    found: dict[UUID, list[Row]] = {}
    for query in (own, of_repairs):
        for row in (await session.execute(query.order_by(table.id))).mappings():
            found.setdefault(row["case_id"], []).append(dict(row))
    return found


async def list_repair_states(session: ReadSession, keys: Sequence[tuple[str, UUID]]) -> dict[UUID, set[str]]:
    """Return the states of the applications for the repair of several records, by the record's id."""
    query = select(Repair.record_id, Repair.state).where(tuple_(Repair.uscc, Repair.record_id).in_(keys)).distinct()
    found: dict[UUID, set[str]] = {}
    for row in await session.execute(query):
        found.setdefault(row.record_id, set()).add(row.state)
    return found


async def list_parts(
    session: ReadSession, kind: CaseKind, *, uscc: str, record_id: UUID
) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what else there is of a case, by the name of the file in the package."""
    for name, (table, column) in (_PARTS[kind] | _PARTS_OF_ALL).items():
        query = select(table.__table__).where(table.uscc == uscc, column == record_id)
        rows = (await session.execute(query.order_by(*table.__table__.primary_key.columns))).mappings()
        yield name, [dict(row) for row in rows]
    steps = (
        select(CaseEvent.__table__)
        .where(
            CaseEvent.uscc == uscc,
            CaseEvent.case_id.in_(
                select(Repair.id)
                .where(Repair.uscc == uscc, Repair.record_id == record_id)
                .union_all(select(Objection.id).where(Objection.uscc == uscc, Objection.record_id == record_id))
            ),
        )
        .order_by(CaseEvent.case_id, CaseEvent.version_no)
    )
    yield "case-events", [dict(row) for row in (await session.execute(steps)).mappings()]
    answers = (
        select(DeadlineEvent.__table__)
        .join(Deadline, Deadline.id == DeadlineEvent.deadline_id)
        .where(Deadline.uscc == uscc, Deadline.record_id == record_id)
        .order_by(DeadlineEvent.id)
    )
    yield "deadline-events", [dict(row) for row in (await session.execute(answers)).mappings()]


async def list_audit(session: ReadSession, *, uscc: str, record_id: UUID, actor: Actor) -> list[dict[str, Any]]:
    """Return who did something with a record, and of who read it what the actor may see, oldest first."""
    return await list_of_record(await driver(session), actor, uscc=uscc, record_id=str(record_id))


async def find_position(session: ReadSession) -> tuple[UUID, int]:
    """Return the log and its position at which the snapshot stands."""
    row = (await session.execute(text("SELECT log_id, head_position FROM change_log"))).one()
    return row.log_id, row.head_position


async def list_periods(
    session: AsyncSession | ReadSession, *, authorities: Sequence[str] | None = None
) -> Sequence[RetentionPeriod]:
    """Return how long authorities keep their files, by authority and kind."""
    query = select(RetentionPeriod).order_by(RetentionPeriod.authority_code, RetentionPeriod.record_kind)
    if authorities is not None:
        query = query.where(RetentionPeriod.authority_code.in_(authorities))
    return (await session.scalars(query)).all()


async def lock_period(session: AsyncSession, *, authority_code: str, kind: CaseKind) -> RetentionPeriod | None:
    """Return an authority's period, locked until the transaction ends, or None where it has stated none."""
    query = select(RetentionPeriod).where(
        RetentionPeriod.authority_code == authority_code, RetentionPeriod.record_kind == kind.value
    )
    return (await session.scalars(query.with_for_update())).one_or_none()

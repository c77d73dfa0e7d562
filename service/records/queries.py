"""Reading and appending versions of penalties and blacklist entries; the head is locked and moved by one conditional UPDATE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import ColumnElement, delete, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.past import Past, as_told_then, select_then
from service.access.rules import Actor
from service.access.seen import note_owners, note_versions
from service.access.visibility import visible_to
from service.changes.rules import ChangeKind
from service.db import ReadSession
from service.models import (
    BlacklistEntry,
    BlacklistEntryVersion,
    CaseEvent,
    CreditRecordVersion,
    Document,
    Objection,
    OutboxItem,
    Penalty,
    PenaltyVersion,
    PendingChange,
    Subject,
    SubjectName,
)
from service.reading.names import bigrams, fold_name
from service.records.rules import NoSuchRecord
from service.versions import VersionMismatch

Row = Mapping[str, Any]

HEADS: Final[Mapping[ChangeKind, Any]] = {ChangeKind.PENALTY: Penalty, ChangeKind.BLACKLIST_ENTRY: BlacklistEntry}
VERSIONS: Final[Mapping[ChangeKind, Any]] = {
    ChangeKind.PENALTY: PenaltyVersion,
    ChangeKind.BLACKLIST_ENTRY: BlacklistEntryVersion,
}
#: Columns that belong to one act and are not carried into the next version.
OF_THE_ACT: Final = (
    "command", "actor", "basis", "reason", "effective_on", "act", "ending", "recorded_at", "superseded_at", "import_id",
    "import_row", "silences_before",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What a new version says of the act that made it; `public_event` is its name in the change log."""

    command: str
    state: str
    actor: str
    public_event: str
    at: datetime
    basis: str | None = None
    reason: str | None = None
    effective_on: date | None = None
    act: dict[str, Any] | None = None
    ending: str | None = None
    silences_before: bool = False


def new_id() -> UUID:
    """Return a fresh id of a record or document (uuid 7)."""
    return uuid_utils.compat.uuid7()


async def ensure_subject(session: AsyncSession, *, uscc: str, now: datetime) -> None:
    """Make the subject's head where there is none: a subject that only records name."""
    await session.execute(
        upsert(Subject).values(uscc=uscc, version_no=0, created_at=now).on_conflict_do_nothing(index_elements=["uscc"])
    )


async def lock_current(session: AsyncSession, kind: ChangeKind, *, uscc: str, record_id: UUID) -> Row:
    """Return the current version of a record as a row, its head locked until the transaction ends.

    Raises:
        NoSuchRecord: there is none.
    """
    head = HEADS[kind]
    locked = await session.execute(
        select(head.version_no).where(head.uscc == uscc, head.id == record_id).with_for_update(key_share=True)
    )
    if locked.one_or_none() is None:
        raise no_such_record(record_id)
    return await get_current(session, kind, uscc=uscc, record_id=record_id)


async def get_current(session: AsyncSession | ReadSession, kind: ChangeKind, *, uscc: str, record_id: UUID) -> Row:
    """Return the current version of a record as a row.

    Raises:
        NoSuchRecord: there is none.
    """
    columns = VERSIONS[kind].__table__
    found = await session.execute(
        select(columns).where(columns.c.uscc == uscc, columns.c.id == record_id, columns.c.superseded_at.is_(None))
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise no_such_record(record_id)
    return dict(row)


def objected(version: Any, *, at: datetime | None = None) -> ColumnElement[bool]:  # noqa: ANN401 - a table of versions
    """Return the column that says whether an objection to a record is open, or was at the instant `at`."""
    about = exists().where(Objection.uscc == version.uscc, Objection.record_id == version.id)
    if at is None:
        return about.where(Objection.state == "open").label("objected")
    step = exists().where(
        CaseEvent.uscc == Objection.uscc, CaseEvent.case_id == Objection.id, CaseEvent.recorded_at <= at
    )
    return about.where(step.where(CaseEvent.state == "open"), ~step.where(CaseEvent.state != "open")).label("objected")


async def with_objection(session: AsyncSession | ReadSession, row: Row) -> Row:
    """Return a version with whether an objection to its record is open."""
    found = await session.scalar(
        select(
            exists().where(Objection.uscc == row["uscc"], Objection.record_id == row["id"], Objection.state == "open")
        )
    )
    return {**row, "objected": bool(found)}


async def find_visible(
    session: AsyncSession | ReadSession, kind: ChangeKind, *, uscc: str, record_id: UUID, actor: Actor
) -> Row | None:
    """Return the current version of a record that the actor may see, or None."""
    version = VERSIONS[kind]
    query = select(version.__table__, objected(version)).where(
        version.uscc == uscc, version.id == record_id, version.superseded_at.is_(None), visible_to(actor, version)
    )
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    found = dict(row)
    note_versions(session, [found], on=actor.on)
    return found


async def list_visible(
    session: AsyncSession | ReadSession,
    kind: ChangeKind,
    *,
    uscc: str,
    actor: Actor,
    state: str | None,
    after: UUID | None,
    limit: int,
    past: Past | None = None,
) -> Sequence[Row]:
    """Return the versions of a subject's records that the actor may see, by id (oldest first), behind `after`.

    They are the current ones, or those that were known in the `past` asked about.
    """
    version = VERSIONS[kind]
    if past is None:
        query = select(version.__table__, objected(version)).where(
            version.superseded_at.is_(None), visible_to(actor, version)
        )
    else:
        query = select_then(actor, version, past, *version.__table__.columns, objected(version, at=past.known_at))
    query = query.where(version.uscc == uscc).order_by(version.id).limit(limit)
    if state is not None:
        query = query.where(version.state == state)
    if after is not None:
        query = query.where(version.id > after)
    rows = (await session.execute(query)).mappings()
    # The last one of a full page only says that there is more.
    if past is None:
        found = [dict(row) for row in rows]
        note_versions(session, found[: limit - 1], on=actor.on)
        return found
    found = [as_told_then(row) for row in rows]
    note_owners(session, (row["authority_code"] for row in found[: limit - 1] if not row["told"]))
    return found


async def list_document_kinds(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID) -> list[str]:
    """Return the kinds of the documents attached to a record."""
    found = await session.execute(
        select(Document.kind).where(Document.uscc == uscc, Document.record_id == record_id).distinct()
    )
    return sorted(found.scalars())


async def list_versions(
    session: AsyncSession | ReadSession, kind: ChangeKind, *, uscc: str, record_id: UUID, actor: Actor
) -> Sequence[Row]:
    """Return all versions of a record, oldest first; the actor's own people are shown those that never were public too."""
    columns = VERSIONS[kind].__table__
    found = await session.execute(
        select(columns).where(columns.c.uscc == uscc, columns.c.id == record_id).order_by(columns.c.version_no)
    )
    rows = [dict(row) for row in found.mappings()]
    if actor.audits_everything or any(row["authority_code"] in actor.sees_records_of for row in rows):
        note_versions(session, rows, on=actor.on)
    return rows


def no_such_record(record_id: UUID) -> NoSuchRecord:
    """Return the refusal that hides whether a record exists."""
    return NoSuchRecord(f"There is no record {record_id} here that you may see.", detail_zh="没有可供查看的此项记录。")


async def insert_record(
    session: AsyncSession,
    kind: ChangeKind,
    *,
    uscc: str,
    record_id: UUID,
    natural_key: str,
    content: Row,
    event: Event,
    head: Row | None = None,
) -> Row:
    """Insert a record's head and first version, with its pending change. A natural key that is taken violates its index."""
    await session.execute(
        insert(HEADS[kind]).values(
            uscc=uscc,
            id=record_id,
            natural_key=natural_key,
            state=event.state,
            version_no=1,
            created_at=event.at,
            **(head or {}),
        )
    )
    return await _insert_version(session, kind, {**content, "uscc": uscc, "id": record_id}, 1, event)


async def append_version(
    session: AsyncSession,
    kind: ChangeKind,
    *,
    current: Row,
    changes: Row,
    event: Event,
    natural_key: str | None = None,
) -> Row:
    """Append the version that `event` makes of `current` with `changes`, and its pending change.

    The head moves only from the very state and version that `current` has: whoever comes second is refused.

    Raises:
        VersionMismatch: somebody else moved the record first.
    """
    head, version = HEADS[kind], VERSIONS[kind]
    at = {"uscc": current["uscc"], "id": current["id"]}
    moved = await session.execute(
        update(head)
        .where(
            head.uscc == at["uscc"],
            head.id == at["id"],
            head.version_no == current["version_no"],
            head.state == current["state"],
        )
        .values(
            version_no=current["version_no"] + 1,
            state=event.state,
            **({} if natural_key is None else {"natural_key": natural_key}),
        )
        .returning(head.version_no)
    )
    if moved.one_or_none() is None:
        raise VersionMismatch("Somebody else changed the record first. Read it again.", detail_zh="记录已被他人修改。")
    await session.execute(
        update(version)
        .where(version.uscc == at["uscc"], version.id == at["id"], version.superseded_at.is_(None))
        .values(superseded_at=event.at)
    )
    carried = {name: value for name, value in current.items() if name not in OF_THE_ACT}
    return await _insert_version(session, kind, carried | dict(changes), current["version_no"] + 1, event)


async def _insert_version(session: AsyncSession, kind: ChangeKind, content: Row, number: int, event: Event) -> Row:
    version = VERSIONS[kind].__table__
    values = dict(content) | {
        "version_no": number,
        "state": event.state,
        "command": event.command,
        "actor": event.actor,
        "basis": event.basis,
        "reason": event.reason,
        "effective_on": event.effective_on,
        "act": event.act,
        "ending": event.ending,
        "silences_before": event.silences_before,
        "recorded_at": event.at,
    }
    made = await session.execute(insert(version).values(values).returning(version))
    row = dict(made.mappings().one())
    await session.execute(
        insert(PendingChange).values(
            uscc=row["uscc"],
            kind=kind.value,
            record_id=row["id"],
            version_no=number,
            event=event.public_event,
            recorded_at=event.at,
        )
    )
    return row


async def put_record_name(session: AsyncSession, *, uscc: str, name: str | None) -> None:
    """Let a subject be found by the name that a record bears; the public finds it only while such a record is public."""
    if not name:
        return
    folded = fold_name(name)
    row = {"uscc": uscc, "name": name, "kind": "record", "folded": folded, "bigrams": bigrams(folded)}
    await session.execute(upsert(SubjectName).values(row).on_conflict_do_nothing())


async def drop_record_name(session: AsyncSession, *, uscc: str, name: str | None) -> None:
    """Forget a name that a record bore by mistake, unless another record of the subject that is not void bears it."""
    if not name:
        return
    borne = [
        select(version.id)
        .where(
            version.uscc == uscc,
            version.party_name == name,
            version.superseded_at.is_(None),
            version.state.not_in(("void", "ended", "withdrawn")),
        )
        .exists()
        for version in (PenaltyVersion, BlacklistEntryVersion, CreditRecordVersion)
    ]
    await session.execute(
        delete(SubjectName).where(
            SubjectName.uscc == uscc,
            SubjectName.name == name,
            SubjectName.kind == "record",
            *(~exists for exists in borne),
        )
    )


async def insert_outbox(
    session: AsyncSession,
    *,
    topic: str,
    channels: Sequence[str | None],
    kind: str,
    row: Row,
    now: datetime,
    due_on: date | None = None,
) -> None:
    """Queue one item a channel for those who must be told of the version `row`; delivered by whoever serves the topic."""
    await session.execute(
        insert(OutboxItem),
        [
            {
                "topic": topic,
                "channel": channel,
                "uscc": row["uscc"],
                "record_kind": str(kind),
                "record_id": row["id"],
                "version_no": row["version_no"],
                "due_on": due_on,
                "created_at": now,
            }
            for channel in channels
        ],
    )

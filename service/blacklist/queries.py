from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.seen import note_owners
from service.blacklist.rules.entry_test import Support
from service.clock import legal_day
from service.db import ReadSession
from service.models import (
    BlacklistEntry,
    BlacklistEntryVersion,
    EntryCorrection,
    EntryRevocation,
    EntrySupport,
    Penalty,
    PenaltyVersion,
)
from service.records.queries import Row
from service.records.rules import STILL_DECIDED

#: States in which a penalty stands: decided and checked, whether it is shown or not.
STANDING = ("approved", "published", "withheld", "suspended")


async def put_supports(
    session: AsyncSession, *, uscc: str, entry_id: UUID, penalty_ids: Sequence[UUID], added_by: str, now: datetime
) -> None:
    """Link penalties of the same subject to an entry; those that are linked already stay."""
    rows = [
        {"uscc": uscc, "entry_id": entry_id, "penalty_id": penalty_id, "added_by": added_by, "added_at": now}
        for penalty_id in penalty_ids
    ]
    if rows:
        await session.execute(upsert(EntrySupport).values(rows).on_conflict_do_nothing())


async def find_foreign_penalties(
    session: AsyncSession, *, uscc: str, penalty_ids: Sequence[UUID], authority_code: str
) -> list[UUID]:
    """Return which of the ids are no penalties of this subject that this authority decided."""
    version = PenaltyVersion
    found = await session.execute(
        select(version.id).where(
            version.uscc == uscc,
            version.id.in_(penalty_ids),
            version.superseded_at.is_(None),
            version.authority_code == authority_code,
            version.state != "void",
        )
    )
    known = set(found.scalars())
    return [penalty_id for penalty_id in penalty_ids if penalty_id not in known]


async def lock_supports(session: AsyncSession, *, uscc: str, entry_id: UUID) -> None:
    """Lock the supporting penalties, so that none of them falls while the entry is made. Before the entry's own head."""
    linked = select(EntrySupport.penalty_id).where(EntrySupport.uscc == uscc, EntrySupport.entry_id == entry_id)
    await session.execute(
        select(Penalty.id)
        .where(Penalty.uscc == uscc, Penalty.id.in_(linked))
        .order_by(Penalty.id)
        .with_for_update(key_share=True)
    )


async def list_supports(session: AsyncSession | ReadSession, *, uscc: str, entry_id: UUID) -> list[Support]:
    """Return the penalties on which an entry rests, as they stand now."""
    version = PenaltyVersion
    found = await session.execute(
        select(version.id, version.state, version.ending, version.kinds, version.fine_fen, version.discretion_step)
        .join(EntrySupport, (EntrySupport.uscc == version.uscc) & (EntrySupport.penalty_id == version.id))
        .where(EntrySupport.uscc == uscc, EntrySupport.entry_id == entry_id, version.superseded_at.is_(None))
        .order_by(version.id)
    )
    return [
        Support(
            id=str(row.id),
            stands=row.state in STANDING or row.ending in STILL_DECIDED,
            kinds=frozenset(row.kinds),
            fine_fen=row.fine_fen,
            discretion_step=row.discretion_step,
        )
        for row in found
    ]


async def list_supported_entries(session: AsyncSession, *, uscc: str, penalty_id: UUID) -> list[Row]:
    """Return the current versions of the entries that rest on a penalty."""
    version = BlacklistEntryVersion.__table__
    found = await session.execute(
        select(version)
        .join(EntrySupport, (EntrySupport.uscc == version.c.uscc) & (EntrySupport.entry_id == version.c.id))
        .where(EntrySupport.uscc == uscc, EntrySupport.penalty_id == penalty_id, version.c.superseded_at.is_(None))
        .order_by(version.c.id)
    )
    return [dict(row) for row in found.mappings()]


async def find_listed(session: AsyncSession, *, uscc: str, list_id: str, today: date, other_than: UUID) -> UUID | None:
    """Return the id of another entry by which the subject is on the list today, hidden ones included."""
    version = BlacklistEntryVersion
    found = await session.execute(
        select(version.id)
        .where(
            version.uscc == uscc,
            version.list_id == list_id,
            version.id != other_than,
            version.superseded_at.is_(None),
            version.state.in_(("published", "suspended", "recalled")),
            (version.public_until.is_(None)) | (version.public_until >= today),
        )
        .limit(1)
    )
    return found.scalar_one_or_none()


async def open_revocation(session: AsyncSession, revocation: Row) -> bool:
    """Insert an open revocation; returns False where one is open for this entry already."""
    made = await session.execute(
        upsert(EntryRevocation)
        .values(dict(revocation))
        .on_conflict_do_nothing(index_elements=["uscc", "entry_id"], index_where=EntryRevocation.state == "open")
        .returning(EntryRevocation.id)
    )
    return made.one_or_none() is not None


async def close_revocation(
    session: AsyncSession, *, uscc: str, entry_id: UUID, state: str, decided_by: str, reason: str | None, now: datetime
) -> bool:
    """Set what became of the open revocation of an entry; returns False where none was open."""
    closed = await session.execute(
        update(EntryRevocation)
        .where(EntryRevocation.uscc == uscc, EntryRevocation.entry_id == entry_id, EntryRevocation.state == "open")
        .values(state=state, decided_by=decided_by, decided_at=now, decision_reason=reason)
        .returning(EntryRevocation.id)
    )
    return closed.one_or_none() is not None


async def list_revocations(
    session: AsyncSession | ReadSession,
    *,
    authorities: Sequence[str],
    state: str,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[EntryRevocation]:
    """Return the revocations of these authorities in a state, the most urgent first."""
    one = EntryRevocation
    query = (
        select(one)
        .where(one.authority_code.in_(authorities), one.state == state)
        .order_by(one.due_on, one.id)
        .limit(limit)
    )
    if after is not None:
        due_on, last = after
        query = query.where((one.due_on > due_on) | ((one.due_on == due_on) & (one.id > last)))
    found = (await session.scalars(query)).all()
    note_owners(session, (revocation.authority_code for revocation in found[: limit - 1]))
    return found


async def find_same_day(session: AsyncSession, *, uscc: str, natural_key: str) -> bool:
    """Return whether the subject has an entry with this natural key (list and day of listing), void ones left out."""
    head = BlacklistEntry
    asked = exists().where(head.uscc == uscc, head.natural_key == natural_key, head.state != "void")
    return bool(await session.scalar(select(asked)))


async def find_revocation(session: AsyncSession | ReadSession, *, uscc: str, entry_id: UUID) -> EntryRevocation | None:
    """Return the open revocation of an entry, or None."""
    found = await session.scalars(
        select(EntryRevocation).where(
            EntryRevocation.uscc == uscc, EntryRevocation.entry_id == entry_id, EntryRevocation.state == "open"
        )
    )
    return found.one_or_none()


async def insert_correction(session: AsyncSession, correction: Row) -> None:
    """Insert a proposed correction; a second open one violates `uq_blacklist_entry_correction_open`."""
    await session.execute(insert(EntryCorrection).values(dict(correction)))


async def find_open_correction(
    session: AsyncSession | ReadSession, *, uscc: str, entry_id: UUID
) -> EntryCorrection | None:
    """Return the correction that waits for its review, or None."""
    found = await session.execute(
        select(EntryCorrection)
        .where(EntryCorrection.uscc == uscc, EntryCorrection.entry_id == entry_id, EntryCorrection.state == "proposed")
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def close_correction(
    session: AsyncSession,
    *,
    uscc: str,
    correction_id: UUID,
    state: str,
    decided_by: str,
    reason: str | None,
    version_no: int | None,
    now: datetime,
) -> bool:
    """Set what became of a proposed correction; returns False where somebody else did."""
    done = await session.execute(
        update(EntryCorrection)
        .where(EntryCorrection.uscc == uscc, EntryCorrection.id == correction_id, EntryCorrection.state == "proposed")
        .values(state=state, decided_by=decided_by, decided_at=now, decision_reason=reason, version_no=version_no)
        .returning(EntryCorrection.id)
    )
    return done.one_or_none() is not None


async def list_unsupported(session: ReadSession, *, limit: int) -> list[tuple[str, UUID, date]]:
    """Return code, penalty and day of penalties that fell under entries on a list, with no revocation opened since.

    A penalty falls also by an import, or by a move; a revocation that was decided is not opened again for the same fall.
    """
    entry, penalty, revocation = BlacklistEntryVersion, PenaltyVersion, EntryRevocation
    asked = (
        select(revocation.id)
        .where(
            revocation.uscc == entry.uscc,
            revocation.entry_id == entry.id,
            (revocation.state == "open") | (revocation.opened_at >= penalty.recorded_at),
        )
        .exists()
    )
    found = await session.execute(
        select(penalty.uscc, penalty.id, penalty.effective_on, penalty.recorded_at)
        .join(EntrySupport, (EntrySupport.uscc == penalty.uscc) & (EntrySupport.penalty_id == penalty.id))
        .join(entry, (entry.uscc == EntrySupport.uscc) & (entry.id == EntrySupport.entry_id))
        .where(
            penalty.superseded_at.is_(None),
            entry.superseded_at.is_(None),
            entry.state.in_(("published", "suspended", "recalled")),
            penalty.state.in_(("ended", "void")),
            or_(penalty.ending.is_(None), penalty.ending.not_in(STILL_DECIDED)),
            ~asked,
        )
        .order_by(penalty.uscc, penalty.id)
        .limit(limit)
        .distinct()
    )
    return [(row.uscc, row.id, row.effective_on or legal_day(row.recorded_at)) for row in found]

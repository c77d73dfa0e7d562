from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    any_,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.seen import note_owners
from service.db import ReadSession
from service.models import Penalty, PenaltyCorrection, PenaltyVersion, SubjectVersion, WithdrawalNotice
from service.records.queries import Row

_V = PenaltyVersion.__table__.c


def _waits(authorities: Sequence[str], state: str, recorder: str | None) -> ColumnElement[bool]:
    mine = true() if recorder is None else literal(recorder) == any_(_V.recorders)
    return and_(_V.authority_code.in_(authorities), _V.state == state, _V.superseded_at.is_(None), mine)


async def list_queue(
    session: AsyncSession | ReadSession,
    *,
    authorities: Sequence[str],
    state: str,
    recorder: str | None = None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the penalties of these authorities that stand in a state, by code and id, behind the pair `after`.

    With a `recorder` only those whose content that principal wrote.
    """
    query = (
        select(PenaltyVersion.__table__)
        .where(_waits(authorities, state, recorder))
        .order_by(_V.uscc, _V.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(_V.uscc, _V.id) > after)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    note_owners(session, (row["authority_code"] for row in rows[: limit - 1]))
    return rows


async def count_queue(
    session: AsyncSession | ReadSession, *, authorities: Sequence[str], state: str, recorder: str | None = None
) -> int:
    """Return how many penalties `list_queue` would give in all."""
    query = select(func.count()).select_from(PenaltyVersion).where(_waits(authorities, state, recorder))
    return await session.scalar(query) or 0


async def find_same_number(session: AsyncSession, *, uscc: str, natural_key: str) -> UUID | None:
    """Return the id of the subject's penalty with this natural key, void ones left out."""
    found = await session.execute(
        select(Penalty.id).where(Penalty.uscc == uscc, Penalty.natural_key == natural_key, Penalty.state != "void")
    )
    return found.scalar_one_or_none()


async def release_number(session: AsyncSession, *, uscc: str, natural_key: str) -> None:
    """Let go of a natural key that a record bears which was moved away from this subject, so that it can be moved back.

    The record stays as it ended; its key names it from then on.
    """
    away = exists().where(
        PenaltyVersion.uscc == Penalty.uscc,
        PenaltyVersion.id == Penalty.id,
        PenaltyVersion.superseded_at.is_(None),
        PenaltyVersion.ending.in_(("moved", "followed")),
    )
    await session.execute(
        update(Penalty)
        .where(Penalty.uscc == uscc, Penalty.natural_key == natural_key, Penalty.state == "ended", away)
        .values(natural_key=Penalty.natural_key + "|moved|" + cast(Penalty.id, Text))
        .execution_options(synchronize_session=False)
    )


async def list_registered_names(session: AsyncSession | ReadSession, *, uscc: str) -> list[str]:
    """Return a firm's registered name and, behind it, its former ones; none where no registration is known."""
    found = await session.execute(
        select(SubjectVersion.name, SubjectVersion.former_names).where(
            SubjectVersion.uscc == uscc,
            SubjectVersion.superseded_at.is_(None),
            SubjectVersion.registered,
            SubjectVersion.state != "void",
        )
    )
    row = found.one_or_none()
    return [] if row is None or row.name is None else [row.name, *row.former_names]


async def list_successors(session: AsyncSession, *, uscc: str) -> list[str]:
    """Return the codes under which a firm goes on, by its present registration."""
    found = await session.execute(
        select(SubjectVersion.successors).where(
            SubjectVersion.uscc == uscc,
            SubjectVersion.superseded_at.is_(None),
            SubjectVersion.registered,
            SubjectVersion.state != "void",
        )
    )
    return found.scalar_one_or_none() or []


async def insert_correction(session: AsyncSession, correction: Row) -> None:
    """Insert a proposed correction; a second open one violates `uq_penalty_correction_open`."""
    await session.execute(insert(PenaltyCorrection).values(dict(correction)))


async def find_open_correction(
    session: AsyncSession | ReadSession, *, uscc: str, penalty_id: UUID
) -> PenaltyCorrection | None:
    """Return the correction that waits for its review, or None."""
    found = await session.execute(
        select(PenaltyCorrection)
        .where(
            PenaltyCorrection.uscc == uscc,
            PenaltyCorrection.penalty_id == penalty_id,
            PenaltyCorrection.state == "proposed",
        )
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
        update(PenaltyCorrection)
        .where(
            PenaltyCorrection.uscc == uscc,
            PenaltyCorrection.id == correction_id,
            PenaltyCorrection.state == "proposed",
        )
        .values(state=state, decided_by=decided_by, decided_at=now, decision_reason=reason, version_no=version_no)
        .returning(PenaltyCorrection.id)
    )
    return done.one_or_none() is not None


async def insert_notice(session: AsyncSession, notice: Row) -> None:
    """Insert the public notice of a withdrawal."""
    await session.execute(insert(WithdrawalNotice).values(dict(notice)))


async def list_notices(
    session: AsyncSession | ReadSession,
    *,
    today: date,
    authority: str | None,
    document_no: str | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[WithdrawalNotice]:
    """Return the notices shown on the day `today`, by last day and id."""
    notice = WithdrawalNotice
    query = (
        select(notice)
        .where(notice.shown_from <= today, notice.shown_until >= today)
        .order_by(notice.shown_until, notice.penalty_id)
        .limit(limit)
    )
    if authority is not None:
        query = query.where(notice.authority_code == authority)
    if document_no is not None:
        query = query.where(notice.document_no == document_no)
    if after is not None:
        query = query.where(tuple_(notice.shown_until, notice.penalty_id) > after)
    return (await session.scalars(query)).all()

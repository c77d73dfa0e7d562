from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.models import RuleProposal


async def find_proposal(session: AsyncSession | ReadSession, *, proposal_id: UUID) -> RuleProposal | None:
    """Return a proposal, or None."""
    query = select(RuleProposal).where(RuleProposal.id == proposal_id).execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def list_proposals(
    session: AsyncSession | ReadSession, *, state: str | None, after: UUID | None, limit: int
) -> Sequence[RuleProposal]:
    """Return proposals, oldest first, behind the id `after`."""
    query = select(RuleProposal).order_by(RuleProposal.id).limit(limit)
    if state is not None:
        query = query.where(RuleProposal.state == state)
    if after is not None:
        query = query.where(RuleProposal.id > after)
    return (await session.scalars(query)).all()


async def close_proposal(
    session: AsyncSession, *, proposal_id: UUID, state: str, decided_by: str, reason: str, now: datetime
) -> bool:
    """Set what became of a proposal; return False where somebody else did before."""
    done = await session.execute(
        update(RuleProposal)
        .where(RuleProposal.id == proposal_id, RuleProposal.state == "proposed")
        .values(state=state, decided_by=decided_by, decided_at=now, decision_reason=reason)
        .returning(RuleProposal.id)
    )
    return done.one_or_none() is not None

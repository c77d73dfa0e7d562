from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.four_eyes.queries import Proposed, lock_proposed
from service.access.four_eyes.rules import AlreadyConfirmed, check_second
from service.access.queries import raise_access_version
from service.models import AccessGrant, ApiKey


async def confirm(session: AsyncSession, *, proposal_id: UUID, by: str, now: datetime) -> Proposed:
    """Let a grant, a key or a substitution count from now on; `by` is a principal, or the command line.

    Raises:
        NoSuchProposal: there is none of this id that somebody has not taken back.
        AlreadyConfirmed: it counts already.
        OwnProposal: `by` proposed it, or would gain by it.
    """
    row = await lock_proposed(session, proposal_id=proposal_id)
    if row.confirmed_at is not None:
        raise AlreadyConfirmed(f"{proposal_id} is in force already.", detail_zh="该事项已经生效。")
    check_second(by, proposed_by=proposer(row), gains=row.principal_id)
    row.confirmed_by, row.confirmed_at = by, now
    await session.flush()
    await raise_access_version(session)
    return row


def proposer(row: Proposed) -> str:
    """Return who proposed it."""
    if isinstance(row, AccessGrant):
        return row.granted_by
    return row.created_by if isinstance(row, ApiKey) else row.registered_by

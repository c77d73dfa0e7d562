from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from schemas.access import ConfirmedOut, ProposalPage
from service.access import examples
from service.access.four_eyes.actions import confirm, proposer
from service.access.four_eyes.queries import NoSuchProposal, list_waiting
from service.access.four_eyes.rules import AlreadyConfirmed, OwnProposal
from service.access.rules import Actor, Role
from service.http import (
    CHANGES_ACCESS,
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    one_page,
    page_after,
    require,
)

router = APIRouter(prefix="/v1/access-proposals", tags=["access"])

Administrator = Annotated[Actor, require(Role.ADMINISTRATOR)]


@router.get(
    "",
    summary="List what waits to be confirmed",
    response_model=ProposalPage,
    responses=answers({"items": [examples.PROPOSAL], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_proposals(_actor: Administrator, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give grants, keys and substitutions that an administrator proposed and that count once another has confirmed them."""
    found = await list_waiting(session, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    "/{proposal_id}/confirm",
    dependencies=[CHANGES_ACCESS],
    summary="Confirm what another administrator proposed",
    response_model=ConfirmedOut,
    responses=answers(examples.CONFIRMED, *ROLE_REFUSALS, NoSuchProposal, AlreadyConfirmed, OwnProposal),
)
async def confirm_proposal(proposal_id: UUID, actor: Administrator, session: SessionDep, now: Now) -> dict[str, Any]:
    """Let it count from now on. Nobody confirms what he proposed, or what he would gain by.

    To refuse a proposal take the grant away, revoke the key, or end the substitution.
    """
    row = await confirm(session, proposal_id=proposal_id, by=str(actor.id), now=now)
    return {
        "id": row.id,
        "principal_id": row.principal_id,
        "proposed_by": proposer(row),
        "confirmed_by": row.confirmed_by,
        "confirmed_at": row.confirmed_at,
    }

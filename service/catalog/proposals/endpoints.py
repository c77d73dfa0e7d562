from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.catalog import ProposalDecision, ProposalOut, ProposalPage, RuleProposed
from service.access.rules import Actor, OwnWork, Role
from service.catalog import examples
from service.catalog.proposals.actions import decide_proposal, propose_rule
from service.catalog.proposals.queries import find_proposal, list_proposals
from service.catalog.proposals.rules import (
    AlreadyProposed,
    ImpossibleRow,
    NoSuchProposal,
    NoSuchRow,
    ProposalDecided,
    ThresholdTwice,
)
from service.catalog.rules import AlreadyInCatalog, ImpossiblePeriod
from service.errors import Refusal
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingCatalogSessionDep, CreatingSessionDep
from service.models import RuleProposal

router = APIRouter(prefix="/v1/catalog/rule-proposals", tags=["catalog"])

RuleKeeper = Annotated[Actor, require(Role.RULE_KEEPER)]
Reader = Annotated[Actor, require(Role.RULE_KEEPER, Role.AUDITOR, Role.SUPERVISOR)]
ROW_REFUSALS: tuple[type[Refusal], ...] = (ImpossibleRow, AlreadyInCatalog, NoSuchRow, ThresholdTwice, ImpossiblePeriod)


@router.get(
    "",
    summary="List proposed rules",
    response_model=ProposalPage,
    responses=answers({"items": [examples.PROPOSAL], "next": None}, *ROLE_REFUSALS, BadCursor, words="Oldest first."),
)
async def list_all(
    _actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[Literal["proposed", "approved", "rejected"] | None, Query(description="Only these.")] = None,
) -> dict[str, Any]:
    """Give the rows of the rulebook that rule keepers proposed, with who proposed and who decided."""
    rows = await list_proposals(session, state=state, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(rows, page)
    return {"items": part, "next": following}


@router.get(
    "/{proposal_id}",
    summary="Read a proposed rule",
    response_model=ProposalOut,
    responses=answers(examples.PROPOSAL, *ROLE_REFUSALS, NoSuchProposal, words="The proposal."),
)
async def show_proposal(proposal_id: UUID, _actor: Reader, session: ReadSessionDep) -> RuleProposal:
    """Give one proposed row of the rulebook, with who proposed it and what was decided."""
    found = await find_proposal(session, proposal_id=proposal_id)
    if found is None:
        raise NoSuchProposal(f"There is no proposal {proposal_id}.", detail_zh="没有此提议。")
    return found


@router.post(
    "",
    summary="Propose a rule",
    status_code=201,
    response_model=ProposalOut,
    responses=answers(
        examples.PROPOSAL,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        *ROW_REFUSALS,
        AlreadyProposed,
        status=201,
        words="The proposal.",
        headers=("Location",),
    ),
)
async def propose(
    body: Annotated[RuleProposed, Body(examples=[examples.PROPOSED])],
    actor: RuleKeeper,
    session: CreatingSessionDep,
    now: Now,
    response: Response,
) -> RuleProposal:
    """Propose a row: a threshold, a period or a deadline, as the data files have it. A correction names what it supersedes."""
    proposal = await propose_rule(
        session,
        kind=body.kind,
        body=body.body,
        supersedes=body.supersedes,
        reason=body.reason,
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/catalog/rule-proposals/{proposal.id}"
    return proposal


@router.post(
    "/{proposal_id}/decision",
    summary="Approve or reject a proposed rule",
    status_code=201,
    response_model=ProposalOut,
    responses=answers(
        examples.PROPOSAL,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        *ROW_REFUSALS,
        NoSuchProposal,
        ProposalDecided,
        OwnWork,
        status=201,
        words="The proposal with its decision.",
        headers=("Location",),
    ),
)
async def decide(
    proposal_id: UUID,
    body: Annotated[ProposalDecision, Body(examples=[{"decision": "approve", "reason": "核对无误（示例）"}])],
    actor: RuleKeeper,
    session: CreatingCatalogSessionDep,
    now: Now,
    response: Response,
) -> RuleProposal:
    """Approve what another rule keeper proposed, which puts the row in force, or reject it.

    No record is moved: those whose dates the row would change are listed in `/v1/redatings` for their authorities.
    """
    response.headers["Location"] = f"/v1/catalog/rule-proposals/{proposal_id}"
    return await decide_proposal(
        session,
        proposal_id=proposal_id,
        approve=body.decision == "approve",
        reason=body.reason,
        actor=actor,
        now=now,
    )

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, check_separation
from service.catalog.proposals.queries import close_proposal, find_proposal
from service.catalog.proposals.rules import AlreadyProposed, NoSuchProposal, ProposalDecided, proposed_rule
from service.catalog.queries import load_catalog, raise_catalog_version
from service.db import violated_constraint
from service.models import LegalRule, RuleProposal


async def propose_rule(
    session: AsyncSession,
    *,
    kind: str,
    body: Mapping[str, Any],
    supersedes: str | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> RuleProposal:
    """Propose a row of the rulebook; it decides nothing until another rule keeper has approved it.

    Raises:
        Refusal: `proposed_rule` says which.
        AlreadyProposed: a proposal for a row of this id is open.
    """
    rule = proposed_rule(kind, body, supersedes, await load_catalog(session))
    proposal = RuleProposal(
        id=UUID(bytes=uuid_utils.uuid7().bytes),
        kind=kind,
        rule_id=rule.id,
        body=dict(body),
        supersedes=supersedes,
        reason=reason,
        state="proposed",
        proposed_by=str(actor.id),
        proposed_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(proposal)
    except IntegrityError as error:
        if violated_constraint(error) != "uq_rule_proposal_open":
            raise
        raise AlreadyProposed(
            f"A proposal for the row {rule.id!r} waits for a decision.", detail_zh="该行已有待审的提议。"
        ) from error
    return proposal


async def decide_proposal(
    session: AsyncSession, *, proposal_id: UUID, approve: bool, reason: str, actor: Actor, now: datetime
) -> RuleProposal:
    """Approve a proposal, which enters its row and raises the catalogue's version, or reject it.

    Whoever proposed it decides nothing about it. Records whose dates the row would change are listed by the job
    `list_redatings` for their authorities; none is moved.

    Raises:
        NoSuchProposal, ProposalDecided: see there.
        OwnWork: the actor proposed it.
        Refusal: the rulebook has changed since, and the row does not fit any more; `proposed_rule` says why.
    """
    await raise_catalog_version(session)
    proposal = await find_proposal(session, proposal_id=proposal_id)
    if proposal is None:
        raise NoSuchProposal(f"There is no proposal {proposal_id}.", detail_zh="没有此提议。")
    if proposal.state != "proposed":
        raise ProposalDecided(f"The proposal was {proposal.state} before.", detail_zh="该提议已有决定。")
    check_separation(actor, recorded_by=[proposal.proposed_by])
    if approve:
        catalog = await load_catalog(session)
        rule = proposed_rule(proposal.kind, proposal.body, proposal.supersedes, catalog)
        session.add(
            LegalRule(
                id=rule.id,
                kind=rule.kind,
                citation=rule.citation,
                grade=rule.grade,
                effective_from=rule.effective_from,
                effective_to=rule.effective_to,
                body=dict(rule.body),
                origin=rule.origin,
                supersedes=rule.supersedes,
                entered_at=now,
            )
        )
        await session.flush()
    state = "approved" if approve else "rejected"
    if not await close_proposal(
        session, proposal_id=proposal_id, state=state, decided_by=str(actor.id), reason=reason, now=now
    ):
        raise ProposalDecided("The proposal was decided meanwhile.", detail_zh="该提议已有决定。")
    decided = await find_proposal(session, proposal_id=proposal_id)
    assert decided is not None  # noqa: S101 - it was closed a moment ago
    return decided

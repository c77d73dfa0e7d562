"""Rows of the rulebook that rule keepers propose, and that another one puts in force."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Response

from service.access.principals.queries import find_names
from service.access.rules import Role
from service.catalog.proposals.actions import decide_proposal, propose_rule
from service.catalog.proposals.queries import list_proposals
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, settled
from service.console.forms import Form
from service.console.pages.operations import RULE_READERS
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CHANGES_CATALOG, ReadSessionDep, SessionDep, encode_cursor
from service.problems import InvalidRequest

router = PageRouter()
Keeper = Annotated[Desk, at_desk(Role.RULE_KEEPER)]

KINDS = ("period", "deadline", "parameter")


@router.get("/rule-proposals")
async def show_proposals(
    desk: Annotated[Desk, at_desk(*sorted(RULE_READERS))],
    session: ReadSessionDep,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show what was proposed, and what became of it."""
    return show(desk, "rule_proposals.html", **await _facts(session, desk, id_after(cursor)), typed=Form())


@router.post("/rule-proposals")
async def propose(desk: Keeper, form: FormDep, session: SessionDep) -> Response:
    """Propose a row as the data files have it."""
    async with settled(session, desk, _again(session, desk, form)):
        try:
            body = orjson.loads(form.get("body"))
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict) or form.get("kind") not in KINDS or not form.get("reason"):
            raise InvalidRequest(
                "A row is a JSON object, with its kind and the reason for it.",
                detail_zh="请填写 JSON 格式的规则行、类别和理由。",
            )
        await propose_rule(
            session,
            kind=form.get("kind"),
            body=body,
            supersedes=form.get("supersedes") or None,
            reason=form.get("reason"),
            actor=desk.actor,
            now=desk.now,
        )
    return desk.go("/rule-proposals")


@router.post("/rule-proposals/{proposal_id}", dependencies=[CHANGES_CATALOG])
async def decide(proposal_id: UUID, desk: Keeper, form: FormDep, session: SessionDep) -> Response:
    """Approve or reject what another rule keeper proposed."""
    async with settled(session, desk, _again(session, desk, Form())):
        if form.get("decision") not in {"approve", "reject"} or not form.get("reason"):
            raise InvalidRequest("Say what is decided, and why.", detail_zh="请选择处理方式并填写理由。")
        await decide_proposal(
            session,
            proposal_id=proposal_id,
            approve=form.get("decision") == "approve",
            reason=form.get("reason"),
            actor=desk.actor,
            now=desk.now,
        )
    return desk.go("/rule-proposals")


def _again(session: Any, desk: Desk, typed: Form) -> Any:  # noqa: ANN401 - the session of the request; see `settled`
    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "rule_proposals.html", refusal, **await _facts(session, desk, None), typed=typed)

    return again


async def _facts(session: Any, desk: Desk, after: UUID | None) -> dict[str, Any]:  # noqa: ANN401 - either kind
    rows = await list_proposals(session, state=None, after=after, limit=PAGE + 1)
    part = rows[:PAGE]
    return {
        "items": [
            {
                "row": row,
                "body": orjson.dumps(row.body, option=orjson.OPT_INDENT_2).decode(),
                "may_decide": row.state == "proposed"
                and desk.actor.may(Role.RULE_KEEPER)
                and row.proposed_by != str(desk.actor.id),
            }
            for row in part
        ],
        "following": encode_cursor((str(part[-1].id),)) if len(rows) > PAGE else None,
        "names": await find_names(
            session, ids=(one for row in part for one in (row.proposed_by, row.decided_by or ""))
        ),
        "kinds": KINDS,
        "may_propose": desk.actor.may(Role.RULE_KEEPER),
    }

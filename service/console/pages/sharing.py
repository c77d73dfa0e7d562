"""Sharing agreements: asked for, granted, refused, ended."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from schemas.sharing import AgreementCreate, AgreementOut
from service.access.declared import Whose
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, settled
from service.console.forms import Form, fit
from service.console.pages.operations import SHARING_READERS
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CHANGES_ACCESS, CatalogDep, ReadSessionDep, SessionDep, encode_cursor
from service.problems import InvalidRequest
from service.sharing.actions import decide_agreement, request_agreement, revoke_agreement
from service.sharing.queries import list_agreements
from service.sharing.rules import BINDING, SharedKind, State

router = PageRouter()
Binding = Annotated[Desk, at_desk(BINDING, whose=Whose.OWN)]


@router.get("/sharing")
async def show_agreements(
    desk: Annotated[Desk, at_desk(*sorted(SHARING_READERS), whose=Whose.OWN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the agreements of this office's authorities, asked for and asked of them."""
    facts = await _facts(session, desk, id_after(cursor))
    return show(desk, "sharing.html", **facts, authorities=catalog.authorities, typed=Form(), errors={})


@router.post("/sharing", dependencies=[CHANGES_ACCESS])
async def ask(desk: Binding, form: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Ask another authority for its records of some kinds."""

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, None)
        return show_refused(
            desk, "sharing.html", refusal, **facts, authorities=catalog.authorities, typed=form, errors={}
        )

    names = ("owner_code", "requester_code", "purpose", "from_on", "until_on")
    typed = {name: form.get(name) for name in names if form.get(name)} | {"kinds": form.all("kinds")}
    asked, errors = fit(AgreementCreate, typed)
    if asked is None:
        facts = await _facts(session, desk, None)
        return show(
            desk, "sharing.html", status=422, **facts, authorities=catalog.authorities, typed=form, errors=errors
        )
    async with settled(session, desk, again):
        await request_agreement(session, **asked.model_dump(), actor=desk.actor, now=desk.now)
    return desk.go("/sharing")


@router.post("/sharing/{agreement_id}", dependencies=[CHANGES_ACCESS])
async def decide(
    agreement_id: UUID, desk: Binding, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Approve, refuse or end an agreement, with a reason."""

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, None)
        return show_refused(
            desk, "sharing.html", refusal, **facts, authorities=catalog.authorities, typed=Form(), errors={}
        )

    async with settled(session, desk, again):
        decision, reason = form.get("decision"), form.get("reason")
        if decision not in {"approve", "refuse", "revoke"} or not reason:
            raise InvalidRequest("Say what is decided, and why.", detail_zh="请选择处理方式并填写理由。")
        who: dict[str, Any] = {"agreement_id": agreement_id, "reason": reason, "actor": desk.actor, "now": desk.now}
        if decision == "revoke":
            await revoke_agreement(session, **who)
        else:
            await decide_agreement(session, approved=decision == "approve", until_on=_day(form.get("until_on")), **who)
    return desk.go("/sharing")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidRequest("The day is none.", detail_zh="日期无法识别。") from None


async def _facts(session: Any, desk: Desk, after: UUID | None) -> dict[str, Any]:  # noqa: ANN401 - either kind
    rows = await list_agreements(session, actor=desk.actor, state=None, after=after, limit=PAGE + 1)
    part = rows[:PAGE]
    return {
        "items": [
            {
                **AgreementOut.model_validate(row, from_attributes=True).model_dump(),
                "may_decide": row.state == State.REQUESTED and desk.actor.acts_for(row.owner_code, BINDING),
                "may_revoke": row.state == State.APPROVED
                and any(desk.actor.acts_for(code, BINDING) for code in (row.owner_code, row.requester_code)),
            }
            for row in part
        ],
        "following": encode_cursor((str(part[-1].id),)) if len(rows) > PAGE else None,
        "kinds": list(SharedKind),
        "own": sorted(desk.actor.authorities(BINDING)),
    }

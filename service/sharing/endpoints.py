from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from schemas.sharing import (
    AgreementCreate,
    AgreementOut,
    AgreementPage,
    Approval,
    Reason,
    SupplyOut,
    SupplyPage,
    SupplyPut,
)
from service.access.declared import Whose
from service.access.principals.rules import ImpossibleDays
from service.access.rules import AUTHORITY_ROLES, Actor, Role, WhichAuthority
from service.catalog.rules import NoSuchAuthority
from service.http import (
    CHANGES_ACCESS,
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    PutVersionDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    one_page,
    page_after,
    pair_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import DataSupply, SharingAgreement
from service.sharing import examples
from service.sharing.actions import decide_agreement, request_agreement, revoke_agreement, state_supply
from service.sharing.queries import get_agreement, list_agreements, list_supplies
from service.sharing.rules import (
    BINDING,
    AgreementDecided,
    LongerThanAsked,
    NoSuchAgreement,
    NotYours,
    State,
    WithItself,
)
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["access"])

Binding = Annotated[Actor, require(BINDING, whose=Whose.OWN)]
Reader = Annotated[Actor, require(*sorted({*AUTHORITY_ROLES, Role.AUDITOR}), whose=Whose.OWN)]
MOVE = (*ROLE_REFUSALS, NoSuchAgreement, NotYours, AgreementDecided)


@router.get(
    "/sharing-agreements",
    summary="List sharing agreements",
    response_model=AgreementPage,
    responses=answers({"items": [examples.AGREEMENT], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_all_agreements(
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
) -> dict[str, Any]:
    """Give the agreements of your authorities, asked for and asked of them, oldest first."""
    found = await list_agreements(session, actor=actor, state=state, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    "/sharing-agreements",
    dependencies=[CHANGES_ACCESS],
    summary="Ask for records of another authority",
    status_code=201,
    response_model=AgreementOut,
    responses=answers(
        examples.REQUESTED,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        WhichAuthority,
        NotYours,
        WithItself,
        ImpossibleDays,
        NoSuchAuthority,
        status=201,
        words="The request as entered.",
        headers=("Location",),
    ),
)
async def ask_for_agreement(
    body: Annotated[AgreementCreate, Body(examples=[examples.REQUEST])],
    actor: Binding,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> SharingAgreement:
    """Ask another authority to open its records of some kinds that are decided and not public, for a purpose.

    An agreement never opens a draft, and nothing whose publication has ended.
    """
    made = await request_agreement(session, **body.model_dump(), actor=actor, now=now)
    response.headers["Location"] = f"/v1/sharing-agreements/{made.id}"
    return made


@router.get(
    "/sharing-agreements/{agreement_id}",
    summary="Show a sharing agreement",
    response_model=AgreementOut,
    responses=answers(examples.AGREEMENT, *ROLE_REFUSALS, NoSuchAgreement),
)
async def show_agreement(agreement_id: UUID, actor: Reader, session: ReadSessionDep) -> SharingAgreement:
    """Give an agreement of one of your authorities, with who decided what, when and why."""
    return await get_agreement(session, agreement_id=agreement_id, actor=actor)


@router.post(
    "/sharing-agreements/{agreement_id}/approve",
    dependencies=[CHANGES_ACCESS],
    summary="Approve a request",
    response_model=AgreementOut,
    responses=answers(examples.AGREEMENT, *MOVE, LongerThanAsked),
)
async def approve_agreement(
    agreement_id: UUID,
    body: Annotated[Approval, Body(examples=[{"reason": "执法协作需要", "until_on": "2027-06-30"}])],
    actor: Binding,
    session: SessionDep,
    now: Now,
) -> SharingAgreement:
    """Open what was asked for, perhaps for a shorter time: the owner decides."""
    return await decide_agreement(
        session,
        agreement_id=agreement_id,
        approved=True,
        reason=body.reason,
        until_on=body.until_on,
        actor=actor,
        now=now,
    )


@router.post(
    "/sharing-agreements/{agreement_id}/refuse",
    dependencies=[CHANGES_ACCESS],
    summary="Refuse a request",
    response_model=AgreementOut,
    responses=answers(examples.AGREEMENT | {"state": "refused", "reason": "与申请目的无关"}, *MOVE),
)
async def refuse_agreement(
    agreement_id: UUID,
    body: Annotated[Reason, Body(examples=[{"reason": "与申请目的无关"}])],
    actor: Binding,
    session: SessionDep,
    now: Now,
) -> SharingAgreement:
    """Refuse what was asked for, with a reason: the owner decides."""
    return await decide_agreement(
        session, agreement_id=agreement_id, approved=False, reason=body.reason, until_on=None, actor=actor, now=now
    )


@router.post(
    "/sharing-agreements/{agreement_id}/revoke",
    dependencies=[CHANGES_ACCESS],
    summary="End an agreement",
    response_model=AgreementOut,
    responses=answers(examples.REVOKED, *MOVE),
)
async def end_agreement(
    agreement_id: UUID,
    body: Annotated[Reason, Body(examples=[{"reason": "专项行动结束"}])],
    actor: Binding,
    session: SessionDep,
    now: Now,
) -> SharingAgreement:
    """End an agreement in force, by either side; within a second nothing is open by it."""
    return await revoke_agreement(session, agreement_id=agreement_id, reason=body.reason, actor=actor, now=now)


def _shown(supply: DataSupply, last_delivered_at: datetime | None) -> dict[str, Any]:
    columns = {name: getattr(supply, name) for name in SupplyOut.model_fields if name != "last_delivered_at"}
    return columns | {"last_delivered_at": last_delivered_at}


@router.get(
    "/catalog/supplies",
    dependencies=[PUBLIC],
    summary="Who supplies what, and how often",
    response_model=SupplyPage,
    responses=answers({"items": [examples.SUPPLY], "next": None}, BadCursor),
)
async def list_all_supplies(session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give what each authority says that it supplies, and when it last delivered rows of a published source."""
    found = await list_supplies(session, after=pair_after(page), limit=page.limit + 1)
    part = found[: page.limit]
    last = part[-1][0] if len(found) > page.limit else None
    following = None if last is None else encode_cursor((last.authority_code, last.kind))
    return {"items": [_shown(*one) for one in part], "next": following}


@router.put(
    "/catalog/supplies/{authority_code}/{kind}",
    summary="Say what your authority supplies",
    response_model=SupplyOut,
    responses={
        **answers(examples.SUPPLY, *ROLE_REFUSALS, NotYours, *VERSION_REFUSALS, headers=("ETag",)),
        201: {"description": "Nothing was said of it before."},
    },
)
async def put_supply(
    authority_code: Annotated[str, Path(max_length=200)],
    kind: Literal["subjects", "penalties", "blacklist"],
    body: Annotated[SupplyPut, Body(examples=[{"description": "全部行政处罚决定", "every_days": 7}])],
    actor: Binding,
    session: SessionDep,
    response: Response,
    expected: PutVersionDep,
    now: Now,
) -> dict[str, Any]:
    """Say what your authority supplies of one kind and how often; others ask for agreements by it."""
    row = await state_supply(
        session,
        authority_code=authority_code,
        kind=kind,
        description=body.description,
        every_days=body.every_days,
        expected=expected,
        actor=actor,
        now=now,
    )
    response.headers["ETag"] = version_etag(row.version_no)
    if row.version_no == 1 and row.stated_at == now:
        response.status_code = 201
    ((_, last_delivered_at),) = await list_supplies(session, only=(authority_code, kind))
    return _shown(row, last_delivered_at)

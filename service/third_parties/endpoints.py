from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.third_parties import (
    CheckCreate,
    CheckOut,
    CheckPage,
    ComplaintCreate,
    ComplaintOut,
    ComplaintPage,
    ComplaintSettle,
    FilingPut,
    ServiceOut,
    ServicePage,
    ServicePut,
    SuspendReason,
    TermsOut,
    Usage,
)
from service.access.declared import Whose
from service.access.principals.rules import BlockedOrNot
from service.access.rules import Actor, Role
from service.clock import day_start
from service.db import driver
from service.http import (
    CHANGES_ACCESS,
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
    PutVersionDep,
    ReadSessionDep,
    SessionDep,
    Today,
    VersionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import ServiceComplaint, TakeDownCheck, ThirdPartyService
from service.records.rules import ImpossibleDay
from service.third_parties import examples
from service.third_parties.actions import (
    check_take_downs,
    enter_complaint,
    register_service,
    settle_complaint,
    state_filing,
    suspend_service,
)
from service.third_parties.queries import Kept, count_usage, get_service, list_kept, list_services
from service.third_parties.rules import (
    ComplaintSettled,
    NoSuchComplaint,
    NoSuchDuty,
    NoSuchService,
    OtherTerms,
    SuspendedOrNot,
    terms,
)
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["third parties"])

Provider = Annotated[Actor, require(Role.PLATFORM, Role.EXPORTER, whose=Whose.OWN)]
Watcher = Annotated[Actor, require(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]
Checker = Annotated[Actor, require(Role.ADMINISTRATOR, Role.SUPERVISOR)]
Operator = Annotated[Actor, require(Role.ADMINISTRATOR)]
_ONE: Final = "/third-party-services/{service_id}"


@router.get(
    "/terms",
    summary="Read the terms of use",
    response_model=TermsOut,
    dependencies=[PUBLIC],
    responses=answers(examples.TERMS),
)
async def show_terms() -> dict[str, Any]:
    """Give the duties of everybody who shows these data to others, in English and Chinese. No key is needed."""
    found = terms()
    return {
        "version": found.version,
        "duties": [dict(zip(("id", "en", "zh"), one, strict=True)) for one in found.duties],
    }


@router.get(
    "/third-party-services",
    summary="List third-party services",
    response_model=ServicePage,
    responses=answers({"items": [examples.SERVICE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_all_services(actor: Watcher, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the services that show these data to others, with accepted terms, filing and state."""
    del actor
    found = await list_services(session, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.get(
    "/third-party-services/own",
    summary="Read your own service",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE, *ROLE_REFUSALS, NoSuchService, headers=("ETag",)),
)
async def show_own_service(actor: Provider, session: ReadSessionDep, response: Response) -> ThirdPartyService:
    """Give what you have registered, with the filing and the state that the authority sees."""
    row = await get_service(session, principal=actor.id)
    response.headers["ETag"] = version_etag(row.version_no)
    return row


@router.put(
    "/third-party-services/own",
    summary="Register your service and accept the terms",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE, *ROLE_REFUSALS, *VERSION_REFUSALS, OtherTerms, headers=("ETag",)),
)
async def put_own_service(
    body: Annotated[ServicePut, Body(examples=[examples.REGISTER])],
    actor: Provider,
    session: SessionDep,
    version: PutVersionDep,
    response: Response,
    now: Now,
) -> ThirdPartyService:
    """Register the service in which you show these data to others, or change it. Doing so accepts the terms in force."""
    row = await register_service(session, **body.model_dump(), expected=version, actor=actor, now=now)
    response.headers["ETag"] = version_etag(row.version_no)
    return row


@router.get(
    _ONE,
    summary="Read a third-party service",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE, *ROLE_REFUSALS, NoSuchService, headers=("ETag",)),
)
async def show_service(
    service_id: UUID, actor: Watcher, session: ReadSessionDep, response: Response
) -> ThirdPartyService:
    """Give one service; its ETag is what changing its filing asks for."""
    del actor
    row = await get_service(session, service_id=service_id)
    response.headers["ETag"] = version_etag(row.version_no)
    return row


@router.put(
    f"{_ONE}/filing",
    summary="State a service's filing",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE, *ROLE_REFUSALS, *VERSION_REFUSALS, NoSuchService, ImpossibleDay),
)
async def put_filing(
    service_id: UUID,
    body: Annotated[FilingPut, Body(examples=[examples.FILING])],
    actor: Operator,
    session: SessionDep,
    version: VersionDep,
    now: Now,
) -> ThirdPartyService:
    """State whether the service is filed as a credit service (备案), under which number, and with whom."""
    del actor
    return await state_filing(session, service_id=service_id, **body.model_dump(), expected=version, now=now)


@router.post(
    f"{_ONE}/checks",
    summary="Check what a service shows",
    status_code=201,
    response_model=CheckOut,
    responses=answers(
        examples.CHECK,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchService,
        ImpossibleDay,
        status=201,
        headers=("Location",),
    ),
)
async def create_check(
    service_id: UUID,
    body: Annotated[CheckCreate, Body(examples=[examples.SEEN])],
    actor: Checker,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> TakeDownCheck:
    """Hold a sample of what the service was seen to show against what is public here.

    Of each record it says whether it is public, has ended (`late`: and was shown more than a day after), or was never shown
    here. What was found is kept (`Location` lists it); what follows from it is for a person to decide.
    """
    response.headers["Location"] = f"/v1/third-party-services/{service_id}/checks"
    return await check_take_downs(
        session,
        service_id=service_id,
        seen=[(one.uscc, one.id) for one in body.seen],
        seen_on=body.seen_on,
        actor=actor,
        now=now,
    )


@router.get(
    f"{_ONE}/checks",
    summary="List the checks of a service",
    response_model=CheckPage,
    responses=answers({"items": [examples.CHECK], "next": None}, *ROLE_REFUSALS, NoSuchService, BadCursor),
)
async def list_checks(service_id: UUID, actor: Watcher, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give what earlier looks at the service found."""
    del actor
    return await _kept(session, TakeDownCheck, service_id, page)


async def _kept(session: ReadSessionDep, table: type[Kept], service_id: UUID, page: PageDep) -> dict[str, Any]:
    await get_service(session, service_id=service_id)
    found = await list_kept(session, table, service_id=service_id, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    f"{_ONE}/complaints",
    summary="Enter a complaint about a service",
    status_code=201,
    response_model=ComplaintOut,
    responses=answers(
        examples.COMPLAINT,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchService,
        NoSuchDuty,
        ImpossibleDay,
        status=201,
        headers=("Location",),
    ),
)
async def create_complaint(
    service_id: UUID,
    body: Annotated[ComplaintCreate, Body(examples=[examples.COMPLAINED])],
    actor: Checker,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> ServiceComplaint:
    """Enter a complaint that the service breaks a duty of the terms; it is to be answered within 15 working days."""
    response.headers["Location"] = f"/v1/third-party-services/{service_id}/complaints"
    return await enter_complaint(
        session, service_id=service_id, **body.model_dump(), calendar=catalog.calendar, actor=actor, now=now
    )


@router.get(
    f"{_ONE}/complaints",
    summary="List complaints about a service",
    response_model=ComplaintPage,
    responses=answers({"items": [examples.COMPLAINT], "next": None}, *ROLE_REFUSALS, NoSuchService, BadCursor),
)
async def list_complaints(service_id: UUID, actor: Watcher, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the complaints about the service, each with the last day to answer and what came of it."""
    del actor
    return await _kept(session, ServiceComplaint, service_id, page)


@router.post(
    f"{_ONE}/complaints/{{complaint_id}}/settle",
    summary="Settle a complaint",
    response_model=ComplaintOut,
    responses=answers(examples.COMPLAINT, *ROLE_REFUSALS, NoSuchComplaint, ComplaintSettled),
)
async def settle_one_complaint(
    service_id: UUID,
    complaint_id: UUID,
    body: Annotated[ComplaintSettle, Body(examples=[{"outcome": "upheld", "reason": "经查属实"}])],
    actor: Checker,
    session: SessionDep,
    now: Now,
) -> ServiceComplaint:
    """Say what came of a complaint, and why."""
    del actor
    return await settle_complaint(
        session, service_id=service_id, complaint_id=complaint_id, **body.model_dump(), now=now
    )


_SWITCH: Final = (*ROLE_REFUSALS, NoSuchService, SuspendedOrNot, BlockedOrNot)


@router.post(
    f"{_ONE}/suspend",
    dependencies=[CHANGES_ACCESS],
    summary="Suspend a service",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE | {"state": "suspended", "suspended_reason": "逾期未撤下"}, *_SWITCH),
)
async def suspend(
    service_id: UUID,
    body: Annotated[SuspendReason, Body(examples=[{"reason": "逾期未撤下"}])],
    actor: Operator,
    session: SessionDep,
    now: Now,
) -> ThirdPartyService:
    """Let none of the service's keys in any more, until it is resumed; every process knows within a second."""
    return await suspend_service(
        session, service_id=service_id, suspended=True, reason=body.reason, actor=actor, now=now
    )


@router.post(
    f"{_ONE}/resume",
    dependencies=[CHANGES_ACCESS],
    summary="Let a service in again",
    response_model=ServiceOut,
    responses=answers(examples.SERVICE, *_SWITCH),
)
async def resume(
    service_id: UUID,
    body: Annotated[SuspendReason, Body(examples=[{"reason": "已整改"}])],
    actor: Operator,
    session: SessionDep,
    now: Now,
) -> ThirdPartyService:
    """Let the keys of a suspended service in again."""
    return await suspend_service(
        session, service_id=service_id, suspended=False, reason=body.reason, actor=actor, now=now
    )


@router.get(
    f"{_ONE}/usage",
    summary="See how a service is used",
    response_model=Usage,
    responses=answers(examples.USAGE, *ROLE_REFUSALS, NoSuchService),
)
async def show_usage(
    service_id: UUID,
    actor: Watcher,
    session: ReadSessionDep,
    today: Today,
    day: Annotated[date | None, Query(description="The legal day; none: today.")] = None,
) -> dict[str, Any]:
    """Give how many requests the service made on a day and about how many codes, by operation and outcome, from the audit."""
    del actor
    service = await get_service(session, service_id=service_id)
    on = day or today
    items = await count_usage(
        await driver(session),
        principal=service.principal_id,
        since=day_start(on),
        until=day_start(on + timedelta(days=1)),
    )
    return {"day": on, "items": items}

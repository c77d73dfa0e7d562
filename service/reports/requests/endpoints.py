from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.reports import PlatformPage, ReportRequestCreate, ReportRequestOut, ReportRequestPage, RequestEnd
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
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
from service.models import ReportRequest
from service.reports import examples
from service.reports.requests.actions import end_request, make_request
from service.reports.requests.queries import get_request, list_platforms, list_requests
from service.reports.requests.rules import (
    NoSuchPlatform,
    NoSuchRequest,
    NotYourRequest,
    PersonalDataInRequest,
    RequestEnded,
    RequestState,
)
from service.reports.sight import OFFICE
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["reports"])

Either = Annotated[Actor, require(Role.PLATFORM, *OFFICE, whose=Whose.OWN)]
Official = Annotated[Actor, require(*OFFICE, whose=Whose.OWN)]
AnyOfficial = Annotated[Actor, require(*OFFICE)]
_ONE = "/report-requests/{report_request_id}"


def _view(row: ReportRequest, today: date) -> dict[str, Any]:
    names = (
        *("id", "version_no", "kind", "statement", "legal_basis", "working_days", "due_on", "due_provisional", "state"),
        *("made_at", "answered_at", "reminded_at", "ended_at"),
    )
    return {name: getattr(row, name) for name in names} | {
        "authority": row.authority_code,
        "platform": row.principal_id,
        "overdue": row.state == RequestState.OPEN and today > row.due_on,
    }


@router.get(
    "/reporting-platforms",
    summary="List the platforms that may be asked",
    response_model=PlatformPage,
    responses=answers({"items": [examples.PLATFORM], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_reporting_platforms(
    actor: AnyOfficial, session: ReadSessionDep, page: PageDep, today: Today
) -> dict[str, Any]:
    """Give everybody who holds the role `platform` today, by id and name."""
    del actor
    found = await list_platforms(session, on=today, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.get(
    "/report-requests",
    summary="List requests for reports",
    response_model=ReportRequestPage,
    responses=answers({"items": [examples.REQUEST], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_report_requests(
    actor: Either,
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    state: Annotated[Literal["open", "answered", "closed", "withdrawn"] | None, Query()] = None,
) -> dict[str, Any]:
    """Give what was asked of you, or what your authority asked."""
    found = await list_requests(session, actor=actor, state=state, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": [_view(row, today) for row in part], "next": following}


@router.post(
    "/report-requests",
    status_code=201,
    summary="Ask a platform for a report",
    response_model=ReportRequestOut,
    responses=answers(
        examples.REQUEST,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NotYourRequest,
        WhichAuthority,
        PersonalDataInRequest,
        NoSuchPlatform,
        status=201,
        headers=("Location", "ETag"),
    ),
)
async def create_report_request(
    body: Annotated[ReportRequestCreate, Body(examples=[examples.REQUESTED])],
    actor: Official,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
    today: Today,
) -> dict[str, Any]:
    """Ask for a report within some working days. The words are not sealed: who is meant stands in your letter."""
    row = await make_request(
        session,
        authority_code=body.authority,
        **body.model_dump(exclude={"authority"}),
        calendar=catalog.calendar,
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/report-requests/{row.id}"
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)


@router.get(
    _ONE,
    summary="Read a request for a report",
    response_model=ReportRequestOut,
    responses=answers(examples.REQUEST, *ROLE_REFUSALS, NoSuchRequest, headers=("ETag",)),
)
async def show_report_request(
    report_request_id: UUID, actor: Either, session: ReadSessionDep, response: Response, today: Today
) -> dict[str, Any]:
    """Give one request; reports that answer it name its id (`xinyong reports seal --request`)."""
    row = await get_request(session, request_id=report_request_id, actor=actor)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)


@router.post(
    f"{_ONE}/end",
    summary="Close or withdraw a request",
    response_model=ReportRequestOut,
    responses=answers(
        examples.REQUEST | {"state": "closed", "ended_at": examples.AT, "version_no": 2},
        *ROLE_REFUSALS,
        *VERSION_REFUSALS,
        NoSuchRequest,
        NotYourRequest,
        RequestEnded,
        headers=("ETag",),
    ),
)
async def end_report_request(
    report_request_id: UUID,
    body: Annotated[RequestEnd, Body(examples=[{"outcome": "closed"}])],
    actor: Official,
    session: SessionDep,
    expected: VersionDep,
    response: Response,
    now: Now,
    today: Today,
) -> dict[str, Any]:
    """Say that what was asked is settled, or not needed any more."""
    row = await end_request(
        session, request_id=report_request_id, outcome=body.outcome, expected=expected, actor=actor, now=now
    )
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)

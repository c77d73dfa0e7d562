from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.reports import MeasureCreate, MeasureOut, MeasurePage, TakeDown
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.catalog.rules import NoSuchAuthority
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
from service.models import PlatformMeasure
from service.records.rules import ImpossibleDay
from service.reports import examples
from service.reports.measures.actions import register_measure, take_down
from service.reports.measures.queries import get_measure, list_measures
from service.reports.measures.rules import MeasureNotEnded, MeasureTakenDown, NoDeadline, NoSuchMeasure
from service.reports.requests.rules import PersonalDataInRequest
from service.reports.sight import OFFICE
from service.versions import version_etag

router = APIRouter(prefix="/v1/platform-measures", tags=["reports"])

Platform = Annotated[Actor, require(Role.PLATFORM, whose=Whose.OWN)]
Either = Annotated[Actor, require(Role.PLATFORM, *OFFICE, whose=Whose.OWN)]


def _view(row: PlatformMeasure, today: date) -> dict[str, Any]:
    names = (
        *("id", "version_no", "uscc", "shop_name", "violation", "measure", "url", "taken_on", "publish_by"),
        *("published_on", "late", "until_on", "registered_at", "taken_down_on", "taken_down_because"),
    )
    ended = row.until_on is not None and row.until_on < today
    return {name: getattr(row, name) for name in names} | {
        "authority": row.authority_code,
        "platform": row.principal_id,
        "overdue": ended and row.taken_down_on is None,
    }


@router.get(
    "",
    summary="List measures that platforms published",
    response_model=MeasurePage,
    responses=answers({"items": [examples.MEASURE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_platform_measures(
    actor: Either,
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    uscc: Annotated[str | None, Query(max_length=18, description="Only measures against this merchant.")] = None,
    published: Annotated[bool | None, Query(description="Only what is still published, or only what is not.")] = None,
) -> dict[str, Any]:
    """Give what you registered, or what is addressed to your authority. None of it is a record, and nobody else sees it here."""
    found = await list_measures(
        session, actor=actor, uscc=uscc, published=published, after=page_after(page), limit=page.limit + 1
    )
    part, following = one_page(found, page)
    return {"items": [_view(row, today) for row in part], "next": following}


@router.post(
    "",
    status_code=201,
    summary="Register a measure that you published",
    response_model=MeasureOut,
    responses=answers(
        examples.MEASURE,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchAuthority,
        ImpossibleDay,
        PersonalDataInRequest,
        NoDeadline,
        status=201,
        headers=("Location", "ETag"),
    ),
)
async def create_measure(
    body: Annotated[MeasureCreate, Body(examples=[examples.MEASURED])],
    actor: Platform,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
    today: Today,
) -> dict[str, Any]:
    """Register a warning, suspension or termination as you published it; it is due one working day after it was taken."""
    row = await register_measure(
        session,
        authority_code=body.authority,
        **body.model_dump(exclude={"authority"}),
        catalog=catalog,
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/platform-measures/{row.id}"
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)


@router.get(
    "/{measure_id}",
    summary="Read a measure that a platform published",
    response_model=MeasureOut,
    responses=answers(examples.MEASURE, *ROLE_REFUSALS, NoSuchMeasure, headers=("ETag",)),
)
async def show_measure(
    measure_id: UUID, actor: Either, session: ReadSessionDep, response: Response, today: Today
) -> dict[str, Any]:
    """Give one measure; its ETag is what taking it down asks for."""
    row = await get_measure(session, measure_id=measure_id, actor=actor)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)


@router.post(
    "/{measure_id}/take-down",
    summary="State that a measure is not published any more",
    response_model=MeasureOut,
    responses=answers(
        examples.MEASURE | {"taken_down_on": "2026-12-21", "taken_down_because": "ended", "version_no": 2},
        *ROLE_REFUSALS,
        *VERSION_REFUSALS,
        NoSuchMeasure,
        MeasureTakenDown,
        MeasureNotEnded,
        ImpossibleDay,
        headers=("ETag",),
    ),
)
async def take_measure_down(
    measure_id: UUID,
    body: Annotated[TakeDown, Body(examples=[{"taken_down_on": "2026-11-24", "because": "withdrawn"}])],
    actor: Platform,
    session: SessionDep,
    expected: VersionDep,
    response: Response,
    now: Now,
    today: Today,
) -> dict[str, Any]:
    """Say when it came down, and whether it had ended, was corrected or was withdrawn. A short-term one stays until it ends."""
    row = await take_down(session, measure_id=measure_id, **body.model_dump(), expected=expected, actor=actor, now=now)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, today)

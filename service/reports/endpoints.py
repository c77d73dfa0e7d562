from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from schemas.reports import (
    MissingReports,
    ReportCounts,
    ReportCreate,
    ReportOut,
    ReportPage,
    ReportSettle,
    ReportTemplatePage,
    SealedOut,
)
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.clock import day_start
from service.db import driver
from service.http import (
    PUBLIC,
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
from service.models import PlatformReport
from service.reports import examples
from service.reports.actions import settle_report, take_report
from service.reports.queries import count_reports, count_requests, find_sealed, get_report, list_missing, list_reports
from service.reports.requests.rules import NoSuchRequest, NotWhatWasAsked, RequestEnded
from service.reports.rules import (
    AlreadyReported,
    MalformedSeal,
    NoSuchReport,
    NotYourEnvelope,
    ReportKind,
    ReportSettled,
    SealErased,
    SealTooLarge,
    TooMuchKept,
    WrongPeriod,
    WrongSealingKey,
    check_period,
    due_on,
    last_half_year,
    read_period,
)
from service.reports.sight import OFFICE, note_read
from service.reports.templates import as_csv, as_schema, as_workbook, templates
from service.signing.keys import SigningKeys
from service.signing.rules import SigningKeyUnusable
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["reports"])

Platform = Annotated[Actor, require(Role.PLATFORM, whose=Whose.OWN)]
Either = Annotated[Actor, require(Role.PLATFORM, *OFFICE, whose=Whose.OWN)]
Official = Annotated[Actor, require(*OFFICE, whose=Whose.OWN)]
Watcher = Annotated[Actor, require(Role.SUPERVISOR, whose=Whose.SEEN)]
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def _signing_keys(request: Request) -> SigningKeys:
    return SigningKeys.of(request.app.state.settings)


def _view(row: PlatformReport) -> dict[str, Any]:
    names = (
        *("id", "envelope_id", "version_no", "kind", "period_from", "period_until", "counts", "part", "parts"),
        *("request_id", "kid", "digest", "bytes_count", "due_on", "late", "receipt", "received_at", "state", "reasons"),
        *("settled_at", "erased_at"),
    )
    return {name: getattr(row, name) for name in names} | {
        "authority": row.authority_code,
        "platform": row.principal_id,
    }


@router.get(
    "/report-templates",
    summary="Read what reports hold",
    response_model=ReportTemplatePage,
    dependencies=[PUBLIC],
    responses=answers(examples.TEMPLATES),
)
async def list_report_templates() -> dict[str, Any]:
    """Give the fields of each kind of report. No key is needed."""
    return {"items": list(templates().values())}


@router.get(
    "/report-templates/{kind}",
    summary="Take the empty form of a report",
    response_class=Response,
    dependencies=[PUBLIC],
    responses={
        **answers(None),
        200: {
            "description": "The form: CSV, a workbook, or the JSON Schema of its rows.",
            "content": {
                "text/csv": {},
                WORKBOOK: {},
                "application/schema+json": {"example": {"type": "array"}},
            },
        },
    },
)
async def take_report_template(
    kind: Annotated[ReportKind, Path(description="What is reported.")],
    file_format: Annotated[Literal["csv", "xlsx", "json"], Query(alias="format")] = "xlsx",
) -> Response:
    """Give the empty form as a file, to be filled in and then checked and sealed by `xinyong reports`. No key is needed."""
    form = templates()[kind]
    if file_format == "csv":
        content, media_type, name = as_csv(form), "text/csv; charset=utf-8", f"{kind}.csv"
    elif file_format == "xlsx":
        content, media_type, name = as_workbook(form), WORKBOOK, f"{kind}.xlsx"
    else:
        content, media_type, name = orjson.dumps(as_schema(form)), "application/schema+json", f"{kind}.schema.json"
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="report-{name}"'}
    )


@router.get(
    "/reports",
    summary="List reports of platforms",
    response_model=ReportPage,
    responses=answers({"items": [examples.REPORT], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_platform_reports(
    actor: Either,
    session: ReadSessionDep,
    page: PageDep,
    kind: Annotated[ReportKind | None, Query()] = None,
    state: Annotated[Literal["received", "accepted", "returned"] | None, Query()] = None,
    request_id: Annotated[UUID | None, Query(description="Only answers to this request.")] = None,
) -> dict[str, Any]:
    """Give what you sent, or what was sent to your authority: what stands openly on each report."""
    found = await list_reports(
        session,
        actor=actor,
        kind=kind,
        state=state,
        request_id=request_id,
        after=page_after(page),
        limit=page.limit + 1,
    )
    part, following = one_page(found, page)
    return {"items": [_view(row) for row in part], "next": following}


@router.post(
    "/reports",
    status_code=201,
    summary="Send a sealed report",
    response_model=ReportOut,
    responses=answers(
        examples.REPORT,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        MalformedSeal,
        SealTooLarge,
        NotYourEnvelope,
        WrongPeriod,
        WrongSealingKey,
        NoSuchRequest,
        NotWhatWasAsked,
        RequestEnded,
        AlreadyReported,
        TooMuchKept,
        SigningKeyUnusable,
        status=201,
        headers=("Location", "ETag"),
    ),
)
async def send_report(
    body: Annotated[ReportCreate, Body(examples=[{"sealed": "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIs…"}])],
    actor: Platform,
    session: CreatingSessionDep,
    keys: Annotated[SigningKeys, Depends(_signing_keys)],
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Send what `xinyong reports seal` wrote. The answer holds a receipt that is signed by this service.

    This service reads the envelope and cannot open the rest; a report that comes too late is taken, and says so.
    """
    row = await take_report(session, sealed=body.sealed, keys=keys, actor=actor, now=now)
    response.headers["Location"] = f"/v1/reports/{row.id}"
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row)


@router.get(
    "/reports/{report_id}",
    summary="Read what stands openly on a report",
    response_model=ReportOut,
    responses=answers(examples.REPORT, *ROLE_REFUSALS, NoSuchReport, headers=("ETag",)),
)
async def show_report(report_id: UUID, actor: Either, session: ReadSessionDep, response: Response) -> dict[str, Any]:
    """Give envelope, receipt and state of a report; its ETag is what settling it asks for."""
    row = await get_report(session, report_id=report_id, actor=actor)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row)


@router.get(
    "/reports/{report_id}/sealed",
    summary="Take a sealed report",
    response_model=SealedOut,
    responses=answers({"sealed": "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIs…"}, *ROLE_REFUSALS, NoSuchReport, SealErased),
)
async def take_sealed(report_id: UUID, actor: Either, session: ReadSessionDep) -> dict[str, Any]:
    """Give the sealed report as it came; `xinyong reports open` opens it where the authority's private key is."""
    row = await get_report(session, report_id=report_id, actor=actor)
    sealed = await find_sealed(session, report_id=row.id)
    if sealed is None:
        raise SealErased(f"It was erased {row.erased_at:%Y-%m-%d}.", detail_zh="密封内容已按期清除。")
    return {"sealed": sealed}


@router.post(
    "/reports/{report_id}/settle",
    summary="Accept or return a report",
    response_model=ReportOut,
    responses=answers(
        examples.SETTLED, *ROLE_REFUSALS, *VERSION_REFUSALS, NoSuchReport, ReportSettled, headers=("ETag",)
    ),
)
async def settle_one_report(
    report_id: UUID,
    body: Annotated[ReportSettle, Body(examples=[{"outcome": "returned", "reasons": ["counts_differ"]}])],
    actor: Official,
    session: SessionDep,
    expected: VersionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Say what came of opening it. Reasons are words of a list, since words of one's own could say what is sealed."""
    row = await settle_report(
        session,
        report_id=report_id,
        outcome=body.outcome,
        reasons=body.reasons,
        expected=expected,
        actor=actor,
        now=now,
    )
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row)


@router.get(
    "/missing-reports",
    summary="List platforms whose half-yearly report is missing",
    response_model=MissingReports,
    responses=answers(examples.MISSING, *ROLE_REFUSALS, WrongPeriod),
)
async def list_missing_reports(
    actor: Official,
    session: ReadSessionDep,
    today: Today,
    period: Annotated[
        str | None, Query(max_length=50, description="2026-H1; none: the last one that has ended.")
    ] = None,
) -> dict[str, Any]:
    """Give the platforms that reported identities to your authority before, and not, or not in all parts, for a half-year.

    A platform that never reported is not known here: ask it (`POST /v1/report-requests`).
    """
    days = last_half_year(today) if period is None else read_period(period)
    check_period(ReportKind.IDENTITY, days, today=today)
    last = due_on(ReportKind.IDENTITY, days)
    codes = sorted(actor.authorities(*OFFICE))
    items = await list_missing(await driver(session), authorities=codes, period_until=days.last)
    note_read(session, codes)
    return {
        "period_from": days.first,
        "period_until": days.last,
        "due_on": last,
        "overdue": last is not None and today > last,
        "items": items,
    }


@router.get(
    "/report-counts",
    summary="Count reports",
    response_model=ReportCounts,
    responses=answers(examples.COUNTS, *ROLE_REFUSALS),
)
async def show_report_counts(
    actor: Watcher,
    session: ReadSessionDep,
    catalog: CatalogDep,
    today: Today,
    month: Annotated[
        date | None,
        Query(ge=date(2000, 1, 1), le=date(2999, 12, 31), description="Any day of the month; none: the present one."),
    ] = None,
) -> dict[str, Any]:
    """Give how many reports the authorities that you supervise received in a month, and how many requests are overdue now."""
    first = (month or today).replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    codes = sorted(code for code in catalog.authority_by_code if actor.supervises(code))
    connection = await driver(session)
    return {
        "month": first,
        "items": await count_reports(connection, authorities=codes, since=day_start(first), until=day_start(following)),
        "requests": await count_requests(connection, authorities=codes, today=today),
    }

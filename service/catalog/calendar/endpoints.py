from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response

from schemas.catalog import CalendarCreate, CalendarPage, CalendarYearOut, DaysCreate
from service.access.rules import Actor, Role
from service.catalog import examples
from service.catalog.calendar.actions import load_notice
from service.catalog.calendar.notices import ImpossibleNotice, Notice, UnreadableNotice, read_notice
from service.catalog.calendar.views import year_view
from service.catalog.endpoints import NotModified, documented, entry, part
from service.catalog.rules import NotInCatalog
from service.http import PUBLIC, ROLE_REFUSALS, CatalogDep, Now, PageDep, answers, require
from service.idempotency.http import REPEAT_REFUSALS, CreatingCatalogSessionDep
from service.working_days.rules import CalendarDay, calendar_of

router = APIRouter(prefix="/v1/catalog", tags=["catalog"])

RuleKeeper = Annotated[Actor, require(Role.RULE_KEEPER)]


def _days(rows: tuple[DaysCreate, ...], *, is_workday: bool) -> list[CalendarDay]:
    spans = [(row.name, row.first, min((row.last or row.first), row.first + timedelta(days=60))) for row in rows]
    return [
        CalendarDay(first + timedelta(days=after), is_workday, name)
        for name, first, last in spans
        for after in range((last - first).days + 1)
    ]


def _notice(body: CalendarCreate) -> Notice:
    if body.text is not None:
        return read_notice(body.text)
    days = (*_days(body.days_off, is_workday=False), *_days(body.days_worked, is_workday=True))
    return Notice(body.year or 0, body.title or "", body.document_no, days)


@router.get(
    "/calendar",
    dependencies=[PUBLIC],
    summary="Read the official calendar",
    response_model=CalendarPage,
    responses=documented(examples.CALENDAR),
)
async def list_calendar(
    catalog: CatalogDep,
    page: PageDep,
    not_modified: NotModified,
    year: Annotated[int | None, Query(ge=1950, le=2200, description="Only this year.")] = None,
) -> Response | dict[str, Any]:
    """Give the years whose notice is known. A date that a later year takes part in counts weekends only and is provisional."""
    years = [year_view(one, catalog.calendar) for one in catalog.years if year in {None, one.year}]
    return not_modified or part(years, page, lambda one: (f"{one['year']:04d}",))


@router.get(
    "/calendar/{year}",
    dependencies=[PUBLIC],
    summary="Read the calendar of a year",
    response_model=CalendarYearOut,
    responses=answers(examples.CALENDAR, NotInCatalog, words="The year."),
)
async def show_year(catalog: CatalogDep, year: Annotated[int, Path(ge=1950, le=2200)]) -> dict[str, Any]:
    """Give the calendar of one year, if its notice is known."""
    return year_view(entry((one for one in catalog.years if one.year == year), str(year)), catalog.calendar)


@router.post(
    "/calendar",
    summary="Load a notice on holidays",
    status_code=201,
    response_model=CalendarYearOut,
    responses={
        **answers(
            examples.CALENDAR,
            *ROLE_REFUSALS,
            *REPEAT_REFUSALS,
            UnreadableNotice,
            ImpossibleNotice,
            status=201,
            words="The year as it stands.",
            headers=("Location",),
        ),
        200: {"description": "The year stood so already; nothing was changed."},
    },
)
async def load_calendar(
    body: Annotated[CalendarCreate, Body(examples=[examples.NOTICE])],
    actor: RuleKeeper,
    session: CreatingCatalogSessionDep,
    catalog: CatalogDep,
    now: Now,
    response: Response,
) -> dict[str, Any]:
    """Load the State Council's notice for a year: the text as published, or its days.

    A changed notice becomes the year's next revision. Deadlines worked out without it are moved within a minute, every moved
    date listed in its history.
    """
    year, is_new = await load_notice(session, _notice(body), actor=str(actor.id), now=now)
    response.headers["Location"] = f"/v1/catalog/calendar/{year.year}"
    if not is_new:
        response.status_code = 200
    kept = [one for one in catalog.years if one.year != year.year]
    days = [day for one in sorted([*kept, year], key=lambda one: one.year) for day in one.days]
    return year_view(year, calendar_of((one.year for one in [*kept, year]), days))

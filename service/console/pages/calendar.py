"""The official calendar: the years that are known, a new year's notice, and the deadlines that a notice has moved."""

from typing import Annotated, Any

from fastapi import Response

from service.access.rules import Role
from service.catalog.calendar.actions import load_notice
from service.catalog.calendar.notices import check_notice, read_notice
from service.catalog.calendar.rules import KnownYear
from service.catalog.calendar.views import year_view
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, settled
from service.console.overview import WATCHERS
from service.console.rendering import show, show_refused
from service.db import ReadSession
from service.deadlines.answers import deadline_view
from service.deadlines.lists import Wanted, list_deadlines, sight_of
from service.errors import Refusal
from service.http import CHANGES_CATALOG, CatalogDep, ReadSessionDep, SessionDep
from service.working_days.rules import calendar_of

router = PageRouter()
Keeper = Annotated[Desk, at_desk(Role.RULE_KEEPER)]


@router.get("/calendar")
async def show_calendar(desk: Annotated[Desk, at_desk()], session: ReadSessionDep, catalog: CatalogDep) -> Response:
    """Show the years whose notice is known, and the deadlines that were moved by one."""
    return show(desk, "calendar.html", **await _facts(session, desk, catalog), text="", ahead=None)


@router.post("/calendar/preview")
async def preview_notice(desk: Keeper, form: FormDep, session: ReadSessionDep, catalog: CatalogDep) -> Response:
    """Show how the text of a notice is read, day by day; nothing is kept."""
    facts = await _facts(session, desk, catalog)
    try:
        notice = read_notice(form.get("text"))
        check_notice(notice)
    except Refusal as refusal:
        return show_refused(desk, "calendar.html", refusal, **facts, text=form.get("text"), ahead=None)
    days = tuple(sorted(notice.days, key=lambda one: one.day))
    year = KnownYear(notice.year, notice.title, notice.document_no, "upload", days, 1, str(desk.actor.id), desk.now)
    kept = sorted([*(one for one in catalog.years if one.year != year.year), year], key=lambda one: one.year)
    calendar = calendar_of((one.year for one in kept), [day for one in kept for day in one.days])
    return show(desk, "calendar.html", **facts, text=form.get("text"), ahead=year_view(year, calendar))


@router.post("/calendar", dependencies=[CHANGES_CATALOG])
async def load_year(desk: Keeper, form: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Load the notice of a year; deadlines worked out without it are moved within a minute."""

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(ReadSession(session), desk, catalog)
        return show_refused(desk, "calendar.html", refusal, **facts, text=form.get("text"), ahead=None)

    async with settled(session, desk, again):
        await load_notice(session, read_notice(form.get("text")), actor=str(desk.actor.id), now=desk.now)
    return desk.go("/calendar")


async def _facts(session: ReadSession, desk: Desk, catalog: Catalog) -> dict[str, Any]:
    moved = None
    if desk.actor.may(*WATCHERS):
        sight = sight_of(desk.actor, catalog)
        rows = await list_deadlines(session, wanted=Wanted(moved=True), sight=sight, after=None, limit=PAGE)
        moved = [deadline_view(row, catalog, sight, today=desk.today) for row in rows]
    return {
        "years": [year_view(one, catalog.calendar) for one in reversed(catalog.years)],
        "moved": moved,
        "may_load": desk.actor.may(Role.RULE_KEEPER),
    }

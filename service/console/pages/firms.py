"""A firm's file: what was recorded about it, now and at a past moment, and who looked at it."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Response

from service.access.declared import Whose
from service.access.past import Moment, Past, find_past
from service.access.seen import note_owners
from service.audit.endpoints import READERS
from service.audit.selection import AuditFilter, list_entries
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.rendering import show, show_refused
from service.db import ReadSession, driver
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep
from service.status.actions import read_uscc
from service.status.rules import read_moment
from service.subjects.actions import read_credit_file
from service.subjects.ranking import TermTooShort
from service.subjects.search import find_by_identifier, search_names, show_found
from service.subjects.views import unpublished_owners
from service.uscc.rules import check
from service.web.rules import read_term

router = PageRouter()
Reader = Annotated[Desk, at_desk(whose=Whose.SEEN)]

#: Looks at the file that its page lists.
LOOKS: Final = 20


@router.get("/firms")
async def show_firms(desk: Reader, session: ReadSessionDep, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Find a firm by its code, an older number or a name."""
    term = read_term(q)
    found: list[Any] = []
    if term.is_number:
        if check(term.text).code is not None:
            return desk.go(f"/firms/{term.text}")
        found = list(await find_by_identifier(session, identifier=term.text))
    elif term.text:
        try:
            search = await search_names(session, name=term.text, today=desk.today)
        except TermTooShort as refusal:
            return show_refused(desk, "firms.html", refusal, q=q, found=[])
        found = await show_found(session, search.found[:PAGE])
    return show(desk, "firms.html", q=q, found=found)


@router.get("/firms/{uscc}")
async def show_firm(
    uscc: str,
    desk: Reader,
    session: ReadSessionDep,
    catalog: CatalogDep,
    as_of: Annotated[str, Query(max_length=40)] = "",
    known_at: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show a firm's file as this office may see it, today or at a past moment."""
    code, _ = read_uscc(uscc)
    asked = {"as_of": as_of, "known_at": known_at}
    try:
        past = await _past(session, desk, **asked)
        file = await read_credit_file(session, catalog, uscc=code, actor=desk.actor, past=past)
    except Refusal as refusal:
        return show_refused(desk, "firm_none.html", refusal, uscc=code, asked=asked)
    note_owners(session, unpublished_owners(file))
    looks = None
    if desk.actor.may(*READERS):
        looks = await list_entries(await driver(session), desk.actor, AuditFilter(uscc=code), after=None, limit=LOOKS)
    return show(
        desk,
        "firm_file.html",
        file=file,
        uscc=code,
        asked=asked,
        moment=urlencode({name: value for name, value in asked.items() if value}),
        looks=looks,
    )


async def _past(session: ReadSession, desk: Desk, *, as_of: str, known_at: str) -> Past | None:
    if not as_of and not known_at:
        return None

    def instant(value: str, parameter: str) -> datetime | None:
        return read_moment(value, parameter=parameter, now=desk.now) if value else None

    return await find_past(session, Moment(instant(as_of, "as_of"), instant(known_at, "known_at")), today=desk.today)

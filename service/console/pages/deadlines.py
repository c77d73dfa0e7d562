"""Deadlines by their last day: overdue, soon due, open."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from service.access.declared import Whose
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.overview import WATCHERS
from service.console.rendering import show
from service.deadlines.answers import deadline_view
from service.deadlines.lists import Wanted, count_deadlines, list_deadlines, sight_of
from service.deadlines.rules import SOON_DAYS, standing_days
from service.http import CatalogDep, ReadSessionDep, encode_cursor, key_of

router = PageRouter()
Standing = Literal["overdue", "soon", "open", "met", "withheld"]


@router.get("/deadlines")
async def show_deadlines(
    desk: Annotated[Desk, at_desk(*sorted(WATCHERS), whose=Whose.SEEN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    standing: Standing = "open",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the deadlines of a standing, the most urgent first."""
    sight = sight_of(desk.actor, catalog)
    counts = {
        one: await count_deadlines(
            session,
            wanted=Wanted(**standing_days(catalog, one, today=desk.today, within=SOON_DAYS)),
            sight=sight,
        )
        for one in ("overdue", "soon", "open")
    }
    wanted = Wanted(**standing_days(catalog, standing, today=desk.today, within=SOON_DAYS))
    rows = await list_deadlines(
        session, wanted=wanted, sight=sight, after=key_of(cursor, date.fromisoformat, UUID), limit=PAGE + 1
    )
    part = rows[:PAGE]
    following = encode_cursor((str(part[-1]["due_on"]), str(part[-1]["id"]))) if len(rows) > PAGE else None
    items = [deadline_view(row, catalog, sight, today=desk.today) for row in part]
    return show(desk, "deadlines.html", standing=standing, counts=counts, items=items, following=following)

"""The start page: what is due, what came back, what waits; every number is that of the API and leads to the work."""

from typing import Annotated

from fastapi import Response

from service.access.declared import Whose
from service.console.desk import Desk, PageRouter, at_desk
from service.console.overview import see_due, see_waiting
from service.console.rendering import show
from service.http import CatalogDep, ReadSessionDep

router = PageRouter()


@router.get("")
async def show_start(
    desk: Annotated[Desk, at_desk(whose=Whose.SEEN)], session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Show what there is to do."""
    due = await see_due(session, catalog, desk.actor, today=desk.today)
    waiting = await see_waiting(session, catalog, desk.actor)
    return show(desk, "start.html", due=due, waiting=waiting)

"""`/v1/held-files`: what waits for a person, as a deadline for the authority in whose name it comes."""

from typing import Annotated, Any

from fastapi import APIRouter

from schemas.feeds import HeldPage
from service.access.declared import Whose
from service.access.rules import Actor, Grant, Role
from service.db import driver
from service.feeds import examples
from service.feeds.holding import list_held
from service.feeds.views import held_view
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
    PageDep,
    ReadSessionDep,
    Today,
    answers,
    one_page,
    page_after,
    require,
)

router = APIRouter(prefix="/v1/held-files", tags=["feeds"])

Owner = Annotated[
    Actor,
    require(Role.RECORDER, Role.REVIEWER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR, whose=Whose.SEEN),
]


@router.get(
    "",
    summary="List files that wait for a person",
    response_model=HeldPage,
    responses=answers({"items": [examples.HELD], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_held_files(
    actor: Owner, session: ReadSessionDep, catalog: CatalogDep, page: PageDep, today: Today
) -> dict[str, Any]:
    """Give the files of feeds that would change too much, with the last day to decide (one working day), oldest first.

    You see those that come in the name of authorities whose records you see or that you supervise; an administrator, who
    decides (`POST /v1/feeds/…/approve`), and an auditor of the whole see all. What such a file says to have ended has
    ended already.
    """
    everything = actor.audits_everything or Grant(Role.ADMINISTRATOR) in actor.grants
    supervised = {code for code in catalog.authority_by_code if actor.supervises(code)}
    found = await list_held(
        await driver(session),
        authorities=None if everything else actor.sees_records_of | supervised,
        after=page_after(page),
        limit=page.limit + 1,
    )
    part, following = one_page(found, page)
    return {"items": [held_view(row, catalog.calendar, today=today) for row in part], "next": following}

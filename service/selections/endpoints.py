from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Response

from schemas.selections import SelectionOut, SelectionPage, SelectionPut
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.exports.rules import MalformedSelection
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    VersionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import ExportSelection
from service.selections.actions import add_selection, drop_selection, replace_selection
from service.selections.queries import get_selection, list_selections
from service.selections.rules import NoSuchSelection, NoSuchTarget, TooManySelections, UnknownColumns
from service.versions import version_etag

router = APIRouter(prefix="/v1/export-selections", tags=["exports"])

Exporter = Annotated[Actor, require(Role.EXPORTER, whose=Whose.OWN)]
_WRONG = (MalformedSelection, UnknownColumns, NoSuchTarget)
ASKED: Final[dict[str, Any]] = {
    "name": "渝北区 行政处罚",
    "tables": ["penalties"],
    "regions": ["500112"],
    "columns": {"penalties": ["uscc", "document_no", "decided_on", "fine_fen"]},
    "formats": ["csv"],
    "every": "daily",
    "deliver_to": "university-sftp",
}
EXAMPLE: Final[dict[str, Any]] = ASKED | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c07",
    "version_no": 1,
    "lists": [],
    "compression": "none",
    "bom": False,
    "is_paused": False,
    "last_release": "7d9e1c07-export-20261124T000500",
    "last_horizon_at": "2026-11-24T00:05:00+08:00",
    "last_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "delivered_at": "2026-11-24T00:05:00+08:00",
    "failures": 0,
    "retry_at": None,
    "trouble": None,
}


def view(row: ExportSelection) -> dict[str, Any]:
    """Return a selection as its owner sees it."""
    names = (
        *("id", "version_no", "name", "every", "deliver_to", "is_paused", "last_release", "last_horizon_at"),
        *("last_digest", "delivered_at", "failures", "retry_at", "trouble"),
    )
    return {name: getattr(row, name) for name in names} | row.body


@router.get(
    "",
    summary="List your selections",
    response_model=SelectionPage,
    responses=answers({"items": [EXAMPLE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_own_selections(actor: Exporter, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give your selections of the public data, with the last delivery of each."""
    found = await list_selections(session, principal=actor.id, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": [view(row) for row in part], "next": following}


@router.post(
    "",
    summary="Have a selection delivered",
    status_code=201,
    response_model=SelectionOut,
    responses=answers(
        EXAMPLE,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        *_WRONG,
        TooManySelections,
        status=201,
        headers=("Location", "ETag"),
    ),
)
async def create_selection(
    body: Annotated[SelectionPut, Body(examples=[ASKED])],
    actor: Exporter,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Have a part of the public data delivered by schedule: regions, lists, tables, columns and formats of your choice.

    Each delivery is a signed release at the newest horizon and takes the place of the one before. Its JSON Lines hold whole
    rows, so that `xinyong verify release` works; the other formats hold the columns you named.
    """
    row = await add_selection(
        session,
        name=body.name,
        wanted=body.wanted(),
        every=body.every,
        deliver_to=body.deliver_to,
        is_paused=body.is_paused,
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/export-selections/{row.id}"
    response.headers["ETag"] = version_etag(row.version_no)
    return view(row)


@router.get(
    "/{selection_id}",
    summary="Read a selection",
    response_model=SelectionOut,
    responses=answers(EXAMPLE, *ROLE_REFUSALS, NoSuchSelection, headers=("ETag",)),
)
async def show_selection(
    selection_id: UUID, actor: Exporter, session: ReadSessionDep, response: Response
) -> dict[str, Any]:
    """Give one of your selections; its ETag is what changing it asks for."""
    row = await get_selection(session, selection_id=selection_id, principal=actor.id)
    response.headers["ETag"] = version_etag(row.version_no)
    return view(row)


@router.put(
    "/{selection_id}",
    summary="Change a selection",
    response_model=SelectionOut,
    responses=answers(EXAMPLE, *ROLE_REFUSALS, *VERSION_REFUSALS, *_WRONG, NoSuchSelection, headers=("ETag",)),
)
async def change_selection(
    selection_id: UUID,
    body: Annotated[SelectionPut, Body(examples=[ASKED])],
    actor: Exporter,
    session: SessionDep,
    version: VersionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Change a selection, or pause it. What is selected otherwise than before is delivered anew at once."""
    row = await replace_selection(
        session,
        selection_id=selection_id,
        name=body.name,
        wanted=body.wanted(),
        every=body.every,
        deliver_to=body.deliver_to,
        is_paused=body.is_paused,
        expected=version,
        actor=actor,
        now=now,
    )
    response.headers["ETag"] = version_etag(row.version_no)
    return view(row)


@router.delete(
    "/{selection_id}",
    summary="End a selection",
    status_code=204,
    responses=answers(None, *ROLE_REFUSALS, *VERSION_REFUSALS, NoSuchSelection, status=204),
)
async def end_selection(selection_id: UUID, actor: Exporter, session: SessionDep, version: VersionDep) -> None:
    """End it; what was delivered stays where it is, and is no longer kept up to date: mirror the deltas, or drop it."""
    await drop_selection(session, selection_id=selection_id, expected=version, actor=actor)

"""One penalty: what it says, as served and as shown, from when to when on which channel, and what may be done with it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from service.access.declared import Whose
from service.access.rules import Role
from service.console.desk import Desk, PageRouter, at_desk
from service.console.overview import WATCHERS
from service.console.penalty_sight import history_of, is_of_authority, sides_of
from service.console.rendering import show
from service.deadlines.answers import deadline_view
from service.deadlines.lists import list_of_record, sight_of
from service.documents.actions import readable
from service.documents.rules import MayNotAttach, RecordKind, check_may_attach
from service.http import CatalogDep, ReadSessionDep
from service.penalties.actions import content_of, get_visible, review
from service.penalties.queries import find_open_correction
from service.penalties.rules import State
from service.penalties.rules.gate import checklist_view
from service.penalties.views import penalty_view
from service.records.queries import Row
from service.status.actions import read_uscc

router = PageRouter()
#: States of a record that is reviewed, or will be.
_REVIEWED = frozenset({State.DRAFT, State.RETURNED, State.SUBMITTED, State.APPROVED, State.RECALLED})


@router.get("/penalties/{uscc}/{record_id}")
async def show_penalty(
    desk: Annotated[Desk, at_desk(*sorted(WATCHERS), whose=Whose.SEEN)],
    uscc: Annotated[str, Path(max_length=60)],
    record_id: UUID,
    session: ReadSessionDep,
    catalog: CatalogDep,
    done: Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")] = "",
) -> Response:
    """Show a penalty as whoever is signed in may see it."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
    own = is_of_authority(desk.actor, row)
    checklist = await review(session, catalog, row, content_of(row), today=desk.today) if own else None
    sight = sight_of(desk.actor, catalog)
    deadlines: list[Any] = []
    if sight.shows_record(row["authority_code"]):
        deadlines = [
            deadline_view(one, catalog, sight, today=desk.today)
            for one in await list_of_record(session, uscc=code, record_id=record_id)
        ]
    view = penalty_view(row, actor=desk.actor, today=desk.today)
    correction = await find_open_correction(session, uscc=code, penalty_id=record_id) if own else None
    return show(
        desk,
        "penalty.html",
        one=view,
        done=done,
        sides=sides_of(content_of(row), checklist.places) if checklist else [],
        checklist=checklist_view(checklist) if checklist and row["state"] in _REVIEWED else None,
        steps=await history_of(session, desk, uscc=code, record_id=record_id),
        deadlines=deadlines,
        documents=await readable(session, uscc=code, record_id=record_id, actor=desk.actor, now=desk.now),
        correction=correction,
        moves=[move for move in view["own"]["possible"] if _is_offered(move, correction is not None)]
        if view["own"]
        else [],
        may_attach=_may_attach(desk, row),
        may_edit=desk.actor.acts_for(row["authority_code"], Role.RECORDER)
        and row["state"] in {State.DRAFT, State.RETURNED},
    )


def _may_attach(desk: Desk, row: Row) -> bool:
    try:
        check_may_attach(desk.actor, RecordKind.PENALTY, row)
    except MayNotAttach:
        return False
    return True


def _is_offered(command: str, correction_open: bool) -> bool:
    if command in {"correct", "reject-correction"}:
        return correction_open
    return command != "edit" and not (command in {"propose-correction", "republish"} and correction_open)

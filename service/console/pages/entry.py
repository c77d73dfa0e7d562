"""One list entry: what it says, the test of its list, how far it has come, its documents, and what may be done with it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Role
from service.blacklist.actions import get_visible
from service.blacklist.queries import find_open_correction, find_revocation, list_supports
from service.blacklist.rules import EntryState
from service.blacklist.views import entry_view, revocation_view
from service.console.desk import Desk, PageRouter, at_desk
from service.console.entry_sight import entry_history, penalties_of, test_now, way_of
from service.console.rendering import show
from service.documents.actions import readable
from service.http import CatalogDep, ReadSessionDep
from service.letters.rules import offered
from service.status.actions import read_uscc

router = PageRouter()


@router.get("/entries/{uscc}/{record_id}")
async def show_entry(
    desk: Annotated[Desk, at_desk(*sorted(RECORD_ROLES | {Role.AUDITOR}), whose=Whose.SEEN)],
    uscc: Annotated[str, Path(max_length=60)],
    record_id: UUID,
    session: ReadSessionDep,
    catalog: CatalogDep,
    done: Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")] = "",
) -> Response:
    """Show an entry as whoever is signed in may see it."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
    view = entry_view(row, actor=desk.actor, today=desk.today)
    facts: dict[str, Any] = {"tested": None, "supports": [], "revocation": None, "correction": None, "way": []}
    if view["own"] is not None:
        facts["tested"] = await test_now(session, catalog, row)
        facts["way"] = way_of(row, facts["tested"])
        facts["supports"] = await _supports(session, desk, row)
        revocation = await find_revocation(session, uscc=code, entry_id=record_id)
        facts["revocation"] = None if revocation is None else revocation_view(revocation)
        facts["correction"] = await find_open_correction(session, uscc=code, entry_id=record_id)
    moves = view["own"]["possible"] if view["own"] else []
    return show(
        desk,
        "entry.html",
        one=view,
        done=done,
        known=catalog.list_by_id.get(row["list_id"]),
        steps=await entry_history(session, desk, uscc=code, record_id=record_id),
        documents=await readable(session, uscc=code, record_id=record_id, actor=desk.actor, now=desk.now),
        templates=offered("blacklist_entry", row["state"], row["authority_code"], desk.actor),
        moves=[move for move in moves if _is_offered(move, facts)],
        may_edit=desk.actor.acts_for(row["authority_code"], Role.LISTER) and row["state"] == EntryState.DRAFT,
        **facts,
    )


async def _supports(session: Any, desk: Desk, row: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - of a request, of a query
    """The penalties on which it rests, each with whether it stands."""
    stands = {one.id: one.stands for one in await list_supports(session, uscc=row["uscc"], entry_id=row["id"])}
    seen = await penalties_of(session, desk, uscc=row["uscc"], authority=row["authority_code"])
    return [one | {"stands": stands[str(one["id"])]} for one in seen if str(one["id"]) in stands]


def _is_offered(command: str, facts: dict[str, Any]) -> bool:
    corrected = facts["correction"] is not None
    if command in {"correct", "reject-correction"}:
        return corrected
    if command == "keep":
        return facts["revocation"] is not None
    return command != "edit" and not (command in {"propose-correction", "republish"} and corrected)

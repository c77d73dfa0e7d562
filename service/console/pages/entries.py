"""List entries of one's office by state, list and authority; what waits for the consent of the next higher authority."""

from typing import Annotated, Final, Literal

from fastapi import Query, Response

from service.access.declared import Whose
from service.access.rules import Role
from service.blacklist.lists import Wanted, consents_of, count_by_state, count_entries, list_entries
from service.blacklist.rules import EntryState
from service.blacklist.views import entry_view
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.paging import id_after
from service.console.rendering import show
from service.http import CatalogDep, ReadSessionDep, encode_cursor

router = PageRouter()

#: Who asks for the entries of an office (`GET /v1/blacklist-entries`).
READERS: Final = frozenset({Role.LISTER, Role.REVIEWER, Role.CONSENTER, Role.AUDITOR})
#: States in which somebody has to do something, and those in which an entry may be looked for.
STATES: Final = tuple(state for state in EntryState if state is not EntryState.VOID)


@router.get("/entries")
async def show_entries(
    desk: Annotated[Desk, at_desk(*sorted(READERS), whose=Whose.SEEN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    state: EntryState | None = None,
    waits: Literal["consent", ""] = "",
    on_list: Annotated[str, Query(alias="list", max_length=200)] = "",
    authority: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the entries that stand in a state, or those that wait for a consent."""
    if state is None and desk.actor.may(Role.CONSENTER) and not desk.actor.may(Role.LISTER, Role.REVIEWER):
        waits = "consent"
    state = state or EntryState.PROPOSED
    narrowed = Wanted(list_id=on_list or None, authority=authority or None)
    consents = consents_of(desk.actor, catalog) if desk.actor.may(Role.CONSENTER) else None
    inbox = Wanted(None, narrowed.list_id, narrowed.authority, consents)
    wanted = inbox if waits else Wanted(state, narrowed.list_id, narrowed.authority)
    if waits and consents is None:
        wanted = Wanted(state, narrowed.list_id, narrowed.authority, {})
    rows = await list_entries(session, actor=desk.actor, wanted=wanted, after=id_after(cursor), limit=PAGE + 1)
    part = rows[:PAGE]
    counted = await count_by_state(session, actor=desk.actor, wanted=Wanted(list_id=narrowed.list_id))
    codes = sorted({code for _, code in counted})
    return show(
        desk,
        "entries.html",
        state=state,
        waits=waits,
        on_list=on_list,
        authority=authority,
        done=done,
        counts={
            one: sum(n for (held, code), n in counted.items() if held == one and authority in {"", code})
            for one in STATES
        },
        consents=None if consents is None else await count_entries(session, actor=desk.actor, wanted=inbox),
        items=[entry_view(row, actor=desk.actor, today=desk.today) for row in part],
        following=encode_cursor((str(part[-1]["id"]),)) if len(rows) > PAGE else None,
        lists=catalog.list_by_id,
        authorities=[(code, _name(catalog, code)) for code in codes],
        may_draft=desk.actor.may(Role.LISTER),
    )


def _name(catalog: CatalogDep, code: str) -> str:
    known = catalog.authority_by_code.get(code)
    return code if known is None else known.name

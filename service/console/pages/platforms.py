"""A platform's own webhooks, their deliveries and its watch lists; for who oversees platforms, take-downs nobody confirmed."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Response

from service.access.declared import Whose
from service.access.rules import Role
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.paging import id_after
from service.console.rendering import show
from service.http import Page, ReadSessionDep, decode_cursor, encode_cursor, key_of, number_after
from service.watching.queries import list_watchlists
from service.webhooks.queries import get_endpoint, list_deliveries, list_endpoints, list_overdue
from service.webhooks.rules import State
from service.webhooks.views import show_deliveries, show_endpoints

router = PageRouter()

OVERSEERS: Final = frozenset({Role.SUPERVISOR, Role.AUDITOR})
Platform = Annotated[Desk, at_desk(Role.PLATFORM, whose=Whose.OWN)]
Cursor = Annotated[str, Query(max_length=400)]


@router.get("/platform")
async def show_platform(
    desk: Platform, session: ReadSessionDep, webhooks: Cursor = "", watchlists: Cursor = ""
) -> Response:
    """Show a platform its webhooks, with what waits for each, and its watch lists."""
    hooks = await list_endpoints(session, actor=desk.actor, after=id_after(webhooks), limit=PAGE + 1)
    lists = await list_watchlists(session, actor=desk.actor, after=id_after(watchlists), limit=PAGE + 1)
    shown = await show_endpoints(session, hooks[:PAGE], now=desk.now)
    return show(
        desk,
        "platform.html",
        hooks=shown,
        lists=lists[:PAGE],
        names={one.id: one.name for one in lists[:PAGE]},
        more_hooks=encode_cursor((str(hooks[PAGE - 1].id),)) if len(hooks) > PAGE else None,
        more_lists=encode_cursor((str(lists[PAGE - 1].id),)) if len(lists) > PAGE else None,
    )


@router.get("/platform/webhooks/{webhook_id}")
async def show_webhook(
    desk: Platform,
    webhook_id: UUID,
    session: ReadSessionDep,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = "",
) -> Response:
    """Show a platform one of its webhooks, and what became of its messages."""
    endpoint = await get_endpoint(session, endpoint_id=webhook_id, actor=desk.actor)
    before = number_after(Page(PAGE, decode_cursor(cursor) if cursor else None)) or None
    found = await list_deliveries(session, endpoint_id=webhook_id, state=state, before=before, limit=PAGE + 1)
    (hook,) = await show_endpoints(session, [endpoint], now=desk.now)
    return show(
        desk,
        "webhook.html",
        hook=hook,
        deliveries=await show_deliveries(session, found[:PAGE]),
        state=state,
        states=list(State),
        following=encode_cursor((str(found[PAGE - 1].id),)) if len(found) > PAGE else None,
    )


@router.get("/overdue-acknowledgements")
async def show_overdue(
    desk: Annotated[Desk, at_desk(*sorted(OVERSEERS))], session: ReadSessionDep, cursor: Cursor = ""
) -> Response:
    """Show which take-downs platforms have not confirmed in time. Which records they were is said to nobody."""
    found = await list_overdue(session, now=desk.now, after=key_of(cursor, UUID, int), limit=PAGE + 1)
    part = found[:PAGE]
    following = encode_cursor((str(part[-1].endpoint_id), str(part[-1].position))) if len(found) > PAGE else None
    return show(desk, "overdue_acknowledgements.html", items=part, following=following)

"""Feeds: what is sent and brought in, what both sides differ in, held files, and what was set aside."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response

from service.access.rules import Role
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, settled
from service.console.forms import Form
from service.console.pages.operations import FEED_WATCHERS
from service.console.rendering import show, show_refused
from service.db import driver
from service.errors import Refusal
from service.feeds.actions import get_feed, switch_feed, try_items_again
from service.feeds.holding import count_held
from service.feeds.incoming import decide_delivery, list_deliveries
from service.feeds.queries import count_items, list_batches, list_differences, list_feeds, list_items
from service.feeds.views import batch_view, delivery_view, feed_view, item_view
from service.http import ReadSessionDep, SessionDep
from service.problems import InvalidRequest
from service.versions import ExpectedVersion

router = PageRouter()
Watcher = Annotated[Desk, at_desk(*sorted(FEED_WATCHERS))]
Operator = Annotated[Desk, at_desk(Role.ADMINISTRATOR)]

#: Batches and differences that a feed's page lists.
SHOWN: Final = 20


@router.get("/feeds")
async def show_feeds(desk: Watcher, session: ReadSessionDep) -> Response:
    """Show the feeds, those that are in trouble or wait for somebody first."""
    connection = await driver(session)
    counts, held = await count_items(connection), await count_held(connection, today=desk.today)
    feeds = [feed_view(feed, counts.get(feed.id, {}), held.get(feed.id)) for feed in await list_feeds(connection)]
    return show(
        desk,
        "feeds.html",
        feeds=sorted(feeds, key=lambda feed: (feed["trouble"] is None, feed["held"] is None, feed["id"])),
    )


@router.get("/feeds/{feed_id}")
async def show_feed(
    feed_id: str, desk: Watcher, session: ReadSessionDep, done: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Show one feed with its ledger."""
    return show(desk, "feed.html", **await _facts(session, desk, feed_id), done=done)


@router.post("/feeds/{feed_id}/switch")
async def switch(feed_id: str, desk: Operator, form: FormDep, session: SessionDep) -> Response:
    """Pause a feed, or let it go on."""
    async with settled(session, desk, _again(session, desk, feed_id)):
        await switch_feed(
            session, feed_id=feed_id, active=form.get("active") == "yes", expected=_version(form), now=desk.now
        )
    return desk.go(f"/feeds/{feed_id}")


@router.post("/feeds/{feed_id}/retry")
async def retry(feed_id: str, desk: Operator, form: FormDep, session: SessionDep) -> Response:
    """Try again what was set aside: one record, or all."""
    async with settled(session, desk, _again(session, desk, feed_id)):
        record = form.get("record_id")
        try:
            record_id = UUID(record) if record else None
        except ValueError:
            raise InvalidRequest("The record's id is none.", detail_zh="记录编号无效。") from None
        queued = await try_items_again(session, feed_id=feed_id, record_id=record_id, now=desk.now)
    return desk.go(f"/feeds/{feed_id}?done={queued}")


@router.post("/feeds/{feed_id}/deliveries/{delivery_id}")
async def decide(
    feed_id: str, delivery_id: UUID, request: Request, desk: Operator, form: FormDep, session: SessionDep
) -> Response:
    """Take a held file in, or turn it away, with a reason."""
    async with settled(session, desk, _again(session, desk, feed_id)):
        if form.get("decision") not in {"approve", "reject"} or not form.get("reason"):
            raise InvalidRequest("Say what is decided, and why.", detail_zh="请选择处理方式并填写理由。")
        await decide_delivery(
            session,
            feed_id=feed_id,
            delivery_id=delivery_id,
            approved=form.get("decision") == "approve",
            reason=form.get("reason"),
            actor=str(desk.actor.id),
            expected=_version(form),
            data_dir=request.app.state.settings.data_dir,
            now=desk.now,
        )
    return desk.go(f"/feeds/{feed_id}")


def _version(form: Form) -> ExpectedVersion:
    number = form.get("version")
    return ExpectedVersion(frozenset({int(number)})) if number.isdecimal() else ExpectedVersion(is_stated=False)


def _again(session: Any, desk: Desk, feed_id: str) -> Any:  # noqa: ANN401 - the session of the request; see `settled`
    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "feed.html", refusal, **await _facts(session, desk, feed_id), done=0)

    return again


async def _facts(session: Any, desk: Desk, feed_id: str) -> dict[str, Any]:  # noqa: ANN401 - a session of either kind
    feed = await get_feed(session, feed_id)
    connection = await driver(session)
    counts, held = await count_items(connection), await count_held(connection, today=desk.today)
    dead = await list_items(connection, feed_id=feed_id, state=None, dead=True, after=None, limit=PAGE)
    return {
        "feed": feed_view(feed, counts.get(feed.id, {}), held.get(feed.id)),
        "dead": [item_view(row) for row in dead],
        "batches": [
            batch_view(row) for row in await list_batches(connection, feed_id=feed_id, before=None, limit=SHOWN)
        ],
        "differences": await list_differences(
            connection, feed_id=feed_id, kind=None, settled=False, after=0, limit=SHOWN
        ),
        "deliveries": [
            delivery_view(row) for row in await list_deliveries(connection, feed_id=feed_id, after=None, limit=SHOWN)
        ],
        "may_act": desk.actor.may(Role.ADMINISTRATOR),
    }

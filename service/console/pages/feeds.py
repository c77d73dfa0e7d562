"""The feeds, with what stops them."""

from typing import Annotated

from fastapi import Response

from service.access.rules import Role
from service.console.desk import Desk, PageRouter, at_desk
from service.console.rendering import show
from service.db import driver
from service.feeds.queries import count_items, list_feeds
from service.feeds.views import feed_view
from service.http import ReadSessionDep

router = PageRouter()


@router.get("/feeds")
async def show_feeds(
    desk: Annotated[Desk, at_desk(Role.ADMINISTRATOR, Role.AUDITOR)], session: ReadSessionDep
) -> Response:
    """Show the feeds, the failing ones first."""
    connection = await driver(session)
    counts = await count_items(connection)
    items = [feed_view(feed, counts.get(feed.id, {})) for feed in await list_feeds(connection)]
    return show(desk, "feeds.html", items=sorted(items, key=lambda one: (one["trouble"] is None, one["id"])))

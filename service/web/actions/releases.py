"""The releases of the public data."""

from datetime import datetime
from typing import Final

from service.db import ReadSession
from service.exports.queries import list_releases
from service.exports.views import release_view
from service.web.actions.shared import Facts

RELEASES: Final = 200


async def see_releases(session: ReadSession, now: datetime) -> Facts:
    """Return the newest release of each series, full ones first."""
    newest: dict[str, Facts] = {}
    for release in await list_releases(session, limit=RELEASES, before=None):
        newest.setdefault(release.slot, release_view(release, now=now))
    order = {"full": 0, "delta": 1, "statistics": 2}
    releases = sorted(newest.values(), key=lambda one: (order[one["kind"]], one["span"] or ""))
    return {"releases": releases, "now": now}

"""The home page: how much is published, what came last, how fresh the sources are."""

from datetime import datetime
from typing import Final

import orjson

from service.catalog.rules import Catalog
from service.clock import legal_day
from service.db import ReadSession, driver
from service.status.queries import read_log
from service.web.actions.counts import Counts
from service.web.actions.shared import Facts, is_nameless, named, state_of
from service.web.queries import list_latest_penalties

LATEST: Final = 8


async def see_home(session: ReadSession, catalog: Catalog, counts: Counts, now: datetime) -> Facts:
    """Return counts, the latest penalties and the sources with their last delivery."""
    today = legal_day(now)
    connection = await driver(session)
    taken = await counts.get(session, now)
    latest = [
        named(row) for row in await list_latest_penalties(connection, today, limit=LATEST * 2) if not is_nameless(row)
    ][:LATEST]
    log = await read_log(connection, [], delivered_by=now)
    delivered = {code: at for code, _, _, at, _ in orjson.loads(log.sources)}
    sources = [
        (source, legal_day(datetime.fromisoformat(at)) if (at := delivered.get(source.code)) else None)
        for source in catalog.sources
    ]
    return {
        "counts": taken,
        "latest": latest,
        "sources": sources,
        "position": log.position,
        "now": now,
        "etag": f"{state_of(log, today)}-{taken['at']:%H%M%S}",
    }

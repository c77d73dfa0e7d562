"""Who still shows what has ended, and since when: a list that may be published, because it names systems and no record.

A list of the records would name the firms whose records were repaired (house decision 4); so there are days and counts. What
counts is what a system was asked to withdraw, and showed in a comparison after that.
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Final, Literal

from asyncpg import Connection
from fastapi import APIRouter, Query, Response

from schemas.feeds import StillShownList
from service.clock import SHANGHAI, legal_day
from service.db import driver
from service.feeds.queries import Standing, list_feeds
from service.http import PUBLIC, Now, ReadSessionDep, answers

router = APIRouter(prefix="/v1/still-shown", tags=["feeds"], dependencies=[PUBLIC])

_COUNTS: Final = """
SELECT d.feed_id, i.ended_on, (d.first_seen_at AT TIME ZONE 'Asia/Shanghai')::date AS first_seen_on,
    (min(w.asked_at) AT TIME ZONE 'Asia/Shanghai')::date AS asked_on, count(*) AS count
FROM feed_difference d JOIN feed_item i ON i.feed_id = d.feed_id AND i.uscc = d.uscc AND i.record_id = d.record_id
JOIN LATERAL (
    SELECT min(b.sent_at) AS asked_at FROM feed_batch_item s JOIN feed_batch b ON b.id = s.batch_id
    WHERE s.uscc = i.uscc AND s.record_id = i.record_id AND b.feed_id = i.feed_id AND b.operation = 'withdraw'
    AND (i.ended_on IS NULL OR (b.sent_at AT TIME ZONE 'Asia/Shanghai')::date >= i.ended_on)) w ON w.asked_at < d.seen_at
WHERE d.kind = 'ended_still_shown' AND d.settled_at IS NULL AND i.operation = 'withdraw' AND d.feed_id = ANY ($1)
GROUP BY 1, 2, 3 ORDER BY 1, 2 NULLS FIRST, 3"""
EXAMPLE: Final[dict[str, Any]] = {
    "as_of": "2026-11-24T12:00:00+08:00",
    "systems": [
        {
            "name": "示例信用网站",
            "target": "city",
            "compared_at": "2026-11-24T02:00:00+08:00",
            "count": 3,
            "since": "2026-11-02",
            "days": [
                {"ended_on": "2026-11-02", "asked_on": "2026-11-03", "first_seen_on": "2026-11-03", "count": 3},
            ],
        }
    ],
}


async def list_still_shown(connection: Connection, *, only_public: bool) -> list[dict[str, Any]]:
    """Return the systems that show what has ended, by name; `only_public` those whose definition lets it be published."""
    feeds = {
        feed.id: feed
        for feed in await list_feeds(connection, direction="out")
        if feed.state != "retired" and (feed.definition.shown.get("publish", False) is True or not only_public)
    }
    rows = await connection.fetch(_COUNTS, sorted(feeds))
    found = [_system(feeds[feed_id], list(part)) for feed_id, part in groupby(rows, key=lambda row: row["feed_id"])]
    return sorted(found, key=lambda one: one["name"])


def _system(feed: Standing, rows: Sequence[Any]) -> dict[str, Any]:
    names = ("ended_on", "asked_on", "first_seen_on", "count")
    return {
        "name": feed.definition.name,
        "target": feed.definition.target,
        "compared_at": None if feed.reconciled_at is None else feed.reconciled_at.astimezone(SHANGHAI),
        "count": sum(row["count"] for row in rows),
        "since": min((row["ended_on"] or row["first_seen_on"] for row in rows), default=None),
        "days": [{name: row[name] for name in names} for row in rows],
    }


def as_csv(systems: Sequence[dict[str, Any]], *, now: datetime) -> str:
    """Return the list as CSV with headings in Chinese, a row for each system and day."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("系统", "终止日", "要求撤下日", "首次发现仍在公示日", "条数", "截至"))
    for one in systems:
        for day in one["days"]:
            writer.writerow((one["name"], *day.values(), legal_day(now)))
    return out.getvalue()


@router.get(
    "",
    summary="List who still shows what has ended",
    response_model=StillShownList,
    responses=answers(EXAMPLE),
)
async def show_still_shown(
    session: ReadSessionDep,
    now: Now,
    form: Annotated[Literal["json", "csv"], Query(alias="format", description="JSON, or CSV for a notice.")] = "json",
) -> Any:  # noqa: ANN401 - a body, or a response of its own
    """Give by system how many records it still shows whose publication has ended, since which day, as last compared.

    No key is needed: it names systems and days, never a record or a firm. A system is on it when its feed's definition says
    `publish = true` below `[shown]`, was asked to withdraw the record, and showed it in a comparison after that.
    """
    systems = await list_still_shown(await driver(session), only_public=True)
    if form == "csv":
        return Response("\ufeff" + as_csv(systems, now=now), media_type="text/csv; charset=utf-8")
    return {"as_of": now.astimezone(SHANGHAI), "systems": systems}

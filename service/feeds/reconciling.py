"""Once a day: what the other side shows against what the ledger says. Differences are listed, and what can be mended is queued.

Their list also proves things that no receipt told: a row that they show as it was sent has arrived, and one that they no
longer show after a withdrawal is gone. A list that lacks more than half of what should be there is taken for an incomplete one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
import structlog
from asyncpg import Connection

from service.catalog.queries import load_catalog
from service.clock import Clock, legal_day
from service.db import Database, driver
from service.feeds.formats import join_key
from service.feeds.queries import Standing, list_feeds, note_failure, note_success
from service.feeds.receipts import BATCH, apply_receipts
from service.feeds.rules import Answer, BadFeed, Receipt, TransportFailure, wait_after
from service.feeds.sending import held, shape_of
from service.feeds.shapes import Shape, digest_of_row
from service.feeds.transports import open_transport

log: structlog.stdlib.BoundLogger = structlog.get_logger("feeds")

#: What was sent so long ago and is neither answered nor shown has got lost.
LOST_AFTER: Final = timedelta(hours=24)
#: Rows that may be missing of a small list before it is taken for an incomplete one.
FEW: Final = 20

_FOUND: Final = """
SELECT coalesce(s.row_key, i.sent_key) AS row_key, i.uscc, i.record_id,
    CASE
        WHEN i.uscc IS NULL THEN 'extra'
        WHEN i.operation = 'withdraw' AND s.row_key IS NOT NULL THEN 'ended_still_shown'
        WHEN i.operation = 'report' AND s.row_key IS NULL AND (i.state = 'accepted'
            OR i.state IN ('sent', 'received') AND i.sent_at < $2) THEN 'missing'
        WHEN i.operation = 'report' AND s.n > 1 THEN 'different'
        WHEN i.operation = 'report' AND s.digest <> i.sent_digest AND (i.state = 'accepted'
            OR i.state IN ('sent', 'received') AND i.sent_at < $2) THEN 'different'
        WHEN i.operation = 'report' AND s.row_key IS NOT NULL AND i.state IN ('sent', 'received')
            AND s.digest IS NOT DISTINCT FROM i.sent_digest THEN 'arrived'
        WHEN i.operation = 'withdraw' AND s.row_key IS NULL AND i.state = 'withdrawn_sent' THEN 'gone'
    END AS kind
FROM (SELECT * FROM feed_item WHERE feed_id = $1 AND sent_key IS NOT NULL) i
FULL JOIN feed_shown s ON s.row_key = i.sent_key"""
_LISTED: Final = ("missing", "different", "ended_still_shown", "extra")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconciliation found: rows on both sides, and how many differ in which way."""

    shown_there: int
    shown_here: int
    counts: dict[str, int]

    @property
    def is_equal(self) -> bool:
        """Whether both sides show the same."""
        return not self.counts


async def reconcile_feeds(database: Database, *, clock: Clock) -> int:
    """Compare every feed that tells what it shows and was not compared today; return how many differences there are."""
    async with database.reading() as session:
        feeds = await list_feeds(await driver(session), direction="out")
    total = 0
    for feed in feeds:
        tells = bool(feed.definition.shown) or feed.definition.transport.get("type") == "database"
        today = legal_day(clock())
        done = feed.reconciled_at is not None and legal_day(feed.reconciled_at) >= today
        if feed.state == "active" and feed.definition.connected and tells and not done:
            outcome = await reconcile_feed(database, feed, clock=clock)
            total += 0 if outcome is None else sum(outcome.counts.values())
    return total


async def reconcile_feed(database: Database, feed: Standing, *, clock: Clock) -> Outcome | None:
    """Compare one feed now; None where another process has it, the other side cannot be reached, or tells nothing."""
    shape = shape_of(feed)
    async with held(database, feed.id) as free:
        if not free:
            return None
        try:
            async with open_transport(feed.definition, shape) as transport:
                rows = await transport.shown()
        except (TransportFailure, BadFeed, ValueError) as failure:
            code = getattr(failure, "code", "unreadable_list")
            async with database.transaction() as session:
                wait = wait_after(feed.failures + 1)
                await note_failure(
                    await driver(session), feed.id, code=code, words=str(failure), wait=wait, now=clock()
                )
            log.warning("feed.not_reconciled", feed=feed.id, code=code, reason=str(failure))
            return None
        if rows is None:
            return None
        return await _compare(database, feed, shape, rows, now=clock())


async def _compare(
    database: Database, feed: Standing, shape: Shape, rows: Sequence[dict[str, str]], *, now: datetime
) -> Outcome:
    keys = Counter(join_key(row, shape.key) for row in rows)
    digests = {join_key(row, shape.key): digest_of_row(shape, row) for row in rows}
    async with database.transaction() as session:
        connection = await driver(session)
        await connection.execute(
            "CREATE TEMP TABLE feed_shown (row_key text PRIMARY KEY, digest text, n int) ON COMMIT DROP"
        )
        await connection.copy_records_to_table(
            "feed_shown",
            records=[(key, digests[key], n) for key, n in keys.items()],
            columns=("row_key", "digest", "n"),
        )
        found = [row for row in await connection.fetch(_FOUND, feed.id, now - LOST_AFTER) if row["kind"] is not None]
        catalog = await load_catalog(session)
        proven = [Receipt(row["row_key"], Answer.ACCEPTED) for row in found if row["kind"] in {"arrived", "gone"}]
        for at in range(0, len(proven), BATCH):
            await apply_receipts(connection, catalog, feed, proven[at : at + BATCH], now=now)
        differing = [row for row in found if row["kind"] in _LISTED]
        counts = dict(sorted(Counter(row["kind"] for row in differing).items()))
        here: int = await connection.fetchval(
            "SELECT count(*) FROM feed_item WHERE feed_id = $1 AND operation = 'report' AND state = 'accepted'", feed.id
        )
        outcome = Outcome(len(rows), here, counts)
        await _list_differences(connection, feed.id, differing, now=now)
        incomplete = counts.get("missing", 0) > max(FEW, here // 2)
        if not incomplete:
            await _queue_repairs(connection, feed.id, now=now)
        await _note(connection, feed.id, outcome, now=now)
        if incomplete:
            words = f"their list lacks {counts['missing']} of {here} records: nothing was sent again"
            await note_failure(connection, feed.id, code="incomplete_list", words=words, wait=timedelta(0), now=now)
        else:
            await note_success(connection, feed.id, now=now)
    told = log.info if outcome.is_equal else log.warning
    told("feed.reconciled", feed=feed.id, there=outcome.shown_there, here=outcome.shown_here, **counts)
    return outcome


async def _list_differences(
    connection: Connection, feed_id: str, differing: Sequence[object], *, now: datetime
) -> None:
    values = [(row["row_key"], row["kind"], row["uscc"], row["record_id"]) for row in differing]  # type: ignore[index]
    columns = list(map(list, zip(*values, strict=True))) if values else [[], [], [], []]
    await connection.execute(
        """UPDATE feed_difference d SET settled_at = $3 WHERE d.feed_id = $1 AND d.settled_at IS NULL AND NOT EXISTS (
            SELECT FROM unnest($2::text[], $4::text[]) AS n (row_key, kind) WHERE n.row_key = d.row_key AND n.kind = d.kind)""",
        feed_id,
        columns[0],
        now,
        columns[1],
    )
    await connection.execute(
        """INSERT INTO feed_difference (feed_id, row_key, kind, uscc, record_id, first_seen_at, seen_at)
        SELECT $1, row_key, kind, uscc, record_id, $6, $6
        FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) AS n (row_key, kind, uscc, record_id)
        ON CONFLICT (feed_id, row_key) WHERE settled_at IS NULL DO UPDATE SET seen_at = excluded.seen_at""",
        feed_id,
        *columns,
        now,
    )


async def _queue_repairs(connection: Connection, feed_id: str, *, now: datetime) -> None:
    """Queue what is missing or different again, and what should be gone; what only they have is for a person."""
    await connection.execute(
        """UPDATE feed_item i SET state = 'queued', batch_id = NULL, accepted_digest = NULL, dead = false, next_at = $2,
            queued_at = $2
        FROM feed_difference d WHERE d.feed_id = $1 AND d.settled_at IS NULL AND i.feed_id = $1 AND i.uscc = d.uscc
        AND i.record_id = d.record_id AND d.seen_at = $2
        AND (d.kind IN ('missing', 'different') AND i.operation = 'report' AND i.state IN ('accepted', 'sent', 'received')
            OR d.kind = 'ended_still_shown' AND i.state = 'withdrawn_confirmed')""",
        feed_id,
        now,
    )


async def _note(connection: Connection, feed_id: str, outcome: Outcome, *, now: datetime) -> None:
    await connection.execute(
        """INSERT INTO feed_reconciliation (feed_id, at, shown_there, shown_here, counts, is_equal)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        feed_id,
        now,
        outcome.shown_there,
        outcome.shown_here,
        orjson.dumps(outcome.counts).decode(),
        outcome.is_equal,
    )
    await connection.execute(
        "UPDATE feed SET reconciled_at = $2, is_equal = $3 WHERE id = $1", feed_id, now, outcome.is_equal
    )

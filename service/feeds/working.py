"""One turn of every feed that is due: ledger, sending, answers. What fails on one feed keeps no other from its turn."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from service.clock import Clock, legal_day
from service.db import Database, driver
from service.feeds.definitions import load_definitions
from service.feeds.planning import plan_feed
from service.feeds.queries import (
    Standing,
    list_feeds,
    list_outstanding,
    note_failure,
    note_success,
    requeue_unconfirmed,
    settle_outbox,
    sync_feeds,
)
from service.feeds.receipts import settle_silence, take_answers
from service.feeds.rules import BadFeed, TransportFailure, is_broken_off, wait_after
from service.feeds.sending import Sender, held, send_queued, shape_of
from service.feeds.transports import open_transport

#: Feeds that are worked on side by side; each takes two connections of the pool.
AT_ONCE: Final = 3

log: structlog.stdlib.BoundLogger = structlog.get_logger("feeds")


async def work_feeds(database: Database, folder: Path, *, clock: Clock) -> int:
    """Bring feeds to their files, the ledger to the log, and every feed that is due to its other side; return rows moved."""
    async with database.transaction() as session:
        await sync_feeds(await driver(session), load_definitions(folder), now=clock())
    async with database.reading() as session:
        feeds = await list_feeds(await driver(session), direction="out")
    places = asyncio.Semaphore(AT_ONCE)

    async def turn(feed: Standing) -> int:
        async with places:
            changed = await plan_feed(database, feed.id, today=legal_day(clock()), now=clock())
            return changed + (await work_feed(database, feed, clock=clock) if feed.is_due(clock()) else 0)

    done = await asyncio.gather(*(turn(feed) for feed in feeds if feed.state != "retired"), return_exceptions=True)
    async with database.transaction() as session:
        await settle_outbox(await driver(session), now=clock())
    if errors := [one for one in done if isinstance(one, BaseException)]:
        raise errors[0]
    return sum(one for one in done if isinstance(one, int))


async def work_feed(database: Database, feed: Standing, *, clock: Clock) -> int:
    """Send what waits on a feed and take in what came back; return how many rows moved, 0 where another process has it.

    A failure is noted with the feed, which then waits longer each time; nothing is lost by it.
    """
    async with held(database, feed.id) as free:
        if not free:
            return 0
        try:
            moved = await _turn(database, feed, clock)
        except (TransportFailure, BadFeed) as failure:
            words = failure.words if isinstance(failure, TransportFailure) else failure.detail
            await _note_failure(database, feed, failure.code, words, clock)
            return 0
        async with database.transaction() as session:
            await note_success(await driver(session), feed.id, now=clock())
        return moved


async def _turn(database: Database, feed: Standing, clock: Clock) -> int:
    shape = shape_of(feed)
    async with open_transport(feed.definition, shape) as transport:
        async with database.reading() as session:
            outstanding = await list_outstanding(await driver(session), feed_id=feed.id)
        answers = await transport.receipts(outstanding)
        moved = await take_answers(database, feed, answers, now=clock())
        async with database.transaction() as session:
            await requeue_unconfirmed(await driver(session), feed_id=feed.id, now=clock())
        moved += await send_queued(Sender(database, feed, shape, transport, clock))
    await settle_silence(database, feed, now=clock())
    return moved


async def _note_failure(database: Database, feed: Standing, code: str, words: str, clock: Clock) -> None:
    wait = wait_after(feed.failures + 1)
    async with database.transaction() as session:
        count = await note_failure(await driver(session), feed.id, code=code, words=words, wait=wait, now=clock())
    told = log.error if is_broken_off(count) else log.warning
    told("feed.failed", feed=feed.id, code=code, reason=words, failures=count, wait_s=int(wait.total_seconds()))

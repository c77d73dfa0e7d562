"""The sender of webhooks: one process sends, others stand by; it is told when the log moves on.

The connection that holds the advisory lock also listens. Where it is lost the sender stops, since another one may begin then; what was
on its way is sent again by whoever is next.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import asyncpg
import structlog

from service.changes.queries import CHANNEL
from service.clock import Clock
from service.db import Database
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason
from service.settings import Settings
from service.webhooks.calling import Caller
from service.webhooks.sending import Sender

LOCK: Final = 0x5859484F4F  # "XYHOO"
AFTER_OUTAGE: Final = 2.0
STANDING_BY: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("webhooks")


async def run_webhooks(database: Database, clock: Clock, stop: asyncio.Event, *, settings: Settings) -> None:
    """Send until `stop` is set; outlive restarts of the database."""
    within = timedelta(hours=settings.acknowledge_hours)
    while not stop.is_set():
        try:
            async with Caller(loopback=settings.webhook_loopback) as caller:
                await _take_turn(Sender(database, clock, caller, within), stop)
        except CONNECTION_ERRORS as error:
            if not is_outage(error):
                raise
            log.warning("webhooks.lost_database", reason=outage_reason(error))
            await _sleep(stop, AFTER_OUTAGE)


async def _take_turn(sender: Sender, stop: asyncio.Event) -> None:
    guard = await asyncpg.connect(
        sender.database.url.replace("+asyncpg", ""),
        timeout=10,
        server_settings={"application_name": "xinyong webhooks"},
    )
    ending = asyncio.Event()
    watch = asyncio.create_task(_end_with(stop, ending))
    try:
        guard.add_termination_listener(lambda *_: ending.set())
        while not ending.is_set() and not await guard.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            await _sleep(ending, STANDING_BY)
        if not ending.is_set():
            log.info("webhooks.working")
            await guard.add_listener(CHANNEL, sender.wake)
            await sender.run(ending)
    finally:
        watch.cancel()
        with suppress(*CONNECTION_ERRORS):
            await guard.close(timeout=2)
    if not stop.is_set():
        await _sleep(stop, AFTER_OUTAGE)


async def _end_with(stop: asyncio.Event, ending: asyncio.Event) -> None:
    await stop.wait()
    ending.set()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

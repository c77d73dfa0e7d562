"""The sequencer: one process numbers what writers committed, others stand by.

A session advisory lock picks the one that works. It is a courtesy and not the guard: two sequencers would still take turns
at the log's row, which every batch locks first, so that a lock lost with its connection can do no harm.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.changes.actions import drain
from service.clock import Clock
from service.db import Database
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason

LOCK: Final = 0x58594C4F47  # "XYLOG"
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("sequencer")


async def run_sequencer(database: Database, clock: Clock, stop: asyncio.Event, *, poll_ms: int = 200) -> None:
    """Number pending changes until `stop` is set, looking every `poll_ms` milliseconds; outlive restarts of the database.

    After a lost connection it waits 0.1 s, twice as long each time up to 5 s, and begins anew, standing by first. Errors that
    are no loss of the database are raised.
    """
    wait = FIRST_WAIT
    while not stop.is_set():
        try:
            async with database.guard() as guard:
                wait = FIRST_WAIT
                await _take_turn(guard, stop, poll_ms)
                while not stop.is_set():
                    if await _has_pending(guard):
                        count = await drain(database, clock)
                        log.debug("sequencer.numbered", count=count)
                    await _sleep(stop, poll_ms / 1000)
        except CONNECTION_ERRORS as error:
            if not is_outage(error):
                raise
            log.warning("sequencer.lost_database", reason=outage_reason(error), wait_seconds=wait)
            await _sleep(stop, wait)
            wait = min(2 * wait, LONGEST_WAIT)
    log.info("sequencer.stopped")


async def _take_turn(guard: AsyncConnection, stop: asyncio.Event, poll_ms: int) -> None:
    standing_by = False
    while not stop.is_set():
        taken = await guard.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})
        if taken:
            log.info("sequencer.working")
            return
        if not standing_by:
            log.info("sequencer.standing_by")
            standing_by = True
        await _sleep(stop, poll_ms / 1000)


async def _has_pending(guard: AsyncConnection) -> bool:
    return bool(await guard.scalar(text("SELECT EXISTS (SELECT FROM pending_change)")))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

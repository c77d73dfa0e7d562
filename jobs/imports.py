"""The import worker: takes queued imports, and those that a killed process left running, oldest first."""

import asyncio
from uuid import UUID

import structlog

from service.clock import Clock
from service.db import Database
from service.imports.queries import find_open_imports
from service.imports.runner import run_import
from service.outages import CONNECTION_ERRORS, is_outage
from service.tables.chunk import Limits

log: structlog.stdlib.BoundLogger = structlog.get_logger("imports")


async def run_imports(
    database: Database, clock: Clock, stop: asyncio.Event, *, poll_ms: int = 200, limits: Limits | None = None
) -> None:
    """Work on imports until `stop` is set; one that fails unexpectedly is tried again later, a few times."""
    while not stop.is_set():
        try:
            async with database.reading() as session:
                waiting = await find_open_imports(session)
            for import_id in waiting:
                if stop.is_set():
                    break
                await _run_one(database, clock, import_id, limits)
        except CONNECTION_ERRORS as error:
            log.warning("import.interrupted", error=type(error).__name__, outage=is_outage(error))
            await _sleep(stop, 1.0)
        await _sleep(stop, poll_ms / 1000)


async def _run_one(database: Database, clock: Clock, import_id: UUID, limits: Limits | None) -> None:
    try:
        if await run_import(database, import_id, clock=clock, limits=limits):
            log.info("import.ended", import_id=str(import_id))
    except CONNECTION_ERRORS:
        raise
    except Exception:  # one import that breaks must not keep the others from being worked on
        log.exception("import.broke", import_id=str(import_id))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

"""Runs of jobs that somebody asked for: the jobs process looks for them, and begins each by the claim of all runs."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from jobs.registry import Job
from jobs.run import run_ordered
from service.clock import Clock
from service.db import Database
from service.job_runs.queries import list_orders
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason

log: structlog.stdlib.BoundLogger = structlog.get_logger("jobs")


async def run_orders(
    database: Database, clock: Clock, stop: asyncio.Event, *, jobs: Sequence[Job], poll_ms: int
) -> None:
    """Run what is asked for until `stop` is set, looking every `poll_ms` milliseconds; outlive restarts of the database.

    A long run holds no other one up. At the end runs are cut off, as those of the alarm clock are; their next tick makes them good.
    """
    known = {job.name: job for job in jobs}
    running: dict[str, asyncio.Task[None]] = {}
    try:
        while not stop.is_set():
            running = {name: task for name, task in running.items() if not task.done()}
            for name in await _orders(database):
                if name in known and name not in running:
                    running[name] = asyncio.create_task(_run(known[name], database, clock))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), poll_ms / 1000)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _orders(database: Database) -> list[str]:
    try:
        async with database.reading() as session:
            return await list_orders(session)
    except CONNECTION_ERRORS as error:
        if not is_outage(error):
            raise
        log.warning("orders.outage", reason=outage_reason(error))
        return []


async def _run(job: Job, database: Database, clock: Clock) -> None:
    try:
        await run_ordered(job, database, clock)
    except CONNECTION_ERRORS as error:
        if not is_outage(error):
            raise
        log.warning("job.outage", job=job.name, reason=outage_reason(error))

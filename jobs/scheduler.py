"""The alarm clock of the jobs process, and the loops that run all the time beside it."""

import asyncio
from contextlib import suppress

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from jobs.audit_chain import run_chainer
from jobs.imports import run_imports
from jobs.orders import run_orders
from jobs.registry import JOBS
from jobs.run import put_registry, run_due
from jobs.screenings import run_screenings
from jobs.sequencer import run_sequencer
from jobs.webhooks import run_webhooks
from service.clock import Clock
from service.db import Database
from service.outages import CONNECTION_ERRORS
from service.settings import Settings
from service.signing.keys import SigningKeys
from service.tables.chunk import Limits

log: structlog.stdlib.BoundLogger = structlog.get_logger("jobs")


async def serve_jobs(
    database: Database, clock: Clock, stop: asyncio.Event, *, settings: Settings, limits: Limits | None = None
) -> None:
    """Run sequencer, import worker, screenings, sender of webhooks, chainer, scheduled jobs and runs asked for until `stop` is set."""
    poll_ms = settings.job_poll_ms
    with suppress(
        *CONNECTION_ERRORS
    ):  # a database that is away now is waited for by the loops; `migrate` names the jobs too
        await put_registry(database)
    scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
    for job in JOBS:
        scheduler.add_job(
            run_due,
            IntervalTrigger(seconds=job.every_seconds),
            args=(job, database, clock),
            id=job.name,
            next_run_time=clock(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(run_sequencer(database, clock, stop, poll_ms=poll_ms))
            group.create_task(run_imports(database, clock, stop, poll_ms=poll_ms, limits=limits))
            group.create_task(run_orders(database, clock, stop, jobs=JOBS, poll_ms=max(poll_ms, 500)))
            group.create_task(run_webhooks(database, clock, stop, settings=settings))
            group.create_task(run_screenings(database, stop, settings=settings))
            keys, folder = SigningKeys.of(settings), settings.audit_folder()
            group.create_task(run_chainer(database, clock, stop, keys=keys, folder=folder))
    finally:
        scheduler.shutdown(wait=False)

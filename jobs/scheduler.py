"""The alarm clock of the jobs process, and the loops that run all the time beside it."""

import asyncio

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from jobs.audit_chain import run_chainer
from jobs.imports import run_imports
from jobs.registry import JOBS, Job
from jobs.sequencer import run_sequencer
from service.clock import Clock
from service.db import Database
from service.settings import Settings
from service.signing.keys import SigningKeys
from service.tables.chunk import Limits

log: structlog.stdlib.BoundLogger = structlog.get_logger("jobs")


async def run_job(job: Job, database: Database, clock: Clock) -> int:
    """Run one job for the present instant; an error is logged and raised."""
    try:
        done = await job.run(database, clock())
    except Exception:
        log.exception("job.failed", job=job.name)
        raise
    if done:
        log.info("job.done", job=job.name, count=done)
    return done


async def serve_jobs(
    database: Database, clock: Clock, stop: asyncio.Event, *, settings: Settings, limits: Limits | None = None
) -> None:
    """Run sequencer, import worker, chainer and scheduled jobs until `stop` is set."""
    poll_ms = settings.job_poll_ms
    scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
    for job in JOBS:
        scheduler.add_job(
            run_job,
            IntervalTrigger(seconds=job.every_seconds),
            args=(job, database, clock),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(run_sequencer(database, clock, stop, poll_ms=poll_ms))
            group.create_task(run_imports(database, clock, stop, poll_ms=poll_ms, limits=limits))
            keys, folder = SigningKeys.of(settings), settings.audit_folder()
            group.create_task(run_chainer(database, clock, stop, keys=keys, folder=folder))
    finally:
        scheduler.shutdown(wait=False)

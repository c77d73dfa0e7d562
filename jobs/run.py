"""One door to every job: for the scheduler (which claims ticks), for operators and for tests.

A run is a row of `job_run`. While it lasts its process holds an advisory lock of the job's name, which dies with the
process: so nobody runs a job beside another, and a run that never ended is known to have been killed.
"""

import time
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import structlog

from jobs.registry import JOBS, Job
from service.clock import Clock
from service.db import Database
from service.errors import Refusal
from service.job_runs.queries import (
    claim_tick,
    end_killed,
    end_run,
    find_last_tick,
    insert_run,
    job_lock,
    put_schedules,
    take_order,
)
from service.job_runs.rules import FutureRun, RunOutcome, Schedule, missed_between, tick_at
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason

log: structlog.stdlib.BoundLogger = structlog.get_logger("jobs")


class JobRunsElsewhere(Exception):
    """Another process runs the job at this moment."""


async def put_registry(database: Database) -> None:
    """Let the database know which jobs there are, so that one that never ran is seen."""
    async with database.transaction() as session:
        await put_schedules(session, schedules=[Schedule(one.name, one.every_seconds, one.words) for one in JOBS])


async def run_due(job: Job, database: Database, clock: Clock) -> int | None:
    """Claim the present tick of a job and run it; return its count, None where nothing was due here or it failed."""
    try:
        return await _run_due(job, database, clock)
    except CONNECTION_ERRORS as error:
        if not is_outage(error):
            raise
        # One line and no more: every job says it, at every tick, for as long as the database is away.
        log.warning("job.outage", job=job.name, reason=outage_reason(error))
        return None


async def _run_due(job: Job, database: Database, clock: Clock) -> int | None:
    async with _turn(job, database) as is_mine:
        if not is_mine:
            return None
        now = clock()
        tick = tick_at(job.every_seconds, now)
        async with database.transaction() as session:
            if await end_killed(session, job=job.name):
                log.warning("job.was_killed", job=job.name)
            last = await find_last_tick(session, job=job.name, before=tick)
            missed = missed_between(job.every_seconds, last=last, tick=tick)
            run_id = await claim_tick(session, job=job.name, tick=tick, missed_count=missed, now=now)
        if run_id is None:
            return None
        try:
            return await _work(job, database, run_id, as_of=now)
        except Exception as error:
            if isinstance(error, CONNECTION_ERRORS) and is_outage(error):
                raise
            log.exception("job.failed", job=job.name)
            return None


async def run_ordered(job: Job, database: Database, clock: Clock) -> int | None:
    """Run a job because somebody asked for it; return its count, None where that is done already, must wait, or failed.

    While the job runs the order waits: what was asked for begins after it was asked for.
    """
    async with _turn(job, database) as is_mine:
        if not is_mine:
            return None
        now = clock()
        async with database.transaction() as session:
            if not await take_order(session, job=job.name):
                return None
            await end_killed(session, job=job.name)
            run_id = await insert_run(session, job=job.name, as_of=now, now=now)
        try:
            return await _work(job, database, run_id, as_of=now)
        except Exception as error:
            if isinstance(error, CONNECTION_ERRORS) and is_outage(error):
                raise
            log.exception("job.failed", job=job.name)
            return None


async def run_now(job: Job, database: Database, *, as_of: datetime, now: datetime) -> int:
    """Run a job by hand, for the instant `as_of`; return its count.

    Raises:
        FutureRun: `as_of` lies after `now`.
        JobRunsElsewhere: another process runs it at this moment.
    """
    if as_of > now:
        raise FutureRun(
            f"The job was to be run for {as_of.isoformat()}, which lies after now ({now.isoformat()}).",
            detail_zh="不能以未来时点运行任务。",
        )
    async with _turn(job, database) as is_mine:
        if not is_mine:
            raise JobRunsElsewhere
        async with database.transaction() as session:
            await end_killed(session, job=job.name)
            run_id = await insert_run(session, job=job.name, as_of=as_of, now=now)
        return await _work(job, database, run_id, as_of=as_of)


def _turn(job: Job, database: Database) -> AbstractAsyncContextManager[bool]:
    return database.holding(*job_lock(job.name))


async def _work(job: Job, database: Database, run_id: int, *, as_of: datetime) -> int:
    began = time.monotonic()
    try:
        count = await job.run(database, as_of)
    except Exception as error:
        # What the database says may hold what was in a row; it goes to the log and not into answers.
        problem = f"{error.code}: {error}" if isinstance(error, Refusal) else type(error).__name__
        async with database.transaction() as session:
            await end_run(session, run_id=run_id, outcome=RunOutcome.FAILED, duration_ms=_since(began), problem=problem)
        raise
    async with database.transaction() as session:
        await end_run(session, run_id=run_id, outcome=RunOutcome.DONE, duration_ms=_since(began), count=count)
    if count:
        log.info("job.done", job=job.name, count=count)
    return count


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)

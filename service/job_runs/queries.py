from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.job_runs.rules import Run, RunOutcome, Schedule, Standing, standing

#: First half of the keys of advisory locks that say who runs a job: "XYJB".
LOCKS: Final = 0x58594A42


def job_lock(job: str) -> tuple[int, int]:
    """Return the key of the advisory lock that whoever runs a job holds."""
    return LOCKS, crc32(job.encode()) % 2**31


async def is_running(session: AsyncSession, *, job: str) -> bool:
    """Return whether somebody holds the lock of a job, and so runs it at this moment."""
    locks, key = job_lock(job)
    held = await session.scalar(
        text(
            """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
            AND classid = CAST(CAST(:locks AS integer) AS oid) AND objid = CAST(CAST(:key AS integer) AS oid)
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""
        ),
        {"locks": locks, "key": key},
    )
    return bool(held)


async def job_exists(session: AsyncSession, *, job: str) -> bool:
    """Return whether the installed version has a job of this name."""
    return bool(await session.scalar(text("SELECT EXISTS (SELECT FROM job WHERE name = :job)"), {"job": job}))


async def insert_order(session: AsyncSession, *, job: str, by: str, now: datetime) -> bool:
    """Ask for a run; False where somebody has asked already and it has not begun."""
    made = await session.execute(
        text(
            """INSERT INTO job_order (job_name, asked_by, asked_at) VALUES (:job, :by, :now)
            ON CONFLICT (job_name) DO NOTHING RETURNING job_name"""
        ),
        {"job": job, "by": by, "now": now},
    )
    return made.one_or_none() is not None


async def list_orders(session: AsyncSession | ReadSession) -> list[str]:
    """Return the jobs for which somebody asked."""
    return list((await session.execute(text("SELECT job_name FROM job_order ORDER BY asked_at"))).scalars())


async def take_order(session: AsyncSession, *, job: str) -> bool:
    """Take the order for a run away; False where another process has."""
    taken = await session.execute(text("DELETE FROM job_order WHERE job_name = :job RETURNING job_name"), {"job": job})
    return taken.one_or_none() is not None


async def put_schedules(session: AsyncSession, *, schedules: Iterable[Schedule]) -> None:
    """Let the table of jobs be exactly `schedules`."""
    rows = [{"name": one.name, "every": one.every_seconds, "words": one.words} for one in schedules]
    await session.execute(text("DELETE FROM job WHERE name <> ALL (:names)"), {"names": [row["name"] for row in rows]})
    await session.execute(
        text(
            """INSERT INTO job (name, every_seconds, words) VALUES (:name, :every, :words)
            ON CONFLICT (name) DO UPDATE SET every_seconds = excluded.every_seconds, words = excluded.words"""
        ),
        rows,
    )


async def end_killed(session: AsyncSession, *, job: str) -> int:
    """Say of runs that never ended that their process died; the caller holds the job's lock, so nobody runs it."""
    ended = await session.execute(
        text("UPDATE job_run SET outcome = 'killed' WHERE job_name = :job AND outcome = 'running' RETURNING id"),
        {"job": job},
    )
    return len(ended.all())


async def find_last_tick(session: AsyncSession, *, job: str, before: datetime) -> datetime | None:
    """Return the last tick before an instant that was claimed."""
    last: datetime | None = await session.scalar(
        text("SELECT max(scheduled_for) FROM job_run WHERE job_name = :job AND scheduled_for < :before"),
        {"job": job, "before": before},
    )
    return last


async def claim_tick(
    session: AsyncSession, *, job: str, tick: datetime, missed_count: int, now: datetime
) -> int | None:
    """Begin the run of a tick and return its id; None where somebody claimed the tick before.

    A claim that was made later than `now` came from a clock that was ahead and has been set back since: it is taken over, so
    that the job does not stand still until that instant comes.
    """
    claimed: int | None = await session.scalar(
        text(
            """INSERT INTO job_run (job_name, scheduled_for, as_of, started_at, outcome, missed_count)
            VALUES (:job, :tick, :now, :now, 'running', :missed)
            ON CONFLICT (job_name, scheduled_for) WHERE scheduled_for IS NOT NULL DO UPDATE
            SET as_of = :now, started_at = :now, outcome = 'running', duration_ms = NULL, count = NULL, problem = NULL
            WHERE job_run.started_at > :now RETURNING id"""
        ),
        {"job": job, "tick": tick, "now": now, "missed": missed_count},
    )
    return claimed


async def insert_run(session: AsyncSession, *, job: str, as_of: datetime, now: datetime) -> int:
    """Begin a run by hand and return its id."""
    made: int = (
        await session.execute(
            text(
                """INSERT INTO job_run (job_name, as_of, started_at, outcome, missed_count)
                VALUES (:job, :as_of, :now, 'running', 0) RETURNING id"""
            ),
            {"job": job, "as_of": as_of, "now": now},
        )
    ).scalar_one()
    return made


async def end_run(
    session: AsyncSession,
    *,
    run_id: int,
    outcome: RunOutcome,
    duration_ms: int,
    count: int | None = None,
    problem: str | None = None,
) -> None:
    """Write what came of a run."""
    await session.execute(
        text(
            """UPDATE job_run SET outcome = :outcome, duration_ms = :duration, count = :count, problem = :problem
            WHERE id = :id"""
        ),
        {"id": run_id, "outcome": outcome.value, "duration": duration_ms, "count": count, "problem": problem},
    )


async def forget_runs(session: AsyncSession, *, before: datetime, quiet_before: datetime) -> int:
    """Delete old runs, quiet ones (done, nothing to do) sooner; return how many. The last of each job stays."""
    gone = await session.execute(
        text(
            """DELETE FROM job_run r WHERE r.outcome <> 'running'
            AND r.started_at < CASE WHEN r.outcome = 'done' AND r.count = 0 THEN CAST(:quiet AS timestamptz)
                ELSE CAST(:before AS timestamptz) END
            AND r.id NOT IN (SELECT max(id) FROM job_run GROUP BY job_name)
            AND r.id NOT IN (SELECT max(id) FROM job_run WHERE outcome = 'done' GROUP BY job_name) RETURNING 1"""
        ),
        {"before": before, "quiet": quiet_before},
    )
    return len(gone.all())


async def list_jobs(session: AsyncSession | ReadSession, *, now: datetime) -> list[Standing]:
    """Return how every job stands at an instant, by name."""
    rows = await session.execute(
        text(
            """SELECT j.name, j.every_seconds, j.words, r.as_of, r.started_at, r.outcome, r.duration_ms, r.count AS found_count, r.problem,
                r.missed_count, d.started_at AS done_at, o.asked_at
            FROM job j LEFT JOIN job_order o ON o.job_name = j.name
            LEFT JOIN LATERAL (SELECT * FROM job_run r WHERE r.job_name = j.name ORDER BY r.id DESC LIMIT 1) r ON true
            LEFT JOIN LATERAL (SELECT r.started_at FROM job_run r WHERE r.job_name = j.name AND r.outcome = 'done'
                ORDER BY r.id DESC LIMIT 1) d ON true
            ORDER BY j.name"""
        )
    )
    return [
        standing(
            Schedule(row.name, row.every_seconds, row.words),
            last=None
            if row.outcome is None
            else Run(
                row.as_of,
                row.started_at,
                RunOutcome(row.outcome),
                row.duration_ms,
                row.found_count,
                row.problem,
                row.missed_count,
            ),
            done_at=row.done_at,
            asked_at=row.asked_at,
            now=now,
        )
        for row in rows
    ]

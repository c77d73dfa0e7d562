from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from service.db import ReadSession
from service.job_runs.rules import Run, RunOutcome, Schedule

#: First half of the keys of advisory locks that say who runs a job: "XYJB".
LOCKS: Final = 0x58594A42


async def try_turn(connection: AsyncConnection, *, job: str) -> bool:
    """Take the lock of a job for this connection, or return False: somebody runs it. The lock dies with the connection."""
    taken = await connection.scalar(
        text("SELECT pg_try_advisory_lock(:locks, hashtext(:job))"), {"locks": LOCKS, "job": job}
    )
    return bool(taken)


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


async def list_jobs(
    session: AsyncSession | ReadSession,
) -> list[tuple[Schedule, Run | None, datetime | None]]:
    """Return all jobs by name, each with its last run and the beginning of the last one that ended well."""
    rows = await session.execute(
        text(
            """SELECT j.name, j.every_seconds, j.words, r.as_of, r.started_at, r.outcome, r.duration_ms, r.count AS found_count, r.problem,
                r.missed_count, d.started_at AS done_at
            FROM job j
            LEFT JOIN LATERAL (SELECT * FROM job_run r WHERE r.job_name = j.name ORDER BY r.id DESC LIMIT 1) r ON true
            LEFT JOIN LATERAL (SELECT r.started_at FROM job_run r WHERE r.job_name = j.name AND r.outcome = 'done'
                ORDER BY r.id DESC LIMIT 1) d ON true
            ORDER BY j.name"""
        )
    )
    return [
        (
            Schedule(row.name, row.every_seconds, row.words),
            None
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
            row.done_at,
        )
        for row in rows
    ]

"""A tick is claimed once, whoever wakes; what failed, was killed or came from a clock ahead is seen and made good."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from jobs.orders import run_orders
from jobs.registry import JOBS, Job
from jobs.run import JobRunsElsewhere, put_registry, run_due, run_now
from service.access.rules import Role
from service.cli import make_command
from service.db import Database
from service.errors import Invalid
from service.job_runs.queries import insert_order
from service.job_runs.rules import FutureRun
from service.models import AuditEntry
from tests.clients import NOW, at, client_of, make_app, make_key
from tests.conftest import ROOT
from tests.factories import make_authority

TICK = datetime(2026, 11, 24, 4, tzinfo=UTC)
ELSEWHERE = """
import asyncio, sys
from datetime import datetime
from jobs.registry import Job
from jobs.run import run_due
from service.db import Database

async def hang(database, as_of):
    print("working", flush=True)
    await asyncio.sleep(3600)

async def main():
    database = Database(sys.argv[1], application="killed", pool_size=4)
    await run_due(Job("trial", 20, "A trial.", hang), database, lambda: datetime.fromisoformat(sys.argv[2]))
asyncio.run(main())
"""


class Trial:
    """A job that writes down for which instants it was run, and does what it is told."""

    def __init__(self, act: Callable[[], int] = lambda: 1) -> None:
        self.seen: list[datetime] = []
        self.act = act
        self.job = Job("trial", 20, "A trial.", self.run)

    async def run(self, database: Database, as_of: datetime) -> int:
        del database
        self.seen.append(as_of)
        await asyncio.sleep(0.05)
        return self.act()


async def runs(database: Database) -> list[Any]:
    async with database.reading() as session:
        return list(await session.execute(text("SELECT * FROM job_run ORDER BY id")))


async def test_a_tick_is_worked_on_once_by_whoever_wakes(database: Database) -> None:
    trial = Trial()
    await asyncio.gather(*(run_due(trial.job, database, at(TICK + timedelta(seconds=s))) for s in (1, 2)))
    await run_due(trial.job, database, at(TICK + timedelta(seconds=19)))
    assert len(trial.seen) == 1
    await run_due(trial.job, database, at(TICK + timedelta(seconds=20)))
    assert len(trial.seen) == 2
    assert [(run.scheduled_for, run.outcome, run.count) for run in await runs(database)] == [
        (TICK, "done", 1),
        (TICK + timedelta(seconds=20), "done", 1),
    ]


async def test_jobs_that_are_all_due_at_once_do_not_wait_for_each_other(database_url: str) -> None:
    async def look(database: Database, as_of: datetime) -> int:
        async with database.reading() as session:
            return int((await session.execute(text("SELECT 7"), {"at": as_of})).scalar_one())

    small = Database(database_url, application="test", pool_size=2)
    jobs = [Job(f"trial {number}", 20, "A trial.", look) for number in range(10)]
    assert await asyncio.gather(*(run_due(job, small, at(TICK)) for job in jobs)) == [7] * len(jobs)
    await small.dispose()


async def test_after_three_days_asleep_it_runs_once_and_says_what_was_missed(database: Database) -> None:
    trial = Trial()
    await run_due(trial.job, database, at(TICK))
    awake = TICK + timedelta(days=3)
    await run_due(trial.job, database, at(awake))
    assert trial.seen == [TICK, awake]
    assert [run.missed_count for run in await runs(database)] == [0, 3 * 4320 - 1]


async def test_a_clock_that_ran_ahead_holds_nothing_up(database: Database) -> None:
    trial = Trial()
    for day in (1, 2):
        await run_due(trial.job, database, at(TICK + timedelta(days=day)))
    await run_due(trial.job, database, at(TICK))  # set right
    await run_due(trial.job, database, at(TICK + timedelta(days=1, seconds=-20)))
    await run_due(trial.job, database, at(TICK + timedelta(days=1, seconds=-1)))  # the tick is claimed by now
    assert len(trial.seen) == 4


async def test_a_claim_of_a_clock_ahead_is_taken_over(database: Database) -> None:
    trial = Trial()
    await run_due(trial.job, database, at(TICK + timedelta(seconds=15)))
    await run_due(trial.job, database, at(TICK + timedelta(seconds=5)))
    assert trial.seen == [TICK + timedelta(seconds=15), TICK + timedelta(seconds=5)]
    assert len(await runs(database)) == 1


async def test_what_fails_says_why_and_the_next_tick_runs(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO job VALUES ('trial', 20, 'A trial.')"))

    def fall() -> int:
        raise OSError("a secret of a row")

    def refuse() -> int:
        raise NoStars("There are no stars.", detail_zh="无")

    await run_due(Trial(fall).job, database, at(TICK))
    await run_due(Trial(refuse).job, database, at(TICK + timedelta(seconds=20)))
    assert [(run.outcome, run.problem) for run in await runs(database)] == [
        ("failed", "OSError"),
        ("failed", "no_stars: There are no stars."),
    ]
    key = await make_key(database, Role.ADMINISTRATOR)
    async with client_of(make_app(database, now=TICK + timedelta(minutes=5)), key=key) as client:
        found = (await client.get("/v1/jobs")).json()["items"]
    (job,) = found
    assert (job["overdue"], job["done_at"]) == (True, None)
    assert "no_stars: There are no stars." in job["why"]


class NoStars(Invalid):
    code = "no_stars"


async def test_a_process_that_is_killed_in_a_job_is_found_out_and_made_good(database: Database) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ELSEWHERE, database.url, TICK.isoformat(), stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"working\n"
    trial = Trial()
    assert await run_due(trial.job, database, at(TICK + timedelta(seconds=20))) is None
    with pytest.raises(JobRunsElsewhere):
        await run_now(trial.job, database, as_of=TICK, now=TICK)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    for _ in range(2000):  # until the server has seen that its client is gone
        if await run_due(trial.job, database, at(TICK + timedelta(seconds=20))) is not None:
            break
        await asyncio.sleep(0.05)
    assert [(run.scheduled_for, run.outcome) for run in await runs(database)] == [
        (TICK, "killed"),
        (TICK + timedelta(seconds=20), "done"),
    ]


async def test_by_hand_it_runs_for_an_instant_that_has_passed_and_for_no_other(database: Database) -> None:
    trial = Trial()
    with pytest.raises(FutureRun):
        await run_now(trial.job, database, as_of=TICK + timedelta(seconds=1), now=TICK)
    assert await run_now(trial.job, database, as_of=TICK - timedelta(days=9), now=TICK) == 1
    assert await run_due(trial.job, database, at(TICK)) == 1
    assert trial.seen == [TICK - timedelta(days=9), TICK]


async def test_an_administrator_has_a_job_run_at_once_and_never_beside_itself(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO job VALUES ('trial', 20, 'A trial.')"))
    go_on, stop, begun = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(0)

    async def long(database: Database, as_of: datetime) -> int:
        del database, as_of
        begun.release()
        await go_on.wait()
        return 7

    job = Job("trial", 20, "A trial.", long)
    loops = [asyncio.create_task(run_orders(database, at(TICK), stop, jobs=[job], poll_ms=20)) for _ in range(2)]
    keys = [await make_key(database, role) for role in (Role.ADMINISTRATOR, Role.AUDITOR)]
    app = make_app(database, now=TICK)
    async with client_of(app, key=keys[0]) as client, client_of(app, key=keys[1]) as auditor:
        assert (await auditor.post("/v1/jobs/trial/run")).status_code == 403
        assert (await client.post("/v1/jobs/nothing/run")).json()["code"] == "no_such_job"
        asked = await client.post("/v1/jobs/trial/run")
        assert (asked.status_code, asked.json()["name"]) == (202, "trial")
        await begun.acquire()
        again = await client.post("/v1/jobs/trial/run")
        assert (again.status_code, again.json()["code"]) == (409, "job_runs")
        # Asked for in the moment before a tick began: the order waits, and the run comes when the tick is done.
        async with database.transaction() as session:
            assert await insert_order(session, job="trial", by="test", now=TICK)
        assert await run_due(job, database, at(TICK)) is None
        twice = await client.get("/v1/jobs")
        assert twice.json()["items"][0]["asked_at"] is not None
        go_on.set()
        await begun.acquire()
        stop.set()
        await asyncio.gather(*loops)
    found = await runs(database)
    assert [(run.scheduled_for, run.count) for run in found[:1]] == [(None, 7)]
    assert len(found) == 2
    async with database.reading() as session:
        entries = (
            await session.execute(select(AuditEntry.outcome, AuditEntry.record_kind, AuditEntry.record_id))
        ).all()
    assert ("ok", "job", "trial") in entries


async def test_old_runs_are_forgotten_and_the_last_of_each_job_is_not(database: Database) -> None:
    quiet, busy, rare = Trial(lambda: 0), Trial(), Trial(lambda: 0)
    rare.job = Job("rare", 3600, "Rare.", rare.run)
    await run_due(rare.job, database, at(TICK))
    for days in (0, 1, 100):
        await run_due(quiet.job, database, at(TICK + timedelta(days=days)))
        await run_due(busy.job, database, at(TICK + timedelta(days=days, seconds=20)))
    forget = next(job for job in JOBS if job.name == "forget_job_runs")
    assert await forget.run(database, TICK + timedelta(days=80)) == 2
    assert await forget.run(database, TICK + timedelta(days=100)) == 2
    assert [(run.job_name, run.count) for run in await runs(database)] == [("rare", 0), ("trial", 0), ("trial", 1)]


async def test_the_list_at_the_terminal_names_every_job_and_how_it_stands(database: Database) -> None:
    await put_registry(database)
    done = next(job for job in JOBS if job.name == "forget_job_runs")
    await run_due(done, database, lambda: datetime.now(UTC))  # noqa: TID251 - the command reads the clock too
    environment = {"XINYONG_DATABASE_URL": database.url.replace("+asyncpg", ""), "COLUMNS": "200"}
    shown = await asyncio.to_thread(CliRunner().invoke, make_command(), ["jobs", "list"], env=environment)
    assert shown.exit_code == 0, shown.output
    lines = {line.split()[0]: line for line in shown.output.splitlines()}
    for job in JOBS:
        assert ("done" if job is done else "overdue") in lines[job.name]
    assert "log_clock_edges: It never ran here" in shown.output
    ran = await asyncio.to_thread(
        CliRunner().invoke, make_command(), ["jobs", "run", "log_clock_edges", "--as-of", "2026-11-24"], env=environment
    )
    assert "log_clock_edges: 0" in ran.output
    refused = await asyncio.to_thread(
        CliRunner().invoke, make_command(), ["jobs", "run", "log_clock_edges", "--as-of", "2099-01-01"], env=environment
    )
    assert refused.exit_code == 1


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR])
async def test_who_watches_the_service_reads_the_jobs(database: Database, role: Role) -> None:
    await put_registry(database)
    async with database.transaction() as session:
        await make_authority(session, "city")
    key = await make_key(database, role, authority_code="city" if role is Role.SUPERVISOR else None)
    async with client_of(make_app(database, now=NOW), key=key) as client:
        answer = await client.get("/v1/jobs")
    assert answer.status_code == 200
    found = answer.json()["items"]
    assert [one["name"] for one in found] == sorted(job.name for job in JOBS)
    assert all(one["overdue"] and one["last"] is None for one in found)

"""Every job of the registry ends in the same state, whatever happened on the way; a new job is covered by being there.

Killed before every statement, run by two at once, run all the time instead of once after a sleep of three days, run with a
clock that was set back: nothing half done, nothing twice, nothing left out.
"""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from jobs.registry import JOBS, Job
from jobs.run import run_due
from service.db import Database
from service.models import Base, EntrySupport
from tests.clients import at
from tests.conftest import Server
from tests.factories import make_entry, make_penalty, make_uscc, number_changes
from tests.killing import Killer
from tests.service.imports.support import AUTHORITY, bring_in, penalty, seed, write_csv
from tests.service.imports.support import NOW as BEFORE
from tests.service.redatings.test_endpoints import UNDECIDED, enter

#: After a sleep of three days.
NOW = BEFORE + timedelta(days=3)
#: Jobs that do their work with files, processes and systems of their own, and the test that breaks those off.
ELSEWHERE = {
    "deliver_mail": Path("tests/service/mail/test_mail.py"),
    "tell_alerts": Path("tests/service/alerting/test_telling.py"),
    "build_releases": Path("tests/service/exports/test_kills.py"),
    "watch_screenings": Path("tests/service/screenings/test_kills.py"),
    "fetch_feeds": Path("tests/service/feeds/test_incoming.py"),
    "reconcile_feeds": Path("tests/service/feeds/test_broken_off.py"),
}
#: What says when and by whom it was done, and not what was done.
PASSING = {
    "job",
    "job_run",
    "horizon",
    "change_log",
    "audit_entry",
    "audit_pending",
    "audit_block",
    "audit_head",
    "audit_seal",
}
#: Days and instants of the runs themselves.
WHEN = {"at", "escalated_on"}
#: A platform with a contact; requests that are overdue, due soon, and due in a while; a report whose seal is to be erased, and one
#: that is to be forgotten with the request that it answered.
REPORTS = text(
    """WITH p AS (INSERT INTO principal (id, name, created_at) VALUES (gen_random_uuid(), 'mall', :at) RETURNING id),
    w AS (INSERT INTO webhook_endpoint (id, principal_id, version_no, url, contact, kinds, regions, lists, state, position,
            failures, paused_until, created_at, changed_at)
        SELECT gen_random_uuid(), id, 1, 'https://mall.example/', 'it@mall.example', '{}', '{}', '{}', 'active', 0, 0, :at, :at, :at
        FROM p),
    k AS (INSERT INTO sealing_key (id, authority_code, kid, jwk, version_no, registered_by, registered_at)
        VALUES (gen_random_uuid(), :authority, repeat('k', 43), '{}', 1, 'test', :at) RETURNING kid),
    r AS (INSERT INTO report_request (id, authority_code, principal_id, version_no, kind, statement, legal_basis, working_days,
            due_on, due_provisional, state, made_by, made_at, ended_at)
        SELECT gen_random_uuid(), :authority, p.id, 1, 'lead', 'x', 'x', 1, CAST(:day AS date) + days, false, state, 'test', :at,
            CASE WHEN state = 'closed' THEN CAST(:at AS timestamptz) - interval '1200 days' END
        FROM p, (VALUES (-2, 'open'), (6, 'open'), (60, 'open'), (-1200, 'closed')) v (days, state) RETURNING id, state),
    m AS (INSERT INTO platform_measure (id, principal_id, authority_code, version_no, shop_name, violation, measure, url, taken_on,
            publish_by, published_on, late, registered_at, taken_down_on, taken_down_because)
        SELECT gen_random_uuid(), id, :authority, 1, 'x', 'x', 'warning', 'x', day, day, day, false, :at, day, 'withdrawn'
        FROM p, (SELECT CAST(:day AS date) - 1200 AS day) d)
    INSERT INTO platform_report (id, envelope_id, principal_id, authority_code, version_no, kind, period_from, period_until, counts,
        part, parts, request_id, kid, digest, bytes_count, sealed, late, receipt, received_at, state, reasons, settled_at)
    SELECT gen_random_uuid(), gen_random_uuid(), p.id, :authority, 1, 'lead', :day, :day, '{}', 1, 1, r.id, k.kid, days::text, 1,
        'x', false, 'x', at, 'accepted', '{}', at
    FROM p, k, r, (SELECT days, CAST(:at AS timestamptz) - days * interval '1 day' AS at FROM (VALUES (91), (1200)) v (days)) d
    WHERE r.state = 'closed'"""
)
RUN = [job for job in JOBS if job.name not in ELSEWHERE]


async def make_world(database: Database, folder: Path) -> None:
    """Something to do for every job."""
    await seed(database)
    own: dict[str, Any] = {"authority_code": AUTHORITY, "source_code": f"own:{AUTHORITY}"}
    waiting = penalty(1, code="330200400070010", name="重庆示例一贸易有限公司")
    await bring_in(database, write_csv(folder / "waiting.csv", [waiting]))
    header = ("企业名称", "统一社会信用代码", "工商注册号")
    registry = write_csv(folder / "r.csv", [["重庆示例一贸易有限公司", make_uscc(1), "330200400070010"]], header)
    await bring_in(database, registry, kind="subjects", source="registry")
    async with database.transaction() as session:
        for n in range(4):
            day = BEFORE.date() + timedelta(days=n)
            await make_penalty(session, make_uscc(100 + n), public_until=day, **own)
            await make_entry(session, make_uscc(200 + n), public_from=day, public_until=None)
            await make_penalty(session, make_uscc(300 + n), state="draft", decided_on=date(2026, 9, 18 + n), **own)
        fallen = await make_penalty(session, make_uscc(400), discretion_step="heavier", **own)
        entry = await make_entry(session, make_uscc(400), list_id="samr-serious", authority_code=AUTHORITY)
        session.add(
            EntrySupport(uscc=make_uscc(400), entry_id=entry, penalty_id=fallen, added_by="test", added_at=BEFORE)
        )
        await make_penalty(session, make_uscc(500), **own | UNDECIDED)
        await number_changes(session, at=BEFORE)
        await make_penalty(
            session, make_uscc(400), head=fallen, state="ended", ending="withdrawn", command="import", recorded_at=BEFORE,
            effective_on=date(2026, 11, 20), **own,
        )  # fmt: skip
        await number_changes(session, at=BEFORE + timedelta(seconds=1))
        await session.execute(
            text(
                """INSERT INTO idempotency_key (principal, key, request_sha256, status, location, created_at)
                VALUES ('x', 'y', '\\x00', 201, '/', :at)"""
            ),
            {"at": BEFORE},
        )
        await session.execute(
            text(
                """INSERT INTO job_run (job_name, as_of, started_at, outcome, count, duration_ms, missed_count)
                SELECT 'forget_job_runs', :at, :at, 'done', 0, 1, 0 FROM generate_series(1, 3)"""
            ),
            {"at": BEFORE - timedelta(days=3)},
        )
        await session.execute(
            text(
                """WITH p AS (INSERT INTO principal (id, name, created_at) VALUES (gen_random_uuid(), 'shop', :at) RETURNING id),
                e AS (INSERT INTO webhook_endpoint (id, principal_id, version_no, url, kinds, regions, lists, state, position,
                        failures, paused_until, created_at, changed_at)
                    SELECT gen_random_uuid(), id, 1, 'https://shop.example/', '{}', '{}', '{}', 'active', 0, 0, :at, :at, :at
                    FROM p RETURNING id)
                INSERT INTO webhook_delivery (endpoint_id, position, uscc, state, made_at, next_at, done_at)
                SELECT id, n, 'x', 'delivered', :at, :at, :at FROM e, generate_series(1, 3) n"""
            ),
            {"at": BEFORE - timedelta(days=31)},
        )
        await session.execute(REPORTS, {"authority": AUTHORITY, "at": BEFORE, "day": BEFORE.date()})
    await enter(database)


@asynccontextmanager
async def copy_of(server: Server, world: str) -> AsyncIterator[Database]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{world}"')
    opened = Database(server.url(name), application="test", pool_size=8)
    try:
        yield opened
    finally:
        await opened.dispose()
        await server.drop(name)


async def state_of(database: Database, known: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Return the rows of every table without what passes; ids that `known` does not hold are all alike."""
    found = {}
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in PASSING:
                continue
            kept = [
                column.name
                for column in table.columns
                if column.name not in WHEN and not column.name.endswith("_at") and column.identity is None
            ]
            listed = ", ".join(f'"{name}"' for name in kept)
            rows = await session.scalars(
                text(f"SELECT row_to_json(r)::text FROM (SELECT {listed} FROM {table.name}) r")  # noqa: S608 - of the models
            )
            found[table.name] = sorted(_named(row, known) for row in rows)
    return found


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _named(row: str, known: frozenset[str]) -> str:
    return _UUID.sub(lambda one: one.group() if not known or one.group() in known else "new", row)


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, Any]:
    return {
        table: (
            sorted(set(rows) - set(other[table])),
            sorted(set(other[table]) - set(rows)),
            len(rows),
            len(other[table]),
        )
        for table, rows in one.items()
        if rows != other[table]
    }


async def once(job: Job, database: Database) -> None:
    assert await run_due(job, database, at(NOW)) is not None


async def test_every_job_ends_in_the_same_state_whatever_happened_on_the_way(
    server: Server, database: Database, tmp_path: Path
) -> None:
    await make_world(database, tmp_path)
    known = frozenset(_UUID.findall(str(await state_of(database))))
    world = str(make_url(database.url).database)
    await database.dispose()

    async with copy_of(server, world) as calm:
        idle = []
        for job in RUN:
            before = await state_of(calm, known)
            await once(job, calm)
            if job.name != "forget_job_runs" and before == await state_of(calm, known):
                idle.append(job.name)
        expected = await state_of(calm, known)
        assert set(idle) <= {"work_feeds", "check_invariants"}, f"nothing to do for {idle}: give the world something"

    async with copy_of(server, world) as crowded:  # the lock of the runner left aside: the jobs must bear each other
        for job in RUN:
            await asyncio.gather(job.run(crowded, NOW), job.run(crowded, NOW))
        assert not differences(expected, await state_of(crowded, known)), "two at once"

    async with copy_of(server, world) as awake:
        for hours in (0, 25, 49, 72, 24, 72, 73):  # set back by two days, right again, back an hour
            for job in RUN:
                await run_due(job, awake, at(BEFORE + timedelta(hours=hours)))
        assert not differences(expected, await state_of(awake, known)), "awake all the time, and a clock set back"


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.proof)])
async def test_every_job_killed_before_any_statement_is_made_good(
    server: Server, database: Database, tmp_path: Path, step: int
) -> None:
    """One trial for every 23rd statement here, for each in `make proof`."""
    await make_world(database, tmp_path)
    known = frozenset(_UUID.findall(str(await state_of(database))))
    world = str(make_url(database.url).database)
    await database.dispose()
    async with copy_of(server, world) as calm, copy_of(server, world) as killed, Killer("tests.jobs.killed") as killer:
        for job in RUN:
            await once(job, calm)
            before = 1
            while not await killer.run(killed.url, f"{job.name} {NOW.isoformat()}", before=before):
                before += step
            assert before > step, f"{job.name} was never killed"
            assert not differences(await state_of(calm, known), await state_of(killed, known)), job.name
            async with killed.reading() as session:
                outcomes = await session.execute(
                    text(
                        "SELECT outcome, count(*) AS runs FROM job_run WHERE job_name = :job AND as_of = :at GROUP BY 1"
                    ),
                    {"job": job.name, "at": NOW.astimezone(UTC)},
                )
                counted = {row.outcome: row.runs for row in outcomes}
            assert counted.get("done") == 1, f"{job.name}: {counted}"
            assert set(counted) <= {"done", "killed"}, f"{job.name}: {counted}"


def test_a_job_that_is_killed_elsewhere_is_killed_there() -> None:
    names = {job.name for job in JOBS}
    for name, test in ELSEWHERE.items():
        assert name in names
        assert (Path(__file__).parents[2] / test).exists()

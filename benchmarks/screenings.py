"""A file of a million rows screened to CSV by the worker as it is, beside reading it, COPY, one SQL join and COPY out by the database.

The yardstick knows no names, no warnings, no grading of codes and no order but the file's; both run in turns on the same data. Both are
judged by the clock and, since machines are rarely quiet, by the seconds of processor that worker and database took.
"""

import asyncio
import os
import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import uuid4

import asyncpg
from sqlalchemy import text

from benchmarks.population import grow, prepare
from benchmarks.steps import Figure, console, figure, step
from service.access.keys.actions import create_key
from service.access.rules import Actor, Role
from service.clock import legal_day, system_clock
from service.db import Database
from service.imports.actions import UploadedFile
from service.samples import sample_code
from service.screenings.actions import ScreeningRequest, create_screening
from service.screenings.files import Files, folder_below
from service.screenings.rules import Format
from service.store.files import read_pointer

SUBJECTS: Final = 200_000
ROWS: Final = 1_000_000
ROUNDS: Final = 3
GOAL: Final = 3.0
GOAL_MB: Final = 400.0

_JOIN: Final = """SELECT r.n, r.code, r.name, r.reference,
    CASE WHEN e.n > 0 THEN 'listed' WHEN p.n > 0 THEN 'penalised' WHEN s.uscc IS NOT NULL THEN 'clear' ELSE 'not_covered' END AS outcome,
    s.name AS registered_name, s.registration_status, coalesce(e.n, 0) AS entries, coalesce(p.n, 0) AS penalties,
    concat_ws(';', e.ids, p.ids) AS records
FROM screened r
LEFT JOIN subject_version s ON s.uscc = r.code AND s.superseded_at IS NULL AND s.registered AND s.state <> 'void'
LEFT JOIN (SELECT v.uscc, count(*) AS n, string_agg(v.id::text, ';') AS ids FROM blacklist_entry_version v
    WHERE {public} GROUP BY v.uscc) e ON e.uscc = r.code
LEFT JOIN (SELECT v.uscc, count(*) AS n, string_agg(v.id::text, ';') AS ids FROM penalty_version v
    WHERE {public} GROUP BY v.uscc) p ON p.uscc = r.code
ORDER BY r.n""".replace(
    "{public}",
    "v.superseded_at IS NULL AND v.state = 'published' AND v.public_reason IS NULL AND v.public_from <= current_date"
    " AND (v.public_until IS NULL OR v.public_until >= current_date)",
)


async def measure(database_url: str) -> list[Figure]:
    """Fill an empty migrated database and return the figures of a screening of `ROWS` rows."""
    database = Database(database_url, application="benchmark", pool_size=3)
    try:
        await prepare(database)
        dsn = database_url.replace("+asyncpg", "")
        with step(f"{SUBJECTS:,} subjects and as many penalties made"):
            made = await grow(dsn, first=0, until=SUBJECTS, today=legal_day(system_clock()))
        with tempfile.TemporaryDirectory(prefix="xinyong-bench-screening-") as name:
            folder = Path(name)
            with step(f"a list of {ROWS:,} rows"):
                _write(folder / "list.csv", made)
            async with _store(database_url, folder):
                return await _measure(database, dsn, folder)
    finally:
        await database.dispose()


def _write(path: Path, made: list[tuple[str, str]]) -> None:
    """Write a list in which each subject stands four times, every fifth row is nobody's, and a tenth of the names is another."""
    with path.open("w", encoding="utf-8") as file:
        file.write("code,name,reference\n")
        for n in range(ROWS):
            uscc, name = made[n * 7 % SUBJECTS]
            if n % 5 == 0:
                uscc = sample_code(n, prefix="91500103")
            file.write(f"{uscc},{name if n % 10 else '别家商贸有限公司'},shop-{n}\n")


@asynccontextmanager
async def _store(url: str, folder: Path) -> AsyncIterator[None]:
    environment = os.environ | {
        "XINYONG_DATABASE_URL": url,
        "XINYONG_DATA_DIR": str(folder),
        "XINYONG_LOG_LEVEL": "warning",
    }
    updater = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "store", "serve"), env=environment, cwd=Path(__file__).parents[1]
    )
    try:
        while read_pointer(folder / "store") is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
        yield
    finally:
        updater.terminate()
        await updater.wait()


async def _measure(database: Database, dsn: str, folder: Path) -> list[Figure]:
    async with database.transaction() as session:
        key = await create_key(session, name="bench", roles=frozenset({Role.PLATFORM}), now=system_clock())
    actor = Actor(key.principal_id, "bench", frozenset())
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    peak = 0.0
    for turn in range(ROUNDS):
        with step(f"screening, round {turn + 1}"):
            seconds, cost, top = await _screen(database, folder, actor)
            ours.append((seconds, cost))
            peak = max(peak, top)
        with step(f"COPY, join, COPY, round {turn + 1}"):
            theirs.append(await _join(dsn, folder))
    console.print(f"  rounds (seconds, of processor): ours {ours}, theirs {theirs}")
    clock, cost = (min(one[at] for one in ours) for at in (0, 1))
    their_clock, their_cost = (min(one[at] for one in theirs) for at in (0, 1))
    return [
        figure("screening of 1 M rows, CSV to CSV", clock, "s", yardstick=their_clock, goal=GOAL),
        figure("screening of 1 M rows, of processor", cost, "s", yardstick=their_cost, goal=GOAL),
        figure("screening of 1 M rows, memory beside the store's pages", peak, "MB", yardstick=GOAL_MB, goal=1.0),
    ]


async def _screen(database: Database, folder: Path, actor: Actor) -> tuple[float, float, float]:
    """Hand the list in and let a worker do it; return seconds, seconds of processor, and the peak of its own memory in MB."""
    screening_id = uuid4()
    files = folder_below(folder)
    files.mkdir(exist_ok=True)
    upload = Files(files, screening_id).upload
    os.link(folder / "list.csv", upload)
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM screening"))
        await create_screening(
            session,
            screening_id=screening_id,
            asked=ScreeningRequest(Format.CSV),
            file=UploadedFile(str(upload), "list.csv", upload.stat().st_size, "0" * 64),
            kept=timedelta(days=1),
            actor=actor,
            now=system_clock(),
        )
    names = {"XINYONG_DATABASE_URL": database.url, "XINYONG_DATA_DIR": str(folder), "XINYONG_LOG_LEVEL": "warning"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jobs.screenings"), env=os.environ | names, stdin=asyncio.subprocess.PIPE
    )
    watching = asyncio.create_task(_peak(worker.pid))
    if await worker.wait():
        raise RuntimeError("the worker failed")
    seconds, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    async with database.reading() as session:
        done = (await session.execute(text("SELECT state, sums FROM screening"))).one()
    if done.state != "finished" or done.sums["rows"] != ROWS:
        raise AssertionError(f"{done}")
    return seconds, cost, await watching


async def _peak(pid: int) -> float:
    """Return the most memory that a process held itself until it ended, in MB: without pages of files, which the system may drop."""
    peak = 0
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text("utf-8")
        except OSError:
            return peak / 1024
        held = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")]
        if not held:
            return peak / 1024
        peak = max(peak, *held)
        await asyncio.sleep(0.02)


async def _join(dsn: str, folder: Path) -> tuple[float, float]:
    """Do the same by the database alone; return seconds and seconds of processor, of this process and of its backend."""
    connection = await asyncpg.connect(dsn)
    try:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        before = _spent(backend) + _spent(os.getpid())
        began = perf_counter()
        await connection.execute("SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 0")
        await connection.execute(
            "CREATE TEMP TABLE screened (n bigint GENERATED ALWAYS AS IDENTITY, code text, name text, reference text)"
        )
        with (folder / "list.csv").open("rb") as source:
            await connection.copy_to_table(
                "screened", source=source, columns=["code", "name", "reference"], format="csv", header=True
            )
        await connection.execute("ANALYZE screened")
        with (folder / "joined.csv").open("wb") as target:
            done = await connection.copy_from_query(_JOIN, output=target, format="csv", header=True)
        seconds = perf_counter() - began
        cost = _spent(backend) + _spent(os.getpid()) - before
    finally:
        await connection.close()
    if done != f"COPY {ROWS}":
        raise AssertionError(done)
    return seconds, cost


def _spent(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

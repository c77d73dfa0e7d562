"""Import of generated messy penalty rows beside a plain COPY of the accepted rows, and codes by the vectorised twin.

Each import runs in a process of its own, whose peak memory is read when it ends.
"""

import asyncio
import hashlib
import io
import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import polars as pl

from benchmarks.made_up_penalties import write_csv, write_xlsx
from service.catalog.actions import add_source, sync_seed
from service.catalog.queries import load_catalog
from service.catalog.seed import load_seed
from service.clock import system_clock
from service.db import Database, driver
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.queries import get_import
from service.imports.runner import run_import
from service.imports.take import Progress
from service.samples import AUTHORITY, SOURCES, sample_code
from service.uscc.bulk import check_codes

ROWS: Final = int(os.environ.get("BENCH_ROWS", "500000"))

Figure = dict[str, Any]


async def measure(database_url: str, rows: int = ROWS) -> list[Figure]:
    """Return the figures: rates in rows a second beside COPY, and time and peak memory of every step."""
    database = Database(database_url, application="benchmark", pool_size=4)
    figures: list[Figure] = []
    try:
        async with database.transaction() as session:
            await sync_seed(session, load_seed(), now=system_clock())
            await add_source(session, SOURCES[1], now=system_clock())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.csv"
            first = 0
            for smaller in (rows // 10, rows * 2 // 5):
                write_csv(file, first, smaller)
                figures += _steps(f"CSV of {smaller:,} rows", await _import_apart(database, file))
                first += smaller
            write_csv(file, first, rows)
            csv = await _import_apart(database, file)
            again = await _import_apart(database, file)
            copied = await _copy_again(database, csv["id"])
            write_xlsx(file, first + rows, rows)
            xlsx = await _import_apart(database, file)
    finally:
        await database.dispose()
    codes = pl.Series([sample_code(n) for n in range(1, 100_001)] * 5)
    began = perf_counter()
    check_codes(codes)
    graded = len(codes) / (perf_counter() - began)
    figures += [
        *_steps(f"CSV of {rows:,} rows", csv),
        *_steps("the same file again", again),
        *_steps("XLSX", xlsx),
        _figure("import of messy CSV", rows / csv["seconds"], "rows/s", copied, 0.3),
        _figure("import of messy XLSX", rows / xlsx["seconds"], "rows/s", copied, 0.2),
        _figure("unchanged re-import", rows / again["seconds"], "rows/s", copied, 1.0),
        _figure("codes graded", graded, "codes/s", 1_000_000, 1.0),
        _plain("peak memory of import", csv["megabytes"], "MB") | {"goal": 500},
    ]
    return figures


async def _import_apart(database: Database, file: Path) -> dict[str, Any]:
    """Import a file in another process; returns its `id`, `seconds`, `megabytes` and `steps`."""
    import_id = new_import_id()
    stored = file.with_name(import_id.hex)
    stored.write_bytes(file.read_bytes())
    with stored.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    async with database.transaction() as session:
        await create_import(
            session,
            import_id=import_id,
            request=ImportRequest(kind="penalties", authority=AUTHORITY, source=SOURCES[1].code),
            file=UploadedFile(str(stored), file.name, stored.stat().st_size, digest),
            actor="benchmark",
            catalog=await load_catalog(session),
            now=system_clock(),
        )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.imports", database.url, str(import_id), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    async with database.transaction() as session:
        job = await get_import(session, import_id)
    if job.state != "finished":
        raise RuntimeError(f"the import is {job.state}: {job.problem}")
    return {"id": import_id, **json.loads(told)}


async def _import_here(database_url: str, import_id: str) -> None:
    """Run an import and print its seconds, its peak memory and when each phase ended."""
    database = Database(database_url, application="benchmark", pool_size=4)
    began = perf_counter()
    phases: dict[str, float] = {}

    def report(progress: Progress) -> None:
        phases.setdefault(progress.phase, perf_counter() - began)

    await run_import(database, UUID(import_id), clock=system_clock, report=report)
    took = perf_counter() - began
    await database.dispose()
    names = [name for name in phases if name != "done"]
    steps = list(zip(names, [*(phases[name] for name in names[1:]), took], strict=True))
    sys.stdout.write(json.dumps({"seconds": took, "megabytes": _megabytes(), "steps": steps}))


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def _copy_again(database: Database, import_id: UUID) -> float:
    """Return the best of three rates, in rows a second, of COPY of the accepted rows into a table indexed alike."""
    best = 0.0
    async with database.transaction() as session:
        connection = await driver(session)
        target = io.BytesIO()
        accepted = "SELECT * FROM penalty_version WHERE import_id = $1 ORDER BY uscc"
        await connection.copy_from_query(accepted, import_id, output=target, format="binary")
        rows = await connection.fetchval("SELECT count(*) FROM penalty_version WHERE import_id = $1", import_id)
        for attempt in range(3):
            await connection.execute(f"CREATE TABLE staging.copy_{attempt} (LIKE penalty_version INCLUDING ALL)")
            target.seek(0)
            began = perf_counter()
            await connection.copy_to_table(f"copy_{attempt}", schema_name="staging", source=target, format="binary")
            best = max(best, rows / (perf_counter() - began))
            await connection.execute(f"DROP TABLE staging.copy_{attempt}")
    return best


def _steps(what: str, told: dict[str, Any]) -> list[Figure]:
    figures = []
    before = 0.0
    for name, end in told["steps"]:
        figures.append(_plain(f"{what}: {name}", end - before, "s"))
        before = end
    return [*figures, _plain(f"{what}: peak memory", told["megabytes"], "MB")]


def _plain(name: str, value: float, unit: str) -> Figure:
    return {"name": name, "value": round(value, 2), "unit": unit, "yardstick": None, "ratio": None, "goal": None}


def _figure(name: str, value: float, unit: str, yardstick: float, goal: float) -> Figure:
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "yardstick": round(yardstick),
        "ratio": round(value / yardstick, 2),
        "goal": goal,
    }


if __name__ == "__main__":
    asyncio.run(_import_here(*sys.argv[1:]))

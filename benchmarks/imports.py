"""Import of generated messy penalty rows beside a plain COPY of the accepted rows, and codes by the vectorised twin."""

import csv
import hashlib
import io
import random
import resource
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import polars as pl

from service.catalog.actions import add_source, sync_seed
from service.catalog.queries import load_catalog
from service.catalog.seed import load_seed
from service.clock import system_clock
from service.db import Database, driver
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.queries import get_import
from service.imports.runner import run_import
from service.samples import AUTHORITY, SOURCES, sample_code
from service.uscc.bulk import check_codes

ROWS: Final = 500_000
HEADER: Final = (
    "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据", "处罚类别",
    "处罚内容", "罚款金额(万元)", "处罚决定日期", "公示日期", "备注",
)  # fmt: skip

Figure = dict[str, Any]


def generate(path: Path, rows: int) -> None:
    """Write `rows` made-up rows: dates in three writings, brackets of four kinds, some odd codes and repeated rows."""
    chance = random.Random(20261124)  # noqa: S311 - made-up rows, no secrets
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(rows):
            firm = n % 300_000 + 1
            opening, closing = chance.choice(("〔〕", "（）", "[]", "【】"))
            day = f"{2024 + n % 2}-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
            written = chance.choice((day, day.replace("-", "/"), day.replace("-", ".")))
            yuan = chance.randrange(1, 500) * 100
            code = sample_code(firm) if chance.random() > 0.002 else sample_code(firm)[:17] + "0"
            writer.writerow(
                (
                    f"重庆示例{firm}号贸易有限公司", code, f"渝示市监罚{opening}2025{closing}{n}号", "虚假宣传",
                    f"经查，当事人于第{n % 700}次检查时存在不符合规定的宣传行为", "《中华人民共和国广告法》第五十五条", "罚款",
                    f"责令停止违法行为；罚款人民币{yuan}元", f"{yuan / 10000:.6f}", written, "", "",
                )
            )  # fmt: skip


async def measure(database_url: str, rows: int = ROWS) -> list[Figure]:
    """Return the figures in rows a second; memory is the peak of this process in MB."""
    database = Database(database_url, application="benchmark", pool_size=4)
    try:
        async with database.transaction() as session:
            await sync_seed(session, load_seed(), now=system_clock())
            await add_source(session, SOURCES[1], now=system_clock())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rows.csv"
            generate(file, rows)
            first = await _timed(database, file)
            again = await _timed(database, file)
        copied = await _copy_again(database)
    finally:
        await database.dispose()
    codes = pl.Series([sample_code(n) for n in range(1, 100_001)] * 5)
    began = perf_counter()
    check_codes(codes)
    graded = len(codes) / (perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        _figure("import of messy CSV", rows / first, "rows/s", copied, 0.3),
        _figure("unchanged re-import", rows / again, "rows/s", copied, 1.0),
        _figure("codes graded", graded, "codes/s", 1_000_000, 1.0),
        {
            "name": "peak memory of import",
            "value": round(memory),
            "unit": "MB",
            "yardstick": None,
            "ratio": None,
            "goal": 500,
        },
    ]


async def _timed(database: Database, file: Path) -> float:
    import_id = new_import_id()
    stored = file.with_name(import_id.hex)
    content = file.read_bytes()
    stored.write_bytes(content)
    async with database.transaction() as session:
        await create_import(
            session,
            import_id=import_id,
            request=ImportRequest(kind="penalties", authority=AUTHORITY, source=SOURCES[1].code),
            file=UploadedFile(str(stored), file.name, len(content), hashlib.sha256(content).hexdigest()),
            actor="benchmark",
            catalog=await load_catalog(session),
            now=system_clock(),
        )
    del content
    began = perf_counter()
    await run_import(database, import_id, clock=system_clock)
    took = perf_counter() - began
    async with database.transaction() as session:
        job = await get_import(session, import_id)
    if job.state != "finished":
        raise RuntimeError(f"the import is {job.state}: {job.problem}")
    return took


async def _copy_again(database: Database) -> float:
    """Return the best of three rates, in rows a second, of COPY of the accepted rows into a table indexed alike."""
    best = 0.0
    async with database.transaction() as session:
        connection = await driver(session)
        target = io.BytesIO()
        await connection.copy_from_query("SELECT * FROM penalty_version ORDER BY uscc", output=target, format="binary")
        rows = await connection.fetchval("SELECT count(*) FROM penalty_version")
        for attempt in range(3):
            await connection.execute(f"CREATE TABLE staging.copy_{attempt} (LIKE penalty_version INCLUDING ALL)")
            target.seek(0)
            began = perf_counter()
            await connection.copy_to_table(f"copy_{attempt}", schema_name="staging", source=target, format="binary")
            best = max(best, rows / (perf_counter() - began))
    return best


def _figure(name: str, value: float, unit: str, yardstick: float, goal: float) -> Figure:
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "yardstick": round(yardstick),
        "ratio": round(value / yardstick, 2),
        "goal": goal,
    }

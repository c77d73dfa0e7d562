"""Releases beside COPY TO CSV of the same columns: formats with SHA-256, deltas, verification, memory."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import asyncpg

from service.exports.building import Options, build_delta, build_full
from service.exports.digests import SetDigest
from service.exports.files import Compression, WrittenFile
from service.exports.pacing import Pace
from service.exports.packages import Release
from service.exports.queries import Extent
from service.exports.rules import Kind
from service.exports.selects import joined_columns
from service.exports.shapes import BY_NAME, TABLES
from service.exports.verifying import verify_release
from service.exports.writers import write_csv, write_lines, write_parquet, write_workbook
from service.signing.keys import SigningKeys

ROWS: Final = 1_000_000
CHANGED: Final = ROWS // 100
ROUNDS: Final = 3
DAY: Final = date(2026, 11, 24)
NOW: Final = datetime(2026, 11, 24, 4, tzinfo=UTC)
PENALTIES: Final = BY_NAME["penalties"]

FILL: Final = """
INSERT INTO subject (uscc, version_no, created_at)
SELECT '91500000XY' || lpad(n::text, 8, '0'), 0, now() FROM generate_series(1, {firms}) n;
INSERT INTO penalty (uscc, id, natural_key, state, version_no, created_at)
SELECT '91500000XY' || lpad((n % {firms} + 1)::text, 8, '0'), gen_random_uuid(), n::text, 'published', 1, now()
FROM generate_series(1, {rows}) n;
INSERT INTO penalty_version (uscc, id, version_no, state, command, actor, recorded_at, source_code, authority_code,
    authority_name, party_name, document_no, public_from, public_until, public_rule, public_grade, kinds, fine_fen,
    violation_type, violation_facts, legal_basis, penalty_content, procedure, tier, decided_on)
SELECT uscc, id, 1, 'published', 'import', 'benchmark', now(), 'benchmark', 'sample', '示例区市场监督管理局',
    '重庆示例' || n % {firms} || '号贸易有限公司', '渝示市监罚〔2025〕' || n || '号', DATE '2025-01-01' + n % 300,
    DATE '2028-01-01' + n % 300, 'R', 'verified', ARRAY['fine'], n % 500 * 10000, '虚假宣传',
    '经查，当事人于第' || n % 700 || '次检查时存在不符合规定的宣传行为', '《中华人民共和国广告法》第五十五条',
    '责令停止违法行为；罚款人民币' || n % 500 * 100 || '元', 'ordinary', 'general', DATE '2024-12-20' + n % 300
FROM (SELECT uscc, id, natural_key::int AS n FROM penalty) p;
INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
SELECT row_number() OVER (), uscc, 'penalty', id, 1, 'published', now(), now() FROM penalty_version;
UPDATE change_log SET head_position = (SELECT max(position) FROM change), head_at = now();
VACUUM ANALYZE penalty_version; VACUUM ANALYZE change"""
CHANGE: Final = """
WITH taken AS (SELECT uscc, id FROM penalty ORDER BY id LIMIT {changed}), old AS (
    UPDATE penalty_version v SET superseded_at = now() FROM taken t WHERE v.uscc = t.uscc AND v.id = t.id RETURNING v.uscc, v.id
)
INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
SELECT (SELECT head_position FROM change_log) + row_number() OVER (), uscc, 'penalty', id, 2, 'corrected', now(), now() FROM old;
INSERT INTO penalty_version SELECT (r).* FROM (
    SELECT jsonb_populate_record(v, '{{"version_no": 2, "superseded_at": null, "fine_fen": 7}}') AS r
    FROM penalty_version v JOIN change c ON c.uscc = v.uscc AND c.record_id = v.id AND c.version_no = 2 WHERE v.version_no = 1
) p;
UPDATE change_log SET head_position = (SELECT max(position) FROM change), head_at = now()"""

Figure = dict[str, Any]


async def measure(database_url: str) -> list[Figure]:
    """Return the figures; each format's is the best of three interleaved rounds, as the yardstick's."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), server_settings={"jit": "off"})
    folder = Path(tempfile.mkdtemp(prefix="xinyong-bench-exports-"))
    try:
        for statement in FILL.format(rows=ROWS, firms=ROWS // 3).split(";"):
            await connection.execute(statement)
        return await _measure(connection, folder, database_url)
    finally:
        await connection.close()
        shutil.rmtree(folder)


async def _measure(connection: asyncpg.Connection, folder: Path, database_url: str) -> list[Figure]:
    extent = Extent(ROWS, DAY)
    formats: dict[str, tuple[Callable[[Path], Awaitable[WrittenFile]], float | None]] = {
        "CSV": (lambda path: write_csv(connection, extent, PENALTIES, path), 0.8),
        "CSV packed by zstd": (
            lambda path: write_csv(connection, extent, PENALTIES, path, compression=Compression.ZSTD),
            None,
        ),
        "JSON Lines": (lambda path: write_lines(connection, extent, PENALTIES, path, guarded=False), 0.35),
        "Parquet": (lambda path: write_parquet(connection, extent, PENALTIES, path), 0.6),
        "XLSX": (lambda path: write_workbook(connection, extent, PENALTIES, path), 0.3),
    }
    took: dict[str, list[float]] = {name: [] for name in ("yardstick", *formats)}
    for _ in range(ROUNDS):
        took["yardstick"].append(await _timed(_plain_copy(connection, extent)))
        for name, (write, _) in formats.items():
            took[name].append(await _timed(write(folder / "file")))
            (folder / "file").unlink()
    best = {name: ROWS / min(seconds) for name, seconds in took.items()}
    figures = [_figure(f"export as {name}", best[name], best["yardstick"], goal) for name, (_, goal) in formats.items()]
    figures += await _paced(connection, folder)
    figures += await _releases(connection, folder)
    figures.append(_memory(database_url, folder))
    return figures


async def _paced(connection: asyncpg.Connection, folder: Path) -> list[Figure]:
    """Return how many cores an export keeps busy at a share of the time: its own process and the database's for it.

    Processor seconds a second: what others on the machine do in the meantime changes how long it takes, and not this.
    """
    pids = [os.getpid(), connection.get_server_pid()]
    busy = {}
    for share in (1.0, 0.5, 0.25):
        before, began = sum(map(_processor_seconds, pids)), perf_counter()
        await write_csv(connection, Extent(ROWS, DAY, pace=Pace(share)), PENALTIES, folder / "file")
        busy[share] = (sum(map(_processor_seconds, pids)) - before) / (perf_counter() - began)
        (folder / "file").unlink()
    return [
        {
            "name": f"cores that an export keeps busy at a share of {share:g}",
            "value": round(cores, 2),
            "unit": "cores",
            "yardstick": round(busy[1.0], 2),
            "ratio": round(cores / busy[1.0], 3),
            "goal": None,
        }
        for share, cores in busy.items()
    ]


def _processor_seconds(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


async def _plain_copy(connection: asyncpg.Connection, extent: Extent) -> None:
    async def take(piece: bytes) -> None:
        del piece

    statement, args = extent.statement(PENALTIES, joined_columns(PENALTIES, neutral=False))
    await connection.copy_from_query(statement, *args, output=take, format="csv")


async def _releases(connection: asyncpg.Connection, folder: Path) -> list[Figure]:
    keys = SigningKeys(folder / "keys")
    log_id: UUID = await connection.fetchval("SELECT log_id FROM change_log")
    full = _release("full", log_id, ROWS)
    (folder / "full").mkdir()
    began = perf_counter()
    built = await build_full(connection, folder / "full", full, keys)
    full_took = perf_counter() - began
    began = perf_counter()
    verify_release(folder / "full", keys.jwks())
    verify_took = perf_counter() - began
    for statement in CHANGE.format(changed=CHANGED).split(";"):
        await connection.execute(statement)
    sums = {table.name: SetDigest.from_hex(**_sum(built.sums()[table.name])) for table in TABLES}
    delta = _release("delta", log_id, ROWS + CHANGED, since=ROWS)
    (folder / "delta").mkdir()
    began = perf_counter()
    await build_delta(connection, folder / "delta", delta, keys, sums=sums, sums_at=Extent(ROWS, DAY))
    delta_took = perf_counter() - began
    verify_release(folder / "delta", keys.jwks(), previous=folder / "full")
    return [
        {**_share("full release, all formats, digests and scan", full_took, None, None), "unit": "s"},
        {**_share("delta of 1 % (time beside the full release)", delta_took, full_took, 0.03), "unit": "s"},
        _figure("verify (rows/s beside the full release)", ROWS / verify_took, ROWS / full_took, 0.3),
    ]


def _sum(told: dict[str, Any]) -> dict[str, Any]:
    return {"text": told["sum"], "count": told["count"]}


def _release(name: str, log_id: UUID, position: int, *, since: int | None = None) -> Release:
    return Release(
        id=name,
        kind=Kind.FULL if since is None else Kind.DELTA,
        span=None,
        log_id=log_id,
        position=position,
        horizon=NOW,
        built_at=NOW,
        from_position=since,
        from_horizon=None if since is None else NOW,
    )


async def _timed(work: Awaitable[object]) -> float:
    began = perf_counter()
    await work
    return perf_counter() - began


def _memory(database_url: str, folder: Path) -> Figure:
    """Return the peak memory of a process that builds one full release in all formats and does nothing else."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.exports", database_url, str(folder / "own")],
        check=True,
        capture_output=True,
        text=True,
    )
    peak = json.loads(done.stdout)
    return {
        "name": "peak memory of a full release",
        "value": peak,
        "unit": "MB",
        "yardstick": None,
        "ratio": None,
        "goal": 300,
    }


async def _build_alone(database_url: str, folder: Path) -> int:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), server_settings={"jit": "off"})
    folder.mkdir()
    log_id, position = await connection.fetchrow("SELECT log_id, head_position FROM change_log")
    await build_full(
        connection, folder, _release("own", log_id, position), SigningKeys(folder.parent / "keys"), Options()
    )
    await connection.close()
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _figure(name: str, value: float, yardstick: float, goal: float | None) -> Figure:
    return {
        "name": name,
        "value": round(value),
        "unit": "rows/s",
        "yardstick": round(yardstick),
        "ratio": round(value / yardstick, 3),
        "goal": goal,
    }


def _share(name: str, value: float, yardstick: float | None, goal: float | None) -> Figure:
    ratio = None if yardstick is None else round(value / yardstick, 3)
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "s",
        "yardstick": None if yardstick is None else round(yardstick, 2),
        "ratio": ratio,
        "goal": goal,
    }


if __name__ == "__main__":
    import asyncio

    print(asyncio.run(_build_alone(sys.argv[1], Path(sys.argv[2]))))

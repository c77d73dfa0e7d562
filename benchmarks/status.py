"""Status answers from the store, beside a hand-written Starlette + asyncpg endpoint that is asked in turns with them.

The API is a real process with a key, rate limits and the audit; the yardstick has none of these. Both are asked over loopback by
`CONNECTIONS` kept connections. The store is built and kept by a real updater.
"""

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Final

import orjson

from benchmarks.answers import free_port, server
from benchmarks.load import get, post, send
from benchmarks.population import grow, prepare
from benchmarks.steps import Figure, figure, step
from service.access.keys.actions import create_key
from service.access.rules import Role
from service.clock import legal_day, system_clock
from service.db import Database
from service.store.files import read_pointer

SUBJECTS: Final = 100_000
ROUNDS: Final = 5
SINGLE: Final = 4_000
CONNECTIONS: Final = 64
BATCH: Final = 10_000
MODES: Final = {"grouped": ("audit grouped", 4.0), "strict": ("audit committed first", 3.0)}


async def measure(database_url: str) -> list[Figure]:
    """Fill an empty migrated database and return the figures of single answers, batches, and of building the store."""
    database = Database(database_url, application="benchmark", pool_size=4)
    try:
        await prepare(database)
        async with database.transaction() as session:
            secret = (
                await create_key(session, name="bench", roles=frozenset({Role.PLATFORM}), now=system_clock())
            ).secret
    finally:
        await database.dispose()
    with step(f"{SUBJECTS:,} subjects and as many penalties made"):
        made = await grow(
            database_url.replace("+asyncpg", ""), first=0, until=SUBJECTS, today=legal_day(system_clock())
        )
    with tempfile.TemporaryDirectory(prefix="xinyong-bench-store-") as folder:
        return await _measure(database_url, Path(folder), [uscc for uscc, _ in made], secret)


async def _measure(url: str, folder: Path, codes: list[str], secret: str) -> list[Figure]:
    environment = os.environ | {
        "XINYONG_DATABASE_URL": url,
        "XINYONG_DATA_DIR": str(folder),
        "XINYONG_LOG_LEVEL": "warning",
    }
    began = perf_counter()
    updater = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "store", "serve"), env=environment, cwd=Path(__file__).parents[1]
    )
    figures: list[Figure] = []
    try:
        while (name := read_pointer(folder / "store")) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
        took = perf_counter() - began
        figures.append(figure(f"store of {len(codes):,} subjects built", took, "s", yardstick=None))
        size = (folder / "store" / name / "data.mdb").stat().st_size / 1024**2
        figures.append(figure("store, per million subjects", size * 1e6 / len(codes), "MB", yardstick=None))
        port = free_port()
        yardstick = [sys.executable, "-m", "benchmarks.yardstick", str(port), url]
        async with server(yardstick, environment, "/up", port) as (theirs, _):
            for mode, (words, goal) in MODES.items():
                figures += await _mode(environment | {"XINYONG_AUDIT": mode}, theirs, codes, secret, words, goal)
    finally:
        updater.terminate()
        await updater.wait()
    return figures


async def _mode(
    environment: dict[str, str], theirs: int, codes: list[str], secret: str, words: str, goal: float
) -> list[Figure]:
    chance = random.Random(20261124)  # noqa: S311 - picks what is asked, no secrets
    off = {"XINYONG_RATE_KEY": "200000000/10 seconds"}
    async with server([sys.executable, "-m", "service", "serve"], environment | off, "/readyz") as (ours, _):
        times: list[float] = []
        with step(f"one status, {words}"):
            one = await in_turns(
                lambda: _single(ours, "/v1/status/", chance.choices(codes, k=SINGLE), secret, times),
                lambda: _single(theirs, "/status/", chance.choices(codes, k=SINGLE), None, []),
            )
        with step(f"batch of {BATCH:,}, {words}"):
            many = await in_turns(
                lambda: _batch(ours, "/v1/status/batch", chance.sample(codes, BATCH), secret),
                lambda: _batch(theirs, "/batch", chance.sample(codes, BATCH), secret),
            )
    cuts = quantiles(times, n=1000)
    return [
        figure(f"one status, {words}", one[0], "answers/s", yardstick=one[1], goal=goal),
        *(figure(f"one status, {words}, {name}", cuts[at], "ms", yardstick=None) for name, at in PARTS.items()),
        figure(f"batch of {BATCH:,}, {words}", many[0], "codes/s", yardstick=many[1], goal=5.0),
    ]


PARTS: Final = {"p50": 499, "p99": 989, "p99.9": 998}


async def in_turns(ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]]) -> tuple[float, float]:
    """Return the medians of both rates; a first round of each warms up and does not count."""
    rates = [(await ours(), await theirs()) for _ in range(ROUNDS + 1)][1:]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


async def _single(port: int, path: str, codes: list[str], secret: str | None, times: list[float]) -> float:
    seconds, took, _ = await send(port, [get(path + code, key=secret) for code in codes], connections=CONNECTIONS)
    times += took
    return len(codes) / seconds


async def _batch(port: int, path: str, codes: list[str], secret: str) -> float:
    seconds, _, _ = await send(port, [post(path, orjson.dumps({"codes": codes}), key=secret)])
    return len(codes) / seconds

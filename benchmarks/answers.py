"""One status, batches and name search as the data grows: 10,000 and 100,000 subjects, with `--million` 1,000,000 too.

The API is a real process (`xinyong serve`), asked over loopback. One status stands beside a naive endpoint that is asked in
turns with it; a batch of 10,000 beside the plain SQL join, fetched by the driver without HTTP and without JSON; a name
search beside `LIKE`.
"""

import asyncio
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import asyncpg
import orjson
from rich.table import Table

from benchmarks.load import get, post, send
from benchmarks.name_search import GROWING, p95, plain_search, search
from benchmarks.population import grow, prepare
from benchmarks.steps import Figure, console, figure, step
from service.access.keys.actions import create_key
from service.access.rules import Role
from service.clock import legal_day, system_clock
from service.db import Database

SIZES: Final = (10_000, 100_000)
MILLION: Final = 1_000_000
ROUNDS: Final = 5
SINGLE: Final = 1_000  # requests of a round
NAIVE: Final = 300
CONNECTIONS: Final = 8
BATCH: Final = 10_000
TERMS: Final = 150
PLAIN_TERMS: Final = 10

#: What an answer needs, of three tables, as one would write it by hand.
JOIN: Final = """
SELECT a.uscc, s.name, s.registration_status, s.registered_on, p.id, p.document_no, p.kinds, p.authority_name, p.decided_on,
    p.public_from, p.public_until, p.fine_fen, e.id AS entry_id, e.list_id, b.name AS list_name, b.severity, e.grounds,
    e.listed_on, e.public_until AS entry_until
FROM unnest($1::text[]) AS a (uscc)
LEFT JOIN subject_version s ON s.uscc = a.uscc AND s.superseded_at IS NULL
LEFT JOIN penalty_version p ON p.uscc = a.uscc AND p.superseded_at IS NULL AND p.state = 'published'
    AND p.public_from <= $2 AND (p.public_until IS NULL OR p.public_until >= $2)
LEFT JOIN blacklist_entry_version e ON e.uscc = a.uscc AND e.superseded_at IS NULL AND e.state = 'published'
    AND e.public_from <= $2 AND (e.public_until IS NULL OR e.public_until >= $2)
LEFT JOIN blacklist b ON b.id = e.list_id"""


async def measure(database_url: str, sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Fill an empty migrated database step by step and return the figures at each size."""
    database = Database(database_url, application="benchmark", pool_size=4)
    figures: list[Figure] = []
    made: list[tuple[str, str]] = []
    today = legal_day(system_clock())
    try:
        await prepare(database)
        async with database.transaction() as session:
            key = (
                await create_key(
                    session, name="bench", roles=frozenset({Role.PLATFORM}), authority_code=None, now=system_clock()
                )
            ).secret
        dsn = database_url.replace("+asyncpg", "")
        for size in sizes:
            with step(f"{size:,} subjects and as many penalties made"):
                made += await grow(dsn, first=len(made), until=size, today=today)
            figures += await _at_size(database, database_url, made, key, today)
    finally:
        await database.dispose()
    _print_growth(figures, sizes)
    return figures


async def measure_to_a_million(database_url: str) -> list[Figure]:
    """Return the figures with those at a million subjects."""
    return await measure(database_url, (*SIZES, MILLION))


async def _at_size(
    database: Database, database_url: str, made: list[tuple[str, str]], key: str, today: date
) -> list[Figure]:
    chance = random.Random(20261124)  # noqa: S311 - picks what is asked, no secrets
    codes = [uscc for uscc, _ in made]
    label = f"{len(made):,} subjects"
    serve = [sys.executable, "-m", "service", "serve"]
    environment = os.environ | {"XINYONG_DATABASE_URL": database_url}
    async with server(serve, environment, "/readyz") as (api, pid):
        naive_port = free_port()
        naive = [sys.executable, "-m", "benchmarks.naive", str(naive_port), database_url]
        async with server(naive, environment, "/openapi.json", naive_port) as (_, naive_pid):
            with step(f"one status, {label}", pid, naive_pid):
                ours, theirs = await _in_turns(
                    lambda: _rate(api, "/v1/status/", chance.choices(codes, k=SINGLE)),
                    lambda: _rate(naive_port, "/status/", chance.choices(codes, k=NAIVE)),
                )
        single = figure(f"one status, {label}", ours, "answers/s", yardstick=theirs)
        plain = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        try:
            with step(f"batch of {BATCH:,}, {label}", pid):
                ours, theirs = await _in_turns(
                    lambda: _batch(api, chance.sample(codes, BATCH), key),
                    lambda: _join(plain, chance.sample(codes, BATCH), today),
                )
        finally:
            await plain.close()
        batch = figure(f"batch of {BATCH:,}, {label}", ours, "codes/s", yardstick=theirs, goal=1.0)
    found: list[Figure] = []
    with step(f"name search, {label}"):
        for words, term_of in GROWING.items():
            terms = [term_of(name, chance) for _, name in chance.sample(made, TERMS)]
            times = [took for term in terms for took, cut in [await search(database, term)] if not cut]
            like = [await plain_search(database, term) for term in terms[:PLAIN_TERMS]]
            found.append(figure(f"search {words}, {label}", p95(times), "ms (p95)", yardstick=p95(like), goal=None))
    return [single, batch, *found]


async def _in_turns(
    ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]]
) -> tuple[float, float]:
    """Return the medians of both rates; a first round of each warms up and does not count."""
    rates = [(await ours(), await theirs()) for _ in range(ROUNDS + 1)][1:]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


async def _rate(port: int, path: str, codes: list[str]) -> float:
    seconds, _, _ = await send(port, [get(path + code) for code in codes], connections=CONNECTIONS)
    return len(codes) / seconds


async def _batch(port: int, codes: list[str], key: str) -> float:
    seconds, _, _ = await send(port, [post("/v1/status/batch", orjson.dumps({"codes": codes}), key=key)])
    return len(codes) / seconds


async def _join(connection: asyncpg.Connection, codes: list[str], today: date) -> float:
    began = perf_counter()
    await connection.fetch(JOIN, codes, today)
    return len(codes) / (perf_counter() - began)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def server(
    command: list[str], environment: dict[str, str], path: str, port: int | None = None
) -> AsyncIterator[tuple[int, int]]:
    """Run a server process; yield its port and process id once `path` answers 200."""
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        *command, env=environment | {"XINYONG_PORT": str(port)}, cwd=Path(__file__).parents[1]
    )
    try:
        for _ in range(300):
            if process.returncode is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
            try:
                await send(port, [get(path)])
                break
            except (OSError, RuntimeError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)
        yield port, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)


def _print_growth(figures: list[Figure], sizes: tuple[int, ...]) -> None:
    table = Table("what", "unit", *(f"{size:,}" for size in sizes), title="Growth (ratio to the yardstick in brackets)")
    each = len(figures) // len(sizes)
    for row in range(each):
        found = figures[row::each]
        name = str(found[0]["name"]).removesuffix(f", {sizes[0]:,} subjects")
        table.add_row(name, str(found[0]["unit"]), *(f"{one['value']} ({one['ratio']})" for one in found))
    console.print(table)

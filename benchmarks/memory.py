"""Whether memory stays flat: one API process is asked many times over loopback, and looked at after every tenth of it.

By default 100,000 requests; `make bench NAME="memory --million"` asks a million, which takes ten minutes and more. Asked are
single statuses with a key (strict audit), small batches and searches by name, always new codes among
known ones, so that whatever is remembered has the time to fill. The figure is what the process holds at the end beside what
it held when half was asked.
"""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import orjson

from benchmarks.answers import server
from benchmarks.load import HOST, get, post, send
from benchmarks.population import grow, prepare
from benchmarks.steps import Figure, console, figure
from service.access.keys.actions import create_key
from service.access.rules import Role
from service.clock import legal_day, system_clock
from service.db import Database

REQUESTS: Final = 100_000
MILLION: Final = 1_000_000
CONNECTIONS: Final = 16
SUBJECTS: Final = 5_000
PARTS: Final = 10
#: Of the memory at half time, what may be there at the end, as a share: flat is no more than a twentieth above.
GOAL: Final = 0.95


async def measure(database_url: str, requests: int = REQUESTS) -> list[Figure]:
    """Return the memory of the API process at the end in MB, beside that at half time."""
    database = Database(database_url, application="benchmark", pool_size=2)
    try:
        await prepare(database)
        async with database.transaction() as session:
            key = await create_key(session, name="bench", roles=[Role.PLATFORM], now=system_clock())
    finally:
        await database.dispose()
    today = legal_day(system_clock())
    made = await grow(database_url.replace("+asyncpg", ""), first=0, until=SUBJECTS, today=today)
    chance = random.Random(20261124)  # noqa: S311 - picks what is asked, no secrets
    environment = dict(os.environ) | {
        "XINYONG_DATABASE_URL": database_url, "XINYONG_LOG_LEVEL": "warning", "XINYONG_RATE_KEY": "off",
        "XINYONG_RATE_ADDRESS": "off",
    }  # fmt: skip
    held = []
    async with server([sys.executable, "-m", "service", "serve"], environment, "/healthz") as (port, pid):
        for part in range(PARTS):
            asked = list(_asked(made, chance, key=key.secret, count=requests // PARTS))
            seconds, _, _ = await send(port, asked, connections=CONNECTIONS)
            held.append(resident(pid))
            rate = len(asked) / seconds
            console.print(f"  {(part + 1) * len(asked):>9,} requests   {rate:7,.0f}/s   {held[-1]:7.1f} MB")
    half = held[PARTS // 2 - 1]
    name = f"memory of the API after {requests:,} requests"
    return [figure(name, held[-1], "MB", yardstick=half, goal=GOAL)]


def _asked(made: list[tuple[str, str]], chance: random.Random, *, key: str, count: int) -> Iterator[bytes]:
    for n in range(count):
        uscc, name = chance.choice(made)
        if n % 20 == 0:
            codes = [code for code, _ in chance.choices(made, k=20)]
            yield post("/v1/status/batch", orjson.dumps({"codes": codes}), key=key)
        elif n % 20 == 1:
            yield get(f"/v1/subjects?name={quote(name[2:6])}&limit=5")
        else:
            yield f"GET /v1/status/{uscc} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


def resident(pid: int) -> float:
    """Return the memory that a process holds now, in MB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


async def measure_a_million(database_url: str) -> list[Figure]:
    """Do the same with a million requests."""
    return await measure(database_url, MILLION)

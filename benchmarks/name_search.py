"""Time of the name search on 200,000 made-up names, beside a plain `LIKE` over the same table.

`measure` wants an empty migrated database; run alone as `python -m benchmarks.name_search DATABASE_URL`.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from datetime import date
from time import perf_counter
from typing import Final

from benchmarks.made_up_names import PLACES, load_names
from benchmarks.name_recall import misspell_one, without_form
from service.db import Database, driver
from service.subjects.search import search_names, show_found

NAMES: Final = 200_000
TERMS: Final = 300
PLAIN_TERMS: Final = 30  # a table scan each: more of them only take longer
PAGE: Final = 20
TODAY: Final = date(2026, 11, 24)
GOAL_MS: Final = 20.0
COMMON: Final = ("重庆", "有限", "公司", "科技有限公司", "火锅店")

Figure = dict[str, str | float | None]


def _brand(name: str, _chance: random.Random) -> str:
    place = max((place for place in PLACES if name.startswith(place)), key=len)
    return name.removeprefix(place)[:4]


SELECTIVE: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "whole name": lambda name, _: name,
    "name without legal form": lambda name, _: without_form(name),
    "four characters": _brand,
    "one character wrong": misspell_one,
}


async def measure(database_url: str) -> list[Figure]:
    """Fill the database and return the figures; times are the 95th percentile in milliseconds, first page included."""
    made = await load_names(database_url.replace("+asyncpg", ""), NAMES)
    database = Database(database_url, application="benchmark", pool_size=1)
    chance = random.Random(20261124)  # noqa: S311 - made-up terms, no secrets
    figures: list[Figure] = []
    try:
        for label, term_of in SELECTIVE.items():
            terms = [term_of(name, chance) for _, name in chance.sample(made, TERMS)]
            times = [took for term in terms for took, truncated in [await _search(database, term)] if not truncated]
            plain = [await _plain(database, term) for term in terms[:PLAIN_TERMS]]
            figures.append(_figure(f"name search, {label}", _p95(times), _p95(plain), GOAL_MS))
        common = [took for term in COMMON for took, _ in [await _search(database, term) for _ in range(10)]]
        plain = [await _plain(database, term) for term in COMMON]
        figures.append(_figure("name search, commonest terms", _p95(common), _p95(plain), None))
    finally:
        await database.dispose()
    return figures


async def _search(database: Database, term: str) -> tuple[float, bool]:
    began = perf_counter()
    async with database.reading() as session:
        search = await search_names(session, name=term, today=TODAY)
        await show_found(session, search.found[:PAGE])
    return (perf_counter() - began) * 1000, search.truncated


async def _plain(database: Database, term: str) -> float:
    began = perf_counter()
    async with database.reading() as session:
        connection = await driver(session)
        await connection.fetch(
            "SELECT uscc, name FROM subject_name WHERE name LIKE '%' || $1 || '%' ORDER BY name, uscc LIMIT 20", term
        )
    return (perf_counter() - began) * 1000


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _figure(name: str, value: float, yardstick: float, goal: float | None) -> Figure:
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "ms (p95)",
        "yardstick": round(yardstick, 2),
        "ratio": round(yardstick / value, 2),
        "goal": goal,
    }


if __name__ == "__main__":
    for figure in asyncio.run(measure(sys.argv[1])):
        print(figure)

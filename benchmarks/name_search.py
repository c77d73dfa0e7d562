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
from benchmarks.steps import Figure, figure, step
from service.db import Database, driver
from service.subjects.search import search_names, show_found

NAMES: Final = 200_000
TERMS: Final = 300
PLAIN_TERMS: Final = 30  # a table scan each: more of them only take longer
PAGE: Final = 20
TODAY: Final = date(2026, 11, 24)
GOAL_MS: Final = 20.0
AT_ONCE: Final = 4
COMMON: Final = ("重庆", "有限", "公司", "科技有限公司", "火锅店")


def _brand(name: str, _chance: random.Random) -> str:
    place = max((place for place in PLACES if name.startswith(place)), key=len)
    return name.removeprefix(place)[:4]


#: Terms that are measured as the data grows, too.
GROWING: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "two characters": lambda name, chance: _brand(name, chance)[:2],
    "four characters": _brand,
    "one character wrong": misspell_one,
}
SELECTIVE: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "whole name": lambda name, _: name,
    "name without legal form": lambda name, _: without_form(name),
    **GROWING,
}


async def measure(database_url: str) -> list[Figure]:
    """Fill the database and return the figures; times are the 95th percentile in milliseconds, first page included."""
    with step(f"{NAMES:,} names loaded"):
        made = await load_names(database_url.replace("+asyncpg", ""), NAMES)
    database = Database(database_url, application="benchmark", pool_size=AT_ONCE)
    chance = random.Random(20261124)  # noqa: S311 - made-up terms, no secrets
    figures: list[Figure] = []
    mixed: list[str] = []
    try:
        for label, term_of in SELECTIVE.items():
            with step(f"name search, {label}"):
                terms = [term_of(name, chance) for _, name in chance.sample(made, TERMS)]
                times = [took for term in terms for took, truncated in [await search(database, term)] if not truncated]
                plain = [await plain_search(database, term) for term in terms[:PLAIN_TERMS]]
            mixed += terms
            figures.append(_figure(f"name search, {label}", times, plain, GOAL_MS))
        with step(f"name search, all of these by {AT_ONCE} at once"):
            chance.shuffle(mixed)
            shares = [mixed[nth::AT_ONCE] for nth in range(AT_ONCE)]
            together = await asyncio.gather(*(_searches(database, share) for share in shares))
        times = [took for those in together for took in those]
        figures.append(_figure(f"name search, {AT_ONCE} at once", times, plain, GOAL_MS))
        with step("name search, commonest terms"):
            common = [took for term in COMMON for took, _ in [await search(database, term) for _ in range(10)]]
            plain = [await plain_search(database, term) for term in COMMON]
        figures.append(_figure("name search, commonest terms", common, plain, None))
    finally:
        await database.dispose()
    return figures


async def _searches(database: Database, terms: list[str]) -> list[float]:
    return [took for term in terms for took, truncated in [await search(database, term)] if not truncated]


async def search(database: Database, term: str) -> tuple[float, bool]:
    """Return the milliseconds that a search with its first page takes, and whether the term is too common."""
    began = perf_counter()
    async with database.reading() as session:
        found = await search_names(session, name=term, today=TODAY)
        await show_found(session, found.found[:PAGE])
    return (perf_counter() - began) * 1000, found.truncated


async def plain_search(database: Database, term: str) -> float:
    """Return the milliseconds of a plain `LIKE` over the names."""
    began = perf_counter()
    async with database.reading() as session:
        connection = await driver(session)
        await connection.fetch(
            "SELECT uscc, name FROM subject_name WHERE name LIKE '%' || $1 || '%' ORDER BY name, uscc LIMIT 20", term
        )
    return (perf_counter() - began) * 1000


def p95(times: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(times)[int(len(times) * 0.95)]


def _figure(name: str, times: list[float], plain: list[float], goal: float | None) -> Figure:
    return figure(name, p95(times), "ms (p95)", yardstick=p95(plain), goal=goal)


if __name__ == "__main__":
    for one in asyncio.run(measure(sys.argv[1])):
        print(one)

"""The benchmarks' made-up population is one that the service answers about, and their yardstick reads the same."""

import json
from collections import Counter
from datetime import date

import asyncpg
import pytest

from benchmarks import __main__ as bench
from benchmarks.answers import JOIN
from benchmarks.name_search import search
from benchmarks.population import grow, prepare
from benchmarks.steps import figure
from service.clock import legal_day, system_clock
from service.db import Database
from service.status.actions import answer_batch

NOWHERE: frozenset[str] = frozenset()


async def test_the_population_grows_and_has_every_outcome(database: Database, database_url: str) -> None:
    dsn, today = database_url.replace("+asyncpg", ""), legal_day(system_clock())
    await prepare(database)
    made = await grow(dsn, first=0, until=20, today=today)
    made += await grow(dsn, first=20, until=60, today=today)
    codes = [uscc for uscc, _ in made]
    answers = json.loads(await answer_batch(database, codes, divisions=NOWHERE, now=system_clock()))
    assert Counter(one["outcome"] for one in answers["results"]) == {"listed": 3, "penalised": 12, "clear": 45}
    assert {len(one["penalties"]) for one in answers["results"]} == {0, 2}
    assert answers["position"] == 60 + 60 + 3
    assert await _joined(dsn, codes, today) == Counter(penalised=24, listed=3)
    _, truncated = await search(database, made[7][1])
    assert not truncated


async def _joined(dsn: str, codes: list[str], today: date) -> Counter[str]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(JOIN, codes, today)
    finally:
        await connection.close()
    return Counter(
        penalised=sum(row["id"] is not None for row in rows), listed=sum(bool(row["list_id"]) for row in rows)
    )


def test_a_ratio_says_how_many_times_better() -> None:
    assert figure("rate", 200, "answers/s", yardstick=100)["ratio"] == 2
    assert figure("time", 5, "ms (p95)", yardstick=20)["ratio"] == 4
    assert figure("size", 5, "MB", yardstick=None)["ratio"] is None


def test_an_unknown_benchmark_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "everything"])
    with pytest.raises(SystemExit, match=r"No benchmark everything\. There are: .*answers"):
        bench.main()

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from httpx import AsyncClient

from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.limits.limiter import Limiter
from service.limits.rules import Kind
from service.settings import Settings
from tests.clients import NOW, at, client_of, make_key

RATES = {Kind.KEY: "20/10 seconds; 30/hour", Kind.ADDRESS: "5/10 seconds; 100/hour", Kind.REFUSED: "3/minute"}
LISTS = "/v1/catalog/lists"
Opener = Callable[[str | None], AbstractAsyncContextManager[AsyncClient]]


@pytest.fixture
def limiter(tmp_path: Path) -> Limiter:
    return Limiter(tmp_path, RATES, clock=lambda: 1_800_000_000.0)


@pytest.fixture
def opened(database: Database, limiter: Limiter) -> Opener:
    app = create_app(Settings(), database=database, clock=at(NOW), limiter=limiter)

    @asynccontextmanager
    async def client(key: str | None) -> AsyncIterator[AsyncClient]:
        async with client_of(app, key=key) as one:
            yield one

    return client


async def test_an_address_is_told_where_it_stands_and_when_to_come_again(opened: Opener) -> None:
    async with opened(None) as public:
        answers = [await public.get(LISTS) for _ in range(6)]
        alive = [await public.get("/healthz") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"address-10s";q=5;w=10, "address-3600s";q=100;w=3600'
    assert answers[0].headers["ratelimit"] == '"address-10s";r=4;t=10, "address-3600s";r=99;t=3600'
    problem = answers[5].json()
    assert (problem["code"], problem["retry_after"]) == ("too_many_requests", int(answers[5].headers["retry-after"]))
    assert answers[5].headers["ratelimit"].startswith('"address-10s";r=0;t=')
    assert "5 units of work in 10 seconds" in problem["detail"]
    assert "重试" in problem["detail_zh"]
    assert {answer.status_code for answer in alive} == {200}
    assert "ratelimit" not in alive[0].headers


async def test_a_key_has_its_own_quota_and_a_batch_counts_its_codes(opened: Opener, database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with opened(key) as platform:
        batch = await platform.post("/v1/status/batch", json={"codes": ["91500000XY0000012K"] * 19})
        assert (batch.status_code, batch.headers["ratelimit"].split(",")[0]) == (200, '"key-10s";r=1;t=10')
        assert (await platform.post("/v1/status/batch", json={"codes": ["x", "y"]})).status_code == 429
    async with opened(None) as public:
        assert (await public.get(LISTS)).status_code == 200


async def test_keys_tried_in_vain_make_the_address_wait_and_good_keys_from_there_do_not(
    opened: Opener, database: Database
) -> None:
    good = await make_key(database, Role.PLATFORM)
    fresh = await make_key(database, Role.PLATFORM)
    async with opened(good) as platform:
        assert (await platform.get("/v1/changes")).status_code == 200
    seen = []
    for number in range(5):
        async with opened(f"xy_{number}") as guesser:
            seen.append((await guesser.get("/v1/changes")).status_code)
    assert seen == [401, 401, 401, 429, 429]
    async with opened(good) as platform:
        assert (await platform.get("/v1/changes")).status_code == 200
    async with opened(fresh) as platform:
        assert (await platform.get("/v1/changes")).status_code == 429


async def test_a_limiter_that_fails_lets_reads_through_and_says_so_in_the_metrics(
    opened: Opener, database: Database, limiter: Limiter
) -> None:
    key = await make_key(database, Role.PLATFORM, Role.RULE_KEEPER)
    limiter.close()
    async with opened(key) as client:
        assert (await client.get("/v1/changes")).status_code == 200
        assert (await client.post("/v1/status/batch", json={"codes": ["x"]})).status_code == 200
        write = await client.post(LISTS, json={})
        assert (write.status_code, write.json()["code"]) == (503, "limiter_unavailable")
        metrics = (await client.get("/metrics")).text
    assert limiter.failures > 3
    assert f"\nxinyong_limiter_failures_total {limiter.failures}.0\n" in metrics

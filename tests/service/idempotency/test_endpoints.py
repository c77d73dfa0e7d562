import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from httpx import AsyncClient
from sqlalchemy import func, select

from service.access.rules import Role
from service.app import ROUTERS
from service.db import Database
from service.idempotency.actions import forget_outcomes
from service.idempotency.http import REPEAT_REFUSALS, _creation
from service.idempotency.queries import lock_key
from service.idempotency.rules import Attempt
from service.models import ApiKey, Authority, DataImport, IdempotencyKey
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_authority

AUTHORITY = {"code": "xy-new", "name": "星屿区示例局", "system": "market_regulation", "division_code": "500000"}
PATH = "/v1/catalog/authorities"


@pytest.fixture
async def keeper(database: Database) -> AsyncIterator[AsyncClient]:
    key = await make_key(database, Role.RULE_KEEPER)
    async with client_of(make_app(database), key=key) as client:
        yield client


async def count(database: Database, table: Any) -> int:
    async with database.reading() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_the_same_request_again_has_one_effect_and_one_location_also_after_a_restart(
    keeper: AsyncClient, database: Database
) -> None:
    before = await count(database, Authority)
    headers = {"Idempotency-Key": "one"}
    first = await keeper.post(PATH, json=AUTHORITY, headers=headers)
    async with client_of(make_app(database), key=keeper.headers["authorization"].removeprefix("Bearer ")) as restarted:
        again = await restarted.post(PATH, json=AUTHORITY, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"] == f"{PATH}/xy-new"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    assert await count(database, Authority) == before + 1


async def test_without_a_key_the_second_is_what_it_always_was(keeper: AsyncClient, database: Database) -> None:
    assert (await keeper.post(PATH, json=AUTHORITY)).status_code == 201
    assert (await keeper.post(PATH, json=AUTHORITY)).status_code == 409
    assert await count(database, IdempotencyKey) == 0


@pytest.mark.parametrize(
    ("path", "change"), [(PATH, {"name": "别的局"}), ("/v1/catalog/sources", {}), (f"{PATH}?", {"code": "xy-other"})]
)
async def test_a_key_that_stands_for_another_request_is_refused(
    keeper: AsyncClient, path: str, change: dict[str, str]
) -> None:
    headers = {"Idempotency-Key": "one"}
    await keeper.post(PATH, json=AUTHORITY, headers=headers)
    answer = await keeper.post(path, json=AUTHORITY | change, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refused_request_may_be_mended_under_the_same_key(keeper: AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "one"}
    refused = await keeper.post(PATH, json=AUTHORITY | {"parent_code": "nobody"}, headers=headers)
    assert refused.status_code == 404
    assert await count(database, IdempotencyKey) == 0
    assert (await keeper.post(PATH, json=AUTHORITY, headers=headers)).status_code == 201


async def test_keys_are_each_principals_own(keeper: AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "one"}
    await keeper.post(PATH, json=AUTHORITY, headers=headers)
    other = await make_key(database, Role.RULE_KEEPER)
    async with client_of(make_app(database), key=other) as client:
        answer = await client.post(PATH, json=AUTHORITY | {"code": "xy-b"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (201, "xy-b")


async def test_who_lost_the_role_meanwhile_gets_nothing(keeper: AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "one"}
    await keeper.post(PATH, json=AUTHORITY, headers=headers)
    stranger = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=stranger) as client:
        assert (await client.post(PATH, json=AUTHORITY, headers=headers)).status_code == 403


@pytest.mark.parametrize("key", ["", "two words", "é", "x" * 256])
async def test_a_malformed_key_is_named(keeper: AsyncClient, key: str) -> None:
    answer = await keeper.post(PATH, json=AUTHORITY, headers={b"Idempotency-Key": key.encode()})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "header.idempotency-key"


async def test_a_key_is_forgotten_after_24_hours_and_not_before(keeper: AsyncClient, database: Database) -> None:
    await keeper.post(PATH, json=AUTHORITY, headers={"Idempotency-Key": "one"})
    async with database.transaction() as session:
        assert await forget_outcomes(session, as_of=NOW + timedelta(hours=24, seconds=-1)) == 0
    later = make_app(database, now=NOW + timedelta(hours=24))
    async with client_of(later, key=keeper.headers["authorization"].removeprefix("Bearer ")) as client:
        answer = await client.post(PATH, json=AUTHORITY, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 409  # a request like any other: the code is taken
    async with database.transaction() as session:
        assert await forget_outcomes(session, as_of=NOW + timedelta(hours=24)) == 1
    assert await count(database, IdempotencyKey) == 0


async def test_64_clients_with_one_key_have_one_effect(database_url: str) -> None:
    database = Database(database_url, application="test", pool_size=10)
    key = await make_key(database, Role.RULE_KEEPER)
    before = await count(database, Authority)
    async with client_of(make_app(database), key=key) as client:

        async def send() -> Counter[int]:
            seen: Counter[int] = Counter()
            while not seen[201]:
                answer = await client.post(PATH, json=AUTHORITY, headers={"Idempotency-Key": "one"})
                seen[answer.status_code] += 1
                if answer.status_code == 201:
                    assert answer.headers["location"] == f"{PATH}/xy-new"
                else:
                    assert answer.json()["code"] in {"request_in_flight", "database_unavailable"}
                    await asyncio.sleep(0.05)
            return seen

        total: Counter[int] = sum(await asyncio.gather(*(send() for _ in range(64))), Counter())
    assert total[201] == 64
    assert set(total) <= {201, 409, 503}
    assert await count(database, Authority) == before + 1
    assert await count(database, IdempotencyKey) == 1
    await database.dispose()


async def test_in_flight_is_said_while_the_first_still_works(keeper: AsyncClient, database: Database) -> None:
    headers = {"Idempotency-Key": "one"}
    async with database.transaction() as session:
        principal = (await session.execute(select(ApiKey.principal_id))).scalar_one()
        assert await lock_key(session, Attempt(str(principal), "one", "", NOW))
        answer = await keeper.post(PATH, json=AUTHORITY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "request_in_flight")
    assert (await keeper.post(PATH, json=AUTHORITY, headers=headers)).status_code == 201


async def test_a_file_sent_twice_is_one_import(database: Database, tmp_path: Path) -> None:
    async with database.transaction() as session:
        await make_authority(session, code="xy-a")
    key = await make_key(database, Role.RECORDER, authority_code="xy-a")
    app: FastAPI = make_app(database)
    app.state.settings = app.state.settings.model_copy(update={"data_dir": tmp_path})
    headers = {"Idempotency-Key": "file-1"}
    query = {"kind": "penalties", "authority": "xy-a"}
    async with client_of(app, key=key) as client:
        sent = [
            await client.post("/v1/imports", params=query, headers=headers, files={"file": ("a.csv", content)})
            for content in (b"a,b\n1,2\n", b"a,b\n1,2\n", b"a,b\n1,3\n")
        ]
    assert [answer.status_code for answer in sent] == [202, 202, 422]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    assert sent[0].json()["id"] == sent[1].json()["id"]
    assert await count(database, DataImport) == 1
    assert len(list((tmp_path / "uploads").iterdir())) == 1


def all_calls(dependant: Dependant) -> set[Any]:
    return {dependant.call}.union(*(all_calls(one) for one in dependant.dependencies))


def creating_routes() -> list[Any]:
    return [
        pytest.param(route, id=route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and route.status_code in {201, 202}
    ]


@pytest.mark.parametrize("route", creating_routes())
def test_every_operation_that_creates_may_be_repeated_and_says_where(route: APIRoute) -> None:
    assert _creation in all_calls(route.dependant), f"{route.path} takes no CreatingSessionDep"
    documented = route.responses[route.status_code or 0]
    assert "Location" in documented.get("headers", {}), f"{route.path} documents no Location"
    codes = str(route.responses)
    assert all(refusal.code in codes for refusal in REPEAT_REFUSALS), f"{route.path} documents no REPEAT_REFUSALS"

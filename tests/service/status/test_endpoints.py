from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from schemas.status import BatchOut, StatusOut
from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.factories import cover_region, make_entry, make_penalty, make_registration, make_uscc, number_changes

LISTED = make_uscc()
CLEAR = make_uscc()


@pytest.fixture
async def app(database: Database) -> FastAPI:
    async with database.transaction() as session:
        await cover_region(session)
        await make_registration(session, LISTED)
        await make_registration(session, CLEAR)
        await make_entry(session, LISTED)
        await make_penalty(session, LISTED)
        await number_changes(session)
    return make_app(database)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with client_of(app) as opened:
        yield opened


@pytest.fixture
async def platform(app: FastAPI, database: Database) -> AsyncIterator[AsyncClient]:
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as opened:
        yield opened


async def test_one_status_needs_no_key_and_is_not_kept_unasked(client: AsyncClient) -> None:
    answer = await client.get(f"/v1/status/{LISTED}")
    assert answer.status_code == 200
    assert StatusOut.model_validate(answer.json()).outcome == "listed"
    assert answer.headers["cache-control"] == "no-cache"
    again = await client.get(f"/v1/status/{LISTED}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_the_etag_ends_with_the_next_change(client: AsyncClient, database: Database) -> None:
    etag = (await client.get(f"/v1/status/{CLEAR}")).headers["etag"]
    async with database.transaction() as session:
        await make_penalty(session, CLEAR)
        await number_changes(session)
    answer = await client.get(f"/v1/status/{CLEAR}", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "penalised"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?as_of=2026-11-24", 200),
        ("?as_of=2026-11-24T11:00:00%2B08:00&known_at=2026-11-24", 200),
        ("?as_of=2026-11-24T11:00:00+08:00", 200),
        ("?as_of=2026-11-25", 422),
        ("?as_of=", 422),
        ("?known_at=soon", 422),
        ("?asof=2026-11-24", 422),
    ],
)
async def test_moments_in_the_query(client: AsyncClient, query: str, status: int) -> None:
    answer = await client.get(f"/v1/status/{CLEAR}{query}")
    assert answer.status_code == status
    if status == 200:
        assert StatusOut.model_validate(answer.json()).outcome in {"clear", "not_covered"}


async def test_a_malformed_code_is_a_problem_with_positions_and_suggestion(client: AsyncClient) -> None:
    wrong = CLEAR.replace("0", "O", 1)
    answer = await client.get(f"/v1/status/{wrong}")
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "malformed_uscc"
    assert problem["suggestion"] == CLEAR
    assert problem["positions"] == [wrong.index("O") + 1]


async def test_code_and_name_in_the_body_need_a_key(client: AsyncClient, platform: AsyncClient) -> None:
    body = {"uscc": CLEAR, "name": "别家有限公司"}
    assert (await client.post("/v1/status", json=body)).status_code == 401
    answer = await platform.post("/v1/status", json=body)
    assert answer.status_code == 200
    assert [warning["code"] for warning in answer.json()["warnings"] if warning["source"] is None] == ["name_differs"]


async def test_a_batch_needs_a_key_and_answers_in_order(client: AsyncClient, platform: AsyncClient) -> None:
    body = {"codes": [CLEAR, "x", LISTED]}
    assert (await client.post("/v1/status/batch", json=body)).status_code == 401
    answer = await platform.post("/v1/status/batch", json=body)
    assert answer.status_code == 200
    results = BatchOut.model_validate(answer.json()).results
    assert [getattr(item, "outcome", "error") for item in results] == ["clear", "error", "listed"]


async def test_a_batch_of_ten_thousand_is_taken_and_one_more_is_refused(platform: AsyncClient) -> None:
    codes = [make_uscc(number) for number in range(500_000, 510_000)]
    taken = await platform.post("/v1/status/batch", json={"codes": codes})
    refused = await platform.post("/v1/status/batch", json={"codes": [*codes, CLEAR]})
    assert taken.status_code == 200
    assert [item["uscc"] for item in taken.json()["results"]] == codes
    assert refused.status_code == 413
    assert refused.json()["code"] == "too_many_codes"


async def test_a_batch_that_is_none_is_a_problem(platform: AsyncClient) -> None:
    bodies: list[object] = [{}, {"codes": "x"}, {"codes": [], "more": 1}, []]
    for body in bodies:
        assert (await platform.post("/v1/status/batch", json=body)).status_code == 422

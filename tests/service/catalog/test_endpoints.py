import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from service.access.rules import Role
from service.catalog import examples
from service.catalog.queries import CatalogCache, get_catalog_version, raise_catalog_version
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.factories import make_authority, make_list

PARENT = {
    "code": "cq-market-regulation",
    "name": "示例市监局",
    "system": "market_regulation",
    "division_code": "500000",
}


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


@pytest.fixture
async def keeper(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    key = await make_key(database, Role.RULE_KEEPER)
    async with client_of(app, key=key) as client:
        yield client


async def test_what_is_added_is_read_at_once_by_everybody(app: FastAPI, keeper: httpx.AsyncClient) -> None:
    async with client_of(app) as public:
        for path, body in (
            ("authorities", PARENT),
            ("authorities", examples.AUTHORITY),
            ("lists", examples.LIST),
            ("sources", examples.SOURCE),
        ):
            before = await public.get(f"/v1/catalog/{path}")
            added = await keeper.post(f"/v1/catalog/{path}", json=body)
            assert added.status_code == 201, added.text
            after = await public.get(f"/v1/catalog/{path}")
            assert len(after.json()["items"]) == len(before.json()["items"]) + 1
            assert added.json() in after.json()["items"]
            assert before.headers["etag"] != after.headers["etag"]
        named = await public.get("/v1/catalog/authorities", params={"name": "星屿区市场监管局"})
        assert named.json() == {"items": [examples.AUTHORITY], "next": None}


@pytest.mark.parametrize(
    ("path", "body", "changes", "status", "code"),
    [
        ("lists", examples.LIST, {"legal_basis": "  "}, 422, "no_legal_basis"),
        ("lists", examples.LIST, {"legal_basis": None}, 422, "invalid_request"),
        ("lists", examples.LIST, {"effective_to": "2025-12-31"}, 422, "impossible_period"),
        ("lists", examples.LIST, {"extra": 1}, 422, "invalid_request"),
        ("lists", examples.LIST, {"id": "taken"}, 409, "already_in_catalog"),
        ("authorities", examples.AUTHORITY, {}, 404, "no_such_authority"),
        ("authorities", PARENT, {"code": "taken"}, 409, "already_in_catalog"),
        ("sources", examples.SOURCE, {}, 404, "no_such_authority"),
        ("sources", examples.SOURCE, {"covers": ["penalties:5"]}, 422, "bad_coverage"),
        ("sources", examples.SOURCE, {"published_where": None}, 422, "published_nowhere"),
    ],
)
async def test_what_is_refused_changes_nothing(
    keeper: httpx.AsyncClient,
    database: Database,
    path: str,
    body: Mapping[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str,
) -> None:
    async with database.transaction() as session:
        await make_authority(session, "taken")
        await make_list(session, "taken")
    answer = await keeper.post(f"/v1/catalog/{path}", json={**body, **changes})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with database.reading() as session:
        assert await get_catalog_version(session) == 0


@pytest.mark.parametrize("path", ["lists", "authorities", "sources"])
async def test_only_rule_keepers_add(app: FastAPI, database: Database, path: str) -> None:
    key = await make_key(database, *(role for role in (Role.ADMINISTRATOR, Role.PLATFORM, Role.AUDITOR)))
    async with client_of(app, key=key) as client:
        answer = await client.post(f"/v1/catalog/{path}", json={})
    assert answer.status_code == 403


async def test_a_known_etag_is_a_304_without_a_body(app: FastAPI) -> None:
    async with client_of(app) as client:
        first = await client.get("/v1/catalog/rules")
        again = await client.get("/v1/catalog/rules", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


async def test_regions_are_paged_and_cut_to_a_prefix(app: FastAPI, database: Database) -> None:
    rows = [("500105", "江北区"), ("500112", "渝北区"), ("500112", "江北县"), ("510104", "锦江区")]
    async with database.transaction() as session:
        for code, name in rows:
            await session.execute(
                text("INSERT INTO region VALUES (:code, :name, 'county', NULL, '201901', '202312')"),
                {"code": code, "name": name},
            )
        await raise_catalog_version(session)
    async with client_of(app) as client:
        found, query = [], {"limit": "2", "under": "50"}
        while True:
            page = (await client.get("/v1/catalog/regions", params=query)).json()
            found += [(item["code"], item["name"]) for item in page["items"]]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
    assert found == sorted(rows[:3])


async def test_rules_are_cut_to_a_kind(app: FastAPI, database: Database) -> None:
    async with database.transaction() as session:
        for rule, kind in (("R-1", "period"), ("D-1", "deadline")):
            await session.execute(
                text("INSERT INTO legal_rule VALUES (:id, :kind, '示例', 'unverified', NULL, NULL, '{\"a\": [1]}')"),
                {"id": rule, "kind": kind},
            )
    async with client_of(app) as client:
        page = (await client.get("/v1/catalog/rules?kind=deadline")).json()
        assert [(item["id"], item["body"]) for item in page["items"]] == [("D-1", {"a": [1]})]
        assert len((await client.get("/v1/catalog/rules")).json()["items"]) == 2


async def test_the_cache_reads_again_only_when_the_version_has_risen(database: Database) -> None:
    cache = CatalogCache(database)
    first = await cache.get()
    cache.expire()
    assert await cache.get() is first
    async with database.transaction() as session:
        await make_list(session)
        version = await raise_catalog_version(session)
    assert await cache.get() is first, "asked for at most once a second"
    cache.expire()
    again = await cache.get()
    assert (again.version, len(again.lists)) == (version, 1)


async def test_many_first_readers_read_the_catalogue_once(database: Database) -> None:
    cache = CatalogCache(database)
    catalogs = await asyncio.gather(*(cache.get() for _ in range(20)))
    assert all(catalog is catalogs[0] for catalog in catalogs)


async def test_two_who_add_the_same_list_at_once_are_told_apart(keeper: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(keeper.post("/v1/catalog/lists", json=examples.LIST) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

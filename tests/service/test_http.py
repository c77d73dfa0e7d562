import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI, Query
from sqlalchemy import text

from service.access.rules import Actor, Role
from service.db import Database, driver
from service.errors import Conflict
from service.http import (
    ActorDep,
    BadCursor,
    CatalogDep,
    Now,
    Page,
    ReadSessionDep,
    SessionDep,
    Today,
    cut_page,
    decode_cursor,
    encode_cursor,
    json_response,
    matches_etag,
    require,
)
from tests.clients import NOW, client_of, make_app, make_key

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


async def test_a_commit_that_fails_on_a_deferred_constraint_is_a_500_and_keeps_nothing(
    app: FastAPI, database: Database
) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE parent (id int PRIMARY KEY)"))
        await session.execute(text("CREATE TABLE child (id int REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"))

    @app.post("/orphans", status_code=201)
    async def add_orphan(session: SessionDep) -> str:
        await session.execute(text("INSERT INTO child VALUES (1)"))
        return "kept"

    async with client_of(app) as client:
        answer = await client.post("/orphans")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "child" not in answer.text
    async with database.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM child")) == 0


async def test_a_commit_on_a_killed_connection_is_a_503_that_says_what_is_not_known(
    app: FastAPI, database_url: str
) -> None:
    @app.post("/doomed", status_code=201)
    async def write_on_killed_connection(session: SessionDep) -> str:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        killer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await killer.execute("SELECT pg_terminate_backend($1)", pid)
        await killer.close()
        return "kept"

    async with client_of(app) as client:
        answer = await client.post("/doomed")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["code"] == "database_unavailable"
    assert "not known" in answer.json()["detail"]


async def test_a_write_is_committed_before_the_response_starts(app: FastAPI, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE note (id int)"))
    seen_at_start: list[int | None] = []

    @app.post("/notes", status_code=201)
    async def add_note(session: SessionDep) -> str:
        await session.execute(text("INSERT INTO note VALUES (1)"))
        return "kept"

    async def watched(scope: dict[str, object], receive: object, send: object) -> None:
        async def look_first(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                async with database.reading() as session:
                    seen_at_start.append(await session.scalar(text("SELECT count(*) FROM note")))
            await send(message)  # type: ignore[operator]  # the protocol's types are wider than what is used here

        await app(scope, receive, look_first)  # type: ignore[arg-type]  # likewise

    async with client_of(watched) as client:  # type: ignore[arg-type]  # any ASGI application will do
        assert (await client.post("/notes")).status_code == 201
    assert seen_at_start == [1]


async def test_a_read_session_cannot_write(app: FastAPI) -> None:
    @app.get("/sly")
    async def write_while_reading(session: ReadSessionDep) -> str:
        await session.execute(text("DELETE FROM change"))
        return "done"

    async with client_of(app) as client:
        answer = await client.get("/sly")
    assert answer.status_code == 500


async def test_an_unexpected_error_shows_nothing_of_the_inside(app: FastAPI) -> None:
    @app.get("/broken")
    async def fail() -> str:
        raise RuntimeError("the secret is 42")

    async with client_of(app) as client:
        answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "42" not in answer.text


async def test_a_refusal_becomes_a_problem_with_its_extra_members(app: FastAPI) -> None:
    @app.get("/refused")
    async def refuse() -> str:
        raise Conflict("Somebody was first.", code="already_taken", detail_zh="已被占用。", holder="x")

    async with client_of(app) as client:
        answer = await client.get("/refused")
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "/docs/problems#already_taken",
        "title": "Already taken",
        "status": 409,
        "code": "already_taken",
        "detail": "Somebody was first.",
        "detail_zh": "已被占用。",
        "instance": "/refused",
        "holder": "x",
    }


async def test_a_statement_that_takes_too_long_is_a_503(app: FastAPI) -> None:
    @app.get("/slow")
    async def sleep_long(session: ReadSessionDep) -> str:
        await session.execute(text("SET LOCAL statement_timeout = 20"))
        await session.execute(text("SELECT pg_sleep(5)"))
        return "done"

    async with client_of(app) as client:
        answer = await client.get("/slow")
    assert answer.status_code == 503


async def test_a_database_that_is_not_there_is_a_503_at_readyz_and_nothing_at_healthz() -> None:
    absent = Database("postgresql+asyncpg://xinyong@127.0.0.1:1/none", application="test")
    async with client_of(make_app(absent)) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        ready = await client.get("/readyz")
        listed = await client.get("/v1/catalog/lists")
    await absent.dispose()
    assert ready.status_code == listed.status_code == 503
    assert listed.json()["code"] == "database_unavailable"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "no_such_path"),
        ("GET", "/v1/catalog/lists/", 404, "no_such_path"),
        ("DELETE", "/v1/catalog/lists", 405, "method_not_allowed"),
        ("GET", "/v1/catalog/lists?limit=0", 422, "invalid_request"),
        ("GET", "/v1/catalog/lists?limit=ten", 422, "invalid_request"),
        ("GET", "/v1/catalog/lists?Limit=10", 422, "unknown_parameter"),
        ("GET", "/v1/catalog/lists?cursor=%F0%9F%98%80", 422, "bad_cursor"),
        ("GET", "/v1/changes", 401, "missing_key"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(
    app: FastAPI, method: str, path: str, status: int, code: str
) -> None:
    async with client_of(app) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/docs/problems#{code}"


async def test_the_refused_parameter_is_named_beside_the_known_ones(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get("/v1/catalog/regions?undre=50")
        method = await client.put("/v1/catalog/lists")
    assert answer.json()["parameters"] == ["undre"]
    assert "cursor, limit, under" in answer.json()["detail"]
    assert method.headers["allow"] == "GET, POST"


async def test_a_body_that_is_no_json_is_a_422_that_does_not_repeat_it(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.RULE_KEEPER)
    async with client_of(app, key=key) as client:
        answer = await client.post("/v1/catalog/lists", content=b'{"id": 13912345678', headers=JSON)
        other = await client.post("/v1/catalog/lists", content=b"id=13912345678")
        wrong = await client.post("/v1/catalog/lists", json={"id": "Übel 13912345678"})
    assert answer.status_code == wrong.status_code == 422
    assert answer.json()["code"] == "malformed_body"
    assert (other.status_code, other.json()["code"]) == (415, "not_json")
    assert "13912345678" not in answer.text + wrong.text + other.text
    assert {"where": "body.name", "problem": "Field required"} in wrong.json()["errors"]


async def test_a_body_that_states_too_great_a_length_is_refused_unread(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.post("/v1/catalog/lists", content=b" " * (2 * 1024**2 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.json()["limit"] == 2 * 1024**2


async def test_a_body_without_a_stated_length_is_refused_once_it_is_too_large(app: FastAPI) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * 1024**2:
            sent += 1024**2
            yield b" " * 1024**2

    async with client_of(app) as client:
        answer = await client.post("/v1/catalog/lists", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent < 10 * 1024**2


async def test_one_request_sees_one_instant_and_its_day_in_shanghai(app: FastAPI) -> None:
    @app.get("/instant")
    async def tell(now: Now, today: Today) -> dict[str, str]:
        return {"now": now.isoformat(), "today": today.isoformat()}

    async with client_of(app) as client:
        answer = await client.get("/instant")
    assert answer.json() == {"now": NOW.isoformat(), "today": "2026-11-24"}


async def test_more_readers_than_connections_are_all_served(database_url: str) -> None:
    small = Database(database_url, application="test", pool_size=2)
    key = await make_key(small, Role.PLATFORM)
    app = make_app(small)

    @app.get("/busy")
    async def read(session: ReadSessionDep, actor: ActorDep, catalog: CatalogDep) -> int:
        await session.execute(text("SELECT pg_sleep(0.01)"))
        return catalog.version + len(actor.roles)

    async with client_of(app, key=key) as client:
        answers = await asyncio.wait_for(asyncio.gather(*(client.get("/busy") for _ in range(40))), 60)
    await small.dispose()
    assert {answer.status_code for answer in answers} == {200}


async def test_roles_are_asked_for_by_name(app: FastAPI, database: Database) -> None:
    @app.get("/listers")
    async def greet(actor: Annotated[Actor, require(Role.LISTER, Role.REVIEWER)]) -> str:
        return actor.name

    auditor = await make_key(database, Role.AUDITOR)
    async with client_of(app, key=auditor) as client:
        refused = await client.get("/listers")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert "lister or reviewer" in refused.json()["detail"]


async def test_hidden_operations_are_not_asked_about_their_parameters(app: FastAPI) -> None:
    @app.get("/hidden", include_in_schema=False)
    async def echo(q: Annotated[str, Query()]) -> str:
        return q

    async with client_of(app) as client:
        assert (await client.get("/hidden?q=a&r=b")).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/problems"])
async def test_documentation_pages_need_no_other_host(app: FastAPI, path: str) -> None:
    async with client_of(app) as client:
        page = await client.get(path)
        assert page.status_code == 200
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text) == []
        for asset in re.findall(r"(?:src|href)=\"(/[^\"#]+)\"", page.text):
            assert (await client.get(asset)).status_code == 200


async def test_the_page_of_problems_has_an_anchor_for_each_code(app: FastAPI) -> None:
    async with client_of(app) as client:
        page = (await client.get("/docs/problems")).text
    for code in ("log_changed", "unknown_key", "no_legal_basis", "database_unavailable", "bad_cursor"):
        assert f'id="{code}"' in page


async def test_metrics_are_in_the_text_format(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "\nxinyong_log_head_position 0.0\n" in answer.text


ITEMS = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "x")]


def walk(items: Sequence[tuple[str, str]], limit: int) -> list[list[tuple[str, str]]]:
    pages, cursor = [], None
    while True:
        part, cursor = cut_page(
            items, Page(limit, None if cursor is None else decode_cursor(cursor)), lambda item: item
        )
        pages.append(list(part))
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_together_are_the_list_without_an_empty_last_one(limit: int) -> None:
    pages = walk(ITEMS, limit)
    assert [item for page in pages for item in page] == ITEMS
    assert all(pages)


def test_an_empty_list_is_one_empty_page() -> None:
    assert walk([], 10) == [[]]


@pytest.mark.parametrize("cursor", ["", "x", "!!", encode_cursor([])])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor)


@pytest.mark.parametrize(
    ("sent", "matches"),
    [
        (None, False),
        ('"7"', True),
        ('W/"7"', True),
        ('"6", "7"', True),
        ('"6"', False),
        ("*", True),
        ("7", False),
    ],
)
def test_etags_are_compared_weakly(sent: str | None, matches: bool) -> None:
    assert matches_etag(sent, '"7"') is matches


async def test_what_the_driver_gives_has_a_json_form(database: Database) -> None:
    async with database.reading() as session:
        connection = await driver(session)
        found = await connection.fetchval("SELECT '0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02'::uuid")
    assert type(found) is not UUID, "the driver gives the plain class: the fallback for its own can go"
    content = {
        "id": found,
        "day": date(2026, 11, 24),
        "at": datetime(2026, 11, 24, 4, tzinfo=UTC),
        "plain": UUID(int=1),
    }
    assert (
        json_response(content).body
        == b'{"id":"0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02","day":"2026-11-24","at":"2026-11-24T04:00:00+00:00",'
        b'"plain":"00000000-0000-0000-0000-000000000001"}'
    )


def test_what_has_no_json_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="object"):
        json_response({"thing": object()})

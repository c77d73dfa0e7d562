"""What every answer has in common: headers, languages, places, time, and the page that explains its code."""

import asyncio
import re
from typing import Any

import pytest
from fastapi import FastAPI, Response

from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.openapi import resolved
from service.problems import STATUS, TITLE_ZH, prefers_chinese
from service.settings import Settings
from tests.clients import NOW, at, client_of, make_app, make_key

HOME = "https://console.example"


def app_with(database: Database, **settings: Any) -> FastAPI:
    return create_app(Settings(**settings), database=database, clock=at(NOW))


@pytest.mark.parametrize(
    ("header", "chinese"),
    [
        ("", False),
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("en-GB,zh;q=0.5", False),
        ("zh-Hant", True),
        ("fr, zh;q=0.3", True),
        ("fr", False),
        ("*", False),
        ("zh;q=0", False),
        ("zh;q=2", False),
        ("en, zh", False),
        (", ;q=1, zh-", False),
    ],
)
def test_chinese_is_spoken_to_those_who_put_it_first(header: str, chinese: bool) -> None:
    assert prefers_chinese(header) is chinese


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "no_such_path"),
        ("DELETE", "/v1/catalog/lists", 405, "method_not_allowed"),
        ("GET", "/v1/catalog/lists?limit=0", 422, "invalid_request"),
        ("GET", "/v1/catalog/lists?page=2", 422, "unknown_parameter"),
        ("GET", "/v1/changes", 401, "missing_key"),
        ("POST", "/broken", 500, "internal_error"),
    ],
)
async def test_a_problem_speaks_the_language_that_is_asked_for_and_its_page_explains_it(
    database: Database, method: str, path: str, status: int, code: str
) -> None:
    app = make_app(database)

    @app.post("/broken")
    async def fail() -> None:
        raise ZeroDivisionError

    async with client_of(app) as client:
        english = await client.request(method, path)
        chinese = await client.request(method, path, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        page = await client.get("/docs/problems")
    for answer in (english, chinese):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json()["type"] == f"/docs/problems#{code}"
    assert english.headers["content-language"] == "en"
    assert re.fullmatch(r"[\x20-\x7e]+", english.json()["title"] + english.json()["detail"])
    assert chinese.headers["content-language"] == "zh"
    assert re.search(r"[\u4e00-\u9fff]", chinese.json()["title"])
    assert re.search(r"[\u4e00-\u9fff]", chinese.json()["detail"])
    assert f'id="{code}"' in page.text


def test_every_category_has_a_status_and_words() -> None:
    assert set(STATUS) == set(TITLE_ZH)
    assert len(set(STATUS.values())) == len(STATUS)


async def test_every_code_that_is_documented_has_its_place_on_the_page(database: Database) -> None:
    app = make_app(database)
    async with client_of(app) as client:
        page = (await client.get("/docs/problems")).text
        document = (await client.get("/openapi.json")).text
    codes = set(re.findall(r"/docs/problems#(\w+)", document))
    assert len(codes) > 40
    assert codes <= set(re.findall(r'id="(\w+)"', page))


def test_every_operation_documents_what_any_may_answer(database: Database) -> None:
    for path, operations in make_app(database).openapi()["paths"].items():
        for method, operation in operations.items():
            answers = set(operation["responses"])
            assert {"422", "429", "500", "503"} <= answers, f"{method} {path}"
            if "requestBody" in operation:
                assert {"408", "413"} <= answers, f"{method} {path}"


def test_every_body_refuses_members_that_are_not_documented(database: Database) -> None:
    document = make_app(database).openapi()
    schemas = document["components"]["schemas"]
    open_ones = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            for name in re.findall(r"#/components/schemas/(\w+)", str(content["schema"])):
                if schemas[name].get("type") == "object" and schemas[name].get("additionalProperties") is not False:
                    open_ones.add(f"{method} {path}: {name}")
    assert open_ones == set()


def test_every_page_has_at_most_a_thousand_items(database: Database) -> None:
    document = make_app(database).openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in (resolved(document, one) for one in operation.get("parameters", ())):
                if parameter["name"] == "limit":
                    assert parameter["schema"]["maximum"] <= 1000, path
                assert parameter["name"] not in {"page", "offset", "skip"}, path


#: Changes that overwrite nothing: a one-way move, which the state it starts from guards, a decision on a batch whose items name
#: their versions in the body, or a question.
WITHOUT_VERSION = (
    r"/v1/status(/batch)?",
    r"/v1/imports/.*/(resubmit|revert)",
    r"/v1/.*/(revoke|end|approve|refuse|confirm|block|unblock)",
    r"/v1/penalties/reviews(/bulk)?",
    r"/v1/redatings/decisions",
    r"/v1/source-conflicts/decisions(/undo)?",
    r"/v1/screenings/[^/]+(/cancel)?",
    r"/v1/completeness/comparison",
    r"/v1/.*/retry",
    r"/v1/webhooks/.*/(acknowledgements|replays|tests)",
    r"/v1/third-party-services/.*/(suspend|resume|settle)",
    r"/v1/notices/read",
)


def test_every_change_of_what_exists_names_the_version_it_changes(database: Database) -> None:
    without = []
    document = make_app(database).openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            makes = {"201", "202"} & set(operation["responses"])
            if method == "get" or (method == "post" and makes):
                continue
            parameters = [resolved(document, one) for one in operation.get("parameters", ())]
            names = {parameter["name"].lower() for parameter in parameters}
            if "if-match" not in names and not any(re.fullmatch(one, path) for one in WITHOUT_VERSION):
                without.append(f"{method.upper()} {path}")
            if "if-match" in names:
                assert {"412", "428"} <= set(operation["responses"]), path
    assert without == []


async def test_other_origins_are_told_nothing_unless_they_are_named(database: Database) -> None:
    ask = {"Origin": HOME, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    async with client_of(make_app(database)) as client:
        closed = await client.options("/v1/catalog/lists", headers=ask)
        plain = await client.get("/v1/catalog/lists", headers={"Origin": HOME})
    assert closed.status_code == 405
    assert not [name for name in (*closed.headers, *plain.headers) if name.startswith("access-control")]
    assert plain.headers["cross-origin-resource-policy"] == "same-origin"
    async with client_of(app_with(database, cors_origins=f"{HOME}, https://other.example")) as client:
        opened = await client.options("/v1/catalog/lists", headers=ask)
        plain = await client.get("/v1/catalog/lists", headers={"Origin": HOME})
        stranger = await client.get("/v1/catalog/lists", headers={"Origin": "https://evil.example"})
    assert (opened.status_code, opened.headers["access-control-allow-origin"]) == (200, HOME)
    assert plain.headers["access-control-allow-origin"] == HOME
    assert "access-control-allow-credentials" not in plain.headers
    assert "access-control-allow-origin" not in stranger.headers


async def test_more_requests_than_places_are_told_to_come_again(database: Database) -> None:
    app = app_with(database, max_in_flight=2)
    go_on = asyncio.Event()
    waiting = asyncio.Semaphore(0)

    @app.get("/waits")
    async def wait() -> str:
        waiting.release()
        await go_on.wait()
        return "done"

    async with client_of(app) as client:
        first = [asyncio.create_task(client.get("/waits")) for _ in range(2)]
        for _ in first:
            await waiting.acquire()
        third = await client.get("/v1/catalog/lists")
        assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (503, "overloaded", "1")
        assert (await client.get("/healthz")).status_code == 200
        go_on.set()
        assert [(await one).status_code for one in first] == [200, 200]
        assert (await client.get("/v1/catalog/lists")).status_code == 200


async def test_a_request_that_takes_too_long_is_ended_and_keeps_nothing(database: Database) -> None:
    app = app_with(database, request_timeout_s=0.05)
    ended = asyncio.Event()

    @app.get("/waits")
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with client_of(app) as client:
        answer = await client.get("/waits")
    assert (answer.status_code, answer.json()["code"]) == (503, "deadline_passed")
    assert answer.headers["retry-after"] == "5"
    assert ended.is_set()


async def test_a_body_of_another_type_is_a_415_and_an_unclear_one_is_refused(database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as client:
        for content_type, body, status, code in [
            ("text/plain", b'{"codes": []}', 415, "not_json"),
            ("application/xml", b"<a/>", 415, "not_json"),
            ("application/json", b'{"codes": [], "codes": ["x"]}', 422, "malformed_body"),
            ("application/json", b'{"codes": ["\\u0000"]}', 422, "malformed_body"),
            ("application/json", b'{"codes": [' + b"[" * 5000 + b"]" * 5000 + b"]}", 422, "malformed_body"),
            ("application/json", b"\xff", 422, "malformed_body"),
            ("application/json; charset=utf-8", b'{"codes": []}', 200, None),
            ("application/json", b'{"codes": [], "more": 1}', 422, "invalid_request"),
        ]:
            answer = await client.post("/v1/status/batch", content=body, headers={"Content-Type": content_type})
            assert (answer.status_code, answer.json().get("code")) == (status, code), body[:40]


async def test_a_code_written_wide_is_the_same_key(database: Database) -> None:
    async with client_of(make_app(database)) as client:
        plain = await client.get("/v1/status/91500000XY0000012K")
        wide = await client.get("/v1/status/９１５０００００ＸＹ０００００１２Ｋ")
    assert plain.status_code == wide.status_code == 200
    assert plain.json()["uscc"] == wide.json()["uscc"] == "91500000XY0000012K"


async def test_the_documentation_runs_only_the_scripts_that_are_written_into_it(database: Database) -> None:
    async with client_of(make_app(database)) as client:
        page = await client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]


async def test_what_is_not_whole_is_never_stored_by_a_cache(database: Database) -> None:
    app = make_app(database)

    @app.get("/tagged")
    async def tagged() -> Response:
        return Response("x", headers={"ETag": '"1"'})

    async with client_of(app) as client:
        assert (await client.get("/healthz")).headers["cache-control"] == "no-store"
        assert (await client.get("/tagged")).headers["cache-control"] == "no-cache"

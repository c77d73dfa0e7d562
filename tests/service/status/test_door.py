"""The door of this room: the same answers with and without a store, in headers, problems and audit too."""

import random
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.access.rules import Role
from service.db import Database
from service.settings import Settings
from service.store.files import store_folder
from tests.clients import client_of, make_app, make_key
from tests.factories import make_uscc, number_changes
from tests.service.store.support import World, led_on

UNKNOWN = make_uscc()


def requests_of(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    """Questions of every kind: plain, odd, wrong, too many, with and without parameters."""
    first, second, third = world.codes[:3]
    gets = [
        *(f"/v1/status/{code}" for code in [*world.codes, UNKNOWN]),
        *(f"/v1/status/{first}?{query}" for query in ("after_position=1", "after_position=-1", "as_of=2026-11-24")),
        *(f"/v1/status/{first}?{query}" for query in ("known_at=soon", "asof=1", "as_of=" + "1" * 50, "as_of=%00")),
        *(
            f"/v1/status/{code}"
            for code in (second.lower(), f"%20{second}", "x", "batch", first[:-1], "%00" * 18, "1" * 300)
        ),
        f"/v1/status/{first}/x",
        "/v1/status",
        "/v1/status/",
    ]
    bodies: list[Any] = [
        {"uscc": first},
        {"uscc": first, "name": "重庆星屿商行"},
        {"uscc": third, "name": "别家有限公司"},
        {"uscc": third.lower()},
        {"uscc": 7},
        {"uscc": first, "more": 1},
        [],
    ]
    batches: list[Any] = [
        {"codes": world.codes},
        {"codes": [first, first, "x", None, second.lower(), UNKNOWN]},
        {"codes": []},
        {"codes": "x"},
        {},
        {"codes": ["x"] * 10_001},
    ]
    return [
        *(("GET", path, {}) for path in gets),
        ("GET", f"/v1/status/{first}", {"headers": {"If-None-Match": "*"}}),
        ("GET", f"/v1/status/{first}", {"headers": {"Accept-Language": "zh", "X-Request-ID": "asked-by-me-1"}}),
        *(("POST", "/v1/status", {"json": body}) for body in bodies),
        *(("POST", "/v1/status/batch", {"json": body}) for body in batches),
        ("POST", "/v1/status/batch?after_position=1", {"json": {"codes": [first]}}),
        ("POST", "/v1/status/batch?limit=1", {"json": {"codes": [first]}}),
        ("POST", "/v1/status", {"content": b"{"}),
        (
            "POST",
            "/v1/status",
            {"content": b'{"uscc":"x","uscc":"y"}', "headers": {"Content-Type": "application/json"}},
        ),
        ("POST", "/v1/status", {"content": b"uscc=x", "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/v1/status", {}),
        ("POST", "/v1/status/batch", {"content": b" " * (2 * 1024**2 + 1)}),
        ("DELETE", f"/v1/status/{first}", {}),
        ("PUT", "/v1/status", {}),
    ]


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    assert answer.headers["x-request-id"]
    return answer.status_code, headers, answer.content


@pytest.fixture
async def world(database: Database) -> World:
    made = World(random.Random(3))  # noqa: S311 - what happens in a test, no secret
    async with database.transaction() as session:
        await made.begin(session)
        for _ in range(60):
            await made.step(session)
        await number_changes(session)
    return made


async def test_every_request_is_answered_alike_with_and_without_a_store(
    database: Database, world: World, tmp_path: Path
) -> None:
    key = await make_key(database, Role.PLATFORM)
    with_store = Settings(data_dir=tmp_path / "with", max_staleness=60)
    apps = [make_app(database, settings=one) for one in (with_store, Settings(data_dir=tmp_path / "without"))]
    for asked_with in (None, key, "xy_" + "0" * 49):
        async with client_of(apps[0], key=asked_with) as stored, client_of(apps[1], key=asked_with) as plain:
            await led_on(database, store_folder(with_store))
            for method, path, given in requests_of(world):
                answer = await stored.request(method, path, **given)
                assert told(answer) == told(await plain.request(method, path, **given)), (method, path, given)
                assert answer.status_code < 500
    counts = [app.state.status_store.counts for app in apps]
    assert counts[0]["store"] > 100
    assert counts[0]["database"] <= 2 * 3  # nothing but positions and keys read first is asked of the database
    assert counts[1]["store"] == 0
    for app in apps:
        await app.state.access.close()
        app.state.status_store.close()
    async with database.reading() as session:
        rows = await session.execute(
            text(
                "SELECT operation, kind, outcome, uscc, entry_count, digest FROM audit_entry ORDER BY operation, kind, outcome, uscc, digest"
            )
        )
        entries = [tuple(row) for row in rows]
    # Each request left the same entry by both ways.
    assert len(entries) > 100
    assert entries[::2] == entries[1::2]


async def test_a_position_that_the_log_has_not_reached_is_waited_for_and_then_refused(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.status.actions.LONGEST_WAIT", 0.2)
    async with client_of(make_app(database)) as client:
        answer = await client.get(f"/v1/status/{world.codes[0]}?after_position=99999")
        assert (answer.status_code, answer.json()["code"]) == (409, "position_not_reached")
        assert "retry-after" in answer.headers

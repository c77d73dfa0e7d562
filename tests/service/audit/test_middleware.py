"""Every answer that needs an entry has one, committed before it leaves."""

import asyncio
import getpass
import os
import sys
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import text

from service.access.rules import Role
from service.app import ROUTERS
from service.audit.packing import unpack_codes
from service.audit.rules import Audited, audited_as
from service.audit.writer import AuditWriter
from service.db import Database
from service.http import SessionDep, _open_late_session, _open_session
from service.idempotency.http import _open_creating_catalog_session, _open_creating_session
from service.settings import Settings
from tests.clients import FOLDER, NOW, client_of, make_app, make_key
from tests.conftest import ROOT
from tests.factories import make_authority, make_penalty, make_registration, make_uscc, number_changes

USCC = make_uscc()
STATUS = f"/v1/status/{USCC}"
REGISTRATION = {"name": "重庆星屿贸易有限公司", "registration_status": "active", "division_code": "500105"}


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


async def entries(database: Database) -> list[Any]:
    async with database.reading() as session:
        return list(await session.execute(text("SELECT * FROM audit_entry ORDER BY at, id")))


async def test_an_answer_to_a_key_is_an_entry_with_who_what_why(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.PLATFORM, name="shop")
    async with client_of(app, key=key) as client:
        headers = {"Request-Purpose": quote("商户入驻"), "X-Request-ID": "from-the-proxy-1"}
        answer = await client.get(STATUS, headers=headers)
    assert answer.headers["x-request-id"] == "from-the-proxy-1"
    (entry,) = await entries(database)
    assert (entry.kind, entry.operation, entry.outcome) == ("read", "GET /v1/status/{uscc}", "ok")
    assert (entry.actor_kind, entry.actor_name, entry.roles, entry.authority_code) == ("key", "shop", "platform", None)
    assert (entry.uscc, entry.purpose, entry.request_id, entry.at) == (USCC, "商户入驻", "from-the-proxy-1", NOW)


async def test_the_entry_is_committed_before_the_first_byte_leaves(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    seen: list[tuple[str, int]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        seen.append((message["type"], len(await entries(database))))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": STATUS, "raw_path": STATUS.encode(), "query_string": b"", "root_path": "", "client": ("test", 1),
        "server": ("test", 80), "headers": [(b"authorization", f"Bearer {key}".encode())],
    }  # fmt: skip
    await app(scope, receive, send)
    assert seen[0] == ("http.response.start", 1)


async def test_the_public_is_counted_and_not_listed(app: FastAPI, database: Database) -> None:
    async with client_of(app) as client:
        for _ in range(3):
            assert (await client.get(STATUS)).status_code == 200
        await client.get("/v1/status/nonsense")
        await client.get("/healthz")
    assert await entries(database) == []
    writer: AuditWriter = app.state.audit_writer
    assert writer.counts == {"GET /v1/status/{uscc}": 3}


async def test_refusals_are_entries_with_their_code(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(app) as stranger, client_of(app, key=key) as platform:
        await stranger.get(f"/v1/subjects/{USCC}")
        await platform.put(f"/v1/subjects/{USCC}", json=REGISTRATION)
        await platform.get("/v1/status/nonsense")
        await platform.get("/nothing/here")
    refused = {(one.operation, one.outcome, one.actor_kind) for one in await entries(database)}
    assert {one.kind for one in await entries(database)} == {"refusal"}
    assert refused >= {
        ("GET /v1/subjects/{uscc}", "missing_key", "anonymous"),
        ("PUT /v1/subjects/{uscc}", "role_missing", "key"),
        ("GET /v1/status/{uscc}", "malformed_uscc", "key"),
    }


async def test_a_write_and_its_entry_are_one_transaction(app: FastAPI, database: Database) -> None:
    @app.post("/orphans", status_code=201)
    async def add_orphan(session: SessionDep, fail: bool = False) -> str:
        await session.execute(text("INSERT INTO child VALUES (CASE WHEN :fail THEN 1 END)"), {"fail": fail})
        return "kept"

    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE parent (id int PRIMARY KEY)"))
        await session.execute(text("CREATE TABLE child (id int REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"))
    async with client_of(app) as client:
        assert (await client.post("/orphans")).status_code == 201
        assert (await client.post("/orphans?fail=true")).status_code == 500
    (entry,) = await entries(database)
    assert (entry.kind, entry.operation, entry.outcome) == ("write", "POST /orphans", "ok")
    async with database.reading() as session:
        same = await session.scalar(text("SELECT c.xmin = e.xmin FROM child c, audit_entry e"))
    assert same


async def test_a_batch_is_one_entry_with_its_codes_packed(app: FastAPI, database: Database) -> None:
    codes = [make_uscc() for _ in range(200)] + ["11010519491231002X"]
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as client:
        assert (await client.post("/v1/status/batch", json={"codes": codes})).status_code == 200
        assert (await client.post("/v1/status", json={"uscc": USCC})).status_code == 200
    batch, single = await entries(database)
    assert (batch.kind, batch.entry_count, single.kind, single.uscc) == ("answer", 201, "answer", USCC)
    assert unpack_codes(batch.codes) == [*codes[:-1], "11010519"]


async def test_whose_unpublished_records_a_file_showed_is_kept(app: FastAPI, database: Database) -> None:
    async with database.transaction() as session:
        await make_authority(session, "district")
        await make_authority(session, "other")
        await make_registration(session, USCC)
        await make_penalty(session, USCC, state="draft", authority_code="district")
        await make_penalty(session, USCC, authority_code="other", document_no="渝示罚〔2026〕13号")
        await number_changes(session)
    for role in (Role.AUDITOR, Role.PLATFORM):
        async with client_of(app, key=await make_key(database, role, name=role.value)) as client:
            assert (await client.get(f"/v1/subjects/{USCC}/credit-file")).status_code == 200
    owners = {entry.actor_name: entry.owners for entry in await entries(database)}
    assert owners == {"auditor": ["district"], "platform": None}


async def test_without_the_audit_no_answer_leaves(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with database.transaction() as session:
        await session.execute(text("ALTER TABLE audit_entry RENAME TO gone"))
    async with client_of(app, key=key) as client:
        refused = await client.get(STATUS)
        async with database.transaction() as session:
            await session.execute(text("ALTER TABLE gone RENAME TO audit_entry"))
        again = await client.get(STATUS)
    assert (refused.status_code, refused.json()["code"]) == (503, "audit_unavailable")
    assert "outcome" not in refused.text
    assert refused.headers["retry-after"]
    assert again.status_code == 200


async def test_in_grouped_mode_the_answer_does_not_wait(database: Database) -> None:
    app = make_app(database, settings=Settings(audit="grouped", data_dir=FOLDER))
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as client:
        assert (await client.get(STATUS)).status_code == 200
    await app.state.audit_writer.drained()
    assert len(await entries(database)) == 1


async def test_the_answers_of_a_crowd_share_their_commits(app: FastAPI, database: Database) -> None:
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as client:
        answers = await asyncio.gather(*(client.get(STATUS) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await entries(database)) == 60
    async with database.reading() as session:
        commits = await session.scalar(text("SELECT count(*) FROM audit_pending"))
        queued = await session.scalar(text("SELECT sum(cardinality(entry_ids)) FROM audit_pending"))
    assert commits < 60
    assert queued == 60


async def test_a_request_is_known_by_its_id_inside_the_database(app: FastAPI, database: Database) -> None:
    @app.post("/name")
    async def say_name(session: SessionDep) -> str:
        return str(await session.scalar(text("SELECT current_setting('application_name')")))

    async with client_of(app) as client:
        answer = await client.post("/name", headers={"X-Request-ID": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"})
    assert answer.json() == "xinyong 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"
    async with database.reading() as session:
        assert await session.scalar(text("SELECT current_setting('application_name')")) == "test"


SESSIONS = (_open_session, _open_late_session, _open_creating_session, _open_creating_catalog_session)
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def uses(dependant: Any, *calls: object) -> bool:
    return dependant.call in calls or any(uses(one, *calls) for one in dependant.dependencies)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{','.join(sorted(route.methods))} {route.path}")
def test_every_route_that_writes_has_its_entry_in_its_own_transaction(route: APIRoute) -> None:
    (method,) = sorted(route.methods or {""})
    writes = audited_as(route.endpoint, method) is Audited.WRITES
    assert uses(route.dependant, *SESSIONS) == writes, (
        f"{method} {route.path}: a route that changes something takes a session of `service.http`, and a question that comes"
        " by POST says `@audited(Audited.ANSWERS)`"
    )


async def test_what_an_operator_changes_by_command_is_an_entry_too(database: Database, database_url: str) -> None:
    command = "from service.cli import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, "keys", "create", "--name", "shop", "--role", "platform", cwd=ROOT,
        env={**os.environ, "XINYONG_DATABASE_URL": database_url, "XINYONG_DATA_DIR": str(FOLDER)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert out.startswith(b"xy_")
    (entry,) = await entries(database)
    assert (entry.kind, entry.operation, entry.actor_kind) == ("write", "xinyong keys create", "operator")
    assert entry.actor_name == getpass.getuser()

"""Signing in and out, who is let in to which page, and what a form must carry, over the real application."""

import re
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy import select

from service.access.declared import operations_of
from service.access.rules import Role
from service.access.sessions.rules import LIFE, is_console
from service.db import Database
from service.models import AuditEntry, BrowserSession
from tests.clients import NOW, client_of, make_key
from tests.offices import open_offices
from tests.service.console.support import form_token, sign_in, visitor

HTML = {"Accept": "text/html"}


async def test_a_key_becomes_a_cookie_that_scripts_do_not_see_and_the_database_does_not_hold(
    database: Database,
) -> None:
    async with open_offices(database) as offices, visitor(offices.app) as client:
        key = await make_key(database, Role.RECORDER, authority_code="district", name="录入员甲")
        asked = await client.get("/console?x=1")
        assert (asked.status_code, asked.headers["location"]) == (303, "/console/sign-in?to=%2Fconsole%3Fx%3D1")
        door = await client.get(asked.headers["location"])
        assert door.status_code == 200
        wrong = await sign_in(client, key[:-1] + ("0" if key[-1] != "0" else "1"))
        assert wrong.status_code == 401
        assert "密钥格式有误" in wrong.text
        opened = await sign_in(client, key, to="/console?x=1")
        assert (opened.status_code, opened.headers["location"]) == (303, "/console?x=1")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        page = await client.get("/console")
        assert page.status_code == 200
        assert "录入员甲" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        english = await client.get("/en/console")
        assert "Sign out" in english.text
        token = client.cookies["xinyong_console"]
        async with database.reading() as session:
            stored = (await session.scalars(select(BrowserSession))).one()
            assert token.encode() not in stored.token_hash
            entries = (
                await session.execute(select(AuditEntry.operation, AuditEntry.outcome, AuditEntry.actor_name))
            ).all()
        assert ("POST /console/sign-in", "malformed_key", None) in entries
        assert ("POST /console/sign-in", "ok", "录入员甲") in entries
        assert ("GET /console", "ok", "录入员甲") in entries
        # The cookie opens the console and nothing else, and a key in the header nothing there.
        assert (await client.get("/v1/me")).status_code == 401
        assert (await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
        async with client_of(offices.app, key=key) as by_header:
            assert (await by_header.get("/console", headers=HTML)).status_code == 303


async def test_over_https_the_cookie_is_bound_to_this_host(database: Database) -> None:
    async with open_offices(database) as offices, visitor(offices.app) as client:
        key = await make_key(database, Role.RECORDER, authority_code="district")
        client.base_url = "https://xinyong.test"
        opened = await sign_in(client, key)
        assert opened.headers["set-cookie"].startswith("__Host-xinyong_console=")
        assert "Secure" in opened.headers["set-cookie"]
        assert "Path=/" in opened.headers["set-cookie"]
        assert (await client.get("/console")).status_code == 200


async def test_a_sign_in_ends_by_hand_by_time_and_with_its_key(database: Database) -> None:
    async with open_offices(database) as offices, AsyncExitStack() as stack:
        administrator = await offices.hire(Role.ADMINISTRATOR)
        key = await make_key(database, Role.RECORDER, authority_code="district")

        async def signed_in() -> AsyncClient:
            client = await stack.enter_async_context(visitor(offices.app))
            assert (await sign_in(client, key)).status_code == 303
            return client

        one, two, three = [await signed_in() for _ in range(3)]
        token = one.cookies["xinyong_console"]
        foreign = await one.post("/console/sign-out")
        assert foreign.status_code == 303
        one.cookies.set("xinyong_console", token)
        assert (await one.get("/console")).status_code == 303
        assert (await two.get("/console")).status_code == 200
        offices.now = NOW + LIFE - timedelta(seconds=1)
        assert (await two.get("/console")).status_code == 200
        offices.now = NOW + LIFE
        assert (await two.get("/console")).status_code == 303
        offices.now = NOW
        assert (await three.get("/console")).status_code == 200
        keys = (await administrator.get("/v1/keys")).json()["items"]
        mine: Any = next(item for item in keys if item["hint"] == key[:7])
        assert (await administrator.post(f"/v1/keys/{mine['id']}/revoke")).status_code < 300
        assert (await three.get("/console")).status_code == 303


async def test_what_was_typed_outlives_the_sign_in(database: Database) -> None:
    async with open_offices(database) as offices, visitor(offices.app) as client:
        key = await make_key(database, Role.RECORDER, authority_code="district")
        lost = await client.post("/console/penalties/new", data={"party_name": "<b>星屿</b>", "form": "x" * 64})
        assert lost.status_code == 401
        assert 'name="kept-party_name" value="&lt;b&gt;星屿&lt;/b&gt;"' in lost.text
        again = await sign_in(client, key, to="/console/penalties/new", **{"kept-party_name": "<b>星屿</b>"})
        assert again.status_code == 200
        assert 'action="/console/penalties/new"' in again.text
        assert 'name="party_name" value="&lt;b&gt;星屿&lt;/b&gt;"' in again.text
        form_token(again)


async def test_no_link_leads_from_the_sign_in_to_another_site(database: Database) -> None:
    async with open_offices(database) as offices, visitor(offices.app) as client:
        key = await make_key(database, Role.RECORDER, authority_code="district")
        for to in (
            "https://evil.test/console",
            "//evil.test/console",
            "/\\evil.test",
            "/console/../x\\y",
            "/v1/me",
            "",
        ):
            opened = await sign_in(client, key, to=to)
            assert (opened.status_code, opened.headers["location"]) == (303, "/console"), to
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):
            foreign = await client.post("/console/sign-in", data={"key": key}, headers=headers)
            assert foreign.status_code == 403


async def test_every_page_lets_in_the_roles_it_declares_and_nobody_else(database: Database) -> None:
    async with open_offices(database) as offices, AsyncExitStack() as stack:
        nobody = await stack.enter_async_context(visitor(offices.app))
        people, tokens = {}, {}
        for role in Role:
            key = await make_key(database, role, authority_code="district")
            people[role] = await stack.enter_async_context(visitor(offices.app))
            await sign_in(people[role], key)
            tokens[role] = form_token(await people[role].get("/console"))
        wrong: list[tuple[object, ...]] = []
        for one in operations_of(offices.app):
            if not is_console(one.path) or one.path.startswith("/en/"):
                continue
            assert one.access is not None
            if one.access.is_public:
                assert "/sign-" in one.path
                continue
            path = re.sub(r"{\w*uscc}", "91500000XY0000012K", one.path)
            path = re.sub(r"{\w*id}", "01890000-0000-7000-8000-000000000000", path)
            path = re.sub(r"{\w+}", "x", path)
            posts = one.method == "POST"
            stranger = await nobody.request(one.method, path, data={"a": "b"} if posts else None)
            if stranger.status_code != (401 if posts else 303):
                wrong.append((one.method, path, None, stranger.status_code))
            if posts:
                admitted = next(client for role, client in people.items() if one.access.admits(role))
                if (await admitted.post(path, data={"form": "0" * 64})).status_code != 403:
                    wrong.append((one.method, path, "a foreign form"))
            for role, client in people.items():
                answer = await client.request(one.method, path, data={"form": tokens[role]} if posts else None)
                if answer.status_code >= 500 or (answer.status_code == 403) is one.access.admits(role):
                    wrong.append((one.method, path, role, answer.status_code))
        assert wrong == []

"""Signing in at the issuer of one's office, over the real application and an issuer that runs as a process of its own."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from service.access.oidc.rules import BadOidcFile
from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.models import AuditEntry, BrowserSession
from service.settings import Settings
from tests.clients import FOLDER, NOW, client_of, make_key
from tests.issuer import SECRET, Issuer, running_issuer
from tests.service.console.support import DECISION, FIRM, form_token, make_office, points_of, typed, visitor

SITE = "https://xinyong.test"
CONFIG = """
[[issuer]]
issuer = "{address}"
audience = "xinyong-api"

[issuer.console]
client_id = "xinyong console"
client_secret_file = "{secret}"
name = "星城统一身份认证"

[[issuer.grant]]
claim = "groups"
value = "reviewers"
role = "reviewer"
authority_claim = "department"
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


def settings_for(issuer: Issuer, folder: Path, **more: Any) -> Settings:
    """Return settings of a service at which the people of an issuer sign in."""
    (folder / "secret").write_text(SECRET + "\n", "utf-8")
    (folder / "oidc.toml").write_text(CONFIG.format(address=issuer.address, secret=folder / "secret"), "utf-8")
    return Settings(data_dir=FOLDER, oidc_config=folder / "oidc.toml", **({"site_url": SITE} | more))


class Door:
    """The application with people who sign in at the issuer, at a time of the test's choosing."""

    def __init__(self, database: Database, issuer: Issuer, folder: Path) -> None:
        self.issuer, self.now = issuer, NOW
        self.app = create_app(settings_for(issuer, folder), database=database, clock=lambda: self.now)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[AsyncClient]:
        async with visitor(self.app) as client:
            client.base_url = SITE
            yield client

    def person(self, *, refuses: str = "", **changes: Any) -> None:
        """Say who sits before the issuer's page, and what of the ID tokens is not as it should be."""
        usual = {
            "iss": self.issuer.address, "sub": "officer-7", "name": "审核员甲", "groups": ["reviewers"],
            "department": "cq-market-regulation", "iat": int(self.now.timestamp()),
            "exp": int((self.now + timedelta(minutes=5)).timestamp()), "auth_time": int(self.now.timestamp()),
        }  # fmt: skip
        self.issuer.ask("/person", claims=usual | changes, refuses=refuses)

    async def begin(self, client: AsyncClient, path: str = "/console/sign-in/oidc") -> str:
        """Go to the issuer; returns the address of its page."""
        led = await client.get(path)
        assert led.status_code == 303, led.text
        assert "SameSite=strict" in led.headers["set-cookie"]
        return led.headers["location"]

    async def come_back(self, client: AsyncClient, address: str) -> Response:
        """Follow the issuer's answer: the page in between, then what it leads to."""
        between = await client.get(address.removeprefix(SITE))
        assert between.status_code == 200
        (onward,) = re.findall(r'<meta http-equiv="refresh" content="0;url=([^"]*)"', between.text)
        return await client.get(onward.replace("&amp;", "&"))

    async def enter(self, client: AsyncClient, path: str = "/console/sign-in/oidc", **changes: Any) -> Response:
        self.person(**changes)
        return await self.come_back(client, self.issuer.approve(await self.begin(client, path)))


async def test_who_signs_in_at_the_issuer_works_publishes_and_signs_out(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await make_office(session)
    door = Door(database, issuer, tmp_path)
    key = await make_key(database, Role.RECORDER, authority_code="cq-market-regulation")
    async with door.browser() as client, client_of(door.app, key=key) as recorder:
        page = await client.get("/console/sign-in?to=/console/penalties")
        assert "通过星城统一身份认证登录" in page.text
        (link,) = re.findall(r'href="(/console/sign-in/oidc\?door=0&amp;to=[^"]*)"', page.text)
        address = await door.begin(client, link.replace("&amp;", "&"))
        asked = parse_qs(urlsplit(address).query)
        assert asked["redirect_uri"] == [f"{SITE}/console/sign-in/oidc/back"]
        assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["openid profile"])
        assert "prompt" not in asked
        door.person()
        back = issuer.approve(address)
        entered = await door.come_back(client, back)
        assert (entered.status_code, entered.headers["location"]) == (303, "/console/penalties")
        cookies = entered.headers.get_list("set-cookie")
        assert any(one.startswith("__Host-xinyong_console=") and "SameSite=strict" in one for one in cookies)
        home = await client.get("/console")
        assert "审核员甲" in home.text
        assert "审核员" in home.text
        # The same answer once more opens nothing: its attempt is over.
        replayed = await door.come_back(client, back)
        assert replayed.status_code == 403
        assert "已使用过" in replayed.text

        # What a colleague recorded is approved and published; for that the issuer is asked again.
        content = {name: value for name, value in DECISION.items() if name not in {"uscc", "fine", "confiscation"}}
        made = await recorder.post(
            f"/v1/subjects/{FIRM}/penalties", json=content | {"fine_fen": 500_000, "confiscation_fen": 80_000}
        )
        assert made.status_code == 201, made.text
        record = f"/v1/subjects/{FIRM}/penalties/{made.json()['id']}"
        sent = await recorder.post(f"{record}/submit", json={}, headers={"If-Match": made.headers["etag"]})
        assert sent.status_code == 200, sent.text
        mine = f"/console/penalties/{FIRM}/{made.json()['id']}"
        review = await client.get(f"{mine}/approve")
        notes = dict.fromkeys(re.findall(r'name="(note-[a-z_]+)"', review.text), "已核对")
        approved = await client.post(f"{mine}/approve", data=typed(review) | {"signed": points_of(review)} | notes)
        assert approved.status_code == 303, approved.text
        form = await client.get(f"{mine}/publish")
        assert 'name="key"' not in form.text
        assert '/console/sign-in/oidc/confirm" target="_blank"' in form.text
        first = await client.post(f"{mine}/publish", data=typed(form))
        assert first.status_code == 403
        assert "再次确认是您本人" in first.text
        confirm = "/console/sign-in/oidc/confirm"
        again = parse_qs(urlsplit(await door.begin(client, confirm)).query)
        assert (again["prompt"], again["max_age"]) == (["login"], ["0"])
        old = int((NOW - timedelta(minutes=10)).timestamp())
        for changes, words in (
            ({"auth_time": old}, "没有重新验证您的身份"),
            ({"auth_time": None}, "auth_time"),
            ({"sub": "officer-8"}, "不是同一人"),
        ):
            refused = await door.enter(client, confirm, **changes)
            assert refused.status_code in {401, 403}
            assert words in refused.text
            assert (await client.post(f"{mine}/publish", data=typed(form))).status_code == 403
        confirmed = await door.enter(client, confirm)
        assert confirmed.status_code == 200
        assert "已确认是您本人" in confirmed.text
        door.now = NOW + timedelta(minutes=5, seconds=1)
        assert (await client.post(f"{mine}/publish", data=typed(form))).status_code == 403
        door.now = NOW + timedelta(minutes=5)
        published = await client.post(f"{mine}/publish", data=typed(form))
        assert published.status_code == 303, published.text
        assert (await recorder.get(record)).json()["state"] == "published"

        left = await client.post("/console/sign-out", data={"form": form_token(home)})
        assert left.headers["location"] == "/console/sign-in?out=0"
        assert "同时退出星城统一身份认证" in (await client.get("/console/sign-in?out=0")).text
        out = await client.get("/console/sign-in/oidc/out?door=0")
        assert out.headers["location"].startswith(f"{issuer.address}/out?client_id=xinyong+console&post_logout")
        assert (await client.get("/console")).status_code == 303
    async with database.reading() as session:
        entries = (await session.execute(select(AuditEntry.operation, AuditEntry.outcome, AuditEntry.actor_name))).all()
        stored = (await session.scalars(select(BrowserSession))).one()
    assert ("GET /console/sign-in/oidc/finish", "ok", "审核员甲") in entries
    assert ("GET /console/sign-in/oidc/finish", "foreign_answer", "审核员甲") in entries
    assert (stored.key_id, stored.issuer) == (None, issuer.address)


async def test_an_answer_that_is_not_to_be_believed_lets_nobody_in_and_says_why(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    door = Door(database, issuer, tmp_path)
    ended = int((NOW - timedelta(minutes=2)).timestamp())
    async with door.browser() as client, door.browser() as other:
        for changes, status, words in (
            ({"nonce": "another"}, 401, "不是对本次登录的答复"),
            ({"nonce": None}, 401, "不是对本次登录的答复"),
            ({"aud": "others"}, 401, "令牌无效"),
            ({"aud": "xinyong-api"}, 401, "令牌无效"),
            ({"aud": ["xinyong console", "others"], "azp": "others"}, 401, "不是签发给本系统的"),
            ({"iss": "https://sso.example"}, 403, "答复来自另一个认证系统"),
            ({"iss": ""}, 403, "未说明来自哪个认证系统"),
            ({"exp": ended}, 401, "令牌已过有效期"),
            ({"sub": None}, 401, "令牌无效"),
            ({"refuses": "access_denied"}, 403, "统一身份认证未通过"),
        ):
            refused = await door.enter(client, **changes)
            assert (refused.status_code, words in refused.text) == (status, True), (changes, refused.text)
            assert "xinyong_console" not in client.cookies
        english = await door.enter(client, "/en/console/sign-in/oidc", refuses="access_denied")
        assert "The issuer did not let you in (access_denied)" in english.text

        # An answer counts in the browser that asked, once, in time, and with the verifier of its attempt.
        door.person()
        back = issuer.approve(await door.begin(client))
        assert "不属于本浏览器发起的登录" in (await door.come_back(other, back)).text
        await door.begin(other)
        assert "不属于本浏览器发起的登录" in (await door.come_back(other, back)).text
        wrong = re.sub(r"state=[^&]*", "state=zh-other", back)
        assert (await door.come_back(client, wrong)).status_code == 403
        late = issuer.approve(await door.begin(client))
        door.now = NOW + timedelta(minutes=10, seconds=1)
        assert "登录用时超过十分钟" in (await door.come_back(client, late)).text
        door.now = NOW
        used = issuer.approve(await door.begin(client))
        cookie = client.cookies["__Host-xinyong_sign_in"]
        assert (await door.come_back(client, used)).status_code == 303
        other.cookies.clear()
        other.cookies.set("__Host-xinyong_sign_in", cookie)
        replayed = await door.come_back(other, used)
        assert replayed.status_code == 403
        assert "不接受此授权码" in replayed.text
        other.cookies.clear()
        stolen = issuer.approve(await door.begin(client))
        state = parse_qs(urlsplit(await door.begin(other)).query)["state"][0]
        code = parse_qs(urlsplit(stolen).query)["code"][0]
        swapped = f"/console/sign-in/oidc/finish?code={code}&state={state}&iss={issuer.address}"
        assert "不接受此授权码" in (await other.get(swapped)).text
        for nonsense in ("x", "e30", "W10"):
            other.cookies.clear()
            other.cookies.set("__Host-xinyong_sign_in", nonsense)
            assert (await other.get(swapped)).status_code == 403
        assert (await other.get("/console/sign-in/oidc?door=7")).status_code == 404


async def test_a_sign_in_ends_with_its_holder_and_its_issuer_and_keeps_what_was_typed(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await make_office(session)
    door = Door(database, issuer, tmp_path)
    async with door.browser() as client:
        # A form that outlived its sign-in waits in one tab while its writer signs in in another.
        lost = await client.post("/console/penalties/new", data={"party_name": "星屿", "form": "x" * 64})
        assert lost.status_code == 401
        assert 'href="/console/sign-in/oidc?door=0&amp;beside=true" target="_blank"' in lost.text
        early = await client.post(
            "/console/sign-in/on", data={"kept-party_name": "星屿", "to": "/console/penalties/new"}
        )
        assert early.status_code == 401
        assert 'name="kept-party_name" value="星屿"' in early.text
        beside = await door.enter(client, "/console/sign-in/oidc?door=0&beside=true")
        assert "回到原来的页面" in beside.text
        on = await client.post("/console/sign-in/on", data={"kept-party_name": "星屿", "to": "/console/penalties/new"})
        assert on.status_code == 200
        assert 'name="party_name" value="星屿"' in on.text
        assert form_token(on) == form_token(await client.get("/console"))
        for to in ("https://evil.test/", "//evil.test", "/v1/me", "/console/sign-in/oidc"):
            led = await door.enter(client, f"/console/sign-in/oidc?to={to}")
            assert led.headers["location"] == "/console"

        # Whoever signed in by a key confirms by the key, and has no issuer to go to.
        async with visitor(door.app) as by_key:
            await by_key.post("/console/sign-in", data={"key": await make_key(database, Role.ADMINISTRATOR)})
            assert (await by_key.get("/console/sign-in/oidc/confirm")).status_code == 404

        without = create_app(Settings(data_dir=FOLDER), database=database, clock=lambda: NOW)
        async with visitor(without) as there:
            there.base_url, there.cookies = SITE, client.cookies
            assert (await there.get("/console")).status_code == 303
            assert (await there.get("/console/sign-in/oidc")).status_code == 404
        async with client_of(door.app, key=await make_key(database, Role.ADMINISTRATOR)) as administrator:
            people = (await administrator.get("/v1/principals")).json()["items"]
            (officer,) = [one for one in people if one["issuer_subject"] == "officer-7"]
            assert (await administrator.post(f"/v1/principals/{officer['id']}/block")).status_code == 200
        assert (await client.get("/console")).status_code == 403
        assert (await door.enter(client)).status_code == 403


async def test_an_issuer_that_is_away_and_a_file_without_the_site_are_said(database: Database, tmp_path: Path) -> None:
    with running_issuer() as away:
        for changes, words in (
            ({"site_url": None}, "XINYONG_SITE_URL"),
            ({"site_url": "http://xinyong.test"}, "https"),
        ):
            with pytest.raises(BadOidcFile, match=words):
                create_app(settings_for(away, tmp_path, **changes), database=database)
        (tmp_path / "secret").unlink()
        settings = settings_for(away, tmp_path)
        (tmp_path / "secret").unlink()
        with pytest.raises(BadOidcFile, match="secret"):
            create_app(settings, database=database)
        door = Door(database, away, tmp_path)
        async with door.browser() as client:
            door.person()
            back = away.approve(await door.begin(client))
            away.stop()
            refused = await door.come_back(client, back)
            assert refused.status_code == 503
            assert "统一身份认证暂时无法使用" in refused.text
        never = Door(database, away, tmp_path)
        async with never.browser() as client:
            assert (await client.get("/console/sign-in/oidc")).status_code == 503

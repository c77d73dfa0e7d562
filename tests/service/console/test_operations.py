"""Operations at the console: jobs, keys, the audit, proposed rules, the calendar, sharing, feeds; the API as witness."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from httpx import AsyncClient

from service.access.rules import Role
from service.catalog.actions import sync_seed
from service.catalog.examples import PROPOSED
from service.catalog.seed import load_seed
from service.db import Database
from service.job_runs.queries import put_schedules
from service.job_runs.rules import Schedule
from service.settings import Settings
from tests.clients import NOW, client_of, make_app, make_key
from tests.service.catalog.calendar.test_notices import NOTICE_2026
from tests.service.console.support import AUTHORITY, form_token, sign_in, visitor
from tests.service.feeds.setting import Clock, define, one, open_law
from tests.service.feeds.test_held import ended
from tests.service.feeds.test_incoming import CODES, INCOMING, night, open_source, put

Enter = Callable[..., Awaitable[tuple[AsyncClient, AsyncClient, dict[str, str]]]]


@pytest.fixture
async def enter(database: Database, tmp_path: Path) -> AsyncIterator[Enter]:
    """Give somebody with roles a browser that is signed in, a client of the API, and the token of his forms."""
    app = make_app(database, settings=Settings(data_dir=tmp_path / "data"))
    async with AsyncExitStack() as stack:

        async def entered(*roles: Role, authority: str | None = None, name: str = "test") -> Any:
            key = await make_key(database, *roles, authority_code=authority, name=name)
            client = await stack.enter_async_context(visitor(app))
            await sign_in(client, key)
            api = await stack.enter_async_context(client_of(app, key=key))
            return client, api, {"form": form_token(await client.get("/console/operations"))}

        yield entered


async def test_each_page_says_and_does_what_the_api_does(database: Database, enter: Enter) -> None:
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=NOW)
        await put_schedules(session, schedules=[Schedule("track_deadlines", 60, "Follow deadlines.")])
    client, api, form = await enter(Role.ADMINISTRATOR, name="管理员甲")
    hub = await client.get("/console/operations")
    assert ("/console/keys" in hub.text, "/console/rule-proposals" in hub.text) == (True, False)

    jobs = (await api.get("/v1/jobs")).json()["items"]
    page = await client.get("/console/jobs")
    assert [job["name"] for job in jobs if job["name"] in page.text] == ["track_deadlines"]
    assert ('urgent">逾期' in page.text) is jobs[0]["overdue"]

    ordered = await client.post("/console/jobs/track_deadlines/run", data=form)
    assert ordered.headers["location"] == "/console/jobs?asked=track_deadlines"
    assert "一两秒内开始" in (await client.get(ordered.headers["location"])).text
    twice = await client.post("/console/jobs/track_deadlines/run", data=form)
    assert (twice.status_code, "已有人要求立即运行此任务" in twice.text) == (409, True)
    assert (await api.get("/v1/jobs")).json()["items"][0]["asked_at"] is not None
    assert (await client.post("/console/jobs/x/run", data=form)).status_code == 404

    made = await client.post(
        "/console/keys", data=form | {"name": "示例平台", "roles": "platform", "until": "2026-12-31"}
    )
    secret = re.search(r'class="secret">(xy_\w+)<', made.text)
    assert (made.status_code, made.headers["cache-control"], secret is not None) == (200, "no-store", True)
    nobody = await client.post("/console/keys", data=form | {"name": "空"})
    assert (nobody.status_code, "没有办成" in nobody.text) == (422, True)
    newest: dict[str, Any] = max((await api.get("/v1/keys")).json()["items"], key=lambda key: key["id"])
    assert (newest["name"], newest["expires_at"][:16]) == ("示例平台", "2026-12-31T16:00")
    rotated = await client.post(f"/console/keys/{newest['id']}/rotate", data=form)
    assert 'class="secret"' in rotated.text
    assert (await client.post(f"/console/keys/{newest['id']}/revoke", data=form)).status_code == 303
    assert (await api.get(f"/v1/keys/{newest['id']}")).json()["state"] == "revoked"
    assert secret is not None
    assert secret[1] not in (await client.get("/console/keys")).text

    auditor, audit, _ = await enter(Role.AUDITOR, name="审计员甲")
    told = (await audit.get("/v1/audit", params={"outcome": "ok", "kind": "write"})).json()["items"]
    shown = await auditor.get(
        "/console/audit", params={"kind": "write", "outcome": "ok", "since": "2026-11-24", "until": ""}
    )
    assert "POST /console/keys" in shown.text
    assert "POST /console/keys" in {item["operation"] for item in told}
    assert "没有符合条件的记录" in (await auditor.get("/console/audit", params={"until": "2020-01-01"})).text
    assert (await auditor.get("/console/audit", params={"since": "某日"})).status_code == 422

    keeper, rules, own = await enter(Role.RULE_KEEPER, name="规则员甲")
    typed = own | {"kind": "parameter", "reason": "示例", "body": orjson.dumps(PROPOSED["body"]).decode()}
    bad = await keeper.post("/console/rule-proposals", data=typed | {"body": "{"})
    assert (bad.status_code, "示例" in bad.text) == (422, True)
    assert (await keeper.post("/console/rule-proposals", data=typed)).status_code == 303
    (proposal,) = (await rules.get("/v1/catalog/rule-proposals")).json()["items"]
    at = f"/console/rule-proposals/{proposal['id']}"
    decision = {"decision": "approve", "reason": "核对无误"}
    assert (await keeper.post(at, data=own | decision)).status_code == 403
    second, _, theirs = await enter(Role.RULE_KEEPER, name="规则员乙")
    assert (await second.post(at, data=theirs | decision)).status_code == 303
    assert (await rules.get(f"/v1/catalog/rule-proposals/{proposal['id']}")).json()["state"] == "approved"

    text = NOTICE_2026
    ahead = await keeper.post("/console/calendar/preview", data=own | {"text": text})
    assert "2026 年的通知读作" in ahead.text
    assert (await keeper.post("/console/calendar", data=own | {"text": text})).status_code == 303
    assert (await keeper.post("/console/calendar/preview", data=own | {"text": "不是通知"})).status_code == 422
    year = (await rules.get("/v1/catalog/calendar/2026")).json()
    page = await keeper.get("/console/calendar")
    assert f"<dd>{year['working_days']}</dd>" in page.text

    asker, _, mine = await enter(Role.CONSENTER, authority="cq-drugs")
    owner, other, its = await enter(Role.CONSENTER, authority=AUTHORITY)
    asked = {"owner_code": AUTHORITY, "kinds": "penalties", "purpose": "<b>联合检查</b>", "from_on": "2026-11-24"}
    short = await asker.post("/console/sharing", data=mine | asked)
    assert (short.status_code, 'href="#until_on"' in short.text) == (422, True)
    assert (await asker.post("/console/sharing", data=mine | asked | {"until_on": "2027-03-31"})).status_code == 303
    (agreement,) = (await other.get("/v1/sharing-agreements")).json()["items"]
    at = f"/console/sharing/{agreement['id']}"
    assert "&lt;b&gt;联合检查" in (await owner.get("/console/sharing")).text
    assert (await asker.post(at, data=mine | {"decision": "approve", "reason": "x"})).status_code == 403
    assert (await owner.post(at, data=its | {"decision": "approve", "reason": "执法协作"})).status_code == 303
    assert (await owner.post(at, data=its | {"decision": "revoke", "reason": "结束"})).status_code == 303
    assert (await other.get(f"/v1/sharing-agreements/{agreement['id']}")).json()["state"] == "revoked"


async def test_a_held_file_is_decided_and_a_feed_paused(database: Database, enter: Enter, tmp_path: Path) -> None:
    place, clock = tmp_path / "in", Clock()
    place.mkdir()
    way = f'[transport]\ntype = "directory"\npath = "{place}"\n'
    define(tmp_path / "feeds", "city-in", f'id = "city-in"\ndirection = "in"\nevery_seconds = 0\n{INCOMING}{way}')
    await open_law(database)
    await open_source(database)
    for number, changed in ((1, 0), (2, 30)):
        put(place, f"day-{number}.csv", ended(CODES, until="2026-11-23", changed=changed), clock)
        await night(database, tmp_path, clock)
    held = await one(database, "SELECT * FROM feed_delivery WHERE state = 'held'")
    client, api, form = await enter(Role.ADMINISTRATOR)
    feeds = await client.get("/console/feeds")
    assert "待决定" in feeds.text, feeds.text[feeds.text.index("<h1>") :]
    page = await client.get("/console/feeds/city-in")
    assert ("day-2.csv" in page.text, "改动过多" in page.text) == (True, True)
    at = f"/console/feeds/city-in/deliveries/{held.id}"
    decision = form | {"decision": "reject", "reason": "文件不完整", "version": str(held.version_no)}
    unsaid = await client.post(at, data=decision | {"reason": ""})
    assert (unsaid.status_code, "没有办成" in unsaid.text) == (422, True)
    assert (await client.post(at, data=decision | {"version": "77"})).status_code == 412
    assert (await client.post(at, data=decision)).status_code == 303
    told = (await api.get("/v1/feeds/city-in/deliveries")).json()["items"]
    assert {item["name"]: item["state"] for item in told}["day-2.csv"] == "rejected"
    feed = (await api.get("/v1/feeds/city-in")).json()
    paused = await client.post(
        "/console/feeds/city-in/switch", data=form | {"active": "no", "version": str(feed["version_no"])}
    )
    assert paused.status_code == 303
    assert (await api.get("/v1/feeds/city-in")).json()["state"] == "paused"
    assert (await client.post("/console/feeds/city-in/retry", data=form)).headers["location"].endswith("done=0")
    assert (await client.post("/console/feeds/nowhere/retry", data=form)).status_code == 404

"""Who may do what, at the console: proposed by one administrator, confirmed by another, taken away; the API as witness."""

from contextlib import AsyncExitStack

from service.access.rules import Role
from service.db import Database
from tests.clients import make_key
from tests.offices import open_offices
from tests.service.console.support import seat


async def test_one_administrator_proposes_and_another_confirms(database: Database) -> None:
    async with open_offices(database) as offices, AsyncExitStack() as stack:
        first, second = [await seat(stack, offices.app, await make_key(database, Role.ADMINISTRATOR)) for _ in range(2)]
        clerk = await offices.hire(Role.RECORDER, authority="district", name="区局录入岗")
        person = f"/console/people/{offices.id(clerk)}"
        assert "区局录入岗" in (await first.browser.get("/console/people")).text
        assert "没有待确认的事项" in (await first.browser.get("/console/access-proposals")).text
        lone = await first.send(f"{person}/grants", role="reviewer")
        assert (lone.status_code, "请指明所属机关" in lone.text) == (422, True)
        assert (await first.send(f"{person}/grants", role="nobody")).status_code == 422
        assert (await first.send(f"{person}/grants", role="reviewer", authority_code="district")).status_code == 303
        assert await offices.roles(clerk) == {("recorder", "district")}
        (waiting,) = (await second.api.get("/v1/access-proposals")).json()["items"]
        proposal = f"/console/access-proposals/{waiting['id']}"
        assert "<strong>1</strong> <span>待确认的权限" in (await second.browser.get("/console")).text
        own = await first.send(f"{proposal}/confirm")
        assert (own.status_code, "提出人和受益人不得自行确认" in own.text) == (403, True)
        assert (await second.send(f"{proposal}/confirm")).status_code == 303
        assert await offices.roles(clerk) == {("recorder", "district"), ("reviewer", "district")}

        assert (await first.send(f"{person}/grants", role="lister", authority_code="district")).status_code == 303
        (waiting,) = (await second.api.get("/v1/access-proposals")).json()["items"]
        assert (await second.send(f"/console/access-proposals/{waiting['id']}/refuse")).status_code == 303
        assert (await second.api.get("/v1/access-proposals")).json()["items"] == []
        assert "已收回" in (await first.browser.get(person)).text
        (key,) = [
            one for one in (await first.api.get("/v1/keys")).json()["items"] if one["principal_id"] == offices.id(clerk)
        ]
        made = await first.send("/console/keys", name="second", principal_id=offices.id(clerk))
        assert made.status_code == 200
        (waiting,) = (await second.api.get("/v1/access-proposals")).json()["items"]
        assert (waiting["kind"], waiting["id"] != key["id"]) == ("key", True)
        assert (await second.send(f"/console/access-proposals/{waiting['id']}/refuse")).status_code == 303

        held = (await first.api.get(f"/v1/principals/{offices.id(clerk)}")).json()["grants"]
        reviewing = next(one["id"] for one in held if one["role"] == "reviewer")
        assert (await first.send(f"{person}/grants/{reviewing}/revoke")).status_code == 303
        assert await offices.roles(clerk) == {("recorder", "district")}
        assert (await first.send(f"{person}/blocked", blocked="yes")).status_code == 303
        assert (await clerk.get("/v1/me")).status_code == 403
        twice = await first.send(f"{person}/blocked", blocked="yes")
        assert (twice.status_code, "该主体已停用" in twice.text) == (409, True)
        assert (await first.send(f"{person}/blocked", blocked="no")).status_code == 303
        me = (await first.api.get("/v1/me")).json()["principal_id"]
        mine = await first.send(f"/console/people/{me}/grants", role="auditor")
        assert (mine.status_code, "不得变更本人的权限" in mine.text) == (403, True)
        assert (await clerk.get("/v1/me")).status_code == 200

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx import AsyncClient

from service.access.rules import Role
from service.db import Database
from service.spot_checks.rules import form, population_digest
from tests.clients import client_of, make_key
from tests.service.penalties.lives import AUTHORITY, SIGNED, USCC, Office, open_office

FULL = {point.id: point.most for point in form().points}
PLAN: dict[str, Any] = {
    "title": "公示质量抽查",
    "period_from": "2026-11-01",
    "period_until": "2026-11-24",
    "per_authority": 2,
    "seed_source": "次日公开发布的开奖号码",
    "authority": "cq-credit-office",
}


@asynccontextmanager
async def supervised(database: Database) -> AsyncIterator[tuple[Office, AsyncClient]]:
    async with open_office(database) as office:
        key = await make_key(database, Role.SUPERVISOR, authority_code="cq-credit-office")
        async with client_of(office.app, key=key) as supervisor:
            yield office, supervisor


async def post(who: AsyncClient, path: str, body: dict[str, Any], version: int | None) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await who.post(path, json=body, headers=headers)


async def test_a_check_is_announced_drawn_scored_corrected_and_closed(database: Database) -> None:
    async with supervised(database) as (office, supervisor):
        nothing = await supervisor.post("/v1/spot-checks", json=PLAN)
        assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_check")
        backwards = await supervisor.post("/v1/spot-checks", json=PLAN | {"period_until": "2026-12-24"})
        assert (backwards.status_code, backwards.json()["code"]) == (422, "bad_period")
        records = [await office.published(document_no=f"渝示市监罚〔2026〕{n}号") for n in (17, 18, 19)]
        await office.draft(document_no="渝示市监罚〔2026〕20号")
        made = await supervisor.post("/v1/spot-checks", json=PLAN)
        assert made.status_code == 201, made.text
        check = made.json()
        path = f"/v1/spot-checks/{check['id']}"
        assert (check["state"], check["population"], check["seed"]) == ("announced", 3, None)
        keys = [one["key"] for one in (await office.public.get(f"{path}/population")).json()["items"]]
        assert check["population_digest"] == population_digest(keys)
        assert USCC not in (await office.public.get(f"{path}/population")).text

        seed = {"seed": "03 09 14 20 26 31 + 07"}
        assert (await post(supervisor, f"{path}/draw", seed, 9)).status_code == 412
        drawn = (await post(supervisor, f"{path}/draw", seed, 1)).json()
        assert (drawn["state"], drawn["seed"]) == ("drawn", seed["seed"])
        again = await post(supervisor, f"{path}/draw", {"seed": "another seed"}, 2)
        assert (again.status_code, again.json()["code"]) == (409, "already_drawn")
        items = (await supervisor.get("/v1/spot-checks/items", params={"check_id": check["id"]})).json()["items"]
        assert len(items) == 2
        assert {one["key"] for one in items} <= set(keys)
        assert (await office.outsider.get("/v1/spot-checks/items")).json()["items"] == []

        first, second = (f"{path}/items/{one['id']}" for one in items)
        short = await post(supervisor, f"{first}/score", {"scores": {"tier": 3}}, 1)
        assert (short.status_code, short.json()["code"]) == (422, "not_scored")
        assert set(short.json()["points"]) == FULL.keys() - {"tier"}
        passed = (await post(supervisor, f"{first}/score", {"scores": FULL}, 1)).json()
        assert passed["state"] == "passed"
        finding = {"point": "fields", "text": "违法行为类型填写不规范"}
        form_given = {"scores": FULL | {"fields": 12}, "findings": [finding]}
        assert (await post(office.reviewer, f"{second}/score", form_given, 1)).status_code == 403
        returned = (await post(supervisor, f"{second}/score", form_given, 1)).json()
        assert (returned["state"], returned["findings"]) == ("returned", [finding])

        waiting = (await office.recorder.get("/v1/spot-checks/items", params={"state": "returned"})).json()["items"]
        assert [one["id"] for one in waiting] == [returned["id"]]
        claim = {"outcome": "corrected", "reason": "已更正违法行为类型"}
        early = await post(office.recorder, f"{second}/answer", claim, 2)
        assert (early.status_code, early.json()["code"]) == (409, "not_corrected_yet")
        record = next(one for one in records if one["id"] == returned["penalty_id"])
        body = {"nature": "content", "reason": "抽查发现", "changes": {"violation_type": "销售侵犯商标专用权商品"}}
        assert (await office.do(office.recorder, record, "propose-correction", body)).status_code == 201
        await office.must(office.reviewer, record, "correct", SIGNED)
        answered = (await post(office.recorder, f"{second}/answer", claim, 2)).json()
        assert (answered["state"], answered["answer"]["command"]) == ("answered", "correct")
        refused = (await post(supervisor, f"{second}/close", {"accepted": False, "reason": "仍不规范"}, 3)).json()
        assert refused["state"] == "returned"
        disputed = {"outcome": "disputed", "reason": "与决定书原文一致"}
        assert (await post(office.recorder, f"{second}/answer", disputed, 4)).json()["state"] == "answered"
        closed = (await post(supervisor, f"{second}/close", {"accepted": True, "reason": "说明成立"}, 5)).json()
        assert closed["state"] == "closed"
        late = await post(supervisor, f"{second}/close", {"accepted": True, "reason": "重复"}, 6)
        assert (late.status_code, late.json()["state"]) == (409, "closed")

        (line,) = (await supervisor.get("/v1/spot-checks/comparison")).json()["items"]
        assert (line["authority_code"], line["drawn"], line["findings"], line["open"]) == (AUTHORITY, 2, 1, 0)
        assert line["shares"]["fields"] == 80.0
        assert (await office.outsider.get("/v1/spot-checks/comparison")).json()["items"] == []


async def test_a_drawn_record_that_was_repaired_or_recalled_is_not_named_to_the_supervisor(database: Database) -> None:
    async with supervised(database) as (office, supervisor):
        record = await office.published()
        check = (await supervisor.post("/v1/spot-checks", json=PLAN)).json()
        path = f"/v1/spot-checks/{check['id']}"
        await post(supervisor, f"{path}/draw", {"seed": "a public seed"}, 1)
        await office.must(office.recorder, record, "recall", {"cause": "other", "reason": "核对"})
        answer = await supervisor.get("/v1/spot-checks/items")
        (item,) = answer.json()["items"]
        assert (item["uscc"], item["penalty_id"], item["document_no"]) == (None, None, None)
        assert USCC not in answer.text
        (own,) = (await office.reviewer.get("/v1/spot-checks/items")).json()["items"]
        assert own["uscc"] == USCC

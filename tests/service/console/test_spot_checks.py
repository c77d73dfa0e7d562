"""Spot checks at the console, from the announcement to the decision about an answer; the API as witness."""

from contextlib import AsyncExitStack

from httpx import Response

from service.access.rules import Role
from service.db import Database
from service.spot_checks.rules import form
from tests.clients import make_key
from tests.service.console.support import Desk, seat
from tests.service.console.test_cases import desk_of
from tests.service.penalties.lives import open_office

PLAN = {
    "title": "公示质量抽查", "period_from": "2026-11-01", "period_until": "2026-11-24", "per_authority": "1",
    "seed_source": "次日公开发布的开奖号码",
}  # fmt: skip
FULL = {f"score-{point.id}": str(point.most) for point in form().points}


async def test_a_check_is_announced_drawn_scored_answered_and_closed(database: Database) -> None:
    async with open_office(database) as office, AsyncExitStack() as stack:
        await office.published()
        key = await make_key(database, Role.SUPERVISOR, authority_code="cq-credit-office")
        supervisor = await seat(stack, office.app, key)
        recorder = await desk_of(stack, office, "recorder")
        outsider = await desk_of(stack, office, "outsider")
        new = "/console/spot-checks/new"
        unread = await supervisor.fill(new, **PLAN | {"per_authority": "many"})
        assert unread.status_code == 422
        backwards = await supervisor.fill(new, **PLAN | {"period_until": "2026-12-24"})
        assert (backwards.status_code, "抽查期间无效" in backwards.text) == (422, True)
        assert 'value="次日公开发布的开奖号码"' in backwards.text
        assert "没有可抽查的公示信息" in (await supervisor.fill(new, **PLAN, authorities=["cq-commerce"])).text
        check = await supervisor.must(new, **PLAN)
        told = (await supervisor.api.get("/v1" + check.removeprefix("/console"))).json()
        assert (told["state"], told["population"]) == ("announced", 1)
        assert told["population_digest"] in (await outsider.browser.get(check)).text
        assert (await recorder.send(f"{check}/draw", seed="03 09 14 20", version="1")).status_code == 403
        assert (await supervisor.send(f"{check}/draw", seed="short", version="1")).status_code == 422
        drawn = await supervisor.send(f"{check}/draw", seed="03 09 14 20 26 31 + 07", version="1")
        assert drawn.status_code == 303
        again = await supervisor.send(f"{check}/draw", seed="another seed", version="2")
        assert "已完成抽取" in again.text

        (one,) = (await supervisor.api.get("/v1/spot-checks/items")).json()["items"]
        item = f"{check}/items/{one['id']}"
        assert item in (await supervisor.browser.get("/console/spot-checks/items?state=drawn")).text
        assert item not in (await outsider.browser.get(check)).text
        assert (await outsider.browser.get(item)).status_code == 404
        assert "<strong>1</strong> <span>抽查待评分的记录" in (await supervisor.browser.get("/console")).text
        short = await score(supervisor, item, {"score-tier": "3"})
        assert (short.status_code, "请按评分表逐项打分" in short.text) == (422, True)
        assert 'value="3"' in short.text
        given = FULL | {"score-fields": "12", "finding-fields": "违法行为类型填写不规范"}
        assert (await score(supervisor, item, given)).status_code == 303
        assert "<strong>1</strong> <span>抽查退回、待答复的记录" in (await recorder.browser.get("/console")).text
        assert item in (await recorder.browser.get("/console/spot-checks/items")).text
        claim = await recorder.send(f"{item}/answer", outcome="corrected", reason="已更正", version="2")
        assert (claim.status_code, "尚未完成更正" in claim.text) == (409, True)
        assert (await recorder.send(f"{item}/answer", outcome="", reason="", version="2")).status_code == 422
        stale = await recorder.send(f"{item}/answer", outcome="disputed", reason="与原文一致", version="1")
        assert stale.status_code == 412
        assert (
            await recorder.send(f"{item}/answer", outcome="disputed", reason="与原文一致", version="2")
        ).status_code == 303
        assert "与原文一致" in (await supervisor.browser.get(item)).text
        assert (await supervisor.send(f"{item}/close", accepted="", reason="成立", version="3")).status_code == 422
        assert (
            await supervisor.send(f"{item}/close", accepted="yes", reason="说明成立", version="3")
        ).status_code == 303
        (one,) = (await supervisor.api.get("/v1/spot-checks/items")).json()["items"]
        assert (one["state"], one["closed"]["accepted"]) == ("closed", True)
        listed = await supervisor.browser.get("/console/spot-checks")
        assert "92.0 %" in listed.text
        assert PLAN["title"] in listed.text


async def score(desk: Desk, item: str, fields: dict[str, str]) -> Response:
    return await desk.send(f"{item}/score", version="1", **fields)

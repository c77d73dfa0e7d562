"""Repairs and objections at the console: clocks, conditions one by one, decisions and their silence."""

from contextlib import AsyncExitStack

from service.db import Database
from tests.service.console.support import Desk, seat
from tests.service.penalties.lives import USCC, Office, open_office
from tests.service.repair.test_endpoints import LATER, apply, attach_proof


async def desk_of(stack: AsyncExitStack, office: Office, name: str) -> Desk:
    key = getattr(office, name).headers["Authorization"].removeprefix("Bearer ")
    return await seat(stack, office.app, key)


async def test_a_repair_and_an_objection_from_the_inbox_to_the_decision(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.published()
        other = await office.published(document_no="渝星市监罚〔2026〕99号")
    async with open_office(database, now=LATER) as later, AsyncExitStack() as stack:
        await later.authorise()
        case = await apply(later.agent, record)
        officer = await desk_of(stack, later, "repairer")
        start = await officer.browser.get("/console")
        waiting = (await later.repairer.get("/v1/repairs?state=filed")).json()["items"]
        assert f"<strong>{len(waiting)}</strong> <span>待受理的修复申请" in start.text
        inbox = await officer.browser.get("/console/repairs?state=filed")
        home = f"/console/repairs/{USCC}/{case['id']}"
        assert home in inbox.text
        assert "法定时限未起算" in inbox.text
        await officer.must(f"{home}/receive", intake="gsxt", received_on="2027-03-01")
        assert "2027年3月4日" in (await officer.browser.get("/console/repairs?state=filed")).text
        await officer.must(f"{home}/accept")
        page = await officer.browser.get(home)
        for words in ("不符合", "请人工确认", "2027年3月10日"):
            assert words in page.text, words
        given = {"document_no": "渝示市监修〔2027〕2号", "reason": "符合信用修复条件"}
        failed = await officer.fill(f"{home}/grant", **given)
        assert failed.status_code == 409
        assert 'value="渝示市监修〔2027〕2号"' in failed.text
        groundless = await officer.fill(f"{home}/refuse", basis="minimum", reason="不同意")
        assert groundless.status_code == 422
        assert "不得拒绝修复" in groundless.text
        await attach_proof(later.agent, case)
        unconfirmed = await officer.fill(f"{home}/grant", **given)
        assert unconfirmed.status_code == 422
        assert "请逐项确认" in unconfirmed.text
        assert "立即停止公示" in unconfirmed.text
        confirmed = {"confirm-performed": "缴款凭证已核", "confirm-harm_removed": "已整改"}
        await officer.must(f"{home}/grant", **given, **confirmed)
        assert record["id"] not in await later.status_ids()
        stale = await officer.browser.post(f"{home}/take-back", data={"form": officer.token, "version": "1"})
        assert stale.status_code == 403

        filed = {"record_kind": "penalty", "record_id": other["id"], "nature": "inaccurate", "statement": "金额有误"}
        made = await later.agent.post(f"/v1/subjects/{USCC}/objections", json=filed)
        assert made.status_code == 201, made.text
        objection = f"/console/objections/{USCC}/{made.json()['id']}"
        assert "金额有误" in (await officer.browser.get("/console/objections")).text
        assert "更正之前停止公示" not in (await officer.browser.get(f"{objection}/uphold")).text
        reviewer = await desk_of(stack, later, "reviewer")
        await reviewer.must(f"{objection}/uphold", reason="经查属实", hide="yes")
        assert other["id"] not in await later.status_ids()
        assert "异议成立" in (await officer.browser.get(objection)).text

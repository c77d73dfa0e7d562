"""A service accepts the terms, is filed, looked at, complained of and suspended; what it asked is counted."""

import asyncio
from datetime import date
from typing import Any

import pytest

from service.access.rules import Role
from service.db import Database
from service.models import ThirdPartyService
from service.third_parties.actions import register_service
from service.third_parties.rules import NoSuchDuty, OtherTerms, check_duty, check_terms, is_late, terms
from service.versions import ExpectedVersion, VersionMismatch
from tests.clients import NOW
from tests.factories import make_actor, make_entry, make_penalty, make_uscc, number_changes
from tests.locks import until_one_waits
from tests.offices import open_offices


async def test_a_service_from_its_terms_to_its_suspension(database: Database) -> None:
    code = make_uscc()
    async with database.transaction() as session:
        kept = await make_penalty(session, code)
        ended = await make_penalty(session, code)
        listed = await make_entry(session, code)
        draft = await make_penalty(session, code, state="draft")
        await number_changes(session, at=NOW.replace(month=10))
        await make_penalty(session, code, head=ended, state="ended", ending="repaired", event="ended")
        await number_changes(session, at=NOW.replace(day=20))
    async with open_offices(database) as offices:
        platform = await offices.hire(Role.PLATFORM)
        other = await offices.hire(Role.PLATFORM)
        operator = await offices.hire(Role.ADMINISTRATOR)
        supervisor = await offices.hire(Role.SUPERVISOR, authority="district")
        own = "/v1/third-party-services/own"
        told = {
            "name": "示例信用查询",
            "operator": "示例",
            "url": "https://credit.example/",
            "terms_version": "2020-01",
        }
        assert (await platform.put(own, json=told)).json()["code"] == "other_terms"
        told["terms_version"] = (await platform.get("/v1/terms")).json()["version"]
        first = await platform.put(own, json=told, headers={"If-None-Match": "*"})
        assert (first.status_code, first.json()["version_no"]) == (200, 1)
        assert (await platform.put(own, json=told)).status_code == 428
        assert (await other.get(own)).status_code == 404
        address = f"/v1/third-party-services/{first.json()['id']}"
        assert (await platform.get(address)).status_code == 403
        wrong = await operator.put(f"{address}/filing", json={"filing": "filed"}, headers={"If-Match": '"1"'})
        assert wrong.status_code == 422
        filing = {"filing": "filed", "filing_no": "渝信备〔2026〕1号", "filed_on": "2026-10-12"}
        assert (await operator.put(f"{address}/filing", json=filing, headers={"If-Match": '"1"'})).status_code == 200
        assert (await platform.get(own)).json()["filing_no"] == "渝信备〔2026〕1号"

        seen = [{"uscc": code, "id": str(one)} for one in (kept, ended, listed, draft)]
        check = await supervisor.post(f"{address}/checks", json={"seen_on": "2026-11-24", "seen": seen})
        assert check.status_code == 201
        early = await supervisor.post(f"{address}/checks", json={"seen_on": "2026-11-25", "seen": seen})
        assert early.json()["code"] == "impossible_day", "nobody was seen tomorrow"
        found = check.json()
        assert [found[name] for name in ("sample", "shown", "ended", "late", "unknown")] == [4, 2, 1, 1, 1]
        assert found["found"] == [{"id": str(ended), "ended_on": "2026-11-20", "late": True}]
        assert (await operator.get(f"{address}/checks")).json()["items"] == [found]

        complaint = {"duty": "take_down", "statement": "停止公示后仍可查询", "received_on": "2026-11-24"}
        for false, refused in (({"duty": "x"}, "no_such_duty"), ({"received_on": "2026-11-25"}, "impossible_day")):
            assert (await supervisor.post(f"{address}/complaints", json=complaint | false)).json()["code"] == refused
        entered = (await supervisor.post(f"{address}/complaints", json=complaint)).json()
        assert entered["answer_by"] == "2026-12-15"
        settle = f"{address}/complaints/{entered['id']}/settle"
        outcome = {"outcome": "upheld", "reason": "经查属实"}
        assert (await supervisor.post(settle, json=outcome)).json()["outcome"] == "upheld"
        assert (await supervisor.post(settle, json=outcome)).json()["code"] == "complaint_settled"

        await platform.post("/v1/status/batch", json={"codes": [code, make_uscc()]})
        usage = {}
        for _ in range(100):  # the audit of answers is written in groups
            usage = {
                one["operation"]: one for one in (await operator.get(f"{address}/usage?day=2026-11-24")).json()["items"]
            }
            if "POST /v1/status/batch" in usage:
                break
        assert usage["POST /v1/status/batch"]["codes"] == 2

        suspended = await operator.post(f"{address}/suspend", json={"reason": "逾期未撤下"})
        assert suspended.json()["state"] == "suspended"
        assert (await platform.get(own)).status_code == 403
        assert (await operator.post(f"{address}/suspend", json={"reason": "x"})).json()["code"] == "suspended_or_not"
        assert (await operator.post(f"{address}/resume", json={"reason": "已整改"})).json()["suspended_reason"] is None
        assert (await platform.get(own)).json()["state"] == "active"
        listed_services = (await supervisor.get("/v1/third-party-services")).json()["items"]
        assert [one["id"] for one in listed_services] == [first.json()["id"]]


async def test_two_first_registrations_at_once_are_one(database: Database) -> None:
    asked: dict[str, Any] = {
        "name": "示例", "operator": "示例", "url": "https://credit.example/", "terms_version": terms().version,
        "expected": ExpectedVersion(is_new=True), "actor": make_actor(Role.PLATFORM), "now": NOW,
    }  # fmt: skip

    async def register() -> ThirdPartyService:
        async with database.transaction() as session:
            return await register_service(session, **asked)

    async with database.transaction() as session:
        assert (await register_service(session, **asked)).version_no == 1
        second = asyncio.create_task(register())
        async with database.statement() as connection:
            await until_one_waits(connection)
    with pytest.raises(VersionMismatch, match="same moment"):
        await second


def test_the_terms_have_the_duties_of_the_law() -> None:
    assert {"source", "take_down", "no_ended", "filing"} <= {one for one, _, _ in terms().duties}
    assert all(en and zh for _, en, zh in terms().duties)
    check_terms(terms().version)
    with pytest.raises(OtherTerms):
        check_terms("")
    with pytest.raises(NoSuchDuty):
        check_duty("nothing")


@pytest.mark.parametrize(("seen_on", "late"), [(20, False), (21, False), (22, True)])
def test_an_ended_record_is_gone_after_a_day(seen_on: int, late: bool) -> None:
    assert is_late(date(2026, 11, 20), seen_on=date(2026, 11, seen_on)) is late

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from schemas.blacklist import EntryCorrectionOut, EntryMovedOut, EntryOut
from service.blacklist.actions.missed import open_missed_revocations
from service.db import Database
from tests.clients import NOW
from tests.factories import make_uscc
from tests.service.blacklist.test_endpoints import HEAVY, listed, outcome, path
from tests.service.penalties.lives import USCC, Office, open_office

NUMBER = {"document_no": "渝示市监列〔2026〕4号"}
PROPOSED = {"nature": "content", "reason": "列入决定书文号有误", "changes": NUMBER}


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as opened:
        yield opened


async def test_a_correction_is_checked_by_somebody_else_and_shows_before_and_after(office: Office) -> None:
    entry = await listed(office)
    same = PROPOSED | {"changes": {"document_no": entry["document_no"]}}
    assert (await office.do(office.lister, entry, "propose-correction", same)).json()["code"] == "nothing_changed"
    proposed = await office.do(office.lister, entry, "propose-correction", PROPOSED)
    assert proposed.status_code == 201, proposed.text
    assert EntryCorrectionOut.model_validate(proposed.json()).before == {"document_no": entry["document_no"]}
    again = await office.do(office.lister, entry, "propose-correction", PROPOSED)
    assert (again.status_code, again.json()["code"]) == (409, "correction_open")
    assert (await office.platform.get(path(entry))).json()["document_no"] == entry["document_no"]
    note = {"reason": "已核对决定书"}
    assert (await office.do(office.lister, entry, "correct", note)).status_code == 403
    corrected = await office.must(office.reviewer, entry, "correct", note)
    assert (corrected["document_no"], corrected["publish_until"]) == (NUMBER["document_no"], entry["publish_until"])
    await office.settle()
    versions = (await office.platform.get(path(entry, "versions"))).json()["items"]
    assert [one["entry"]["document_no"] for one in versions] == [entry["document_no"], NUMBER["document_no"]]
    assert versions[-1]["changed"] == ["document_no"]
    assert (await office.do(office.reviewer, corrected, "correct", note)).json()["code"] == "no_open_correction"


async def test_the_day_of_listing_is_corrected_and_the_period_counts_from_it(office: Office) -> None:
    entry = await listed(office)
    change = {"nature": "content", "reason": "列入日期录入有误"}

    async def propose(day: str | None) -> Any:
        return await office.do(office.lister, entry, "propose-correction", change | {"changes": {"listed_on": day}})

    early = "2026-01-05"
    assert (await propose("2026-11-25")).json()["code"] == "impossible_day"
    assert (await propose(early)).json()["code"] == "impossible_day", "before the notice"
    assert (await propose(None)).status_code == 422
    day = (await office.reviewer.get(path(entry))).json()["own"]["notified_on"]
    assert day < entry["listed_on"]
    proposed = await propose(day)
    assert proposed.json()["before"] == {"listed_on": entry["listed_on"]}, proposed.text
    corrected = await office.must(office.reviewer, entry, "correct", {"reason": "已核对决定书"})
    assert corrected["listed_on"] == day
    assert corrected["publish_from"] == entry["publish_from"], "it was shown no earlier"
    days = [date.fromisoformat(one["publish_until"]) for one in (corrected, entry)]
    assert days[0] == date.fromisoformat(day).replace(year=days[0].year)
    assert days[0] < days[1]
    await office.settle()
    versions = (await office.platform.get(path(entry, "versions"))).json()["items"]
    assert [one["changed"] for one in versions] == [[], ["listed_on"]]


async def test_a_correction_about_personal_data_leaves_no_public_before(office: Office) -> None:
    entry = await listed(office)
    changes = {"grounds": "受到较重行政处罚，联系人电话13812345678"}
    body = {"nature": "personal_data", "reason": "删除个人信息", "changes": changes}
    entry = await office.must(office.lister, entry, "recall", {"reason": "含个人信息"})
    await office.do(office.lister, entry, "propose-correction", body)
    early = await office.do(office.reviewer, entry, "republish", {"reason": "无误"})
    assert (early.status_code, early.json()["code"]) == (409, "correction_open")
    entry = await office.must(office.reviewer, entry, "correct", {"reason": "已核对"})
    assert entry["state"] == "recalled"
    entry = await office.must(office.reviewer, entry, "republish", {"reason": "已更正"})
    await office.settle()
    (only,) = (await office.platform.get(path(entry, "versions"))).json()["items"]
    assert "13812345678" not in only["entry"]["grounds"]
    assert EntryOut.model_validate((await office.lister.get(path(entry))).json()).own is not None


async def test_a_correction_that_fails_the_test_of_the_list_is_refused_and_can_be_rejected(office: Office) -> None:
    entry = await listed(office)
    body = {"nature": "content", "reason": "更正事实", "changes": {"facts": {"gravity": "轻微"}}}
    await office.do(office.lister, entry, "propose-correction", body)
    refused = await office.do(office.reviewer, entry, "correct", {"reason": "核对"})
    assert (refused.status_code, refused.json()["code"]) == (409, "entry_test_failed")
    rejected = await office.must(office.reviewer, entry, "reject-correction", {"reason": "与决定书不符"})
    assert rejected["version_no"] == entry["version_no"]
    assert (await office.lister.get(path(entry, "correction"))).json()["code"] == "no_open_correction"


async def test_an_entry_against_the_wrong_firm_is_hidden_there_and_begins_anew_at_the_right_one(office: Office) -> None:
    entry = await listed(office)
    right = make_uscc(2)
    body = {"to_uscc": right, "party_name": "重庆示例贸易有限公司", "reason": "主体认定错误"}
    same = await office.do(office.lister, entry, "move", body | {"to_uscc": USCC})
    assert same.json()["code"] == "same_subject"
    moved = EntryMovedOut.model_validate((await office.do(office.lister, entry, "move", body)).json())
    assert (moved.ended.state, moved.made.state, moved.made.uscc) == ("ended", "draft", right)
    assert (await outcome(office))[1] == set()
    assert (await outcome(office, right))[1] == set()
    test = (await office.lister.get(f"/v1/subjects/{right}/blacklist-entries/{moved.made.id}/test")).json()
    assert test["passes"] is False


async def test_an_open_objection_is_a_mark_for_the_authority_and_for_nobody_else(office: Office) -> None:
    entry = await listed(office)
    (penalty,) = (await office.reviewer.get(f"/v1/subjects/{USCC}/penalties")).json()["items"]
    await office.settle()
    for kind, record in (("penalty", penalty), ("blacklist_entry", entry)):
        body = {"record_kind": kind, "record_id": record["id"], "nature": "inaccurate", "statement": "内容有误"}
        made = await office.platform.post(f"/v1/subjects/{USCC}/objections", json=body)
        assert made.status_code == 201, made.text
    for who, marked in ((office.reviewer, True), (office.platform, False)):
        file = (await who.get(f"/v1/subjects/{USCC}/credit-file")).json()
        told = [record["flags"] or [] for record in (*file["penalties"], *file["blacklist_entries"])]
        assert [("objection_open" in flags) for flags in told] == [marked, marked]
    shown = (await office.reviewer.get(path(entry))).json()
    assert "objection_open" in shown["own"]["flags"]
    listed_ones = (await office.reviewer.get(f"/v1/subjects/{USCC}/penalties")).json()["items"]
    assert "objection_open" in listed_ones[0]["own"]["flags"]


async def test_a_penalty_that_fell_unseen_opens_the_revocation_by_a_job_once(office: Office) -> None:
    await listed(office, penalty=await office.published(**HEAVY))
    assert await open_missed_revocations(office.database, now=NOW) == 0
    async with office.database.transaction() as session:
        # As an import of its source ends it: no act here looked at the entry.
        await session.execute(
            text(
                "UPDATE penalty_version SET state = 'ended', command = 'import', effective_on = '2026-11-20',"
                " recorded_at = :at WHERE superseded_at IS NULL"
            ),
            {"at": NOW},
        )
        await session.execute(text("UPDATE penalty SET state = 'ended'"))
    later = NOW + timedelta(minutes=1)
    assert await open_missed_revocations(office.database, now=later) == 1
    (open_one,) = (await office.reviewer.get("/v1/blacklist-entries/revocations")).json()["items"]
    assert (open_one["fell_on"], open_one["due_on"]) == ("2026-11-20", "2026-11-25")
    assert await open_missed_revocations(office.database, now=later) == 0

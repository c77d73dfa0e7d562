from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from schemas.blacklist import EntryOut, EntryPage, EntryTestOut, EntryVersionPage, RevocationPage
from service.db import Database
from tests.factories import make_uscc
from tests.service.penalties.lives import DRAFT, SIGNED, USCC, WITHDRAWN, Office, open_office

ENTRY: dict[str, Any] = {
    "list": "samr-serious",
    "party_name": "重庆示例商贸有限公司",
    "grounds": "实施侵害消费者权益的违法行为，受到较重行政处罚",
    "legal_basis": "市场监督管理严重违法失信名单管理办法第二条",
    "evidence": "行政处罚决定书",
    "facts": {"gravity": "性质恶劣、社会危害较大", "field_article": "第九条"},
}
NOTIFIED = {"notified_on": "2026-11-10", "statement_until": "2026-11-20"}
LISTED = {"document_no": "渝示市监列〔2026〕3号", "basis": "第二条第一项", "repair_notice_served_on": "2026-11-24"}
HEAVY = {"discretion_step": "heavier"}


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as opened:
        yield opened


async def draft(who: AsyncClient, *, uscc: str = USCC, **changes: Any) -> dict[str, Any]:
    made = await who.post(f"/v1/subjects/{uscc}/blacklist-entries", json=ENTRY | changes)
    assert made.status_code == 201, made.text
    entry: dict[str, Any] = made.json()
    return entry


async def listed(office: Office, *, penalty: dict[str, Any] | None = None) -> dict[str, Any]:
    penalty = penalty or await office.published(**HEAVY)
    entry = await draft(office.lister, penalties=[penalty["id"]])
    entry = await office.must(office.lister, entry, "propose")
    entry = await office.must(office.lister, entry, "notify", NOTIFIED)
    return await office.must(office.reviewer, entry, "list", LISTED)


async def outcome(office: Office, uscc: str = USCC) -> tuple[str, set[str]]:
    await office.settle()
    answer = (await office.public.get(f"/v1/status/{uscc}")).json()
    return answer["outcome"], {one["id"] for one in answer["blacklist_entries"]}


async def test_a_subject_is_told_heard_and_listed_by_somebody_else(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await draft(office.lister, penalties=[penalty["id"]])
    assert EntryOut.model_validate(entry).state == "draft"
    test = EntryTestOut.model_validate((await office.lister.get(path(entry, "test"))).json())
    assert (test.passes, test.consent_needed) == (True, False)
    entry = await office.must(office.lister, entry, "propose")
    assert (await office.do(office.reviewer, entry, "list", LISTED)).json()["code"] == "statement_period_open"
    entry = await office.must(office.lister, entry, "notify", NOTIFIED | {"statement_until": "2026-11-24"})
    refused = await office.do(office.reviewer, entry, "list", LISTED)
    assert (refused.status_code, refused.json()["until"]) == (409, "2026-11-24")
    assert (await outcome(office))[0] == "penalised"


async def test_what_is_listed_is_public_for_its_lists_time(office: Office) -> None:
    entry = await listed(office)
    assert (entry["listed_on"], entry["publish_until"], entry["rule"]) == ("2026-11-24", "2029-11-24", "samr-serious")
    assert await outcome(office) == ("listed", {entry["id"]})
    seen = EntryOut.model_validate((await office.platform.get(path(entry))).json())
    assert seen.own is None
    page = EntryPage.model_validate((await office.platform.get(f"/v1/subjects/{USCC}/blacklist-entries")).json())
    assert [str(one.id) for one in page.items] == [entry["id"]]
    versions = EntryVersionPage.model_validate((await office.lister.get(path(entry, "versions"))).json())
    assert [one.entry.state for one in versions.items] == ["draft", "proposed", "notified", "published"]
    assert len((await office.platform.get(path(entry, "versions"))).json()["items"]) == 1
    second = await draft(
        office.lister, penalties=[(await office.published(document_no="渝示市监罚〔2026〕18号", **HEAVY))["id"]]
    )
    second = await office.must(office.lister, second, "propose")
    second = await office.must(office.lister, second, "notify", NOTIFIED)
    refused = await office.do(office.reviewer, second, "list", LISTED)
    assert (refused.json()["code"], refused.json()["id"]) == ("already_listed", entry["id"])


@pytest.mark.parametrize(
    ("penalty", "changes", "point"),
    [
        pytest.param({"discretion_step": "ordinary"}, {}, "heavy_penalty", id="an ordinary fine is not heavy"),
        pytest.param(HEAVY, {"facts": {"gravity": "恶劣"}}, "field_article", id="no field of the order stated"),
        pytest.param(HEAVY, {"evidence": None}, "evidence", id="no evidence"),
        pytest.param(HEAVY, {"legal_basis": None}, "legal_basis", id="no legal basis"),
        pytest.param(
            HEAVY,
            {"facts": ENTRY["facts"] | {"no_intent_evidence": "有充分证据证明无主观故意"}},
            "no_intent_evidence",
            id="evidence of no intent",
        ),
    ],
)
async def test_nobody_is_proposed_who_does_not_pass_the_test(
    office: Office, penalty: dict[str, Any], changes: dict[str, Any], point: str
) -> None:
    supporting = await office.published(**penalty)
    entry = await draft(office.lister, penalties=[supporting["id"]], **changes)
    refused = await office.do(office.lister, entry, "propose")
    assert (refused.status_code, refused.json()["code"]) == (409, "entry_test_failed")
    assert [one["id"] for one in refused.json()["found"] if not one["holds"]] == [point]


async def test_a_county_needs_the_consent_of_the_next_higher_authority(office: Office) -> None:
    made = await office.county_recorder.post(f"/v1/subjects/{USCC}/penalties", json=DRAFT | HEAVY)
    penalty = await office.must(office.county_recorder, made.json(), "submit")
    penalty = await office.must(office.county_reviewer, penalty, "approve", SIGNED)
    entry = await draft(office.county_lister, penalties=[penalty["id"]])
    entry = await office.must(office.county_lister, entry, "propose")
    entry = await office.must(office.county_lister, entry, "notify", NOTIFIED)
    assert (await office.do(office.county_reviewer, entry, "list", LISTED)).json()["code"] == "consent_missing"
    consent = {"document_no": "渝市监函〔2026〕9号"}
    refused = await office.do(office.county_reviewer, entry, "consent", consent)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    assert "consent" in (await office.consenter.get(path(entry))).json()["own"]["possible"]
    entry = await office.must(office.consenter, entry, "consent", consent)
    assert (entry["state"], entry["own"]["consented_on"]) == ("consented", "2026-11-24")
    entry = await office.must(office.county_reviewer, entry, "list", LISTED)
    assert (await outcome(office))[0] == "listed"


async def test_refused_consent_is_the_end_of_it(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await draft(office.lister, penalties=[penalty["id"]])
    assert (await office.do(office.consenter, entry, "consent", {"document_no": "1号"})).status_code == 403
    entry = await office.must(office.lister, entry, "propose")
    entry = await office.must(office.lister, entry, "notify", NOTIFIED)
    entry = await office.must(
        office.lister, entry, "record-statement", {"statement": "不知情", "no_intent_evidence": "进货凭证齐全"}
    )
    assert (await office.do(office.reviewer, entry, "list", LISTED)).json()["code"] == "entry_test_failed"
    entry = await office.must(office.reviewer, entry, "not-list", {"reason": "无主观故意，不予列入"})
    assert (entry["state"], (await outcome(office))[0]) == ("not_listed", "penalised")


async def test_when_its_penalty_falls_the_revocation_opens_by_itself(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await listed(office, penalty=penalty)
    await office.must(office.reviewer, penalty, "withdraw", WITHDRAWN)
    found = RevocationPage.model_validate((await office.reviewer.get("/v1/blacklist-entries/revocations")).json())
    (one,) = found.items
    # D10: three working days from the fall on Friday 2026-11-20.
    assert (str(one.entry_id), one.due_on.isoformat(), one.provisional) == (entry["id"], "2026-11-25", False)
    refused = await office.do(office.second_reviewer, entry, "keep", {"reason": "仍符合条件"})
    assert refused.json()["code"] == "entry_test_failed"
    revoked = await office.must(office.reviewer, entry, "revoke", {"reason": "处罚已撤销", "basis": "第十九条"})
    assert (revoked["state"], await outcome(office)) == ("ended", ("not_covered", set()))
    assert (await office.reviewer.get("/v1/blacklist-entries/revocations")).json()["items"] == []
    decided = (await office.reviewer.get("/v1/blacklist-entries/revocations", params={"state": "revoked"})).json()
    assert [item["entry_id"] for item in decided["items"]] == [entry["id"]]


async def test_nobody_is_entered_on_a_list_twice_on_one_day(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await listed(office, penalty=penalty)
    gone = {"reason": "已纠正违法行为", "basis": "第十五条", "since": "2026-11-24"}
    await office.must(office.reviewer, entry, "remove", gone)
    second = await draft(office.lister, penalties=[penalty["id"]])
    second = await office.must(office.lister, second, "propose")
    second = await office.must(office.lister, second, "notify", NOTIFIED)
    refused = await office.do(office.reviewer, second, "list", LISTED)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_listed")


async def test_an_entry_with_another_heavy_penalty_stands(office: Office) -> None:
    first = await office.published(**HEAVY)
    second = await office.published(document_no="渝示市监罚〔2026〕18号", **HEAVY)
    entry = await draft(office.lister, penalties=[first["id"], second["id"]])
    entry = await office.must(office.lister, entry, "propose")
    entry = await office.must(office.lister, entry, "notify", NOTIFIED)
    await office.must(office.reviewer, entry, "list", LISTED)
    await office.must(office.reviewer, first, "withdraw", WITHDRAWN)
    assert (await office.reviewer.get("/v1/blacklist-entries/revocations")).json()["items"] == []
    await office.must(office.reviewer, second, "withdraw", WITHDRAWN)
    assert len((await office.reviewer.get("/v1/blacklist-entries/revocations")).json()["items"]) == 1


async def test_a_fallen_penalty_supports_no_new_entry(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await draft(office.lister, penalties=[penalty["id"]])
    entry = await office.must(office.lister, entry, "propose")
    entry = await office.must(office.lister, entry, "notify", NOTIFIED)
    await office.must(office.reviewer, penalty, "withdraw", WITHDRAWN)
    assert (await office.do(office.reviewer, entry, "list", LISTED)).json()["code"] == "entry_test_failed"
    foreign = await office.lister.post(
        f"/v1/subjects/{make_uscc(9)}/blacklist-entries", json=ENTRY | {"penalties": [penalty["id"]]}
    )
    assert (foreign.status_code, foreign.json()["code"]) == (422, "no_such_penalty")


async def test_firms_go_on_the_abnormal_list_and_sole_traders_are_marked(office: Office) -> None:
    abnormal: dict[str, Any] = {
        "facts": {}, "ground_code": "unreachable_at_address", "found_on": "2026-11-18",
        "grounds": "通过登记的住所无法联系", "legal_basis": "企业信息公示暂行条例第十七条",
    }  # fmt: skip
    firm = await draft(office.lister, list="abnormal-operations", **abnormal)
    firm = await office.must(office.lister, firm, "propose")
    # D23: ten working days from the verification on 2026-11-18.
    assert (firm["own"]["act"]["deadline"], firm["own"]["act"]["due_on"]) == ("D23", "2026-12-02")
    firm = await office.must(office.reviewer, firm, "list", LISTED)
    assert (firm["publish_until"], await outcome(office)) == (None, ("listed", {firm["id"]}))
    gone = {"reason": "已变更住所", "basis": "第十条", "since": "2026-11-24"}
    assert (await office.do(office.reviewer, firm, "remove", gone | {"since": "2026-11-25"})).json()[
        "code"
    ] == "impossible_day"
    gone_firm = await office.must(office.reviewer, firm, "remove", gone)
    # D24: five working days.
    assert (gone_firm["state"], gone_firm["own"]["act"]["due_on"]) == ("ended", "2026-12-01")
    trader = make_uscc(3, prefix="92")
    wrong = await draft(office.lister, uscc=trader, list="abnormal-operations", **abnormal)
    assert (await office.do(office.lister, wrong, "propose")).json()["code"] == "entry_test_failed"
    mark = await draft(office.lister, uscc=trader, list="abnormal-mark", **abnormal)
    mark = await office.must(office.lister, mark, "propose")
    mark = await office.must(office.reviewer, mark, "list", LISTED)
    assert (await outcome(office, trader))[1] == {mark["id"]}


async def test_nothing_is_entered_on_a_list_that_ended_or_has_no_test(office: Office) -> None:
    for list_id, code in (("samr-serious-2014", "not_entered_here"), ("nowhere", "unknown_list")):
        refused = await office.lister.post(f"/v1/subjects/{USCC}/blacklist-entries", json=ENTRY | {"list": list_id})
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_an_entry_is_recalled_suspended_and_shown_again_for_the_same_time(office: Office) -> None:
    entry = await listed(office)
    hidden = await office.must(office.lister, entry, "recall", {"reason": "主体有误待核"})
    assert (await outcome(office))[1] == set()
    shown = await office.must(office.second_reviewer, hidden, "republish", {"reason": "核对无误"})
    hidden = await office.must(office.reviewer, shown, "suspend", {"reason": "裁定停止执行", "basis": "1号裁定"})
    assert (await outcome(office))[1] == set()
    shown = await office.must(office.reviewer, hidden, "resume", {"reason": "裁定已撤销"})
    assert (shown["listed_on"], shown["publish_until"]) == (entry["listed_on"], entry["publish_until"])
    assert (await outcome(office))[1] == {entry["id"]}


async def test_drafts_are_edited_and_thrown_away_and_grounds_are_redacted(office: Office) -> None:
    penalty = await office.published(**HEAVY)
    entry = await draft(office.lister)
    entry = await office.must(
        office.lister, entry, "edit", {"grounds": "联系电话13812345678", "penalties": [penalty["id"]]}
    )
    entry = await office.must(office.lister, entry, "propose")
    entry = await office.must(office.lister, entry, "notify", NOTIFIED)
    entry = await office.must(office.reviewer, entry, "list", LISTED)
    assert entry["grounds"] == "联系电话[已隐去:电话]"
    await office.settle()
    assert "13812345678" not in (await office.public.get(f"/v1/status/{USCC}")).text
    assert (await office.lister.get(path(entry))).json()["own"]["originals"] == {"grounds": "联系电话13812345678"}
    other = await draft(office.lister)
    await office.must(office.lister, other, "discard", {"reason": "重复"})
    assert (await office.lister.get(path(other))).status_code == 404


def path(entry: dict[str, Any], *rest: str) -> str:
    return "/".join((f"/v1/subjects/{entry['uscc']}/blacklist-entries/{entry['id']}", *rest))


async def test_an_office_lists_its_entries_by_state_list_and_authority(office: Office) -> None:
    """A county's entries are listed by its people and by the authority above, which finds those that wait for its consent."""
    made = await office.county_recorder.post(f"/v1/subjects/{USCC}/penalties", json=DRAFT | HEAVY)
    penalty = await office.must(office.county_recorder, made.json(), "submit")
    penalty = await office.must(office.county_reviewer, penalty, "approve", SIGNED)
    waiting = await draft(office.county_lister, penalties=[penalty["id"]])
    waiting = await office.must(office.county_lister, waiting, "propose")
    waiting = await office.must(office.county_lister, waiting, "notify", NOTIFIED)
    ours = [await draft(office.lister, uscc=make_uscc(number)) for number in (31, 32, 33)]
    standing = await listed(office)
    everything = [waiting["id"], *(one["id"] for one in ours), standing["id"]]

    async def ids(who: AsyncClient, **query: Any) -> list[str]:
        answer = await who.get("/v1/blacklist-entries", params=query)
        assert answer.status_code == 200, answer.text
        return [str(one.id) for one in EntryPage.model_validate(answer.json()).items]

    assert await ids(office.lister) == await ids(office.consenter) == everything
    assert await ids(office.county_lister) == [waiting["id"]]
    assert await ids(office.county_lister, state="draft") == []
    assert await ids(office.lister, state="draft", list="samr-serious") == everything[1:4]
    assert await ids(office.lister, list="serious-dishonesty") == []
    assert await ids(office.lister, authority=waiting["authority_code"]) == [waiting["id"]]
    assert await ids(office.consenter, awaits_consent=True) == [waiting["id"]]
    assert await ids(office.county_reviewer, awaits_consent=True) == await ids(office.lister, awaits_consent=True) == []
    paged: list[str] = []
    query: dict[str, Any] | None = {"limit": 2}
    while query is not None:
        page = (await office.lister.get("/v1/blacklist-entries", params=query)).json()
        paged += [one["id"] for one in page["items"]]
        query = page["next"] and {"limit": 2, "cursor": page["next"]}
    assert paged == everything
    unknown = await office.lister.get("/v1/blacklist-entries", params={"list": "none-such"})
    assert unknown.json()["code"] == "unknown_list"
    assert (await office.platform.get("/v1/blacklist-entries")).json()["code"] == "role_missing"
    await office.must(office.consenter, waiting, "consent", {"document_no": "渝监批〔2026〕1号"})
    assert await ids(office.consenter, awaits_consent=True) == []

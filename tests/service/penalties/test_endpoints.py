from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.penalties import CorrectionOut, MovedOut, NoticePage, PenaltyOut, PenaltyPage, ReviewPage, VersionPage
from service.db import Database
from tests.clients import NOW
from tests.factories import make_uscc
from tests.service.penalties.lives import DRAFT, SIGNED, SUSPENDED, USCC, WITHDRAWN, Office, open_office


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as opened:
        yield opened


async def test_a_penalty_from_draft_to_publication_is_seen_only_when_it_may_be(office: Office) -> None:
    record = await office.draft()
    assert PenaltyOut.model_validate(record).state == "draft"
    assert await office.status_ids() == set()
    assert (await office.read(office.platform, record)).status_code == 404
    assert (await office.read(office.outsider, record)).status_code == 404
    record = await office.must(office.recorder, record, "submit")
    queue = ReviewPage.model_validate((await office.reviewer.get("/v1/penalties/reviews")).json())
    assert [str(item.penalty.id) for item in queue.items] == [record["id"]]
    assert queue.items[0].checklist.tier == "general"
    record = await office.must(office.reviewer, record, "approve", SIGNED)
    assert (record["state"], await office.status_ids()) == ("approved", set())
    record = await office.must(office.reviewer, record, "publish")
    assert (record["state"], record["published_on"], record["public"]) == ("published", "2026-11-24", True)
    assert (record["publish_from"], record["publish_until"], record["rule"]) == ("2026-11-24", "2027-11-02", "R36-2")
    assert await office.status_ids() == {record["id"]}
    seen = PenaltyOut.model_validate((await office.read(office.platform, record)).json())
    assert seen.own is None
    assert seen.document_no == DRAFT["document_no"]


async def test_a_draft_is_edited_returned_and_handed_in_again(office: Office) -> None:
    record = await office.draft(document_no=None)
    record = await office.must(office.recorder, record, "edit", {"document_no": DRAFT["document_no"], "fine_fen": 1})
    assert (record["fine_fen"], record["own"]["flags"]) == (1, ["fine_contradiction", *record["own"]["flags"][1:]])
    record = await office.must(office.recorder, record, "submit")
    refused = await office.do(office.recorder, record, "edit", {"fine_fen": 500_000})
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    record = await office.must(office.reviewer, record, "return", {"reason": "金额与内容不符"})
    assert record["own"]["reason"] == "金额与内容不符"
    record = await office.must(office.second_recorder, record, "edit", {"fine_fen": 500_000})
    record = await office.must(office.second_recorder, record, "submit")
    assert len(record["own"]["recorders"]) == 2
    await office.must(office.reviewer, record, "approve", SIGNED)


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        pytest.param({"served_on": None}, "service", id="not served"),
        pytest.param({"publication_told_on": None}, "told_of_publication", id="not told of publication"),
        pytest.param({"repair_notice_served_on": None}, "repair_notice", id="no repair notice"),
        pytest.param({"legal_basis": None}, "required_fields", id="a field is missing"),
        pytest.param({"document_no": "无"}, "document_number", id="no document number"),
        pytest.param({"kinds": ["confiscation_gains"]}, "kinds_amounts", id="a fine without its kind"),
        pytest.param({"kinds": ["fine"], "confiscation_fen": None}, "tier", id="tier undecided: threshold unknown"),
        pytest.param(
            {"redactions": {"title": "处罚决定 13812345678"}}, "personal_data", id="personal data in a public form"
        ),
    ],
)
async def test_nothing_that_fails_a_hard_check_is_approved(office: Office, changes: dict[str, Any], point: str) -> None:
    record = await office.submitted(**changes)
    refused = await office.do(office.reviewer, record, "approve", SIGNED)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_failed")
    failed = [one["id"] for one in refused.json()["checklist"]["points"] if one["outcome"] == "failed"]
    assert point in failed


async def test_every_point_is_signed_and_the_tier_is_the_rulebooks(office: Office) -> None:
    record = await office.submitted()
    signed = {name: note for name, note in SIGNED["signed"].items() if name != "secrecy"}
    refused = await office.do(office.reviewer, record, "approve", SIGNED | {"signed": signed})
    assert (refused.status_code, refused.json()["unsigned"]) == (422, ["secrecy"])
    # No decision is attached: that point needs a note beside the signature.
    signed = SIGNED["signed"] | {"decision_document": None}
    refused = await office.do(office.reviewer, record, "approve", SIGNED | {"signed": signed})
    assert refused.json()["unsigned"] == ["decision_document"]
    refused = await office.do(office.reviewer, record, "approve", SIGNED | {"tier": "minor"})
    assert (refused.status_code, refused.json()["code"], refused.json()["proposal"]) == (409, "tier_differs", "general")


async def test_nobody_reviews_his_own_work(office: Office) -> None:
    made = await office.both.post(f"/v1/subjects/{USCC}/penalties", json=DRAFT)
    record = await office.must(office.both, made.json(), "submit")
    for move, body in (("approve", SIGNED), ("return", {"reason": "退回"})):
        refused = await office.do(office.both, record, move, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "own_work")
    assert "approve" not in record["own"]["possible"]
    record = await office.must(office.reviewer, record, "approve", SIGNED)
    refused = await office.do(office.both, record, "publish")
    assert refused.json()["code"] == "own_work"


async def test_rights_versions_and_states_are_each_their_own_refusal(office: Office) -> None:
    record = await office.submitted()
    assert (await office.do(office.recorder, record, "approve", SIGNED)).json()["code"] == "role_missing"
    assert (await office.do(office.outsider, record, "approve", SIGNED)).status_code == 404
    stale = record | {"version_no": 1}
    assert (await office.do(office.reviewer, stale, "approve", SIGNED)).status_code == 412
    path = f"/v1/subjects/{USCC}/penalties/{record['id']}/approve"
    assert (await office.reviewer.post(path, json=SIGNED)).status_code == 428
    refused = await office.do(office.reviewer, record, "publish")
    assert (refused.status_code, refused.json()["state"]) == (409, "submitted")
    assert "approve" in refused.json()["possible"]
    shown = await office.published(document_no="渝示市监罚〔2026〕18号")
    assert (await office.do(office.outsider, shown, "recall", {"cause": "other", "reason": "试"})).json()["code"] in {
        "other_authority", "invalid_request",
    }  # fmt: skip
    other = await office.do(office.outsider, shown, "recall", {"cause": "other", "reason": "试试"})
    assert (other.status_code, other.json()["code"]) == (403, "other_authority")


async def test_a_document_number_is_recorded_once(office: Office) -> None:
    record = await office.draft()
    again = await office.recorder.post(
        f"/v1/subjects/{USCC}/penalties", json=DRAFT | {"document_no": "渝示市监罚[2026]17号"}
    )
    assert (again.status_code, again.json()["code"], again.json()["id"]) == (409, "already_recorded", record["id"])
    second = await office.draft(document_no="渝示市监罚〔2026〕18号")
    taken = await office.do(office.recorder, second, "edit", {"document_no": DRAFT["document_no"]})
    assert taken.json()["code"] == "already_recorded"
    await office.must(office.recorder, record, "discard", {"reason": "重复录入"})
    assert (await office.read(office.recorder, record)).status_code == 404
    await office.must(office.recorder, second, "edit", {"document_no": DRAFT["document_no"]})


async def test_personal_data_is_marked_redacted_and_kept_beside_for_the_authority_alone(office: Office) -> None:
    facts = "经查，当事人联系电话13812345678，销售侵权商品"
    record = await office.submitted(violation_facts=facts)
    path = f"/v1/subjects/{USCC}/penalties/{record['id']}/checklist"
    checklist = (await office.reviewer.get(path)).json()
    (place,) = checklist["places"]
    assert facts[place["start"] : place["end"]] == "13812345678"
    assert checklist["redactions"] == {"violation_facts": "经查，当事人联系电话[已隐去:电话]，销售侵权商品"}
    assert record["violation_facts"] == facts
    record = await office.must(office.reviewer, record, "approve", SIGNED)
    record = await office.must(office.reviewer, record, "publish")
    await office.settle()
    for who in (office.platform, office.public, office.outsider):
        for path in (f"penalties/{record['id']}", "penalties", f"penalties/{record['id']}/versions", "credit-file"):
            assert "13812345678" not in (await who.get(f"/v1/subjects/{USCC}/{path}")).text
    own = (await office.read(office.recorder, record)).json()
    assert own["own"]["originals"] == {"violation_facts": facts}
    assert "[已隐去:电话]" in own["violation_facts"]


async def test_a_fallen_decision_is_hidden_at_once_with_a_notice_that_says_no_more_than_it_must(office: Office) -> None:
    record = await office.published()
    await office.settle()
    for body, code in (
        ({"fell_on": "2026-11-25"}, "impossible_day"),
        ({"fell_on": "2026-11-01"}, "impossible_day"),
        ({"notice_until": "2026-11-23"}, "impossible_day"),
        ({"reason": "当事人电话13812345678"}, "personal_data_in_text"),
        ({"fall": "changed"}, "no_successor"),
        ({"fall": "changed", "successor_id": record["id"]}, "no_successor"),
    ):
        refused = await office.do(office.reviewer, record, "withdraw", WITHDRAWN | body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    successor = await office.draft(document_no="渝示市监罚〔2026〕18号")
    changed = WITHDRAWN | {"fall": "changed", "successor_id": successor["id"]}
    ended = await office.must(office.reviewer, record, "withdraw", changed)
    assert (ended["state"], ended["own"]["act"]["successor_id"]) == ("ended", successor["id"])
    assert await office.status_ids() == set()
    assert await office.status_ids(as_of="2026-11-24") == set()
    assert (await office.read(office.platform, record)).status_code == 404
    told = await office.public.get("/v1/penalties/withdrawal-notices")
    (notice,) = NoticePage.model_validate(told.json()).items
    assert (notice.document_no, notice.fall, notice.shown_until.isoformat()) == (
        DRAFT["document_no"],
        "changed",
        "2026-12-20",
    )
    assert USCC not in told.text
    assert DRAFT["party_name"] not in told.text
    changes = (await office.platform.get("/v1/changes")).json()["items"]
    assert changes[-1] == {
        "position": changes[-1]["position"],
        "event": "ended",
        "id": record["id"],
        "ended_on": "2026-11-24",
    }


async def test_a_decision_that_fell_before_it_was_shown_leaves_no_notice(office: Office) -> None:
    record = await office.approved()
    await office.must(office.reviewer, record, "withdraw", WITHDRAWN)
    assert (await office.public.get("/v1/penalties/withdrawal-notices")).json()["items"] == []


async def test_suspension_hides_and_never_moves_the_end(office: Office) -> None:
    record = await office.published()
    suspended = await office.must(office.reviewer, record, "suspend", SUSPENDED)
    assert (suspended["public"], suspended["publish_until"]) == (False, record["publish_until"])
    assert await office.status_ids() == set()
    again = await office.must(office.second_reviewer, suspended, "resume", {"reason": "裁定已撤销"})
    assert (again["publish_from"], again["publish_until"]) == (record["publish_from"], record["publish_until"])
    assert await office.status_ids() == {record["id"]}


async def test_a_recall_works_alone_and_at_once_and_is_reviewed_by_somebody_else(office: Office) -> None:
    record = await office.published()
    recalled = await office.must(office.reviewer, record, "recall", {"cause": "missed_redaction", "reason": "漏隐住址"})
    assert await office.status_ids() == set()
    refused = await office.do(office.reviewer, recalled, "republish", SIGNED | {"reason": "核对无误"})
    assert refused.json()["code"] == "own_work"
    again = await office.must(office.second_reviewer, recalled, "republish", SIGNED | {"reason": "核对无误"})
    assert (again["published_on"], again["publish_from"]) == (record["published_on"], record["publish_from"])
    assert await office.status_ids() == {record["id"]}


async def test_a_correction_passes_the_gate_and_shows_before_and_after(office: Office) -> None:
    record = await office.published()
    change = {
        "nature": "content",
        "reason": "罚款金额录入有误",
        "changes": {"fine_fen": 50_000, "penalty_content": "罚款500元，没收违法所得800元"},
    }
    proposed = CorrectionOut.model_validate(await office.must(office.recorder, record, "propose-correction", change))
    assert proposed.before["fine_fen"] == 500_000
    assert (await office.do(office.second_recorder, record, "propose-correction", change)).json()[
        "code"
    ] == "correction_open"
    assert await office.status_ids() == {record["id"]}
    corrected = await office.must(office.reviewer, record, "correct", SIGNED)
    assert (corrected["fine_fen"], corrected["published_on"]) == (50_000, record["published_on"])
    versions = VersionPage.model_validate(
        (await office.platform.get(f"/v1/subjects/{USCC}/penalties/{record['id']}/versions")).json()
    )
    assert [(one.penalty.fine_fen, one.changed) for one in versions.items] == [
        (500_000, []),
        (50_000, ["fine_fen", "penalty_content"]),
    ]
    path = f"/v1/subjects/{USCC}/penalties/{record['id']}/versions"
    own = (await office.recorder.get(path)).json()
    commands = ["record", "submit", "approve", "publish", "correct"]
    assert [one["penalty"]["own"]["command"] for one in own["items"]] == commands
    assert [bool(one["penalty"]["own"]["possible"]) for one in own["items"]] == [False] * 4 + [True]
    ends = (await office.recorder.get(path + "?from=1&to=5")).json()["items"]
    assert [one["penalty"]["version_no"] for one in ends] == [1, 5]
    assert set(ends[1]["changed"]) >= {"fine_fen", "penalty_content", "state"}
    assert "fine_fen" not in (await office.recorder.get(path + "?from=1&to=4")).json()["items"][1]["changed"]
    told = (await office.platform.get(path + "?from=4")).json()["items"]
    assert [one["changed"] for one in told] == [[], ["fine_fen", "penalty_content"]]
    for side in ("from=1&to=5", "to=3", "from=6"):  # what was never public is no version for the public
        refused = await office.platform.get(f"{path}?{side}")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_version")


async def test_personal_data_that_was_shown_leaves_no_public_before(office: Office) -> None:
    record = await office.published(violation_facts="经查，当事人张某某家住某处，销售侵权商品")
    await office.settle()
    recalled = await office.must(office.recorder, record, "recall", {"cause": "missed_redaction", "reason": "漏隐住址"})
    change = {
        "nature": "personal_data",
        "reason": "漏隐住址",
        "changes": {"redactions": {"violation_facts": "经查，当事人销售侵权商品"}},
    }
    await office.must(office.second_recorder, recalled, "propose-correction", change)
    corrected = await office.must(office.reviewer, recalled, "correct", SIGNED)
    assert (corrected["state"], corrected["published_on"]) == ("published", record["published_on"])
    await office.settle()
    versions = await office.platform.get(f"/v1/subjects/{USCC}/penalties/{record['id']}/versions")
    assert len(versions.json()["items"]) == 1
    before = await office.platform.get(f"/v1/subjects/{USCC}/penalties/{record['id']}/versions?from=4")
    assert before.json()["code"] == "no_such_version"
    for path in (f"penalties/{record['id']}", f"penalties/{record['id']}/versions", "credit-file"):
        assert "家住" not in (await office.platform.get(f"/v1/subjects/{USCC}/{path}")).text


async def test_what_was_replaced_for_personal_data_answers_no_question_about_the_past(office: Office) -> None:
    record = await office.published()
    await office.settle()
    async with open_office(office.database, now=NOW + timedelta(days=7)) as later:
        known = {"known_at": "2026-11-25"}
        assert await later.status_ids(**known) == {record["id"]}
        recalled = await later.must(
            later.recorder, record, "recall", {"cause": "missed_redaction", "reason": "漏隐姓名"}
        )
        change = {"nature": "personal_data", "reason": "漏隐姓名", "changes": {"title": "处罚决定"}}
        await later.must(later.second_recorder, recalled, "propose-correction", change)
        await later.must(later.reviewer, recalled, "correct", SIGNED)
        assert await later.status_ids() == {record["id"]}
        assert await later.status_ids(**known) == set()


async def test_a_rejected_correction_changes_nothing(office: Office) -> None:
    record = await office.published()
    change = {"nature": "content", "reason": "名称有误", "changes": {"party_name": "重庆示例商贸有限责任公司"}}
    await office.must(office.recorder, record, "propose-correction", change)
    assert (await office.do(office.recorder, record, "reject-correction", {"reason": "无误"})).json()[
        "code"
    ] == "role_missing"
    after = await office.must(office.reviewer, record, "reject-correction", {"reason": "与决定书一致"})
    assert after["version_no"] == record["version_no"]
    assert (await office.do(office.reviewer, record, "correct", SIGNED)).json()["code"] == "no_open_correction"
    nothing = {"nature": "content", "reason": "名称有误", "changes": {"party_name": DRAFT["party_name"]}}
    assert (await office.do(office.recorder, record, "propose-correction", nothing)).json()["code"] == "nothing_changed"


async def test_a_record_of_the_wrong_firm_is_moved_in_one_act(office: Office) -> None:
    record = await office.published()
    right = make_uscc(2)
    body = {"to_uscc": right, "party_name": "重庆正确商贸有限公司", "reason": "主体录入错误"}
    assert (await office.do(office.recorder, record, "move", body | {"to_uscc": USCC})).json()["code"] == "same_subject"
    moved = MovedOut.model_validate(await office.must(office.recorder, record, "move", body))
    assert (moved.ended.state, moved.made.state, moved.made.uscc) == ("ended", "submitted", right)
    assert await office.status_ids() == set()
    made = moved.made.model_dump(mode="json")
    made = await office.must(office.reviewer, made, "approve", SIGNED)
    made = await office.must(office.reviewer, made, "publish")
    assert (made["published_on"], await office.status_ids(right)) == (record["published_on"], {made["id"]})
    found = (await office.platform.get("/v1/subjects", params={"name": DRAFT["party_name"]})).json()["items"]
    assert USCC not in {one["uscc"] for one in found}
    # That move was the mistake: it goes back, and away once more before anybody reviewed it, and back again.
    home = {"to_uscc": USCC, "party_name": DRAFT["party_name"], "reason": "前次移转有误"}
    back = (await office.must(office.recorder, made, "move", home))["made"]
    away = (await office.must(office.recorder, back, "move", body))["made"]
    assert (await office.do(office.recorder, back, "move", body)).json()["code"] == "version_mismatch"
    back = (await office.must(office.recorder, away, "move", home))["made"]
    assert (back["state"], await office.status_ids(), await office.status_ids(right)) == ("submitted", set(), set())
    again = await office.recorder.post(f"/v1/subjects/{USCC}/penalties", json=DRAFT)
    assert (again.json()["code"], again.json()["id"]) == ("already_recorded", back["id"])
    back = await office.must(office.reviewer, back, "approve", SIGNED)
    back = await office.must(office.reviewer, back, "publish")
    assert (back["published_on"], await office.status_ids()) == (record["published_on"], {back["id"]})
    assert (await office.read(office.recorder, record)).json()["state"] == "ended", "what was moved away stays so"


async def test_a_name_that_is_not_the_registered_one_is_looked_at(office: Office) -> None:
    record = await office.submitted()
    path = f"/v1/subjects/{USCC}/penalties/{record['id']}"
    outcomes = []
    for version, (name, former) in enumerate(
        (("重庆旧名商贸有限公司", []), ("重庆新名商贸有限公司", [DRAFT["party_name"]]))
    ):
        stated = {"name": name, "former_names": former, "registration_status": "active"}
        headers = {"If-Match": f'"{version}"'} if version else {}
        put = await office.registrar.put(f"/v1/subjects/{USCC}", json=stated, headers=headers)
        assert put.status_code in {200, 201}, put.text
        points = (await office.reviewer.get(f"{path}/checklist")).json()["points"]
        outcomes.append(next((one["outcome"], one["found"]) for one in points if one["id"] == "subject"))
    told = f"the decision names {DRAFT['party_name']}; registered as 重庆旧名商贸有限公司"
    assert outcomes == [("look", [told]), ("passed", [])]
    bare = await office.reviewer.post(f"{path}/publish", headers={"If-Match": f'"{record["version_no"]}"'})
    assert bare.json()["code"] == "wrong_state", "a move that needs nothing comes without a body"


async def test_withheld_has_a_reason_an_approver_and_an_end(office: Office) -> None:
    record = await office.submitted()
    body = {"reason": "公开可能危害公共安全", "basis": "政府信息公开条例第十四条", "until": "2026-11-24"}
    assert (await office.do(office.reviewer, record, "withhold", body)).json()["code"] == "impossible_day"
    held = await office.must(office.reviewer, record, "withhold", body | {"until": "2027-05-24"})
    assert (held["own"]["withheld_until"], held["own"]["reviewer"] is not None) == ("2027-05-24", True)
    waiting = await office.reviewer.get("/v1/penalties/reviews", params={"state": "withheld"})
    assert [item["penalty"]["id"] for item in waiting.json()["items"]] == [record["id"]]
    again = await office.must(office.recorder, held, "reopen", {"reason": "理由已消失"})
    await office.must(office.reviewer, again, "approve", SIGNED)


async def test_a_warning_alone_is_approved_and_not_shown_unless_a_law_says_so(office: Office) -> None:
    warning = {"kinds": ["warning"], "fine_fen": None, "confiscation_fen": None, "penalty_content": "警告"}
    signed = SIGNED | {"tier": "minor", "tier_basis": "仅警告"}
    record = await office.must(office.reviewer, await office.submitted(**warning), "approve", signed)
    refused = await office.do(office.reviewer, record, "publish")
    assert (refused.status_code, refused.json()["code"], refused.json()["why"]) == (
        409,
        "not_displayed",
        "not_published",
    )
    by_law = warning | {"document_no": "渝示市监罚〔2026〕18号", "display_exception": "某法第十条"}
    record = await office.submitted(**by_law)
    assert (await office.do(office.reviewer, record, "approve", signed)).json()["code"] == "gate_failed"
    record = await office.must(office.reviewer, record, "return", {"reason": "补充期限"})
    record = await office.must(office.recorder, record, "edit", {"display_exception_until": "2027-01-31"})
    record = await office.must(office.recorder, record, "submit")
    record = await office.must(office.reviewer, record, "approve", signed)
    shown = await office.must(office.reviewer, record, "publish")
    assert (shown["publish_until"], await office.status_ids()) == ("2027-01-31", {record["id"]})


async def test_batches_are_recorded_and_approved_all_or_none(office: Office) -> None:
    drafts = [DRAFT | {"uscc": make_uscc(100 - n), "document_no": f"渝示市监罚〔2026〕{n}号"} for n in range(1, 4)]
    clash = await office.recorder.post("/v1/penalties/drafts", json={"drafts": [*drafts, drafts[0]]})
    assert clash.status_code == 409
    made = (await office.recorder.post("/v1/penalties/drafts", json={"drafts": drafts})).json()["items"]
    assert [one["uscc"] for one in made] == [one["uscc"] for one in drafts]
    ready = [await office.must(office.recorder, one, "submit") for one in made]
    approvals = [SIGNED | {name: one[name] for name in ("uscc", "id", "version_no")} for one in ready]
    wrong = [*approvals[:2], approvals[2] | {"version_no": 1}]
    refused = await office.reviewer.post("/v1/penalties/reviews", json={"approvals": wrong})
    assert (refused.status_code, [one["code"] for one in refused.json()["refused"]]) == (409, ["version_mismatch"])
    assert (await office.read(office.recorder, made[0])).json()["state"] == "submitted"
    done = await office.reviewer.post("/v1/penalties/reviews", json={"approvals": approvals})
    assert [one["state"] for one in done.json()["items"]] == ["approved"] * 3


async def test_lists_are_paged_and_show_each_key_what_it_may_see(office: Office) -> None:
    shown = await office.published()
    await office.draft(document_no="渝示市监罚〔2026〕18号")
    path = f"/v1/subjects/{USCC}/penalties"
    own = PenaltyPage.model_validate((await office.recorder.get(path)).json())
    assert [one.state for one in own.items] == ["published", "draft"]
    public = PenaltyPage.model_validate((await office.platform.get(path)).json())
    assert [str(one.id) for one in public.items] == [shown["id"]]
    first = (await office.recorder.get(path, params={"limit": 1})).json()
    second = (await office.recorder.get(path, params={"limit": 1, "cursor": first["next"]})).json()
    assert [first["items"][0]["state"], second["items"][0]["state"], second["next"]] == ["published", "draft", None]
    drafts = (await office.recorder.get(path, params={"state": "draft"})).json()["items"]
    assert [one["state"] for one in drafts] == ["draft"]
    assert (await office.recorder.get(path, params={"cursor": "IngnIg"})).json()["code"] == "bad_cursor"
    assert (await office.public.get(path)).status_code == 401


async def test_what_is_signed_is_the_law_of_that_day_and_not_of_the_day_it_was_handed_in(office: Office) -> None:
    """Handed in before order 45 had a row for it, approved and published under that row."""
    days = dict.fromkeys(("decided_on", "served_on", "publication_told_on", "repair_notice_served_on"), "2019-05-20")
    criticism = {"kinds": ["criticism"], "fine_fen": None, "confiscation_fen": None, "penalty_content": "通报批评"}
    async with open_office(office.database, now=datetime(2021, 8, 31, 4, tzinfo=UTC)) as before:
        record = await before.submitted(**days, **criticism)
        undecided = await before.do(before.reviewer, record, "approve", SIGNED | {"tier": "minor"})
        assert undecided.json()["code"] == "gate_failed"
    async with open_office(office.database, now=datetime(2021, 9, 1, 4, tzinfo=UTC)) as after:
        record = await after.must(after.reviewer, record, "approve", SIGNED | {"tier": "minor"})
        assert record["publish_until"] is None or record["publish_until"] == "2021-12-01"
        shown = await after.must(after.reviewer, record, "publish")
        assert (shown["publish_from"], shown["publish_until"]) == ("2021-09-01", "2021-12-01")


async def test_what_a_recalled_record_offers_can_be_called(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.must(
            office.recorder, await office.published(), "recall", {"cause": "other", "reason": "核对"}
        )
        own = (await office.read(office.reviewer, record)).json()["own"]
        assert "correct" in own["possible"]
        answered = await office.do(office.reviewer, record, "correct", SIGNED)
        assert answered.json()["code"] == "no_open_correction"

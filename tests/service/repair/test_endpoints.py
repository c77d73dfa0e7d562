from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from schemas.repair import CertificateOut, ObjectionOut, ObjectionPage, RepairOut, RepairPage
from service.db import Database
from tests.factories import make_registration
from tests.service.blacklist.test_endpoints import listed
from tests.service.penalties.lives import USCC, Office, open_office

#: Three months after a publication on 2026-11-24 have passed with 2027-02-24; order 107 asks three at least.
LATER = datetime(2027, 3, 1, 4, tzinfo=UTC)
APPLICATION = {"statement": "已缴清罚款并完成整改", "commitment": "承诺守法经营"}
CONFIRMED = {"performed": "缴款凭证已核", "harm_removed": "已整改"}
GRANTED = {"document_no": "渝示市监修〔2027〕2号", "reason": "符合信用修复条件", "confirmed": CONFIRMED}


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as opened:
        yield opened


async def apply(who: AsyncClient, record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kind = "blacklist_entry" if "list" in record else "penalty"
    body = {"record_kind": kind, "record_id": record["id"]} | APPLICATION | changes
    made = await who.post(f"/v1/subjects/{USCC}/repairs", json=body)
    assert made.status_code == 201, made.text
    case: dict[str, Any] = made.json()
    return case


async def attach_proof(who: AsyncClient, case: dict[str, Any]) -> None:
    sent = await who.post(
        f"/v1/documents/{USCC}/repair/{case['id']}?kind=proof_of_performance&file_name=缴款凭证.pdf",
        content=b"%PDF-1.7 proof",
    )
    assert sent.status_code == 201, sent.text


async def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as session:
        return [tuple(row) for row in (await session.execute(text(sql))).all()]


async def test_a_repair_is_applied_for_judged_point_by_point_and_means_silence_at_once(office: Office) -> None:
    record = await office.published()
    async with open_office(office.database, now=LATER) as later:
        await later.authorise()
        case = RepairOut.model_validate(await apply(later.agent, record))
        assert (case.state, case.intake, case.clock_runs, case.acceptance_due_on) == ("filed", "local", False, None)
        again = await later.agent.post(
            f"/v1/subjects/{USCC}/repairs", json={"record_kind": "penalty", "record_id": record["id"]} | APPLICATION
        )
        assert (again.status_code, again.json()["code"]) == (409, "repair_open")
        held = case.model_dump(mode="json")
        # D13: three working days from Monday 2027-03-01.
        held = await later.must(later.repairer, held, "receive", {"intake": "gsxt", "received_on": "2027-03-01"})
        assert (held["clock_runs"], held["acceptance_due_on"]) == (True, "2027-03-04")
        twice = await later.do(later.repairer, held, "receive", {"intake": "gsxt", "received_on": "2027-03-01"})
        assert twice.json()["code"] == "already_received"
        held = await later.must(later.repairer, held, "accept")
        assert (held["rule"], held["decision_due_on"]) == ("R107-2", "2027-03-10")
        refused = await later.do(later.repairer, held, "grant", GRANTED)
        assert (refused.status_code, refused.json()["code"]) == (409, "conditions_not_met")
        found = {one["id"]: one["outcome"] for one in refused.json()["conditions"]}
        assert found == {
            "minimum": "holds", "performed": "fails", "harm_removed": "person", "not_repeated": "holds",
            "not_listed": "holds", "kinds_45": "holds",
        }  # fmt: skip
        await attach_proof(later.agent, held)
        refused = await later.do(later.repairer, held, "grant", GRANTED | {"confirmed": {}})
        assert (refused.status_code, refused.json()["unconfirmed"]) == (422, ["performed", "harm_removed"])
        assert await later.status_ids() == {record["id"]}
        done = await later.must(later.repairer, held, "grant", GRANTED)
        assert done["state"] == "granted"
        assert await later.status_ids() == set()
        assert await later.status_ids(as_of="2026-12-01") == set()
        assert (await later.read(later.platform, record)).status_code == 404
        changes = (await later.platform.get("/v1/changes")).json()["items"]
        assert changes[-1] == {
            "position": changes[-1]["position"],
            "event": "ended",
            "id": record["id"],
            "ended_on": "2027-03-01",
        }
        queued = await rows(
            office.database, "SELECT topic, channel FROM outbox_item WHERE created_at > '2027-01-01' ORDER BY 1, 2"
        )
        assert queued == [
            ("feed_repair_result", "credit_china"), ("feed_repair_result", "gsxt"), ("feed_withdrawal", "credit_china"),
            ("feed_withdrawal", "gsxt"), *[("party_notice", None)] * 4,
        ]  # fmt: skip
        path = f"/v1/subjects/{USCC}/repairs/{done['id']}"
        certificate = CertificateOut.model_validate((await later.agent.get(f"{path}/certificate")).json())
        assert (certificate.ended_on.isoformat(), certificate.document_no) == ("2027-03-01", record["document_no"])
        for stranger in (later.platform, later.outsider):
            assert (await stranger.get(path)).status_code == 404
            assert (await stranger.get(f"{path}/certificate")).status_code == 404
        seen = RepairOut.model_validate((await later.agent.get(path)).json())
        assert [one.command for one in seen.events] == ["file", "receive", "accept", "grant"]
        assert seen.review_routes
        own = await later.read(later.repairer, record)
        assert (own.json()["state"], own.json()["own"]["command"]) == ("ended", "repair")


async def test_the_minimum_is_counted_and_nothing_is_refused_without_a_law(office: Office) -> None:
    record = await office.published()
    case = await apply(office.repairer, record, intake="credit_china", received_on="2026-11-24")
    case = await office.must(office.second_repairer, case, "accept")
    await attach_proof(office.repairer, case)
    early = await office.do(office.second_repairer, case, "grant", GRANTED)
    failed = [one for one in early.json()["conditions"] if one["outcome"] == "fails"]
    assert [(one["id"], one["found"]) for one in failed] == [("minimum", "from 2026-11-24 to 2027-02-24 by R107-2")]
    own = await office.do(office.repairer, case, "refuse", {"reason": "未满最短公示期", "basis": "minimum"})
    assert own.json()["code"] == "own_work"
    baseless = await office.do(office.second_repairer, case, "refuse", {"reason": "情节恶劣", "basis": "morals"})
    assert (baseless.status_code, baseless.json()["code"]) == (422, "no_law_named")
    refused = await office.must(
        office.second_repairer, case, "refuse", {"reason": "未满最短公示期", "basis": "minimum"}
    )
    assert (refused["state"], refused["decision_basis"]) == ("refused", "minimum: SAMR令107号")
    assert await office.status_ids() == {record["id"]}
    again = await apply(office.repairer, record, intake="gsxt", received_on="2026-11-24")
    assert again["state"] == "filed"


async def test_a_conflict_between_rows_goes_to_a_person(office: Office) -> None:
    record = await office.published(
        kinds=["stop_business"], fine_fen=None, confiscation_fen=None, penalty_content="责令停产停业三十日"
    )
    case = await apply(office.repairer, record, intake="gsxt")
    case = await office.must(office.second_repairer, case, "accept")
    conflict = [one for one in case["conditions"] if one["id"] == "kinds_45"]
    assert [(one["outcome"], one["found"]) for one in conflict] == [
        ("person", "stop_business: decide which text prevails")
    ]


async def test_reorganisation_is_a_ground_of_its_own(office: Office) -> None:
    record = await office.published()
    body = {"record_kind": "penalty", "record_id": record["id"], "ground": "bankruptcy_reorganisation"} | APPLICATION
    missing = await office.repairer.post(f"/v1/subjects/{USCC}/repairs", json=body)
    assert missing.json()["code"] == "court_document_missing"
    case = await apply(
        office.repairer,
        record,
        ground="bankruptcy_reorganisation",
        court_document_no="（2026）渝05破3号之二",
        intake="gsxt",
    )
    case = await office.must(office.second_repairer, case, "accept")
    assert [one["id"] for one in case["conditions"]] == ["court_plan", "commitment"]
    done = await office.must(
        office.second_repairer, case, "grant", GRANTED | {"confirmed": {"court_plan": "裁定书已核"}}
    )
    assert (done["state"], await office.status_ids()) == ("granted", set())


async def test_the_result_for_a_firm_of_another_province_is_pushed_there_within_its_term(office: Office) -> None:
    async with office.database.transaction() as session:
        await make_registration(session, USCC, division_code="510100")
    record = await office.published()
    case = await apply(
        office.repairer,
        record,
        ground="bankruptcy_reorganisation",
        court_document_no="（2026）渝05破3号",
        intake="gsxt",
    )
    case = await office.must(office.second_repairer, case, "accept")
    done = await office.must(
        office.second_repairer, case, "grant", GRANTED | {"confirmed": {"court_plan": "裁定书已核"}}
    )
    # D17: three working days from Tuesday 2026-11-24.
    assert done["events"][-1]["act"]["push"] == {"deadline": "D17", "due_on": "2026-11-27", "provisional": False}
    queued = await rows(office.database, "SELECT due_on::text FROM outbox_item WHERE topic = 'feed_repair_push'")
    assert queued == [("2026-11-27",)]


async def test_only_the_firm_and_its_authority_apply_and_an_application_is_taken_back(office: Office) -> None:
    record = await office.published()
    body = {"record_kind": "penalty", "record_id": record["id"]} | APPLICATION
    await office.settle()
    for stranger in (office.platform, office.outsider, office.agent):
        refused = await stranger.post(f"/v1/subjects/{USCC}/repairs", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_its_agent")
    await office.authorise()
    case = await apply(office.agent, record)
    assert (await office.do(office.agent, case, "accept")).json()["code"] == "role_missing"
    assert (await office.do(office.repairer, case, "take-back")).json()["code"] == "own_work"
    back = await office.must(office.agent, case, "take-back")
    assert back["state"] == "taken_back"
    page = RepairPage.model_validate((await office.agent.get("/v1/repairs")).json())
    assert [one.state for one in page.items] == ["taken_back"]
    case = await apply(office.agent, record)
    rejected = await office.must(office.repairer, case, "not-accept", {"reason": "材料不全"})
    assert (rejected["state"], rejected["decision_reason"]) == ("not_accepted", "材料不全")
    draft = await office.draft(document_no="渝示市监罚〔2026〕18号")
    nothing = await office.repairer.post(f"/v1/subjects/{USCC}/repairs", json=body | {"record_id": draft["id"]})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_repair")


async def test_a_repaired_penalty_still_stands_behind_an_entry_and_an_entry_is_repaired_too(office: Office) -> None:
    penalty = await office.published(discretion_step="heavier")
    entry = await listed(office, penalty=penalty)
    case = await apply(office.repairer, entry, intake="gsxt")
    case = await office.must(office.second_repairer, case, "accept")
    assert (case["rule"], [one["id"] for one in case["conditions"]]) == (
        "R44-1", ["minimum", "performed", "harm_removed", "not_repeated"],
    )  # fmt: skip
    async with open_office(office.database, now=datetime(2027, 11, 25, 4, tzinfo=UTC)) as later:
        await attach_proof(later.repairer, case)
        done = await later.must(later.repairer, case, "grant", GRANTED)
        assert done["state"] == "granted"
        await later.settle()
        answer = (await later.public.get(f"/v1/status/{USCC}")).json()
        assert answer["blacklist_entries"] == []
        assert USCC not in (await later.platform.get("/v1/changes", params={"after": 0})).text.split("ended")[-1]


async def test_anybody_concerned_objects_and_the_authority_decides_with_reasons(office: Office) -> None:
    record = await office.published()
    await office.settle()
    body = {"record_kind": "penalty", "record_id": record["id"], "nature": "inaccurate", "statement": "金额有误"}
    made = await office.platform.post(f"/v1/subjects/{USCC}/objections", json=body)
    case = ObjectionOut.model_validate(made.json())
    assert (case.state, case.due_on) == ("open", None)
    query = await office.platform.post(f"/v1/subjects/{USCC}/objections", json=body | {"nature": "query"})
    # D20: twenty working days from 2026-11-24.
    assert query.json()["due_on"] == "2026-12-22"
    held = made.json()
    assert (await office.do(office.platform, held, "uphold", {"reason": "属实"})).json()["code"] == "role_missing"
    hidden = await office.must(office.reviewer, held, "hide", {"reason": "核实期间不予公示"})
    assert (hidden["hidden"], await office.status_ids()) == (True, set())
    upheld = await office.must(office.reviewer, hidden, "uphold", {"reason": "属实，予以更正"})
    assert (upheld["state"], upheld["decision_reason"]) == ("upheld", "属实，予以更正")
    rejected = await office.must(office.second_reviewer, query.json(), "reject", {"reason": "与决定书一致"})
    assert rejected["state"] == "rejected"
    assert (await office.do(office.platform, rejected, "take-back")).json()["code"] == "wrong_state"
    page = ObjectionPage.model_validate((await office.reviewer.get("/v1/objections", params={"uscc": USCC})).json())
    assert [one.state for one in page.items] == ["upheld", "rejected"]
    assert (await office.outsider.get("/v1/objections")).json()["items"] == []
    again = await office.read(office.recorder, record)
    shown = await office.must(office.reviewer, again.json(), "resume", {"reason": "已核实"})
    assert shown["publish_until"] == record["publish_until"]

from datetime import UTC, datetime
from typing import Any

from httpx import AsyncClient, Response

from schemas.letters import TemplatePage
from service.db import Database
from service.letters.actions import set_again
from service.typesetting import Press
from tests.service.blacklist.test_endpoints import HEAVY, LISTED, NOTIFIED
from tests.service.blacklist.test_endpoints import draft as draft_entry
from tests.service.penalties.lives import DRAFT, SIGNED, USCC, Office, open_office
from tests.service.repair.test_endpoints import GRANTED, apply, attach_proof

LATER = datetime(2027, 3, 1, 4, tzinfo=UTC)
STATED = {"letter_no": "渝示信告〔2026〕8号", "contact": "重庆市示例路1号"}


async def make(who: AsyncClient, kind: str, record: dict[str, Any], template: str, **facts: str) -> Response:
    path = f"/v1/documents/{USCC}/{kind}/{record['id']}/from-template"
    return await who.post(path, json={"template": template, "facts": facts})


async def made(who: AsyncClient, kind: str, record: dict[str, Any], template: str, **facts: str) -> dict[str, Any]:
    answer = await make(who, kind, record, template, **facts)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def check_bytes(who: AsyncClient, document: dict[str, Any]) -> None:
    """What is downloaded is what its facts make again, and has the digest that is told."""
    read = await who.get(f"/v1/documents/{USCC}/{document['record_id']}/{document['id']}")
    assert (read.status_code, read.headers["etag"]) == (200, f'"{document["sha256"]}"')
    assert await set_again(Press(), document["made_from"]) == read.content


async def entry_of_a_county(office: Office) -> dict[str, Any]:
    made = await office.county_recorder.post(f"/v1/subjects/{USCC}/penalties", json=DRAFT | HEAVY)
    penalty = await office.must(office.county_recorder, made.json(), "submit")
    penalty = await office.must(office.county_reviewer, penalty, "approve", SIGNED)
    entry = await draft_entry(office.county_lister, penalties=[penalty["id"]])
    return await office.must(office.county_lister, entry, "propose")


async def test_notices_of_a_penalty_and_of_an_entry_are_made_by_their_own_and_read_by_the_firm(
    database: Database,
) -> None:
    async with open_office(database) as office:
        await office.authorise()
        shown = TemplatePage.model_validate((await office.public.get("/v1/catalog/document-templates")).json())
        assert len(shown.items) == 11
        record = await office.published()
        for who, status, code in ((office.outsider, 403, "may_not_make"), (office.lister, 403, "may_not_make")):
            refused = await make(who, "penalty", record, "publication_notice", **STATED)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
        bare = await make(office.recorder, "penalty", record, "repair_notice")
        assert (bare.status_code, bare.json()["missing"]) == (409, ["letter_no", "contact"])
        surplus = await make(office.recorder, "penalty", record, "repair_notice", **STATED, party="别人")
        assert (surplus.status_code, surplus.json()["facts"]) == (422, ["party"])
        wrong = await make(office.recorder, "penalty", record, "certificate")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "no_such_template")
        notice = await made(office.recorder, "penalty", record, "repair_notice", **STATED)
        assert notice["made_from"]["facts"]["repair_periods"].startswith("最短公示期为3个月，最长公示期为1年")
        assert notice["file_name"] == "信用修复告知书（渝示信告〔2026〕8号）.pdf"
        again = await made(office.reviewer, "penalty", record, "repair_notice", **STATED)
        assert again["id"] == notice["id"]
        await made(office.recorder, "penalty", record, "publication_notice", **STATED)
        served = {"served_documents": "决定书、信用修复告知书", "served_how": "直接送达", "served_at": "当事人住所"}
        receipt = await made(office.recorder, "penalty", record, "service_receipt", **served)
        assert receipt["made_from"]["facts"]["served_on"] == "2026年11月5日"
        unserved = await office.draft(document_no="渝示市监罚〔2026〕19号", served_on=None)
        refused = await make(office.recorder, "penalty", unserved, "service_receipt", **served)
        assert refused.json()["missing"] == ["served_on"]
        listed = (await office.agent.get(f"/v1/documents/{USCC}/{record['id']}")).json()["items"]
        assert {one["kind"] for one in listed} == {"repair_notice", "publication_notice"}
        await check_bytes(office.agent, notice)
        assert (await office.platform.get(f"/v1/documents/{USCC}/{record['id']}")).json()["items"] == []

        entry = await entry_of_a_county(office)
        untold = await make(office.county_lister, "blacklist_entry", entry, "listing_notice", **STATED)
        assert untold.json()["missing"] == ["notified_on", "statement_until"]
        early = await make(office.consenter, "blacklist_entry", entry, "consent")
        assert (early.status_code, early.json()["code"]) == (409, "not_its_state")
        entry = await office.must(office.county_lister, entry, "notify", NOTIFIED)
        told = await made(office.county_lister, "blacklist_entry", entry, "listing_notice", **STATED)
        assert told["made_from"]["facts"]["penalties"] == DRAFT["document_no"]
        entry = await office.must(office.consenter, entry, "consent", {"document_no": "渝市监函〔2026〕9号"})
        agreed = await made(office.consenter, "blacklist_entry", entry, "consent")
        assert agreed["made_from"]["facts"]["consent_no"] == "渝市监函〔2026〕9号"
        entry = await office.must(office.county_reviewer, entry, "list", LISTED)
        await made(office.county_lister, "blacklist_entry", entry, "entry_repair_notice", **STATED)
        await made(office.county_lister, "blacklist_entry", entry, "entry_service_receipt", **served)
        await check_bytes(office.agent, told)
        own = (await office.agent.get(f"/v1/documents/{USCC}/{entry['id']}")).json()["items"]
        assert {one["kind"] for one in own} == {"listing_notice", "repair_notice"}


async def test_a_repair_has_its_decision_and_certificate_for_the_firm_alone(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.published()
        other = await office.published(document_no="渝示市监罚〔2026〕18号")
    async with open_office(database, now=LATER) as office:
        await office.authorise()
        case = await apply(office.repairer, record, intake="gsxt")
        early = await make(office.repairer, "repair", case, "termination_certificate")
        assert early.json()["code"] == "not_its_state"
        await attach_proof(office.agent, case)
        case = await office.must(office.second_repairer, case, "accept")
        case = await office.must(office.second_repairer, case, "grant", GRANTED)
        decision = await made(office.repairer, "repair", case, "repair_decision")
        found = decision["made_from"]["facts"]
        assert found["letter_no"] == GRANTED["document_no"]
        assert "已满最短公示期：符合" in found["repair_findings"]
        certificate = await made(office.repairer, "repair", case, "termination_certificate")
        for document in (decision, certificate):
            await check_bytes(office.agent, document)
            path = f"/v1/documents/{USCC}/{case['id']}/{document['id']}"
            assert [(await who.get(path)).status_code for who in (office.platform, office.outsider)] == [404, 404]

        case = await apply(office.repairer, other, intake="gsxt")
        case = await office.must(office.second_repairer, case, "not-accept", {"reason": "材料不齐"})
        refused = await make(office.repairer, "repair", case, "repair_not_accepted")
        assert refused.json()["missing"] == ["letter_no"]
        letter = await made(office.repairer, "repair", case, "repair_not_accepted", letter_no="渝示信修〔2027〕3号")
        assert letter["made_from"]["facts"]["reason"] == "材料不齐"

from datetime import date

from schemas.catalog import SuccessionOut, SuccessionPage
from service.access.rules import Role
from service.db import Database
from tests.clients import client_of
from tests.factories import make_penalty, make_registration, number_changes
from tests.offices import open_offices

FELL = {
    "fall": "revoked", "reason": "复议撤销", "basis": "示例复议决定〔2026〕1号", "fell_on": "2026-11-20",
    "notice_until": "2027-11-20",
}  # fmt: skip


async def test_the_successor_sees_and_withdraws_what_its_predecessor_recorded(database: Database) -> None:
    async with open_offices(database) as offices:
        async with database.transaction() as session:
            uscc = await make_registration(session)
            shown = await make_penalty(session, uscc, authority_code="former", decided_on=date(2017, 5, 2))
            await make_penalty(session, uscc, authority_code="former", document_no="未公开", state="draft")
            await number_changes(session)
        people = [Role.RECORDER, Role.REVIEWER, Role.CONSENTER]
        successor = await offices.hire(*people, authority="district")
        left_behind = await offices.hire(*people, authority="former")
        other = await offices.hire(*people, authority="other")
        for client, count in ((successor, 2), (left_behind, 1), (other, 1)):
            file = (await client.get(f"/v1/subjects/{uscc}/credit-file")).json()
            assert len(file["penalties"]) == count
        path = f"/v1/subjects/{uscc}/penalties/{shown}/withdraw"
        for client in (left_behind, other):
            assert (await client.post(path, json=FELL, headers={"If-Match": '"1"'})).status_code == 403
        withdrawn = await successor.post(path, json=FELL, headers={"If-Match": '"1"'})
        assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "ended"), withdrawn.text


async def test_a_succession_is_entered_with_its_act_and_moves_rights_from_its_day_on(database: Database) -> None:
    async with open_offices(database) as offices:
        keeper = await offices.hire(Role.RULE_KEEPER)
        other = await offices.hire(Role.RECORDER, authority="other")
        district = await offices.hire(Role.RECORDER, authority="district")
        body = {
            "predecessor_code": "other", "successor_code": "district", "effective_on": "2026-11-24", "citation": "示例改革方案",
        }  # fmt: skip
        path = "/v1/catalog/authority-successions"
        assert (await district.post(path, json=body)).status_code == 403
        later = await keeper.post(path, json=body | {"effective_on": "2026-11-25", "predecessor_code": "street"})
        assert later.status_code == 201
        made = await keeper.post(path, json=body)
        assert made.status_code == 201, made.text
        assert SuccessionOut.model_validate(made.json()).citation == "示例改革方案"
        for changes, status, code in (
            ({}, 409, "already_succeeded"),
            ({"successor_code": "nowhere"}, 404, "no_such_authority"),
            ({"predecessor_code": "district", "successor_code": "other"}, 422, "circular_succession"),
            ({"predecessor_code": "district"}, 422, "circular_succession"),
            ({"citation": ""}, 422, "invalid_request"),
        ):
            answer = await keeper.post(path, json=body | changes)
            assert (answer.status_code, answer.json()["code"]) == (status, code), changes
        assert (await district.get("/v1/me")).json()["authorities"] == ["district", "former", "other"]
        assert (await other.get("/v1/me")).json()["authorities"] == []
        async with client_of(offices.app) as public:
            page = SuccessionPage.model_validate((await public.get(f"{path}?limit=2")).json())
            rest = SuccessionPage.model_validate((await public.get(f"{path}?limit=2&cursor={page.next}")).json())
        assert [one.predecessor_code for one in (*page.items, *rest.items)] == ["former", "other", "street"]

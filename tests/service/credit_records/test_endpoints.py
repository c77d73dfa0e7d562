from typing import Any

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_key
from tests.service.penalties.lives import AUTHORITY, USCC, open_office

PERMIT: dict[str, Any] = {
    "class_id": "permit",
    "party_name": "重庆示例商贸有限公司",
    "title": "食品经营许可",
    "document_no": "渝示许〔2026〕8号",
    "decided_on": "2026-11-20",
    "valid_until": "2031-11-19",
    "body": {"permit_kind": "普通", "permit_name": "许可决定书", "content": "食品销售"},
}
PATH = f"/v1/subjects/{USCC}/credit-records"


async def test_a_permit_is_recorded_reported_corrected_and_withdrawn(database: Database) -> None:
    async with open_office(database) as office:
        outside = await office.recorder.post(PATH, json=PERMIT | {"class_id": "hobby"})
        assert (outside.status_code, outside.json()["code"]) == (422, "outside_the_catalog")
        future = await office.recorder.post(PATH, json=PERMIT | {"decided_on": "2026-12-20"})
        assert future.json()["code"] == "impossible_day"
        backwards = await office.recorder.post(PATH, json=PERMIT | {"valid_until": "2026-11-19"})
        assert backwards.json()["code"] == "body_refused"
        made = await office.recorder.post(PATH, json=PERMIT, headers={"Idempotency-Key": "permit-8"})
        assert made.status_code == 201, made.text
        again = await office.recorder.post(PATH, json=PERMIT, headers={"Idempotency-Key": "permit-8"})
        assert (again.status_code, again.headers["location"]) == (201, made.headers["location"])
        record = made.json()
        # D01: seven working days from Friday 2026-11-20.
        assert (record["report_due_on"], record["speaks"]) == ("2026-12-01", True)
        taken = await office.recorder.post(PATH, json=PERMIT | {"document_no": "渝示许[2026]8号"})
        assert (taken.status_code, taken.json()["code"]) == (409, "number_taken")

        path = f"{PATH}/{record['id']}"
        assert (await office.outsider.get(path)).json()["code"] == "no_such_credit_record"
        assert (await office.platform.get(path)).json()["code"] == "role_missing"
        unsaid = await office.recorder.post(f"{path}/withdraw", json={"reason": "撤销"})
        assert unsaid.json()["code"] == "version_required"
        first = {"If-Match": '"1"'}
        reported = await office.recorder.post(f"{path}/reported", json={"reported_on": "2026-11-23"}, headers=first)
        assert reported.json()["reported_on"] == "2026-11-23"
        second = {"If-Match": '"2"'}
        twice = await office.recorder.post(f"{path}/reported", json={"reported_on": "2026-11-23"}, headers=second)
        assert twice.json()["code"] == "nothing_to_report"
        other = PERMIT | {"class_id": "honour", "reason": "类别有误"}
        refused = await office.recorder.post(f"{path}/correct", json=other, headers=second)
        assert refused.json()["code"] == "body_refused"
        right = PERMIT | {"valid_until": "2030-11-19", "reason": "有效期有误"}
        corrected = (await office.recorder.post(f"{path}/correct", json=right, headers=second)).json()
        assert (corrected["valid_until"], corrected["version_no"]) == ("2030-11-19", 3)
        third = {"If-Match": '"3"'}
        withdrawn = (await office.recorder.post(f"{path}/withdraw", json={"reason": "撤销"}, headers=third)).json()
        assert (withdrawn["state"], withdrawn["speaks"]) == ("withdrawn", False)
        late = await office.recorder.post(f"{path}/withdraw", json={"reason": "撤销"}, headers={"If-Match": '"4"'})
        assert (late.status_code, late.json()["code"]) == (409, "record_withdrawn")
        assert (await office.recorder.post(PATH, json=PERMIT)).status_code == 201


async def test_records_are_in_the_file_of_their_own_people_and_make_no_outcome(database: Database) -> None:
    async with open_office(database) as office:
        before = (await office.public.get(f"/v1/status/{USCC}")).json()["outcome"]
        made = (await office.recorder.post(PATH, json=PERMIT)).json()
        await office.settle()
        assert (await office.public.get(f"/v1/status/{USCC}")).json()["outcome"] == before
        file = (await office.reviewer.get(f"/v1/subjects/{USCC}/credit-file")).json()
        assert [one["id"] for one in file["credit_records"]] == [made["id"]]
        assert (await office.platform.get(f"/v1/subjects/{USCC}/credit-file")).json()["code"] == "no_credit_file"
        await office.authorise()
        (own,) = (await office.agent.get(PATH)).json()["items"]
        assert own["id"] == made["id"]
        key = await make_key(database, Role.SUPERVISOR, authority_code="cq-credit-office")
        async with client_of(office.app, key=key) as supervisor:
            covered = (await supervisor.get("/v1/coverage")).json()
        assert [(one["class_id"], one["authority_code"]) for one in covered["classes"]] == [("permit", AUTHORITY)]
        assert "honour" in covered["classes_without_records"]

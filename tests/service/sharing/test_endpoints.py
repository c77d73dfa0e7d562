from datetime import date, timedelta
from typing import Any

from httpx import AsyncClient

from schemas.sharing import AgreementOut, SupplyOut, SupplyPage
from service.access.rules import Role
from service.db import Database
from tests.clients import NOW, client_of
from tests.factories import make_entry, make_import, make_penalty, make_registration, number_changes
from tests.offices import Offices, open_offices

UNDATED = {"public_from": None, "public_until": None, "public_reason": "no_date"}
ASKED = {
    "owner_code": "other", "kinds": ["penalties"], "purpose": "联合检查", "from_on": "2026-11-24", "until_on": "2026-12-31",
}  # fmt: skip


async def records(offices: Offices) -> str:
    async with offices.database.transaction() as session:
        uscc = await make_registration(session)
        ended: dict[str, dict[str, Any]] = {
            "public": {}, "undated": UNDATED, "draft": {"state": "draft"} | UNDATED, "ended": {"state": "ended"},
            "past": {"public_from": date(2020, 1, 1), "public_until": date(2023, 1, 1)},
        }  # fmt: skip
        for document_no, changes in ended.items():
            await make_penalty(session, uscc, authority_code="other", document_no=document_no, **changes)
            await make_entry(session, uscc, authority_code="other", document_no=document_no, **changes)
        await number_changes(session)
    return uscc


async def seen(offices: Offices, client: AsyncClient, uscc: str) -> tuple[set[str], set[str]]:
    offices.app.state.access.expire()
    file = (await client.get(f"/v1/subjects/{uscc}/credit-file")).json()
    return tuple({one["document_no"] for one in file[kind]} for kind in ("penalties", "blacklist_entries"))  # type: ignore[return-value]


async def test_an_agreement_opens_records_from_approval_to_its_last_day_and_never_what_ended(
    database: Database,
) -> None:
    async with open_offices(database) as offices:
        uscc = await records(offices)
        asking = await offices.hire(Role.CONSENTER, authority="district")
        recorder = await offices.hire(Role.RECORDER, authority="district")
        registrar = await offices.hire(Role.REGISTRAR, authority="district")
        owner = await offices.hire(Role.CONSENTER, authority="other")
        third = await offices.hire(Role.CONSENTER, authority="street")
        assert await seen(offices, recorder, uscc) == ({"public"}, {"public"})
        made = await asking.post("/v1/sharing-agreements", json=ASKED)
        assert made.status_code == 201, made.text
        path = made.headers["location"]
        for client, status in ((asking, 200), (owner, 200), (recorder, 200), (third, 404)):
            assert (await client.get(path)).status_code == status
            found = (await client.get("/v1/sharing-agreements?state=requested")).json()["items"]
            assert len(found) == (status == 200)
        assert await seen(offices, recorder, uscc) == ({"public"}, {"public"})
        for client, status, code in ((asking, 403, "not_yours"), (third, 404, "no_such_agreement")):
            answer = await client.post(f"{path}/approve", json={"reason": "x"})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        late = await owner.post(f"{path}/approve", json={"reason": "x", "until_on": "2027-01-01"})
        assert (late.status_code, late.json()["code"]) == (422, "longer_than_asked")
        approved = await owner.post(f"{path}/approve", json={"reason": "执法协作", "until_on": "2026-12-01"})
        assert AgreementOut.model_validate(approved.json()).state == "approved"
        assert (await owner.post(f"{path}/refuse", json={"reason": "x"})).status_code == 409
        assert await seen(offices, recorder, uscc) == ({"public", "undated"}, {"public"})
        assert await seen(offices, registrar, uscc) == ({"public"}, {"public"})
        assert await seen(offices, third, uscc) == ({"public"}, {"public"})
        offices.now = NOW + timedelta(days=7)
        assert (await seen(offices, recorder, uscc))[0] == {"public", "undated"}
        offices.now = NOW + timedelta(days=8)
        assert (await seen(offices, recorder, uscc))[0] == {"public"}
        offices.now = NOW
        assert (await owner.post(f"{path}/revoke", json={"reason": "结束"})).status_code == 200
        assert (await seen(offices, recorder, uscc))[0] == {"public"}
        assert (await asking.post(f"{path}/revoke", json={"reason": "结束"})).status_code == 409


async def test_a_request_that_makes_no_sense_is_refused_and_a_refusal_says_why(database: Database) -> None:
    async with open_offices(database) as offices:
        asking = await offices.hire(Role.CONSENTER, authority="district")
        owner = await offices.hire(Role.CONSENTER, authority="other")
        for changes, status, code in (
            ({"owner_code": "district"}, 422, "with_itself"),
            ({"owner_code": "nowhere"}, 404, "no_such_authority"),
            ({"requester_code": "street"}, 403, "not_yours"),
            ({"until_on": "2026-11-23"}, 422, "impossible_days"),
            ({"kinds": []}, 422, "invalid_request"),
            ({"kinds": ["subjects"]}, 422, "invalid_request"),
            ({"purpose": ""}, 422, "invalid_request"),
        ):
            answer = await asking.post("/v1/sharing-agreements", json=ASKED | changes)
            assert (answer.status_code, answer.json()["code"]) == (status, code), changes
        path = (await asking.post("/v1/sharing-agreements", json=ASKED)).headers["location"]
        refused = await owner.post(f"{path}/refuse", json={"reason": "与目的无关"})
        assert (refused.json()["state"], refused.json()["reason"]) == ("refused", "与目的无关")
        assert (await asking.post(f"{path}/revoke", json={"reason": "x"})).status_code == 409


async def test_everybody_reads_who_supplies_what_and_only_the_authority_says_it(database: Database) -> None:
    async with open_offices(database) as offices:
        consenter = await offices.hire(Role.CONSENTER, authority="district")
        stranger = await offices.hire(Role.CONSENTER, authority="other")
        async with database.transaction() as session:
            await make_import(session, authority_code="district", source_code="x", finished_at=NOW)
            await make_import(session, authority_code="district", source_code=None, finished_at=NOW + timedelta(days=1))
        path, body = "/v1/catalog/supplies/district/penalties", {"description": "全部决定", "every_days": 7}
        refused = await stranger.put(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
        made = await consenter.put(path, json=body)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        assert (await consenter.put(path, json=body | {"every_days": 1})).status_code == 428
        stale = await consenter.put(path, json=body | {"every_days": 1}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412
        changed = await consenter.put(path, json=body | {"every_days": 1}, headers={"If-Match": '"1"'})
        assert (changed.status_code, SupplyOut.model_validate(changed.json()).version_no) == (200, 2)
        await stranger.put("/v1/catalog/supplies/other/blacklist", json=body)
        async with client_of(offices.app) as public:
            first = SupplyPage.model_validate((await public.get("/v1/catalog/supplies?limit=1")).json())
            rest = (await public.get(f"/v1/catalog/supplies?limit=1&cursor={first.next}")).json()
        (supply,) = first.items
        assert (supply.authority_code, supply.every_days, supply.last_delivered_at) == ("district", 1, NOW)
        assert [item["authority_code"] for item in rest["items"]] == ["other"]
        assert rest["next"] is None

from datetime import timedelta
from typing import Any

from schemas.access import SubstitutionOut, SubstitutionPage
from service.access.rules import Role
from service.db import Database
from tests.clients import NOW
from tests.offices import open_offices

DAYS = {"from_on": "2026-11-24", "until_on": "2026-11-30", "basis": "示例局休假安排"}


async def test_a_substitute_holds_the_role_for_its_days_and_no_longer(database: Database) -> None:
    async with open_offices(database) as offices:
        reviewer = await offices.hire(Role.REVIEWER, authority="district")
        recorder = await offices.hire(Role.RECORDER, authority="district")
        stranger = await offices.hire(Role.RECORDER, authority="other")
        body: dict[str, Any] = DAYS | {
            "kind": "substitute", "principal_id": offices.id(recorder), "role": "reviewer", "authority_code": "district",
            "for_principal_id": offices.id(reviewer),
        }  # fmt: skip
        refused = await recorder.post("/v1/substitutions", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_place")
        foreign = await reviewer.post("/v1/substitutions", json=body | {"principal_id": offices.id(stranger)})
        assert (foreign.status_code, foreign.json()["code"]) == (422, "role_not_held")
        made = await reviewer.post("/v1/substitutions", json=body)
        assert made.status_code == 201, made.text
        row = SubstitutionOut.model_validate(made.json())
        assert ("reviewer", "district") in await offices.roles(recorder)
        for client, status in ((recorder, 200), (reviewer, 200), (stranger, 404)):
            assert (await client.get(made.headers["location"])).status_code == status
        assert SubstitutionPage.model_validate((await stranger.get("/v1/substitutions")).json()).items == []
        offices.now = NOW + timedelta(days=6)
        assert ("reviewer", "district") in await offices.roles(recorder)
        offices.now = NOW + timedelta(days=7)
        assert await offices.roles(recorder) == {("recorder", "district")}
        offices.now = NOW
        assert (await stranger.post(f"/v1/substitutions/{row.id}/end")).status_code == 404
        assert (await recorder.post(f"/v1/substitutions/{row.id}/end")).status_code == 200
        again = await reviewer.post(f"/v1/substitutions/{row.id}/end")
        assert (again.status_code, again.json()["code"]) == (409, "substitution_ended")
        assert await offices.roles(recorder) == {("recorder", "district")}


async def test_an_office_of_one_borrows_a_reviewer_of_its_higher_authority_as_long_as_he_is_one(
    database: Database,
) -> None:
    async with open_offices(database) as offices:
        administrator = await offices.hire(Role.ADMINISTRATOR)
        above = await offices.hire(Role.REVIEWER, authority="district")
        further = await offices.hire(Role.REVIEWER, authority="city")
        body = DAYS | {"kind": "lent", "role": "reviewer", "authority_code": "street"}
        refused = await administrator.post("/v1/substitutions", json=body | {"principal_id": offices.id(further)})
        assert (refused.status_code, refused.json()["code"]) == (422, "role_not_held")
        made = await administrator.post("/v1/substitutions", json=body | {"principal_id": offices.id(above)})
        assert made.status_code == 201
        second = await offices.hire(Role.ADMINISTRATOR)
        assert (await second.post(f"/v1/access-proposals/{made.json()['id']}/confirm")).status_code == 200
        assert await offices.roles(above) == {("reviewer", "district"), ("reviewer", "street")}
        assert "street" in (await above.get("/v1/me")).json()["authorities"]
        principal = (await administrator.get(f"/v1/principals/{offices.id(above)}")).json()
        grant = f"/v1/principals/{offices.id(above)}/grants/{principal['grants'][0]['id']}/revoke"
        assert (await administrator.post(grant)).status_code == 200
        assert await offices.roles(above) == set()


async def test_a_delegated_role_lapses_with_the_role_it_rests_on(database: Database) -> None:
    async with open_offices(database) as offices:
        administrator = await offices.hire(Role.ADMINISTRATOR)
        lister = await offices.hire(Role.LISTER, authority="district")
        elsewhere = await offices.hire(Role.LISTER, authority="other")
        body = DAYS | {
            "kind": "delegation", "principal_id": offices.id(elsewhere), "role": "lister", "authority_code": "district",
            "for_principal_id": offices.id(lister),
        }  # fmt: skip
        assert (await lister.post("/v1/substitutions", json=body)).status_code == 201
        assert await offices.roles(elsewhere) == {("lister", "other"), ("lister", "district")}
        handed_on = body | {"principal_id": offices.id(lister), "for_principal_id": offices.id(elsewhere)}
        refused = await administrator.post("/v1/substitutions", json=handed_on)
        assert (refused.status_code, refused.json()["code"]) == (422, "role_not_held")
        principal = (await administrator.get(f"/v1/principals/{offices.id(lister)}")).json()
        await administrator.post(f"/v1/principals/{offices.id(lister)}/grants/{principal['grants'][0]['id']}/revoke")
        assert await offices.roles(elsewhere) == {("lister", "other")}

from datetime import timedelta
from typing import Any

from schemas.access import AuthorisationOut
from service.access.rules import Role
from service.db import Database
from tests.clients import NOW
from tests.factories import make_penalty, make_registration, number_changes
from tests.offices import open_offices


async def test_an_agent_reads_the_whole_file_of_its_firm_while_it_is_authorised(database: Database) -> None:
    async with open_offices(database) as offices:
        async with database.transaction() as session:
            uscc, other = await make_registration(session), await make_registration(session)
            for firm in (uscc, other):
                for state in ("published", "ended", "draft"):
                    await make_penalty(session, firm, authority_code="other", document_no=state, state=state)
            await number_changes(session)
        registrar = await offices.hire(Role.REGISTRAR, authority="district")
        stranger = await offices.hire(Role.REGISTRAR, authority="other")
        agent = await offices.hire(Role.SUBJECT_AGENT)
        platform = await offices.hire(Role.PLATFORM)

        async def seen(firm: str) -> set[Any]:
            offices.app.state.access.expire()
            file = (await agent.get(f"/v1/subjects/{firm}/credit-file")).json()
            return {penalty["document_no"] for penalty in file["penalties"]}

        assert await seen(uscc) == {"published"}
        body = {
            "uscc": uscc.lower(), "principal_id": offices.id(agent), "from_on": "2026-11-24", "until_on": "2026-12-31",
            "document": "授权委托书",
        }  # fmt: skip
        made = await registrar.post("/v1/subject-authorisations", json=body)
        assert made.status_code == 201, made.text
        row = AuthorisationOut.model_validate(made.json())
        assert (row.uscc, row.authority_code) == (uscc, "district")
        assert (await agent.get("/v1/me")).json()["subjects"] == [uscc]
        assert (await seen(uscc), await seen(other)) == ({"published", "ended"}, {"published"})
        await registrar.post("/v1/subject-authorisations", json=body | {"principal_id": offices.id(platform)})
        assert (await platform.get("/v1/me")).json()["subjects"] == []
        for client, status, count in ((registrar, 200, 2), (agent, 200, 1), (stranger, 404, 0)):
            assert (await client.get(made.headers["location"])).status_code == status
            page = (await client.get(f"/v1/subject-authorisations?uscc={uscc}")).json()
            assert len(page["items"]) == count
        offices.now = NOW + timedelta(days=38)
        assert await seen(uscc) == {"published"}
        offices.now = NOW
        assert (await stranger.post(f"{made.headers['location']}/revoke")).status_code == 404
        assert (await agent.post(f"{made.headers['location']}/revoke")).status_code == 403
        assert (await registrar.post(f"{made.headers['location']}/revoke")).status_code == 200
        assert (await registrar.post(f"{made.headers['location']}/revoke")).status_code == 409
        assert await seen(uscc) == {"published"}


async def test_an_authorisation_that_makes_no_sense_is_refused(database: Database) -> None:
    async with open_offices(database) as offices:
        registrar = await offices.hire(Role.REGISTRAR, authority="district")
        body = {
            "uscc": "91500000XY0000012K", "principal_id": offices.id(registrar), "from_on": "2026-11-24",
            "until_on": "2026-12-31", "document": "授权委托书",
        }  # fmt: skip
        for changes, status, code in (
            ({"uscc": "nonsense"}, 422, "malformed_uscc"),
            ({"until_on": "2026-11-23"}, 422, "impossible_days"),
            ({"principal_id": "00000000-0000-0000-0000-000000000000"}, 404, "no_such_principal"),
            ({"document": " "}, 422, "invalid_request"),
        ):
            answer = await registrar.post("/v1/subject-authorisations", json=body | changes)
            assert (answer.status_code, answer.json()["code"]) == (status, code)

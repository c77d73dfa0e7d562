from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.access import ConfirmedOut, KeyCreated, ProposalPage
from service.access.actions import add_principal, grant_roles, roles_for
from service.access.four_eyes.rules import GIVEN_ALONE, needs_second
from service.access.rules import AUTHORITY_ROLES, Role
from service.db import Database, violated_constraint
from tests.clients import NOW, client_of
from tests.offices import Offices, open_offices

FIRST = str(uuid4())
GRANT = {"role": "reviewer", "authority_code": "district"}


async def waiting(client: AsyncClient) -> list[tuple[str, str, str]]:
    page = ProposalPage.model_validate((await client.get("/v1/access-proposals")).json())
    return [(one.kind, one.principal, one.what) for one in page.items]


async def made(client: AsyncClient, **changes: Any) -> KeyCreated:
    answer = await client.post("/v1/keys", json={"name": "desk 3", "grants": [GRANT]} | changes)
    assert answer.status_code == 201, answer.text
    return KeyCreated.model_validate(answer.json())


async def holds(offices: Offices, secret: str) -> list[str]:
    async with client_of(offices.app, key=secret) as holder:
        return [held["role"] for held in (await holder.get("/v1/me")).json()["roles"]]


async def confirmed(client: AsyncClient, proposal_id: object) -> tuple[int, str | None]:
    answer = await client.post(f"/v1/access-proposals/{proposal_id}/confirm")
    if answer.status_code == 200:
        ConfirmedOut.model_validate(answer.json())
    return answer.status_code, answer.json().get("code")


def test_what_opens_records_or_access_needs_two() -> None:
    alone = {role for role in Role if not needs_second(role)}
    assert alone == GIVEN_ALONE
    assert not alone & {*AUTHORITY_ROLES, Role.AUDITOR, Role.RULE_KEEPER, Role.ADMINISTRATOR}


async def test_rights_that_open_records_count_once_another_administrator_has_confirmed_them(database: Database) -> None:
    async with open_offices(database) as offices:
        first, second = [await offices.hire(Role.ADMINISTRATOR, name=name) for name in ("first", "second")]
        key = await made(first, grants=[GRANT, {"role": "platform"}])
        assert await holds(offices, key.secret) == ["platform"]
        assert await waiting(second) == [("grant", "desk 3", "reviewer")]
        (proposal,) = (await second.get("/v1/access-proposals")).json()["items"]
        assert await confirmed(first, proposal["id"]) == (403, "own_proposal")
        assert await confirmed(second, uuid4()) == (404, "no_such_access_proposal")
        assert await confirmed(second, proposal["id"]) == (200, None)
        assert await confirmed(second, proposal["id"]) == (409, "already_confirmed")
        assert await holds(offices, key.secret) == ["platform", "reviewer"]
        assert await waiting(second) == []
        grants = (await second.get(f"/v1/principals/{key.principal_id}")).json()["grants"]
        assert [(one["role"], one["granted_by"], one["confirmed_by"]) for one in grants] == [
            ("reviewer", offices.id(first), offices.id(second)),
            ("platform", offices.id(first), None),
        ]


async def test_one_administrator_comes_to_no_rights_by_somebody_made_up(database: Database) -> None:
    async with open_offices(database) as offices:
        alone = await offices.hire(Role.ADMINISTRATOR, name="alone")
        reviewer = await offices.hire(Role.REVIEWER, authority="district", name="reviewer")
        lister = await offices.hire(Role.LISTER, authority="district", name="lister")
        # Somebody made up becomes no administrator who could confirm.
        puppet = await made(alone, name="made up", grants=[{"role": "administrator"}, {"role": "platform"}])
        async with client_of(offices.app, key=puppet.secret) as puppets:
            assert (await puppets.get("/v1/access-proposals")).status_code == 403
        # Another key for somebody who is real opens nothing, and neither does one that takes the place of his.
        more = await made(alone, name="one more", grants=[], principal_id=offices.id(reviewer))
        assert more.state == "unconfirmed"
        (theirs,) = [one for one in (await alone.get("/v1/keys")).json()["items"] if one["name"] == "lister"]
        rotated = (await alone.post(f"/v1/keys/{theirs['id']}/rotate", json={"overlap_hours": 1})).json()
        for secret in (more.secret, rotated["secret"]):
            async with client_of(offices.app, key=secret) as used:
                answer = await used.get("/v1/me")
            assert (answer.status_code, answer.json()["code"]) == (401, "unconfirmed_key")
        # A real one's place is not given to somebody made up.
        place = {
            "kind": "delegation", "principal_id": str(puppet.principal_id), "role": "reviewer", "authority_code": "district",
            "for_principal_id": offices.id(reviewer), "from_on": "2026-11-24", "until_on": "2026-11-30", "basis": "示例",
        }  # fmt: skip
        assert (await alone.post("/v1/substitutions", json=place)).status_code == 201
        assert await holds(offices, puppet.secret) == ["platform"]
        assert await waiting(alone) == [
            ("grant", "made up", "administrator"),
            ("key", "reviewer", "one more"),
            ("key", "lister", "lister"),
            ("substitution", "made up", "reviewer"),
        ]
        for one in (await alone.get("/v1/access-proposals")).json()["items"]:
            assert await confirmed(alone, one["id"]) == (403, "own_proposal")
        assert (await lister.get("/v1/me")).status_code == 200  # the old key, for the overlap


async def test_a_key_and_a_place_count_once_they_are_confirmed(database: Database) -> None:
    async with open_offices(database) as offices:
        first, second = [await offices.hire(Role.ADMINISTRATOR) for _ in range(2)]
        reviewer = await offices.hire(Role.REVIEWER, authority="district", name="reviewer")
        recorder = await offices.hire(Role.RECORDER, authority="district", name="recorder")
        key = await made(first, name="laptop", grants=[], principal_id=offices.id(reviewer))
        assert await confirmed(second, key.id) == (200, None)
        assert await holds(offices, key.secret) == ["reviewer"]
        place = {
            "kind": "substitute", "principal_id": offices.id(recorder), "role": "reviewer", "authority_code": "district",
            "for_principal_id": offices.id(reviewer), "from_on": "2026-11-24", "until_on": "2026-11-30", "basis": "示例",
        }  # fmt: skip
        proposed = (await first.post("/v1/substitutions", json=place)).json()
        assert await offices.roles(recorder) == {("recorder", "district")}
        assert await confirmed(second, proposed["id"]) == (200, None)
        assert await offices.roles(recorder) == {("recorder", "district"), ("reviewer", "district")}


async def test_nobody_confirms_what_he_would_gain_by_or_what_was_taken_back(database: Database) -> None:
    async with open_offices(database) as offices:
        first, second = [await offices.hire(Role.ADMINISTRATOR) for _ in range(2)]
        path = f"/v1/principals/{offices.id(second)}/grants"
        given = (await first.post(path, json={"role": "auditor"})).json()
        assert given["confirmed_at"] is None
        assert await confirmed(second, given["id"]) == (403, "own_proposal")
        assert (await first.post(f"{path}/{given['id']}/revoke")).status_code == 200
        third = await offices.hire(Role.ADMINISTRATOR)
        assert await confirmed(third, given["id"]) == (404, "no_such_access_proposal")
        assert await waiting(third) == []


@pytest.mark.parametrize(
    "changes",
    [{"confirmed_at": NOW}, {"confirmed_at": NOW, "confirmed_by": FIRST}, {"confirmed_by": "somebody"}],
    ids=["nobody", "himself", "no-instant"],
)
async def test_the_database_keeps_no_right_that_one_administrator_gave_alone(
    session: AsyncSession, changes: dict[str, Any]
) -> None:
    somebody = await add_principal(session, name="somebody", now=NOW)
    grants = roles_for([Role.AUDITOR], None)
    (row,) = await grant_roles(session, principal_id=somebody.id, grants=grants, by=FIRST, now=NOW)
    assert (row.confirmed_at, row.confirmed_by) == (None, None)
    for name, value in changes.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError) as found:
        await session.flush()
    assert str(violated_constraint(found.value)).startswith("ck_access_grant_")


async def test_a_holder_replaces_his_key_so_that_nobody_else_has_seen_it(database: Database) -> None:
    async with open_offices(database) as offices:
        reviewer = await offices.hire(Role.REVIEWER, authority="district")
        used = (await reviewer.get("/v1/me/key")).json()
        assert (used["principal_id"], used["rotated_to"]) == (offices.id(reviewer), None)
        answer = await reviewer.post("/v1/me/key/rotate", json={"overlap_hours": 0})
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        new = KeyCreated.model_validate(answer.json())
        assert (str(new.principal_id), new.created_by) == (offices.id(reviewer), offices.id(reviewer))
        assert (await reviewer.get("/v1/me")).json()["code"] == "expired_key"
        assert await holds(offices, new.secret) == ["reviewer"]


async def test_a_blocked_principal_is_nobody_until_it_is_let_in_again(database: Database) -> None:
    async with open_offices(database) as offices:
        administrator = await offices.hire(Role.ADMINISTRATOR)
        reviewer = await offices.hire(Role.REVIEWER, authority="district", name="reviewer")
        path = f"/v1/principals/{offices.id(reviewer)}"
        assert (await administrator.post(f"{path}/unblock")).json()["code"] == "blocked_or_not"
        blocked = await administrator.post(f"{path}/block")
        assert (blocked.status_code, blocked.json()["blocked_by"]) == (200, offices.id(administrator))
        refused = await reviewer.get("/v1/me")
        assert (refused.status_code, refused.json()["code"]) == (403, "principal_blocked")
        assert (await reviewer.get("/v1/catalog/lists")).status_code == 200  # as the public
        assert (await administrator.post(f"{path}/block")).json()["code"] == "blocked_or_not"
        assert (await administrator.post(f"{path}/unblock")).json()["blocked_at"] is None
        assert (await reviewer.get("/v1/me")).status_code == 200
        own = await administrator.post(f"/v1/principals/{offices.id(administrator)}/block")
        assert (own.status_code, own.json()["code"]) == (403, "own_grant")
        assert (await administrator.post(f"/v1/principals/{uuid4()}/block")).status_code == 404

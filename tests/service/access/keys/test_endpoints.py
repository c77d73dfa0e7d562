from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from schemas.access import KeyCreated, KeyOut, KeyPage, MeOut, PrincipalOut, PrincipalPage
from service.access.rules import Role
from service.db import Database
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_authority

GRANT = {"role": "reviewer", "authority_code": "district"}
#: The key of a second administrator, by the client of the first.
SECOND: dict[AsyncClient, str] = {}


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


@pytest.fixture
async def administrator(app: FastAPI, database: Database) -> AsyncIterator[AsyncClient]:
    async with database.transaction() as session:
        await make_authority(session, "district")
    async with client_of(app, key=await make_key(database, Role.ADMINISTRATOR, name="administrator")) as opened:
        SECOND[opened] = await make_key(database, Role.ADMINISTRATOR, name="second")
        yield opened
        del SECOND[opened]


async def create(administrator: AsyncClient, **changes: Any) -> KeyCreated:
    """Make a key; where one administrator is not enough, a second one confirms it."""
    answer = await administrator.post("/v1/keys", json={"name": "desk 3", "grants": [GRANT]} | changes)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made = KeyCreated.model_validate(answer.json())
    assert answer.headers["location"] == f"/v1/keys/{made.id}"
    await confirm_all(administrator)
    return made


async def confirm_all(administrator: AsyncClient) -> None:
    """Let a second administrator confirm whatever waits."""
    second = {"Authorization": f"Bearer {SECOND[administrator]}"}
    for one in (await administrator.get("/v1/access-proposals")).json()["items"]:
        answer = await administrator.post(f"/v1/access-proposals/{one['id']}/confirm", headers=second)
        assert answer.status_code == 200


async def me(app: FastAPI, secret: str) -> tuple[int, Any]:
    async with client_of(app, key=secret) as client:
        answer = await client.get("/v1/me")
    return answer.status_code, answer.json()


async def test_a_key_is_made_used_shown_rotated_and_revoked(app: FastAPI, administrator: AsyncClient) -> None:
    made = await create(administrator, note="room 402", networks=["127.0.0.0/8"])
    status, who = await me(app, made.secret)
    assert status == 200
    assert MeOut.model_validate(who).model_dump(exclude={"principal_id"}) == {
        "name": "desk 3",
        "roles": [{"role": "reviewer", "authority_code": "district", "stands_in": False}],
        "authorities": ["district"],
        "subjects": [],
    }
    shown = KeyOut.model_validate((await administrator.get(f"/v1/keys/{made.id}")).json())
    assert shown == KeyOut(**made.model_dump(exclude={"secret"}))
    answer = await administrator.post(f"/v1/keys/{made.id}/rotate", json={"overlap_hours": 1})
    rotated = KeyCreated.model_validate(answer.json())
    assert rotated.state == "unconfirmed"
    await confirm_all(administrator)
    assert (answer.status_code, rotated.principal_id, rotated.networks) == (201, made.principal_id, ["127.0.0.0/8"])
    old = KeyOut.model_validate((await administrator.get(f"/v1/keys/{made.id}")).json())
    assert (old.state, old.rotated_to, old.expires_at) == ("valid", rotated.id, NOW + timedelta(hours=1))
    for secret in (made.secret, rotated.secret):
        assert (await me(app, secret))[1]["principal_id"] == str(made.principal_id)
    ended = await administrator.post(f"/v1/keys/{rotated.id}/revoke")
    assert (ended.status_code, ended.json()["state"]) == (200, "revoked")
    assert (await me(app, rotated.secret))[0] == 401
    assert (await administrator.post(f"/v1/keys/{rotated.id}/revoke")).status_code == 404


async def test_the_list_goes_page_by_page_and_shows_no_secret(administrator: AsyncClient) -> None:
    made = [await create(administrator, name=f"key {n}") for n in range(4)]
    seen, cursor = [], ""
    while True:
        answer = await administrator.get(f"/v1/keys?limit=2{cursor}")
        page = KeyPage.model_validate(answer.json())
        seen += page.items
        assert all(one.secret not in answer.text for one in made)
        if page.next is None:
            break
        cursor = f"&cursor={page.next}"
    assert [key.name for key in seen] == ["administrator", "second", "key 0", "key 1", "key 2", "key 3"]
    assert len({key.id for key in seen}) == 6
    mine = await administrator.get(f"/v1/keys?principal_id={made[2].principal_id}")
    assert [item["name"] for item in mine.json()["items"]] == ["key 2"]
    assert (await administrator.get("/v1/keys?cursor=W10")).json()["code"] == "bad_cursor"
    assert (await administrator.get("/v1/keys?cursor=WyJhIiwiYiJd")).json()["code"] == "bad_cursor"


async def test_one_more_key_is_the_same_principal_s(app: FastAPI, administrator: AsyncClient) -> None:
    made = await create(administrator)
    more = await create(administrator, name="laptop", grants=[], principal_id=str(made.principal_id))
    assert (await me(app, more.secret))[1]["principal_id"] == str(made.principal_id)


SENSELESS: list[tuple[dict[str, Any], int, str]] = [
    ({"grants": []}, 422, "principal_or_grants"),
    ({"principal_id": str(UUID(int=1))}, 422, "principal_or_grants"),
    ({"grants": [], "principal_id": str(UUID(int=0))}, 404, "no_such_principal"),
    ({"grants": [{"role": "reviewer"}]}, 422, "role_without_authority"),
    ({"grants": [{"role": "reviewer", "authority_code": "nowhere"}]}, 404, "no_such_authority"),
    ({"grants": [GRANT | {"from_on": "2027-01-02", "until_on": "2027-01-01"}]}, 422, "impossible_days"),
    ({"grants": [{"role": "emperor"}]}, 422, "invalid_request"),
    ({"networks": ["everywhere"]}, 422, "bad_network"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "bad_expiry"),
    ({"expires_at": "2030-01-01T00:00:00"}, 422, "invalid_request"),
    ({"secret": "mine"}, 422, "invalid_request"),
]


async def test_a_key_that_makes_no_sense_is_refused_with_words(administrator: AsyncClient) -> None:
    for changes, status, code in SENSELESS:
        answer = await administrator.post("/v1/keys", json={"name": "x", "grants": [GRANT]} | changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes
    assert len((await administrator.get("/v1/keys")).json()["items"]) == 2


async def test_a_repeated_request_never_shows_the_secret_again(administrator: AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = [
        await administrator.post("/v1/keys", json={"name": "x", "grants": [GRANT]}, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.headers["location"] == second.headers["location"]
    assert first.json()["secret"] not in second.text
    assert "secret" not in second.json()


async def test_grants_are_given_and_taken_and_stay_to_be_read(app: FastAPI, administrator: AsyncClient) -> None:
    made = await create(administrator)
    path = f"/v1/principals/{made.principal_id}"
    given = await administrator.post(f"{path}/grants", json={"role": "platform"})
    assert given.status_code == 201
    async with client_of(app, key=made.secret) as holder:
        await administrator.post(f"{path}/grants/{given.json()['id']}/revoke")
        assert (await administrator.post(f"{path}/grants/{given.json()['id']}/revoke")).status_code == 404
        assert [held["role"] for held in (await holder.get("/v1/me")).json()["roles"]] == ["reviewer"]
    who = (await administrator.get("/v1/me")).json()["principal_id"]
    principal = PrincipalOut.model_validate((await administrator.get(path)).json())
    assert [(grant.role, grant.granted_by, grant.revoked_by) for grant in principal.grants] == [
        ("reviewer", who, None),
        ("platform", who, who),
    ]
    page = PrincipalPage.model_validate((await administrator.get("/v1/principals")).json())
    assert [(one.name, len(one.grants)) for one in page.items] == [("administrator", 1), ("second", 1), ("desk 3", 2)]


async def test_nobody_changes_what_he_himself_may_do(administrator: AsyncClient) -> None:
    own = (await administrator.get("/v1/me")).json()["principal_id"]
    principal = (await administrator.get(f"/v1/principals/{own}")).json()
    for path, body in (
        (f"/v1/principals/{own}/grants", {"role": "auditor"}),
        (f"/v1/principals/{own}/grants/{principal['grants'][0]['id']}/revoke", None),
        ("/v1/keys", {"name": "x", "principal_id": own}),
    ):
        answer = await administrator.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "own_grant")


async def test_a_grant_of_another_day_gives_nothing_today(app: FastAPI, administrator: AsyncClient) -> None:
    grants = [GRANT | {"from_on": "2026-11-25"}, GRANT | {"role": "recorder", "until_on": "2026-11-23"}]
    made = await create(administrator, grants=grants)
    assert (await me(app, made.secret))[1]["roles"] == []

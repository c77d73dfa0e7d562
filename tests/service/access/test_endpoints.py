import asyncio
from datetime import timedelta

import pytest

from service.access.cache import TRUST_SECONDS
from service.access.keys.actions import create_key, revoke_key
from service.access.keys.queries import list_keys
from service.access.keys.rules import key_text
from service.access.rules import Role
from service.db import Database
from tests.clients import NOW, client_of, make_app, make_key


async def test_a_valid_key_is_let_in(database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as client:
        assert (await client.get("/v1/changes")).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "missing_key"),
        ("", "missing_key"),
        ("Bearer", "missing_key"),
        ("Basic eHk6eHk=", "missing_key"),
        ("Bearer nonsense", "malformed_key"),
        ("Bearer " + key_text(bytes(32))[:-1], "malformed_key"),
        ("Bearer " + key_text(bytes(32)).lower(), "malformed_key"),
        ("Bearer " + key_text(bytes(32)), "unknown_key"),
        ("bearer  " + key_text(bytes(32)), "unknown_key"),
    ],
)
async def test_a_401_says_whether_the_key_is_missing_malformed_or_unknown(
    database: Database, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with client_of(make_app(database)) as client:
        answer = await client.get("/v1/changes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_revoked_key_is_unknown_within_a_second_whoever_revoked_it(database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as client:
        assert (await client.get("/v1/changes")).status_code == 200
        async with database.transaction() as session:
            (stored,) = await list_keys(session)
            await revoke_key(session, key_id=stored.id, now=NOW)
        await asyncio.sleep(TRUST_SECONDS)
        answer = await client.get("/v1/changes")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")


async def test_a_key_is_refused_past_its_end_and_from_elsewhere(database: Database) -> None:
    async with database.transaction() as session:
        ended = await create_key(
            session, name="x", roles=[Role.PLATFORM], now=NOW - timedelta(days=2), expires_at=NOW - timedelta(days=1)
        )
        bound = await create_key(session, name="x", roles=[Role.PLATFORM], now=NOW, networks=["192.0.2.0/24"])
    app = make_app(database)
    for key, status, code in ((ended, 401, "expired_key"), (bound, 403, "wrong_network")):
        async with client_of(app, key=key.secret) as client:
            answer = await client.get("/v1/changes")
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert (await client.get("/v1/catalog/lists")).status_code == 200


async def test_when_a_key_was_last_used_is_written_at_an_orderly_stop(database: Database) -> None:
    key = await make_key(database, Role.PLATFORM)
    app = make_app(database)
    async with app.router.lifespan_context(app), client_of(app, key=key) as client:
        assert (await client.get("/v1/changes")).status_code == 200
    async with database.reading() as reading:
        (stored,) = await list_keys(reading)
    assert stored.last_used_at == NOW


async def test_a_bad_key_does_not_keep_anybody_from_what_is_public(database: Database) -> None:
    async with client_of(make_app(database), key="nonsense") as client:
        assert (await client.get("/v1/catalog/lists")).status_code == 200

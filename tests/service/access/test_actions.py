from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import NoSuchKey, create_key, revoke_key
from service.access.queries import find_actor, list_keys
from service.access.rules import Role, RoleWithoutAuthority, is_well_formed_key, key_hash
from service.errors import NotFound
from service.models import ApiKey
from tests.clients import NOW
from tests.factories import make_authority


async def test_a_key_stands_for_its_actor_until_it_is_revoked(session: AsyncSession) -> None:
    await make_authority(session, "sample")
    roles = frozenset({Role.RECORDER, Role.PLATFORM})
    key = await create_key(session, name="desk 3", roles=roles, authority_code="sample", now=NOW)
    actor = await find_actor(session, secret_hash=key_hash(key.secret))
    assert actor is not None
    assert (actor.id, actor.name, actor.roles, actor.authority_code) == (key.id, "desk 3", roles, "sample")
    await revoke_key(session, key_id=key.id, now=NOW)
    assert await find_actor(session, secret_hash=key_hash(key.secret)) is None


async def test_the_secret_is_stored_nowhere_and_shown_in_no_repr(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=frozenset({Role.PLATFORM}), now=NOW)
    assert is_well_formed_key(key.secret)
    assert key.secret not in repr(key)
    stored = (await session.execute(text("SELECT k::text FROM api_key k"))).scalars().all()
    assert all(key.secret[7:] not in row for row in stored)


async def test_two_keys_are_never_the_same(session: AsyncSession) -> None:
    keys = [await create_key(session, name="x", roles=frozenset(), now=NOW) for _ in range(2)]
    assert keys[0].secret != keys[1].secret
    assert [key.id for key in await list_keys(session)] == [key.id for key in keys]


async def test_a_key_is_revoked_once(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=frozenset(), now=NOW)
    await revoke_key(session, key_id=key.id, now=NOW)
    with pytest.raises(NoSuchKey):
        await revoke_key(session, key_id=key.id, now=NOW)
    with pytest.raises(NoSuchKey):
        await revoke_key(session, key_id=uuid4(), now=NOW)


async def test_keys_for_nobody_and_for_unknown_authorities_are_refused(session: AsyncSession) -> None:
    with pytest.raises(RoleWithoutAuthority):
        await create_key(session, name="x", roles=frozenset({Role.LISTER}), now=NOW)
    with pytest.raises(NotFound, match="no authority 'nowhere'"):
        await create_key(session, name="x", roles=frozenset({Role.LISTER}), authority_code="nowhere", now=NOW)


async def test_a_role_of_a_newer_version_gives_no_right_here(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=frozenset({Role.PLATFORM}), now=NOW)
    await session.execute(update(ApiKey).where(ApiKey.id == key.id).values(roles=["platform", "emperor"]))
    actor = await find_actor(session, secret_hash=key_hash(key.secret))
    assert actor is not None
    assert actor.roles == {Role.PLATFORM}

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import grant_roles
from service.access.keys.actions import CreatedKey, NewKey, create_key, issue_key, revoke_key, rotate_key
from service.access.keys.queries import get_key, list_keys, write_last_use
from service.access.keys.rules import AlreadyRotated, BadExpiry, BadNetwork, NoSuchKey, is_well_formed_key, key_hash
from service.access.principals.rules import DatedGrant, NoSuchPrincipal
from service.access.queries import KeyAndHolder, find_key, get_access_version
from service.access.rules import Role, RoleWithoutAuthority
from service.catalog.hierarchy import NOBODY
from service.errors import NotFound
from service.models import AccessGrant
from tests.clients import NOW
from tests.factories import make_authority

DAY = timedelta(days=1)


async def found(session: AsyncSession, key: CreatedKey) -> KeyAndHolder | None:
    return await find_key(session, secret_hash=key_hash(key.secret))


async def test_a_key_stands_for_its_principal_until_it_is_revoked(session: AsyncSession) -> None:
    await make_authority(session, "sample")
    roles = frozenset({Role.RECORDER, Role.PLATFORM})
    key = await create_key(session, name="desk 3", roles=roles, authority_code="sample", now=NOW)
    known = await found(session, key)
    assert known is not None
    actor = known.holder.actor(on=date(2026, 11, 24), hierarchy=NOBODY, key_id=known.key.id)
    assert (actor.id, actor.key_id, actor.name, actor.roles) == (key.principal_id, key.id, "desk 3", roles)
    assert actor.acts_for("sample", Role.RECORDER)
    await revoke_key(session, key_id=key.id, now=NOW)
    assert await found(session, key) is None


async def test_the_secret_is_stored_nowhere_and_shown_in_no_repr(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=[Role.PLATFORM], now=NOW)
    assert is_well_formed_key(key.secret)
    assert key.secret not in repr(key)
    stored = (await session.execute(text("SELECT k::text FROM api_key k"))).scalars().all()
    assert all(key.secret[7:] not in row for row in stored)


async def test_two_keys_are_never_the_same(session: AsyncSession) -> None:
    keys = [await create_key(session, name="x", roles=[], now=NOW) for _ in range(2)]
    assert keys[0].secret != keys[1].secret
    assert [key.id for key in await list_keys(session)] == [key.id for key in keys]


async def test_a_key_is_revoked_once(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=[], now=NOW)
    await revoke_key(session, key_id=key.id, now=NOW)
    with pytest.raises(NoSuchKey):
        await revoke_key(session, key_id=key.id, now=NOW)
    with pytest.raises(NoSuchKey):
        await revoke_key(session, key_id=uuid4(), now=NOW)


async def test_keys_for_nobody_and_for_unknown_authorities_are_refused(session: AsyncSession) -> None:
    with pytest.raises(RoleWithoutAuthority):
        await create_key(session, name="x", roles=[Role.LISTER], now=NOW)
    with pytest.raises(NotFound, match="no authority 'nowhere'"):
        await create_key(session, name="x", roles=[Role.LISTER], authority_code="nowhere", now=NOW)
    with pytest.raises(NoSuchPrincipal):
        await issue_key(session, principal_id=uuid4(), new=NewKey("x"), now=NOW)


async def test_a_key_that_ends_before_it_begins_or_comes_from_nowhere_is_refused(session: AsyncSession) -> None:
    with pytest.raises(BadExpiry):
        await create_key(session, name="x", roles=[], now=NOW, expires_at=NOW)
    with pytest.raises(BadNetwork):
        await create_key(session, name="x", roles=[], now=NOW, networks=["everywhere"])


async def test_a_role_of_a_newer_version_gives_no_right_here(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=[Role.PLATFORM, Role.EXPORTER], now=NOW)
    await session.execute(update(AccessGrant).where(AccessGrant.role == "exporter").values(role="emperor"))
    known = await found(session, key)
    assert known is not None
    assert [grant.role for grant in known.holder.grants] == [Role.PLATFORM]


async def test_a_rotated_key_and_its_successor_are_both_valid_for_the_overlap(session: AsyncSession) -> None:
    old = await create_key(session, name="x", roles=[Role.PLATFORM], now=NOW, note="n", networks=["192.0.2.0/24"])
    new = await rotate_key(session, key_id=old.id, overlap=DAY, now=NOW)
    assert new.principal_id == old.principal_id
    assert (new.row.name, new.row.note, new.row.networks, new.row.expires_at) == ("x", "n", ["192.0.2.0/24"], None)
    before = await get_key(session, key_id=old.id)
    assert (before.rotated_to, before.expires_at) == (new.id, NOW + DAY)
    with pytest.raises(AlreadyRotated):
        await rotate_key(session, key_id=old.id, overlap=DAY, now=NOW)
    with pytest.raises(BadExpiry):
        await rotate_key(session, key_id=new.id, overlap=-DAY, now=NOW)


async def test_an_overlap_never_lengthens_a_key_and_a_successor_lives_as_long(session: AsyncSession) -> None:
    old = await create_key(session, name="x", roles=[], now=NOW - 30 * DAY, expires_at=NOW + DAY)
    new = await rotate_key(session, key_id=old.id, overlap=3 * DAY, now=NOW)
    assert (await get_key(session, key_id=old.id)).expires_at == NOW + DAY
    assert new.row.expires_at == NOW + 31 * DAY


async def test_every_change_of_access_raises_its_version(session: AsyncSession) -> None:
    versions = [await get_access_version(session)]
    key = await create_key(session, name="x", roles=[], now=NOW)
    versions.append(await get_access_version(session))
    await grant_roles(
        session, principal_id=key.principal_id, grants=[DatedGrant(Role.PLATFORM, None)], by="test", now=NOW
    )
    versions.append(await get_access_version(session))
    new = await rotate_key(session, key_id=key.id, overlap=DAY, now=NOW)
    versions.append(await get_access_version(session))
    await revoke_key(session, key_id=new.id, now=NOW)
    versions.append(await get_access_version(session))
    assert versions == sorted(set(versions))


async def test_the_last_use_is_the_latest_that_any_process_noted(session: AsyncSession) -> None:
    key = await create_key(session, name="x", roles=[], now=NOW)
    later = datetime(2026, 11, 24, 5, tzinfo=UTC)
    for at in (later, NOW):
        await write_last_use(session, {key.id: at})
    await session.refresh(key.row)
    assert key.row.last_used_at == later

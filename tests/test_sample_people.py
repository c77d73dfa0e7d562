from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.keys.queries import list_keys
from service.access.keys.rules import key_hash
from service.access.queries import find_key
from service.access.rules import AUTHORITY_ROLES, Role
from service.catalog.actions import sync_seed
from service.catalog.queries import load_catalog
from service.catalog.seed import load_seed
from service.models import Principal
from service.sample_people import make_people
from service.samples import AUTHORITY, LISTED, PENALISED
from tests.clients import NOW


async def test_every_role_has_somebody_who_keeps_his_id_and_gets_a_fresh_key_at_every_start(
    session: AsyncSession,
) -> None:
    await sync_seed(session, load_seed(), now=NOW)
    hierarchy = (await load_catalog(session)).hierarchy
    first = await make_people(session, now=NOW)
    second = await make_people(session, now=NOW + timedelta(hours=1))
    assert set(first) == set(second) == {role.value for role in Role}
    assert await session.scalar(select(func.count()).select_from(Principal)) == len(Role)
    assert len([key for key in await list_keys(session) if key.revoked_at is None]) == len(Role)
    for role in Role:
        assert await find_key(session, secret_hash=key_hash(first[role])) is None
        known = await find_key(session, secret_hash=key_hash(second[role]))
        assert known is not None
        actor = known.holder.actor(on=NOW.date(), hierarchy=hierarchy)
        assert actor.roles == {role}
        assert bool(actor.authorities(role)) is (role in AUTHORITY_ROLES)
        if role is Role.SUPERVISOR:
            assert actor.supervises(AUTHORITY)
        elif role in AUTHORITY_ROLES:
            assert actor.acts_for(AUTHORITY, role)
            assert actor.acts_for("cq-quality", role), "what it succeeded is its own"
        assert actor.subjects == ({LISTED, PENALISED} if role is Role.SUBJECT_AGENT else set())

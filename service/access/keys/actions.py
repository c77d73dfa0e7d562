from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import COMMAND_LINE, add_principal, grant_roles, new_id, roles_for
from service.access.four_eyes.queries import holds_what_needs_second
from service.access.four_eyes.rules import is_principal
from service.access.keys.queries import lock_valid_key
from service.access.keys.rules import (
    AlreadyRotated,
    BadExpiry,
    key_hash,
    key_hint,
    key_text,
    read_networks,
)
from service.access.principals.queries import get_principal
from service.access.principals.rules import DatedGrant
from service.access.queries import raise_access_version
from service.access.rules import Role
from service.models import ApiKey


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is asked of a new key beside its holder; `networks` in CIDR notation."""

    name: str
    note: str | None = None
    expires_at: datetime | None = None
    networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. `secret` exists here and nowhere else: show it once, it cannot be found again."""

    id: UUID
    principal_id: UUID
    row: ApiKey = field(repr=False)
    secret: str = field(repr=False)


async def create_key(
    session: AsyncSession,
    *,
    name: str,
    roles: Iterable[Role],
    authority_code: str | None = None,
    now: datetime,
    note: str | None = None,
    expires_at: datetime | None = None,
    networks: Sequence[str] = (),
) -> CreatedKey:
    """Enter a new principal of this name, give it the roles for the authority, and issue its first key.

    Raises:
        Refusal: see `create_holder`.
    """
    new = NewKey(name, note, expires_at, networks)
    return await create_holder(session, new=new, grants=roles_for(roles, authority_code), now=now)


async def create_holder(
    session: AsyncSession, *, new: NewKey, grants: Iterable[DatedGrant], now: datetime, by: str = COMMAND_LINE
) -> CreatedKey:
    """Enter a new principal with the name of its first key, give it the grants, and issue the key.

    Raises:
        RoleWithoutAuthority: a role acts in an authority's name and none is given.
        ImpossibleDays: a grant would end before it begins.
        NoSuchAuthority: the catalogue has no authority of this code.
        BadNetwork, BadExpiry: see `issue_key`.
    """
    principal = await add_principal(session, name=new.name, now=now)
    await grant_roles(session, principal_id=principal.id, grants=grants, by=by, now=now)
    return await _issue(session, principal_id=principal.id, new=new, now=now, by=by, waits=False)


async def issue_key(
    session: AsyncSession, *, principal_id: UUID, new: NewKey, now: datetime, by: str = COMMAND_LINE
) -> CreatedKey:
    """Issue a key of 256 random bits to a principal; `by` is the principal who does it, or the command line.

    One that an administrator makes for somebody who holds what two administrators give opens nothing until another one has
    confirmed it: whoever makes a key has seen its secret.

    Raises:
        NoSuchPrincipal: there is no principal of this id.
        BadNetwork: an address range is none.
        BadExpiry: the key would end before it begins.
    """
    await get_principal(session, principal_id=principal_id)
    by_another = is_principal(by) and by != str(principal_id)
    waits = by_another and await holds_what_needs_second(session, principal_id=principal_id)
    return await _issue(session, principal_id=principal_id, new=new, now=now, by=by, waits=waits)


async def _issue(
    session: AsyncSession, *, principal_id: UUID, new: NewKey, now: datetime, by: str, waits: bool
) -> CreatedKey:
    if new.expires_at is not None and new.expires_at <= now:
        raise BadExpiry(
            f"The key would end on {new.expires_at.isoformat()}, before it begins.", detail_zh="有效期早于当前时间。"
        )
    secret = key_text(token_bytes(32))
    row = ApiKey(
        id=new_id(),
        principal_id=principal_id,
        name=new.name,
        note=new.note,
        secret_hash=key_hash(secret),
        hint=key_hint(secret),
        networks=[str(network) for network in read_networks(new.networks)],
        created_by=by,
        created_at=now,
        confirmed_at=None if waits else now,
        expires_at=new.expires_at,
    )
    session.add(row)
    await session.flush()  # so that the caller may use the key in the same transaction
    return CreatedKey(row.id, principal_id, row, secret)


async def rotate_key(
    session: AsyncSession, *, key_id: UUID, overlap: timedelta, now: datetime, by: str = COMMAND_LINE
) -> CreatedKey:
    """Issue the key that takes another one's place; the old one stays valid for `overlap`, never longer than it was.

    Made by another one than its holder it may have to be confirmed, as in `issue_key`.

    Name, note, address ranges and holder are the old key's; the new one has no end where the old had none, else the same
    length of life.

    Raises:
        NoSuchKey: there is no valid key of this id.
        AlreadyRotated: it has a successor.
        BadExpiry: the overlap is negative.
    """
    old = await lock_valid_key(session, key_id=key_id)
    if old.rotated_to is not None:
        raise AlreadyRotated(
            f"The key {key_id} has the successor {old.rotated_to}; rotate that one.", detail_zh="该密钥已轮换。"
        )
    if overlap < timedelta():
        raise BadExpiry("An overlap is not negative.", detail_zh="重叠时间不能为负。")
    expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    new = NewKey(old.name, old.note, expires_at, old.networks)
    created = await issue_key(session, principal_id=old.principal_id, new=new, now=now, by=by)
    old.rotated_to = created.id
    old.expires_at = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
    await session.flush()
    await raise_access_version(session)
    return created


async def revoke_key(session: AsyncSession, *, key_id: UUID, now: datetime) -> ApiKey:
    """End a key; every process refuses it within a second.

    Raises:
        NoSuchKey: there is no valid key of this id.
    """
    key = await lock_valid_key(session, key_id=key_id)
    key.revoked_at = now
    await session.flush()
    await raise_access_version(session)
    return key

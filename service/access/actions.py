from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.queries import mark_revoked
from service.access.rules import Role, check_key_grant, key_hash, key_hint, key_text
from service.errors import NotFound
from service.models import ApiKey, Authority


class NoSuchKey(NotFound):
    """No valid key has this id: there never was one, or it is revoked already."""

    code = "no_such_key"


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. `secret` exists here and nowhere else: show it once, it cannot be found again."""

    id: UUID
    name: str
    roles: frozenset[Role]
    authority_code: str | None
    hint: str
    secret: str = field(repr=False)


async def create_key(
    session: AsyncSession, *, name: str, roles: frozenset[Role], authority_code: str | None = None, now: datetime
) -> CreatedKey:
    """Issue a key of 256 random bits.

    Raises:
        RoleWithoutAuthority: a role acts in an authority's name and none is given.
        NotFound: the catalogue has no authority of this code.
    """
    check_key_grant(roles, authority_code)
    if authority_code is not None and await session.get(Authority, authority_code) is None:
        raise NotFound(
            f"The catalogue has no authority {authority_code!r}; add it first.",
            code="no_such_authority",
            detail_zh="机关目录中无此机关，请先登记。",
        )
    secret = key_text(token_bytes(32))
    key = ApiKey(
        id=UUID(bytes=uuid_utils.uuid7().bytes),
        name=name,
        roles=sorted(roles),
        authority_code=authority_code,
        secret_hash=key_hash(secret),
        hint=key_hint(secret),
        created_at=now,
    )
    session.add(key)
    await session.flush()  # so that the caller may use the key in the same transaction
    return CreatedKey(key.id, name, roles, authority_code, key.hint, secret)


async def revoke_key(session: AsyncSession, *, key_id: UUID, now: datetime) -> None:
    """End a key; from the next request on it is unknown.

    Raises:
        NoSuchKey: there is no valid key of this id.
    """
    if not await mark_revoked(session, key_id=key_id, now=now):
        raise NoSuchKey(f"No valid key has the id {key_id}.", detail_zh="没有此编号的有效密钥。")

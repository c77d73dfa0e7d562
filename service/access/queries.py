from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from service.access.rules import Actor, Role
from service.db import ReadSession
from service.models import ApiKey


async def find_actor(connection: AsyncConnection | AsyncSession, *, secret_hash: bytes) -> Actor | None:
    """Return whom the key with this hash stands for, or None where no key has it or the key is revoked.

    A role that this version does not know (a newer version granted it) gives no right here.
    """
    columns = (ApiKey.id, ApiKey.name, ApiKey.roles, ApiKey.authority_code)
    found = await connection.execute(
        select(*columns).where(ApiKey.secret_hash == secret_hash, ApiKey.revoked_at.is_(None))
    )
    row = found.one_or_none()
    if row is None:
        return None
    known = frozenset(Role(role) for role in row.roles if role in set(Role))
    return Actor(row.id, row.name, known, row.authority_code)


async def list_keys(session: AsyncSession | ReadSession) -> Sequence[ApiKey]:
    """Return all keys, revoked ones too, oldest first. Their secrets are stored nowhere."""
    return (await session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))).all()


async def mark_revoked(session: AsyncSession, *, key_id: UUID, now: datetime) -> bool:
    """Set the key's end, unless it has one; return whether it was this call that ended it."""
    ended = await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiKey.id)
    )
    return ended.one_or_none() is not None

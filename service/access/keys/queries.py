from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.keys.rules import NoSuchKey
from service.db import ReadSession
from service.models import ApiKey


async def list_keys(
    session: AsyncSession | ReadSession,
    *,
    after: UUID | None = None,
    limit: int | None = None,
    principal_id: UUID | None = None,
) -> Sequence[ApiKey]:
    """Return keys, revoked ones too, oldest first (their ids grow with time), behind the one named."""
    query = select(ApiKey).order_by(ApiKey.id).limit(limit)
    if after is not None:
        query = query.where(ApiKey.id > after)
    if principal_id is not None:
        query = query.where(ApiKey.principal_id == principal_id)
    return (await session.scalars(query)).all()


async def get_key(session: AsyncSession | ReadSession, *, key_id: UUID) -> ApiKey:
    """Return a key, revoked or not.

    Raises:
        NoSuchKey: there never was one of this id.
    """
    found = await session.get(ApiKey, key_id)
    if found is None:
        raise NoSuchKey(f"No key has the id {key_id}.", detail_zh="没有此编号的密钥。")
    return found


async def lock_valid_key(session: AsyncSession, *, key_id: UUID) -> ApiKey:
    """Return a key that is not revoked, locked until the transaction ends.

    Raises:
        NoSuchKey: there is no valid key of this id.
    """
    query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)).with_for_update()
    found = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NoSuchKey(f"No valid key has the id {key_id}.", detail_zh="没有此编号的有效密钥。")
    return found


async def write_last_use(session: AsyncSession, uses: Mapping[UUID, datetime]) -> None:
    """Note the last use of keys; a later one that another process noted stays."""
    connection = await session.connection()
    await connection.execute(
        text(
            """UPDATE api_key SET last_used_at = u.at FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS u (id, at)
            WHERE api_key.id = u.id AND (last_used_at IS NULL OR last_used_at < u.at)"""
        ),
        {"ids": sorted(uses), "ats": [uses[key] for key in sorted(uses)]},
    )

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.models import SealingKey
from service.reports.keys.rules import NoSuchSealingKey


async def get_key(session: AsyncSession | ReadSession, *, key_id: UUID) -> SealingKey:
    """Return a key by its id.

    Raises:
        NoSuchSealingKey: there is none.
    """
    found: SealingKey | None = (await session.scalars(select(SealingKey).where(SealingKey.id == key_id))).one_or_none()
    return _given(found, key_id)


async def lock_key(session: AsyncSession, *, key_id: UUID, authorities: frozenset[str]) -> SealingKey:
    """Return a key of one of these authorities, locked.

    Raises:
        NoSuchSealingKey: they have none of this id.
    """
    query = select(SealingKey).where(SealingKey.id == key_id, SealingKey.authority_code.in_(sorted(authorities)))
    return _given((await session.scalars(query.with_for_update())).one_or_none(), key_id)


def _given(found: SealingKey | None, key_id: UUID) -> SealingKey:
    if found is None:
        raise NoSuchSealingKey(f"There is no sealing key {key_id}.", detail_zh="没有该公钥。")
    return found


async def find_key_by_kid(session: AsyncSession, *, kid: str, authority_code: str) -> SealingKey | None:
    """Return an authority's key by its fingerprint, held against changes until the transaction ends, or None."""
    query: Any = select(SealingKey).where(SealingKey.kid == kid, SealingKey.authority_code == authority_code)
    found: SealingKey | None = (await session.scalars(query.with_for_update(read=True))).one_or_none()
    return found


async def list_keys(
    session: ReadSession, *, authority_code: str | None, after: UUID | None, limit: int
) -> Sequence[SealingKey]:
    """Return a page of keys, oldest first; of one authority, or of all."""
    query = select(SealingKey).order_by(SealingKey.id).limit(limit)
    if authority_code is not None:
        query = query.where(SealingKey.authority_code == authority_code)
    return (await session.scalars(query if after is None else query.where(SealingKey.id > after))).all()


async def count_keys(session: AsyncSession, *, authority_code: str) -> int:
    """Return how many keys an authority has that were not retired."""
    query = select(func.count()).where(SealingKey.authority_code == authority_code, SealingKey.retired_at.is_(None))
    return int((await session.scalar(query)) or 0)


async def end_keys(session: AsyncSession, *, authority_code: str, until: datetime) -> None:
    """Let the keys of an authority that are in use be taken until an instant."""
    await session.execute(
        update(SealingKey)
        .where(
            SealingKey.authority_code == authority_code,
            SealingKey.seals_until.is_(None),
            SealingKey.retired_at.is_(None),
        )
        .values(seals_until=until, version_no=SealingKey.version_no + 1)
    )

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.principals.rules import NoSuchGrant, NoSuchPrincipal
from service.db import ReadSession
from service.models import AccessGrant, Principal


async def get_principal(session: AsyncSession | ReadSession, *, principal_id: UUID) -> Principal:
    """Return a principal.

    Raises:
        NoSuchPrincipal: there is none of this id.
    """
    found = await session.get(Principal, principal_id)
    if found is None:
        raise NoSuchPrincipal(f"No principal has the id {principal_id}.", detail_zh="没有此编号的主体。")
    return found


async def find_names(session: AsyncSession | ReadSession, *, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of principals by id; what names no principal (a job, an import) is left out."""
    wanted = set()
    for one in set(ids):
        with suppress(ValueError):
            wanted.add(UUID(one))
    rows = await session.execute(select(Principal.id, Principal.name).where(Principal.id.in_(wanted)))
    return {str(row.id): row.name for row in rows}


async def lock_principal(session: AsyncSession, *, principal_id: UUID) -> Principal:
    """Return a principal, locked until the transaction ends.

    Raises:
        NoSuchPrincipal: there is none of this id.
    """
    await get_principal(session, principal_id=principal_id)
    query = select(Principal).where(Principal.id == principal_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def list_principals(
    session: AsyncSession | ReadSession, *, after: UUID | None, limit: int
) -> Sequence[Principal]:
    """Return principals, oldest first (their ids grow with time), behind the one named."""
    query = select(Principal).order_by(Principal.id).limit(limit)
    if after is not None:
        query = query.where(Principal.id > after)
    return (await session.scalars(query)).all()


async def list_grants(
    session: AsyncSession | ReadSession, *, principal_ids: Iterable[UUID]
) -> Mapping[UUID, list[AccessGrant]]:
    """Return all grants of principals, revoked ones too, oldest first, by principal."""
    query = select(AccessGrant).where(AccessGrant.principal_id.in_(list(principal_ids))).order_by(AccessGrant.id)
    found: dict[UUID, list[AccessGrant]] = defaultdict(list)
    for grant in await session.scalars(query):
        found[grant.principal_id].append(grant)
    return found


async def end_grant(
    session: AsyncSession, *, principal_id: UUID, grant_id: UUID, by: str, now: datetime
) -> AccessGrant:
    """Revoke a grant that is not revoked.

    Raises:
        NoSuchGrant: the principal has none of this id, or it is revoked already.
    """
    query = (
        select(AccessGrant)
        .where(AccessGrant.id == grant_id, AccessGrant.principal_id == principal_id, AccessGrant.revoked_at.is_(None))
        .with_for_update()
    )
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NoSuchGrant(
            f"The principal has no grant {grant_id} that is in force.", detail_zh="没有此编号的有效授权。"
        )
    found.revoked_by, found.revoked_at = by, now
    await session.flush()
    return found

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.four_eyes.rules import GIVEN_ALONE
from service.db import ReadSession
from service.errors import NotFound
from service.models import AccessGrant, ApiKey, Principal, Substitution

Proposed = AccessGrant | ApiKey | Substitution


class NoSuchProposal(NotFound):
    """Nothing of this id waits to be confirmed, or was: no grant, no key, no substitution."""

    code = "no_such_access_proposal"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a second pair of eyes: a `grant`, a `key` or a `substitution`; `what` is its role, or its name."""

    id: UUID
    kind: str
    principal_id: UUID
    principal: str
    what: str
    authority_code: str | None
    proposed_by: str
    proposed_at: datetime


async def list_waiting(
    session: AsyncSession | ReadSession, *, after: UUID | None = None, limit: int | None = None
) -> Sequence[Waiting]:
    """Return all that waits, oldest first (ids grow with time), behind the one named."""
    grant, key, place = AccessGrant, ApiKey, Substitution
    parts: list[Select[*tuple[Any, ...]]] = [
        select(
            grant.id, literal("grant"), grant.principal_id, Principal.name, grant.role, grant.authority_code,
            grant.granted_by, grant.granted_at,
        ).where(grant.confirmed_at.is_(None), grant.revoked_at.is_(None), Principal.id == grant.principal_id),
        select(
            key.id, literal("key"), key.principal_id, Principal.name, key.name, null(), key.created_by, key.created_at
        ).where(key.confirmed_at.is_(None), key.revoked_at.is_(None), Principal.id == key.principal_id),
        select(
            place.id, literal("substitution"), place.principal_id, Principal.name, place.role, place.authority_code,
            place.registered_by, place.registered_at,
        ).where(place.confirmed_at.is_(None), place.ended_at.is_(None), Principal.id == place.principal_id),
    ]  # fmt: skip
    found: list[Waiting] = []
    for part, column in zip(parts, (grant.id, key.id, place.id), strict=True):
        query = part.order_by(column).limit(limit)
        rows = await session.execute(query if after is None else query.where(column > after))
        found += [Waiting(*row) for row in rows]
    return sorted(found, key=lambda one: one.id)[:limit]


async def lock_proposed(session: AsyncSession, *, proposal_id: UUID) -> Proposed:
    """Return the grant, key or substitution of this id that nobody has taken back, locked until the transaction ends.

    Raises:
        NoSuchProposal: there is none.
    """
    for query in (
        select(AccessGrant).where(AccessGrant.id == proposal_id, AccessGrant.revoked_at.is_(None)),
        select(ApiKey).where(ApiKey.id == proposal_id, ApiKey.revoked_at.is_(None)),
        select(Substitution).where(Substitution.id == proposal_id, Substitution.ended_at.is_(None)),
    ):
        found: Proposed | None = (await session.scalars(query.with_for_update())).one_or_none()
        if found is not None:
            return found
    raise NoSuchProposal(f"Nothing of the id {proposal_id} waits here.", detail_zh="没有此编号的待确认事项。")


async def holds_what_needs_second(session: AsyncSession, *, principal_id: UUID) -> bool:
    """Return whether a principal holds, or is to hold, rights that two administrators give, itself or for somebody else."""
    granted = exists().where(
        AccessGrant.principal_id == principal_id,
        AccessGrant.revoked_at.is_(None),
        AccessGrant.role.not_in(sorted(GIVEN_ALONE)),
    )
    stands_in = exists().where(Substitution.principal_id == principal_id, Substitution.ended_at.is_(None))
    return bool((await session.execute(select(or_(granted, stands_in)))).scalar_one())

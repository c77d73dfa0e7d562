from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.db import ReadSession
from service.models import AccessGrant, Principal, ReportRequest
from service.reports.requests.rules import NoSuchRequest
from service.reports.sight import note_read, visible_to

_PLATFORM = and_(
    AccessGrant.principal_id == Principal.id,
    AccessGrant.role == Role.PLATFORM,
    AccessGrant.revoked_at.is_(None),
    AccessGrant.confirmed_at.is_not(None),
)


def _in_force(on: date) -> ColumnElement[bool]:
    begun = or_(AccessGrant.from_on.is_(None), AccessGrant.from_on <= on)
    return and_(begun, or_(AccessGrant.until_on.is_(None), AccessGrant.until_on >= on))


async def list_platforms(
    session: AsyncSession | ReadSession, *, on: date, after: UUID | None, limit: int, only: UUID | None = None
) -> Sequence[RowMapping]:
    """Return a page of the principals that are platforms on a day, by id; `only` one of them."""
    query = select(Principal.id, Principal.name).where(
        Principal.blocked_at.is_(None), select(AccessGrant.id).where(_PLATFORM, _in_force(on)).exists()
    )
    if after is not None:
        query = query.where(Principal.id > after)
    if only is not None:
        query = query.where(Principal.id == only)
    return (await session.execute(query.order_by(Principal.id).limit(limit))).mappings().all()


async def get_request(
    session: AsyncSession | ReadSession, *, request_id: UUID, actor: Actor, lock: bool = False
) -> ReportRequest:
    """Return a request that the actor sees.

    Raises:
        NoSuchRequest: it sees none of this id.
    """
    query: Any = select(ReportRequest).where(ReportRequest.id == request_id, visible_to(ReportRequest, actor))
    found: ReportRequest | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchRequest(f"There is no request {request_id}.", detail_zh="没有该请求。")
    note_read(session, [found.authority_code])
    return found


async def list_requests(
    session: ReadSession, *, actor: Actor, state: str | None, after: UUID | None, limit: int
) -> Sequence[ReportRequest]:
    """Return a page of the requests that the actor sees, oldest first."""
    query = select(ReportRequest).where(visible_to(ReportRequest, actor)).order_by(ReportRequest.id).limit(limit)
    if state is not None:
        query = query.where(ReportRequest.state == state)
    found = (await session.scalars(query if after is None else query.where(ReportRequest.id > after))).all()
    note_read(session, {one.authority_code for one in found})
    return found

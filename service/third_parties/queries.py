from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.models import ServiceComplaint, TakeDownCheck, ThirdPartyService
from service.third_parties.rules import NoSuchComplaint, NoSuchService

Kept = TypeVar("Kept", TakeDownCheck, ServiceComplaint)


async def get_service(
    session: AsyncSession | ReadSession,
    *,
    service_id: UUID | None = None,
    principal: UUID | None = None,
    lock: bool = False,
) -> ThirdPartyService:
    """Return a service by its id, or that of a principal.

    Raises:
        NoSuchService: there is none.
    """
    wanted = ThirdPartyService.id == service_id if principal is None else ThirdPartyService.principal_id == principal
    query: Any = select(ThirdPartyService).where(wanted)
    found: ThirdPartyService | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchService(f"There is no service {service_id or 'of yours'}.", detail_zh="没有该第三方服务。")
    return found


async def list_services(session: ReadSession, *, after: UUID | None, limit: int) -> Sequence[ThirdPartyService]:
    """Return a page of services, oldest first."""
    query = select(ThirdPartyService).order_by(ThirdPartyService.id).limit(limit)
    return (await session.scalars(query if after is None else query.where(ThirdPartyService.id > after))).all()


async def list_kept(
    session: ReadSession, table: type[Kept], *, service_id: UUID, after: UUID | None, limit: int
) -> Sequence[Kept]:
    """Return a page of a service's checks or complaints, oldest first."""
    query = select(table).where(table.service_id == service_id).order_by(table.id).limit(limit)
    return (await session.scalars(query if after is None else query.where(table.id > after))).all()


async def lock_complaint(session: AsyncSession, *, service_id: UUID, complaint_id: UUID) -> ServiceComplaint:
    """Return a complaint about a service, locked.

    Raises:
        NoSuchComplaint: there is none.
    """
    query = select(ServiceComplaint).where(
        ServiceComplaint.id == complaint_id, ServiceComplaint.service_id == service_id
    )
    found = (await session.scalars(query.with_for_update())).one_or_none()
    if found is None:
        raise NoSuchComplaint(f"There is no complaint {complaint_id}.", detail_zh="没有该投诉。")
    return found


async def count_usage(
    connection: Connection, *, principal: UUID, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return what a principal asked from `since` to before `until`: requests and codes by operation and outcome."""
    rows = await connection.fetch(
        """SELECT operation, outcome, count(*) AS requests, coalesce(sum(entry_count), 0) + count(*) FILTER (
            WHERE entry_count IS NULL AND uscc IS NOT NULL) AS codes
        FROM audit_entry WHERE at >= $2 AND at < $3 AND actor_id = $1 GROUP BY 1, 2 ORDER BY 1, 2""",
        str(principal),
        since,
        until,
    )
    return [dict(row) for row in rows]

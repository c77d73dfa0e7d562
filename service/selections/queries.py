from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Role
from service.db import ReadSession
from service.models import AccessGrant, ExportSelection, Feed, Principal
from service.selections.rules import Every, NoSuchSelection, period_of


async def get_selection(
    session: AsyncSession | ReadSession, *, selection_id: UUID, principal: UUID, lock: bool = False
) -> ExportSelection:
    """Return a selection of a principal's own.

    Raises:
        NoSuchSelection: it has none of this id.
    """
    query: Any = select(ExportSelection).where(
        ExportSelection.id == selection_id, ExportSelection.principal_id == principal
    )
    found: ExportSelection | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchSelection(f"You have no selection {selection_id}.", detail_zh="没有该导出设置。")
    return found


async def list_selections(
    session: ReadSession, *, principal: UUID, after: UUID | None, limit: int
) -> Sequence[ExportSelection]:
    """Return a page of a principal's selections, oldest first."""
    query = select(ExportSelection).where(ExportSelection.principal_id == principal)
    if after is not None:
        query = query.where(ExportSelection.id > after)
    return (await session.scalars(query.order_by(ExportSelection.id).limit(limit))).all()


async def count_selections(session: AsyncSession, *, principal: UUID) -> int:
    """Return how many selections a principal has."""
    count = await session.scalar(
        select(func.count()).select_from(ExportSelection).where(ExportSelection.principal_id == principal)
    )
    return count or 0


async def list_due(session: ReadSession, *, today: date, now: datetime) -> Sequence[ExportSelection]:
    """Return the selections that were not delivered in their present period and do not wait after a failure.

    Nothing is delivered to a place that the operator has paused, nor for an exporter who is blocked or is none any more.
    """
    present = or_(*(
        (ExportSelection.every == every) & ExportSelection.last_period.is_distinct_from(period_of(every, today))
        for every in Every
    ))  # fmt: skip
    waits = ExportSelection.retry_at.is_(None) | (ExportSelection.retry_at <= now)
    stands = (~ExportSelection.is_paused, ~_at_a_paused_place(), _of_an_exporter(today))
    query = select(ExportSelection).where(present, waits, *stands).order_by(ExportSelection.id)
    return (await session.scalars(query)).all()


def _at_a_paused_place() -> ColumnElement[bool]:
    return exists().where(Feed.id == ExportSelection.deliver_to, Feed.state == "paused")


def _of_an_exporter(today: date) -> ColumnElement[bool]:
    grant, owner = AccessGrant, ExportSelection.principal_id
    let_in = exists().where(Principal.id == owner, Principal.blocked_at.is_(None))
    holds = exists().where(
        grant.principal_id == owner,
        grant.role == Role.EXPORTER.value,
        grant.confirmed_at.is_not(None),
        grant.revoked_at.is_(None),
        or_(grant.from_on.is_(None), grant.from_on <= today),
        or_(grant.until_on.is_(None), grant.until_on >= today),
    )
    return let_in & holds

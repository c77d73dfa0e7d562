from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.db import ReadSession
from service.models import PlatformMeasure
from service.reports.measures.rules import NoSuchMeasure
from service.reports.sight import note_read, visible_to


async def get_measure(session: ReadSession, *, measure_id: UUID, actor: Actor) -> PlatformMeasure:
    """Return a measure that the actor sees.

    Raises:
        NoSuchMeasure: it sees none of this id.
    """
    query = select(PlatformMeasure).where(PlatformMeasure.id == measure_id, visible_to(PlatformMeasure, actor))
    found = _given((await session.scalars(query)).one_or_none(), measure_id)
    note_read(session, [found.authority_code])
    return found


async def lock_measure(session: AsyncSession, *, measure_id: UUID, platform: UUID) -> PlatformMeasure:
    """Return a platform's own measure, locked.

    Raises:
        NoSuchMeasure: it has none of this id.
    """
    query = select(PlatformMeasure).where(PlatformMeasure.id == measure_id, PlatformMeasure.principal_id == platform)
    return _given((await session.scalars(query.with_for_update())).one_or_none(), measure_id)


def _given(found: PlatformMeasure | None, measure_id: UUID) -> PlatformMeasure:
    if found is None:
        raise NoSuchMeasure(f"There is no measure {measure_id}.", detail_zh="没有该处置措施。")
    return found


async def list_measures(
    session: ReadSession, *, actor: Actor, uscc: str | None, published: bool | None, after: UUID | None, limit: int
) -> Sequence[PlatformMeasure]:
    """Return a page of the measures that the actor sees, oldest first; of one merchant, or only (not) published ones."""
    query: Any = select(PlatformMeasure).where(visible_to(PlatformMeasure, actor)).order_by(PlatformMeasure.id)
    if uscc is not None:
        query = query.where(PlatformMeasure.uscc == uscc)
    if published is not None:
        ended = PlatformMeasure.taken_down_on.is_not(None)
        query = query.where(~ended if published else ended)
    if after is not None:
        query = query.where(PlatformMeasure.id > after)
    found: Sequence[PlatformMeasure] = (await session.scalars(query.limit(limit))).all()
    note_read(session, {one.authority_code for one in found})
    return found

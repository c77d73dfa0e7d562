from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import note_versions
from service.access.visibility import visible_to
from service.db import ReadSession
from service.models import BlacklistEntryVersion, PenaltyVersion

Row = Mapping[str, Any]


async def find_version(
    session: AsyncSession | ReadSession,
    version: type[PenaltyVersion] | type[BlacklistEntryVersion],
    *,
    uscc: str,
    record_id: UUID,
    actor: Actor,
) -> Row | None:
    """Return the current version of a record that the actor may see, or None."""
    query = select(*version.__table__.columns).where(
        version.uscc == uscc, version.id == record_id, version.superseded_at.is_(None), visible_to(actor, version)
    )
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    found = {str(name): value for name, value in row.items()}
    note_versions(session, [found], on=actor.on)
    return found

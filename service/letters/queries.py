from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.models import Document, EntrySupport, PenaltyVersion


async def list_support_numbers(session: AsyncSession, *, uscc: str, entry_id: UUID) -> list[str]:
    """Return the document numbers of the penalties on which an entry rests, in order."""
    found = await session.scalars(
        select(PenaltyVersion.document_no)
        .join(
            EntrySupport,
            (EntrySupport.uscc == PenaltyVersion.uscc) & (EntrySupport.penalty_id == PenaltyVersion.id),
        )
        .where(EntrySupport.uscc == uscc, EntrySupport.entry_id == entry_id, PenaltyVersion.superseded_at.is_(None))
        .order_by(PenaltyVersion.document_no)
    )
    return [number for number in found if number]


async def find_same(session: AsyncSession, *, uscc: str, record_id: UUID, made_from: dict[str, Any]) -> Document | None:
    """Return the document of a record that was made from the very same facts, or None."""
    found = await session.scalars(
        select(Document)
        .where(Document.uscc == uscc, Document.record_id == record_id, Document.made_from == made_from)
        .order_by(Document.id)
        .limit(1)
    )
    return found.one_or_none()

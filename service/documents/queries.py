from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.models import Document, DocumentContent


async def put_content(session: AsyncSession, *, sha256: str, content: bytes) -> None:
    """Keep bytes by their digest; the same bytes are kept once."""
    await session.execute(
        upsert(DocumentContent).values(sha256=sha256, content=content).on_conflict_do_nothing(index_elements=["sha256"])
    )


async def insert_document(session: AsyncSession, values: dict[str, Any]) -> Document:
    """Insert what a document is."""
    made = await session.scalars(insert(Document).values(values).returning(Document))
    return made.one()


async def list_documents(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID) -> Sequence[Document]:
    """Return the documents of a record, oldest first."""
    found = await session.scalars(
        select(Document).where(Document.uscc == uscc, Document.record_id == record_id).order_by(Document.id)
    )
    return found.all()


async def find_document(session: AsyncSession | ReadSession, *, uscc: str, document_id: UUID) -> Document | None:
    """Return what a document is, or None."""
    return (
        await session.scalars(select(Document).where(Document.uscc == uscc, Document.id == document_id))
    ).one_or_none()


async def get_content(session: AsyncSession | ReadSession, *, sha256: str) -> bytes:
    """Return the bytes of a digest."""
    found = await session.execute(select(DocumentContent.content).where(DocumentContent.sha256 == sha256))
    content: bytes = found.scalar_one()
    return content

from sqlalchemy import select

from service.db import ReadSession
from service.models import PenaltyVersion


async def list_numbers(session: ReadSession, *, authority_code: str, year: int | None = None) -> list[str]:
    """Return the normalised document numbers of an authority's penalties, drafts and ended ones too, void ones not."""
    version = PenaltyVersion
    query = select(version.document_key).where(
        version.authority_code == authority_code,
        version.superseded_at.is_(None),
        version.state != "void",
        version.document_key.is_not(None),
    )
    if year is not None:
        query = query.where(version.document_key.contains(f"〔{year}", autoescape=True))
    return sorted({number for number in (await session.scalars(query)) if number is not None})

from datetime import datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Output
from service.documents.rules import DocumentKind, RecordKind


class DocumentOut(Output):
    """A document of a record; its bytes are read under its id."""

    id: UUID
    uscc: str
    record_kind: RecordKind
    record_id: UUID
    kind: DocumentKind
    file_name: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    added_at: datetime


class DocumentPage(Output):
    """The documents of a record that the key may read, oldest first."""

    items: list[DocumentOut]

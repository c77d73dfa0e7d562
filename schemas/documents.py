from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Output
from service.documents.rules import DocumentKind, RecordKind


class MadeFrom(Output):
    """From what a document was set: template, facts, the day it bears, and the library with the digest of the page."""

    template: str
    facts: dict[str, str]
    signed_on: date
    set_by: str


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
    made_from: MadeFrom | None = Field(
        description="From what a document of a template was set; the same makes the same bytes again. Null for what was attached."
    )


class DocumentPage(Output):
    """The documents of a record that the key may read, oldest first."""

    items: list[DocumentOut]

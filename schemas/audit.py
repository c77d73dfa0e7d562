from datetime import datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Output
from service.audit.rules import EntryKind


class AuditEntryOut(Output):
    """One thing that happened."""

    at: datetime
    id: UUID
    kind: EntryKind = Field(
        description="write, read, answer (a question by POST), refusal, or count of anonymous answers."
    )
    operation: str = Field(description="Method and template of the path, or the command.")
    outcome: str = Field(description="`ok`, `replayed`, or the code of the refusal.")
    actor_kind: str = Field(description="key, token, operator, or anonymous.")
    actor_id: str | None = Field(description="The principal.")
    actor_name: str | None
    roles: str | None = Field(description="The roles it held, with blanks between.")
    authority: str | None = Field(description="The authorities in whose name it acts, with blanks between.")
    uscc: str | None = Field(description="The enterprise that it was about.")
    record_kind: str | None
    record_id: str | None = Field(description="What the path named; null for an enterprise's own agent.")
    owners: list[str] | None = Field(description="Whose unpublished records the answer held; null for an agent.")
    purpose: str | None = Field(description="As the asker stated it in `Request-Purpose`.")
    request_id: str | None
    count: int | None = Field(description="Codes of a batch, or anonymous answers.")
    digest: str | None = Field(description="SHA-256 of the packed list of a batch's codes, in hexadecimal.")


class AuditPage(Output):
    """A page of the audit, newest first."""

    items: list[AuditEntryOut]
    next: str | None = Field(description="Cursor of the next page; null at the end.")

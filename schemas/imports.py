from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.base import Input, Output


class ImportOut(Output):
    """One file that was handed in, and what became of its rows so far."""

    id: UUID
    kind: str
    authority: str
    source: str | None
    list: str | None
    state: str = Field(description="queued, running, finished, failed or reverted.")
    phase: str
    dry_run: bool
    file_name: str
    file_size: int
    file_sha256: str
    rows_read: int
    done_share: int = Field(description="Progress in percent.")
    accepted: int | None = Field(description="new + changed + disputed, once finished.")
    counts: dict[str, dict[str, int]] | None = Field(description="Rows by outcome and by reason, as they are now.")
    table: dict[str, Any] | None = Field(description="How the file was read: format, encoding, header, column map.")
    problem: dict[str, Any] | None = Field(description="Why the whole file could not be imported.")
    created_at: datetime
    finished_at: datetime | None
    reverted_at: datetime | None


class ImportPage(Output):
    """A page of imports, newest first."""

    items: list[ImportOut]
    next: str | None


class ReasonOut(Output):
    """Why a row got its outcome."""

    code: str
    words: str
    words_zh: str
    remedy: str


class ImportRowOut(Output):
    """One row of a file: where it stands, its outcome, and its cells while it is quarantined."""

    n: int = Field(description="Number of the row in the file, from 1.")
    line: int = Field(description="Line of the file, or row of the sheet, from 1.")
    file_name: str
    sheet: str | None
    outcome: str
    reasons: list[ReasonOut]
    uscc: str | None
    record_id: UUID | None
    version_no: int | None
    waiting_for: str | None
    content: dict[str, Any] | None


class ImportRowPage(Output):
    """A page of rows in the order of the file."""

    items: list[ImportRowOut]
    next: str | None


class RowResubmit(Input):
    """A corrected row: its cells by column name, as the header of the file has them."""

    cells: dict[str, str] = Field(min_length=1, max_length=512)


class DecidedField(Output):
    """A field for which a person decided which source is right."""

    field: str
    source: str
    decided_on: date
    reason: str


class ConflictOut(Output):
    """A record of which another source says otherwise."""

    kind: Literal["subject", "penalty", "blacklist_entry", "credit_record"]
    uscc: str
    record_id: UUID | None = Field(description="Null for a registration.")
    record_source: str | None = Field(description="The source that gave the record.")
    source: str = Field(description="The source that contradicts it.")
    differs: list[str] = Field(description="Fields in which it differed from what was shown when it said so.")
    states: dict[str, Any] = Field(description="What it says in them.")
    shown: dict[str, Any] = Field(description="What is shown in them now.")
    shown_from: dict[str, str] = Field(
        description="Fields that are shown from another source than the record's, by trust."
    )
    decided: list[DecidedField] = Field(description="Fields of the record about which a person has decided.")
    import_id: UUID
    row: int
    stated_at: datetime


class ConflictPage(Output):
    """A page of conflicts, by subject, record and source."""

    items: list[ConflictOut]
    next: str | None


class SourceUndecided(Input):
    """A field of a record, and why nothing is decided about it any more."""

    kind: Literal["subject", "penalty", "blacklist_entry"]
    uscc: Annotated[str, Field(min_length=18, max_length=18)]
    record_id: UUID | None = Field(default=None, description="None for a registration.")
    field: Annotated[str, Field(max_length=60)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _record_is_named(self) -> Self:
        if (self.record_id is None) != (self.kind == "subject"):
            raise ValueError("record_id names a penalty or an entry, and nothing for a registration")
        return self


class SourceDecision(SourceUndecided):
    """From which source a field of a record is shown, and why."""

    source: Annotated[str, Field(max_length=80, description="Code of the source, or own:AUTHORITY.")]


class SourceDecided(Output):
    """A decision between sources."""

    kind: Literal["subject", "penalty", "blacklist_entry"]
    uscc: str
    record_id: UUID | None
    field: str
    source: str
    was: str | None = Field(description="The source it was shown from before.")
    decided_on: date
    decided_by: str
    reason: str
    version_no: int

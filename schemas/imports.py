from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

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
    import_id: UUID
    row: int
    stated_at: datetime


class ConflictPage(Output):
    """A page of conflicts, by subject, record and source."""

    items: list[ConflictOut]
    next: str | None

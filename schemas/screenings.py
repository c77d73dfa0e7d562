from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from schemas.base import Output


class ScreeningOut(Output):
    """A file of codes that was handed in to be screened whole, and how it stands."""

    id: UUID
    state: str = Field(description="queued, running, finished, outdated, failed or cancelled.")
    format: str
    list: str | None = Field(description="What you call the list.")
    compared_with: UUID | None = Field(description="Your screening of the same list that it was held against.")
    file_name: str
    file_size: int
    file_sha256: str
    rows_done: int
    done_share: int = Field(description="Progress in percent.")
    log_id: UUID | None = Field(description="The log of `position`.")
    position: int | None = Field(description="The place in the change log whose state every row is.")
    as_of: datetime | None = Field(description="The instant of every row.")
    shown_until: date | None = Field(description="The last day on which everything that the result names may be shown.")
    sums: dict[str, Any] | None = Field(
        description="The top of the result: sums by outcome, warning and name, and the sources. Only where one is asked about."
    )
    result_size: int | None
    result_sha256: str | None
    problem: dict[str, Any] | None = Field(description="Why the whole file could not be screened.")
    created_at: datetime
    finished_at: datetime | None
    keep_until: datetime


class ScreeningPage(Output):
    """A page of screenings, newest first."""

    items: list[ScreeningOut]
    next: str | None


class EndedRecordOut(Output):
    """A record that was named last time and has ended. Drop what you hold under its id; there is no code and no reason."""

    id: UUID
    ended_on: date


class EndedRecordPage(Output):
    """A page of records that have ended; it may hold fewer than were asked for."""

    items: list[EndedRecordOut]
    next: str | None

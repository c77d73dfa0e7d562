from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Input, Output
from schemas.penalties import Words
from service.archive.rules import CaseKind


class PieceOut(Output):
    """A piece of a case file, and how it stands; `found` says as what it was found."""

    id: str
    outcome: Literal["present", "missing", "not_needed"]
    found: str | None
    words: str
    words_zh: str
    citation: str
    grade: str


class CaseDocument(Output):
    """A document of the case, with its SHA-256."""

    id: UUID
    kind: str
    file_name: str
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime


class RetentionOut(Output):
    """How long the file is kept by its authority's own rule; nothing is deleted here when it is over."""

    years: int | None
    basis: str | None
    counts_from: date | None
    until: date | None
    reason: Literal["no_period_stated", "for_ever", "case_open"] | None = Field(
        description="Why there is no last day; null where there is one."
    )


class CaseFileOut(Output):
    """The file of a case: what is in it, what is missing, and how long it is kept."""

    uscc: str
    record_kind: CaseKind
    record_id: UUID
    document_no: str | None
    authority_code: str
    state: str
    version_no: int
    kept_here: bool = Field(description="False for a row of a source that publishes itself: its owner keeps the file.")
    complete: bool
    missing: list[str]
    pieces: list[PieceOut]
    documents: list[CaseDocument]
    retention: RetentionOut


class CaseFilePage(Output):
    """A page of case files; with a filter it may hold fewer than asked for, also none, while `next` leads on."""

    items: list[CaseFileOut]
    next: str | None


class PeriodPut(Input):
    """How long case files are kept, and the rule that says so; `years` null: for ever."""

    years: Annotated[int, Field(ge=1, le=200)] | None
    basis: Words


class PeriodOut(Output):
    """How long an authority keeps the files of one kind of case."""

    authority_code: str
    record_kind: CaseKind
    years: int | None
    basis: str
    effective_from: date
    version_no: int


class PeriodPage(Output):
    """All periods that were stated."""

    items: list[PeriodOut]

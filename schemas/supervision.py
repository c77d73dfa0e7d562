from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Output


class LetterOut(Output):
    """A formal letter to an authority about its overdue deadlines."""

    id: UUID
    authority_code: str
    week_on: date = Field(description="The Monday of its week; a week has one letter at most.")
    number: str
    overdue: int = Field(description="How many deadlines were overdue.")
    sha256: str
    made_at: datetime


class LetterPage(Output):
    """A page of letters, the newest first."""

    items: list[LetterOut]
    next: str | None


class QualityReason(Output):
    """Why rows got their outcome, and what to do about it."""

    code: str
    rows: int
    words: str
    words_zh: str
    remedy: str


class QualitySource(Output):
    """What a source supplied of one kind in the month. Counts of rows are as they stood when the sheet was made."""

    source: str
    kind: str
    imports: int = Field(description="Finished and not taken back.")
    reverted: int
    failed: int
    rows: int
    outcomes: dict[str, int]
    reasons: list[QualityReason]
    disputed_open: int = Field(description="Statements of the source that contradict another's record, still open.")


class QualityDeadlines(Output):
    """The authority's deadlines that fell due in the month; `overdue` are those still open."""

    deadline: str
    due: int
    on_time: int
    late: int
    overdue: int
    rejected: int


class SheetOut(Output):
    """What an authority supplied in a month and in what quality."""

    month: str
    authority_code: str
    made_at: datetime
    sources: list[QualitySource]
    deadlines: list[QualityDeadlines]


class SheetPage(Output):
    """A page of the sheets of a month, by authority."""

    items: list[SheetOut]
    next: str | None

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output


class DeadlineOut(Output):
    """A deadline of the rulebook as it runs for one record on one channel."""

    id: UUID
    deadline: str = Field(description="Its number in the rulebook, such as D01.")
    event: str = Field(description="What is due.")
    event_zh: str | None
    citation: str | None
    grade: str | None = Field(description="How well the row is supported: verified, secondary, unverified.")
    rule: str = Field(description="The row of the rulebook that set it.")
    channel: str = Field(description="gsxt, credit_china, or enterprise for what the subject itself publishes.")
    bearer: Literal["authority", "registering_authority", "subject"] = Field(
        description="Who has to act; `subject` is for information and never escalated."
    )
    authority_code: str
    division_code: str
    uscc: str | None = Field(description="Null for those who only supervise.")
    penalty_id: UUID | None = Field(description="The penalty it belongs to; null where it is a permit's.")
    credit_record_id: UUID | None = Field(description="The permit it belongs to; null where it is a penalty's.")
    document_no: str | None
    starts_on: date = Field(description="The day of the event that started the term; it is not counted.")
    due_on: date = Field(description="The last day of the term.")
    provisional: bool = Field(description="A year whose calendar is not known took part: the day may move.")
    state: Literal["open", "met", "withheld", "dropped"]
    days_left: int | None = Field(description="Working days left while open: 0 on the last day, negative when overdue.")
    overdue: bool
    met_on: date | None = Field(description="The day on which the other side accepted.")
    late: bool | None = Field(description="Whether it was met after its last day; null until it is met.")
    rejected_on: date | None = Field(
        description="The day on which the other side sent it back last, while it is open again."
    )
    rejections: int
    reference: str | None = Field(description="The other side's receipt.")


class DeadlineEventOut(Output):
    """What happened to a deadline."""

    event: str = Field(
        description="opened, moved, confirmed, withheld, reopened, dropped, accepted, rejected, reminded or escalated."
    )
    was_due_on: date | None
    due_on: date | None
    actor: str
    reason: str | None = Field(
        description="Why: for a move `record` (the record changed) or `law` (calendar, rule or authority did)."
    )
    at: datetime


class SkippedDay(Output):
    """A day that did not count."""

    day: date
    holiday: str | None = Field(description="The holiday it belongs to; null for an ordinary weekend.")


class DeadlineDetail(DeadlineOut):
    """A deadline with the days that did not count and its history."""

    skipped: list[SkippedDay]
    history: list[DeadlineEventOut]


class DeadlinePage(Output):
    """A page of deadlines, by last day."""

    items: list[DeadlineOut]
    next: str | None


class AnswerCreate(Input):
    """What the other side said."""

    outcome: Literal["accepted", "rejected"]
    on: date = Field(description="The day on which it accepted, published or sent back.")
    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] | None = Field(
        default=None, description="Why it sent it back; needed for a rejection."
    )


class MonthCounts(Output):
    """due = on_time + late + overdue + running + withheld; `rejected` counts those sent back at least once."""

    due: int
    on_time: int
    late: int
    overdue: int
    running: int
    rejected: int
    withheld: int


class MonthLine(Output):
    """One department in one district."""

    authority_code: str
    authority: str
    division_code: str
    division: str | None
    total: MonthCounts
    deadlines: dict[str, MonthCounts]


class MonthTable(Output):
    """Deadlines that fell due in a month, by department and district."""

    month: str
    items: list[MonthLine]
    next: str | None

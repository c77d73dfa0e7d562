from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Input, Output
from schemas.changes import PublicEntry, PublicPenalty

AskedCode = Annotated[
    str,
    Field(
        max_length=200, description="Unified social credit code; lower case, full width and blanks are read as meant."
    ),
]


class StatusQuestion(Input):
    """One subject asked by code, and by name where the two are to be compared."""

    uscc: AskedCode
    name: str | None = Field(
        default=None,
        max_length=500,
        description="A name that should be the subject's; `name_differs` warns when it is not.",
    )


class BatchQuestion(Input):
    """Up to 10,000 codes. Items that are no codes are answered with an error in their place."""

    codes: list[Any] = Field(description="Credit codes, in any order; one may come twice.")


class Standing(Output):
    """State of a registration, as a registry source stated it."""

    status: str | None = Field(description="active, cancelled, revoked or moved_out.")
    since: date | None = Field(description="Day of registration.")


class Warned(Output):
    """Something that the asker should know about an answer; programs decide by `code`."""

    code: str
    detail: str
    source: str | None = Field(description="The source that a `source_stale` or `source_unconfirmed` is about.")


class Freshness(Output):
    """A source that is complete for the region of the subject, and the last day on which it delivered."""

    source: str
    fresh_to: date | None = Field(description="Null: it has never delivered, and covers nothing.")


class StatusItem(Output):
    """The public state of one subject, the same for every asker."""

    uscc: str
    outcome: Literal["listed", "penalised", "clear", "not_covered"] = Field(
        description="The first that applies: on a public list; a published penalty; registered in a covered region with"
        " nothing published; not covered. Unknown is never clear."
    )
    reason: Literal["no_registration", "no_source"] | None = Field(description="Why a subject is not covered.")
    name: str | None = Field(description="Registered name; of an unregistered subject the name on a public record.")
    registration: Standing | None = Field(description="Null: no registry source states one.")
    blacklist_entries: list[PublicEntry]
    penalties: list[PublicPenalty]
    warnings: list[Warned]


class StatusFrame(Output):
    """What ties an answer to the change log."""

    as_of: datetime = Field(description="The instant whose legal day the windows were held against.")
    known_at: datetime = Field(
        description="The instant by which everything in the answer was known. Asked again with it, the answer is the same,"
        " but for what may not be shown any more."
    )
    position: int = Field(description="The answer is exactly the state at this position of the change log.")
    log_id: UUID
    sources: list[Freshness]


class StatusOut(StatusItem, StatusFrame):
    """The public state of one subject at one position of the log."""


class CodeError(Output):
    """Why an item of a batch has no answer."""

    code: str
    detail: str
    suggestion: str | None = Field(description="The code that may be meant, where exactly one comes into question.")


class FailedItem(Output):
    """An item of a batch that is no credit code."""

    uscc: str | None = Field(description="What was sent; null where it may not be repeated.")
    error: CodeError


class BatchOut(StatusFrame):
    """Answers in the order of the codes, all at one position of the log."""

    results: list[StatusItem | FailedItem]

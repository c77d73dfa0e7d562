from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class DutyOut(Output):
    """A duty of the terms."""

    id: str
    en: str
    zh: str


class TermsOut(Output):
    """The terms of use in force."""

    version: str
    duties: list[DutyOut]


class ServicePut(Input):
    """What a service says of itself, and that it accepts the terms."""

    name: Name
    operator: Name = Field(description="Who runs it.")
    url: Annotated[str, StringConstraints(pattern="^https?://[^ ]+$", max_length=500)]
    terms_version: Name = Field(description="The terms that you accept: the version of `/v1/terms`.")


class ServiceOut(Output):
    """A third-party service."""

    id: UUID
    principal_id: UUID
    version_no: int
    name: str
    operator: str
    url: str
    terms_version: str
    terms_accepted_at: datetime
    filing: str
    filing_no: str | None
    filed_with: str | None
    filed_on: date | None
    state: str
    suspended_reason: str | None
    suspended_at: datetime | None
    registered_at: datetime


class ServicePage(Output):
    """A page of services, oldest first."""

    items: list[ServiceOut]
    next: str | None


class FilingPut(Input):
    """Whether a service is filed as a credit service (备案)."""

    filing: Literal["none", "filed", "expired"]
    filing_no: Name | None = None
    filed_with: Name | None = None
    filed_on: date | None = None

    @model_validator(mode="after")
    def has_number(self) -> Self:
        """A filing has a number, and none has none."""
        if (self.filing == "none") is (self.filing_no is not None):
            raise ValueError("filing_no is given exactly where filing is filed or expired")
        return self


class Seen(Input):
    """A record that a service shows."""

    uscc: Annotated[str, StringConstraints(min_length=18, max_length=18)]
    id: UUID


class CheckCreate(Input):
    """A sample of what a service was seen to show."""

    seen_on: date
    seen: Annotated[list[Seen], Field(min_length=1, max_length=1000)]


class EndedSeen(Output):
    """A record that has ended and was shown; `late`: for more than a day."""

    id: UUID
    ended_on: date
    late: bool


class CheckOut(Output):
    """What a look at a service found."""

    id: UUID
    seen_on: date
    sample: int
    shown: int = Field(description="Records that are public.")
    ended: int
    late: int = Field(description="Of the ended ones those that were shown more than a day after their end.")
    unknown: int = Field(description="Records that were never shown here.")
    found: list[EndedSeen]
    checked_by: str
    checked_at: datetime


class CheckPage(Output):
    """A page of checks, oldest first."""

    items: list[CheckOut]
    next: str | None


class ComplaintCreate(Input):
    """A complaint about a service."""

    duty: Name = Field(description="The duty that it breaks: an id of `/v1/terms`.")
    statement: Words
    received_on: date


class ComplaintSettle(Input):
    """What came of a complaint."""

    outcome: Literal["upheld", "rejected"]
    reason: Words


class ComplaintOut(Output):
    """A complaint about a service."""

    id: UUID
    duty: str
    statement: str
    received_on: date
    answer_by: date = Field(description="The last of 15 working days.")
    outcome: str | None
    reason: str | None
    entered_at: datetime
    settled_at: datetime | None


class ComplaintPage(Output):
    """A page of complaints, oldest first."""

    items: list[ComplaintOut]
    next: str | None


class SuspendReason(Input):
    """Why a service is suspended or let in again."""

    reason: Words


class UsageOut(Output):
    """What a service asked on one legal day, by operation and outcome."""

    operation: str
    outcome: str
    requests: int
    codes: int


class Usage(Output):
    """Statistics of use."""

    day: date
    items: list[UsageOut]

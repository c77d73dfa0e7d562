from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output
from schemas.penalties import Reason, Words

Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SpotCheckPlan(Input):
    """A check to be announced: what was first published in a period, so many records of each authority."""

    title: Words
    period_from: date
    period_until: date
    per_authority: Annotated[int, Field(ge=1, le=1000)]
    seed_source: Words = Field(description="Where the seed will come from; nobody knows it yet when this is said.")
    authority: Code | None = Field(
        default=None, description="For which authority you draw, where you supervise for several."
    )
    authorities: Annotated[tuple[Code, ...], Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Only these of the authorities that you supervise."
    )


class SeedStated(Input):
    """The seed, as its source gave it."""

    seed: Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]


class PointOut(Output):
    """A point of the form."""

    id: str
    most: int
    words: str
    words_zh: str
    citation: str


class SpotCheckOut(Output):
    """A check: its population by digest, and, once it was drawn, the seed."""

    id: UUID
    version_no: int
    state: Literal["announced", "drawn"]
    authority_code: str
    title: str
    period_from: date
    period_until: date
    per_authority: int
    seed_source: str
    form_edition: str
    population: int
    population_digest: str
    seed: str | None
    announced_at: datetime
    drawn_at: datetime | None


class SpotCheckPage(Output):
    """A page of checks, oldest first."""

    items: list[SpotCheckOut]
    next: str | None


class MemberOut(Output):
    """A record of the population, by its key."""

    authority_code: str
    key: str


class PopulationPage(Output):
    """A page of a population, by key."""

    items: list[MemberOut]
    next: str | None


class FormOut(Output):
    """The form of spot checks."""

    edition: str
    points: list[PointOut]


class Finding(Input):
    """What is wrong with a record, by the point of the form that lost by it."""

    point: Annotated[str, StringConstraints(max_length=80)]
    text: Reason


class ScoreGiven(Input):
    """The form, filled in: points by id, and what was found."""

    scores: dict[str, int] = Field(max_length=50)
    findings: list[Finding] = Field(default=[], max_length=50)


class ItemAnswered(Input):
    """What the authority did about the findings."""

    outcome: Literal["corrected", "disputed"]
    reason: Reason


class ItemClosed(Input):
    """Whether the answer is accepted; else the record goes back once more."""

    accepted: bool
    reason: Reason


class ItemOut(Output):
    """A drawn record. Code, id and number are null where it may not be seen any more."""

    id: UUID
    check_id: UUID
    version_no: int
    state: Literal["drawn", "passed", "returned", "answered", "closed"]
    key: str
    authority_code: str
    uscc: str | None
    penalty_id: UUID | None
    document_no: str | None
    record_version: int
    scores: dict[str, int] | None
    findings: list[dict[str, str]] | None
    scored_at: datetime | None
    answer: dict[str, Any] | None
    closed: dict[str, Any] | None


class ItemPage(Output):
    """A page of drawn records, oldest first."""

    items: list[ItemOut]
    next: str | None


class ComparedOut(Output):
    """What one check found at one authority; shares are per cent of the points that may be had. Nothing counts fines."""

    check_id: UUID
    period_from: date
    period_until: date
    authority_code: str
    drawn: int
    scored: int
    share: float | None
    shares: dict[str, float]
    findings: int
    open: int
    corrected: int


class Comparison(Output):
    """Authorities and periods side by side."""

    items: list[ComparedOut]

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Uscc = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NP-RTUWXY]{18}$")]


class AuthorityOut(Output):
    """A body that decides."""

    code: str
    name: str
    aliases: list[str]
    uscc: str | None
    system: str = Field(description="Administrative system: market_regulation, drugs, environment, …")
    division_code: str
    parent_code: str | None = Field(description="The next higher authority.")
    successor_code: str | None = Field(description="The authority that took over its work.")
    effective_from: date | None
    effective_to: date | None
    citation: str | None


class AuthorityCreate(Input):
    """A new authority."""

    code: Id
    name: Words
    aliases: tuple[Words, ...] = ()
    uscc: Uscc | None = None
    system: Words
    division_code: DivisionCode
    parent_code: str | None = None
    successor_code: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    citation: Words | None = None


class ListOut(Output):
    """A named list with its legal basis."""

    id: str
    name: str
    name_en: str
    aliases: list[str]
    severity: Literal["serious", "abnormal", "notice"]
    legal_basis: str
    basis_level: str
    list_authority: str
    scope: Literal["national", "local"]
    catalog_edition: str | None
    effective_from: date
    effective_to: date | None
    period_months: int | None = Field(description="Months an entry is shown; null: until it is removed.")
    grade: str = Field(description="How well the row is supported: verified, secondary, unverified.")
    note: str | None


class ListCreate(Input):
    """A new list. Without a legal basis it is refused."""

    id: Id
    name: Words
    name_en: Words
    aliases: tuple[Words, ...] = ()
    severity: Literal["serious", "abnormal", "notice"]
    legal_basis: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
    basis_level: Literal["law", "administrative_regulation", "central_policy", "department_rule", "local_regulation"]
    list_authority: Words
    scope: Literal["national", "local"]
    catalog_edition: Words | None = None
    effective_from: date
    effective_to: date | None = None
    period_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    grade: Literal["verified", "secondary", "unverified"]
    note: Words | None = None


class SourceOut(Output):
    """Where rows come from."""

    code: str
    name: str
    owner: str
    published: bool = Field(description="Its rows were public before, so that they enter as published.")
    published_where: str | None
    covers: list[str] = Field(
        description="What it is complete for: `registrations:`, `penalties:`, `lists:` and a region."
    )
    importing_authorities: list[str]
    stale_after_days: int
    licence: str | None
    trust: list[str] = Field(
        description="Its rank by field, as `registration_status:10`; 1 is believed most, 100 without one."
    )


class SourceCreate(Input):
    """A new source."""

    code: Id
    name: Words
    owner: Words
    published: bool
    published_where: Words | None = None
    covers: tuple[str, ...] = ()
    importing_authorities: tuple[str, ...] = ()
    stale_after_days: Annotated[int, Field(ge=1, le=3660)] = 35
    licence: Words | None = None
    trust: tuple[str, ...] = Field(
        default=(), description="Its rank by field, as `registration_status:10` or `*:50`; 1 is believed most."
    )


class RegionOut(Output):
    """A GB/T 2260 code under one name."""

    code: str
    name: str
    level: str
    parent_code: str | None
    first_edition: str = Field(description="First edition with this pair, YYYYMM.")
    last_edition: str = Field(description="Last edition with this pair, YYYYMM.")


class RuleOut(Output):
    """One dated row of the rulebook."""

    id: str
    kind: Literal["period", "deadline", "parameter"]
    citation: str
    grade: str = Field(description="How well the row is supported: verified, secondary, unverified.")
    effective_from: date | None
    effective_to: date | None
    body: dict[str, Any] = Field(description="The row as the data file has it.")
    origin: Literal["seed", "entered"] = Field(
        description="Whether the service brings it, or rule keepers entered it (one proposed, another approved)."
    )
    supersedes: str | None = Field(description="The row that this one corrects; that one decides nothing any more.")
    entered_at: datetime | None


class CalendarDayOut(Output):
    """A day that differs from Monday to Friday."""

    day: date
    name: str = Field(description="The holiday it belongs to, or pays for.")


class CalendarYearOut(Output):
    """The official calendar of one year, as it differs from Monday to Friday."""

    year: int
    revision: int = Field(
        description="1 for the first notice that was loaded, more after corrections; the last counts."
    )
    title: str
    document_no: str | None
    source: str = Field(description="`upload`, or the package and version that brought the year.")
    loaded_by: str
    loaded_at: datetime | None
    days_off: list[CalendarDayOut] = Field(description="Legal holidays and days off in lieu, weekend days among them.")
    days_worked: list[CalendarDayOut] = Field(description="Weekend days worked in exchange (调休).")
    working_days: int = Field(description="How many days of the year are worked.")


class CalendarPage(Output):
    """A page of years."""

    items: list[CalendarYearOut]
    next: str | None


class DaysCreate(Input):
    """Days in a row that a notice names."""

    name: Words
    first: date
    last: date | None = Field(default=None, description="The last of them; left out: one day.")


class CalendarCreate(Input):
    """A notice of the State Council: its text, or its year with days off and days worked."""

    text: Annotated[str, StringConstraints(max_length=20_000)] | None = Field(
        default=None, description="The whole notice as it was published; title, number and days are read from it."
    )
    year: Annotated[int, Field(ge=1950, le=2200)] | None = None
    title: Words | None = None
    document_no: Words | None = None
    days_off: Annotated[tuple[DaysCreate, ...], Field(max_length=60)] = ()
    days_worked: Annotated[tuple[DaysCreate, ...], Field(max_length=60)] = ()

    @model_validator(mode="after")
    def _text_or_days(self) -> Self:
        by_days = {"year", "title", "document_no", "days_off", "days_worked"} & self.model_fields_set
        if (self.text is None) == (not by_days) or (by_days and (self.year is None or self.title is None)):
            raise ValueError("give the text of the notice, or year, title, days_off and days_worked")
        return self


class AuthorityPage(Output):
    """A page of authorities, by code."""

    items: list[AuthorityOut]
    next: str | None


class ListPage(Output):
    """A page of lists, by id."""

    items: list[ListOut]
    next: str | None


class SourcePage(Output):
    """A page of sources, by code."""

    items: list[SourceOut]
    next: str | None


class RegionPage(Output):
    """A page of regions, by code and name."""

    items: list[RegionOut]
    next: str | None


class RulePage(Output):
    """A page of rules, by id."""

    items: list[RuleOut]
    next: str | None


class RuleProposed(Input):
    """A row of the rulebook to be entered."""

    kind: Literal["period", "deadline", "parameter"]
    body: dict[str, Any] = Field(
        description="The row, with id, citation and grade, as `GET /v1/catalog/rules` shows others."
    )
    supersedes: Annotated[str, StringConstraints(max_length=80)] | None = Field(
        default=None, description="The row that it corrects."
    )
    reason: Words


class ProposalDecision(Input):
    """What a second rule keeper decides."""

    decision: Literal["approve", "reject"]
    reason: Words


class ProposalOut(Output):
    """A proposed row of the rulebook and what became of it."""

    id: UUID
    kind: Literal["period", "deadline", "parameter"]
    rule_id: str
    body: dict[str, Any]
    supersedes: str | None
    reason: str
    state: Literal["proposed", "approved", "rejected"]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None


class ProposalPage(Output):
    """A page of proposals, oldest first."""

    items: list[ProposalOut]
    next: str | None


class SuccessionCreate(Input):
    """That an authority takes another one's place."""

    predecessor_code: Id
    successor_code: Id
    effective_on: date = Field(description="First day on which the successor owns the other's records.")
    citation: Words = Field(description="The act by which it is so.")


class SuccessionOut(Output):
    """That an authority took another one's place."""

    predecessor_code: str
    successor_code: str
    effective_on: date
    citation: str


class SuccessionPage(Output):
    """A page of successions, by predecessor and successor."""

    items: list[SuccessionOut]
    next: str | None

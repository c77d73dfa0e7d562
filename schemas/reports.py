from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output
from service.reports.rules import ReportKind, ReportState, ReturnReason
from service.uscc.rules import check

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ReportFieldOut(Output):
    """A field of a template."""

    id: str = Field(description="Its name in JSON.")
    zh: str = Field(description="Its name as a column.")
    en: str
    kind: str = Field(description="text, code, person, url, day, yes_no, yuan or choice.")
    needed: str | None = Field(description="`always`, the value of merchant_type for which it is needed, or null.")


class ReportTemplateOut(Output):
    """What a report of one kind holds."""

    kind: ReportKind
    name: str
    name_zh: str
    citation: str
    one_of: list[str] = Field(description="Fields of which a row has at least one.")
    fields: list[ReportFieldOut]


class ReportTemplatePage(Output):
    """All templates."""

    items: list[ReportTemplateOut]


class PublicJwk(Input):
    """The public half of an X25519 key (RFC 8037). A private half is refused: it stays with the authority."""

    kty: Literal["OKP"]
    crv: Literal["X25519"]
    x: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{43}$")]


class SealingKeyCreate(Input):
    """The key to which reports to your authority are sealed from now on."""

    authority: Code | None = Field(default=None, description="None: the one authority that you bind.")
    jwk: PublicJwk = Field(description="The file `NAME.public.json` of `xinyong reports keygen`.")
    overlap_days: Annotated[int, Field(ge=0, le=90)] = Field(
        default=30, description="How many days reports sealed to the former key are taken beside it."
    )


class SealingKeyOut(Output):
    """A public key of an authority."""

    id: UUID
    authority: str
    kid: str = Field(
        description="Its fingerprint (RFC 7638): compare it with what the authority told you by another way."
    )
    jwk: dict[str, str]
    state: Literal["in_use", "ending", "former", "retired"] = Field(
        description="in_use: seal to it. ending: taken until seals_until. former, retired: not taken any more."
    )
    version_no: int
    registered_at: datetime
    seals_until: datetime | None
    retired_at: datetime | None


class SealingKeyPage(Output):
    """A page of keys, oldest first."""

    items: list[SealingKeyOut]
    next: str | None


class PlatformOut(Output):
    """A platform of which something may be asked."""

    id: UUID
    name: str


class PlatformPage(Output):
    """A page of platforms."""

    items: list[PlatformOut]
    next: str | None


class ReportRequestCreate(Input):
    """What your authority asks of a platform. It is not sealed: name nobody in it."""

    authority: Code | None = Field(default=None, description="None: the one authority for which you work.")
    platform: UUID
    kind: ReportKind
    statement: Words = Field(description="What is asked, without personal data.")
    legal_basis: Words
    working_days: Annotated[int, Field(ge=1, le=60)] = Field(description="From the day after this one.")


class RequestEnd(Input):
    """Why a request ends."""

    outcome: Literal["closed", "withdrawn"] = Field(description="closed: it was answered. withdrawn: it is not needed.")


class ReportRequestOut(Output):
    """A request of an authority to a platform."""

    id: UUID
    authority: str
    platform: UUID
    version_no: int
    kind: ReportKind
    statement: str
    legal_basis: str
    working_days: int
    due_on: date
    due_provisional: bool = Field(description="The calendar of that year is not known yet; the day may still move.")
    state: Literal["open", "answered", "closed", "withdrawn"]
    overdue: bool
    made_at: datetime
    answered_at: datetime | None
    reminded_at: datetime | None
    ended_at: datetime | None


class ReportRequestPage(Output):
    """A page of requests, oldest first."""

    items: list[ReportRequestOut]
    next: str | None


class ReportCreate(Input):
    """A sealed report, as `xinyong reports seal` wrote it."""

    sealed: str = Field(description="JWE in its compact form; the envelope is in its protected header.")


class ReportOut(Output):
    """What stands openly on a report, and what became of it."""

    id: UUID
    envelope_id: UUID
    platform: UUID
    authority: str
    version_no: int
    kind: ReportKind
    period_from: date
    period_until: date
    counts: dict[str, int]
    part: int
    parts: int
    request_id: UUID | None
    kid: str
    digest: str = Field(description="SHA-256 of the sealed report.")
    bytes_count: int
    due_on: date | None
    late: bool
    receipt: str = Field(description="Signed by this service (JWS); `xinyong reports receipt` checks it.")
    received_at: datetime
    state: ReportState
    reasons: list[ReturnReason]
    settled_at: datetime | None
    erased_at: datetime | None = Field(description="From then on the sealed part is not here any more.")


class ReportPage(Output):
    """A page of reports, oldest first."""

    items: list[ReportOut]
    next: str | None


class SealedOut(Output):
    """The sealed report itself."""

    sealed: str


class ReportSettle(Input):
    """What the authority says after opening a report."""

    outcome: Literal["accepted", "returned"]
    reasons: Annotated[list[ReturnReason], Field(max_length=5, default_factory=list)]

    @model_validator(mode="after")
    def says_why(self) -> Self:
        """What is returned says why, and what is accepted needs no reason."""
        if (self.outcome == "returned") is not bool(self.reasons):
            raise ValueError("reasons are given exactly where a report is returned")
        return self


class MissingOut(Output):
    """A platform that reported identities before, and not (or not in all parts) for a half-year."""

    authority: str
    platform: UUID
    name: str
    last_reported: date | None = Field(description="Last day of the half-year before that it reported.")
    came: int = Field(description="Parts that came.")
    parts: int


class MissingReports(Output):
    """Whose report of a half-year is missing."""

    period_from: date
    period_until: date
    due_on: date
    overdue: bool
    items: list[MissingOut]


class CountOut(Output):
    """How many reports of a kind an authority has of a month."""

    authority: str
    kind: ReportKind
    reports: int
    platforms: int
    rows: int
    late: int
    returned: int
    unsettled: int


class OverdueOut(Output):
    """How many requests of an authority nobody has answered in time."""

    authority: str
    open: int
    overdue: int


class ReportCounts(Output):
    """What supervisors see of reports: numbers."""

    month: date
    items: list[CountOut]
    requests: list[OverdueOut]


def _code(value: str | None) -> str | None:
    if value is None:
        return None
    found = check(value)
    if found.code is None:
        raise ValueError(found.detail)
    return found.code


class MeasureCreate(Input):
    """A measure against a merchant that you have published."""

    authority: Code = Field(description="The authority that supervises it.")
    uscc: Annotated[str | None, StringConstraints(max_length=40)] = Field(
        default=None, description="The merchant's code; none where it is not registered."
    )
    shop_name: Name
    violation: Words = Field(description="As published, without personal data.")
    measure: Literal["warning", "suspension", "termination"]
    url: Annotated[str, StringConstraints(pattern="^https?://[^ ]+$", max_length=500)]
    taken_on: date
    published_on: date
    until_on: date | None = Field(default=None, description="Last day of a short-term measure.")

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """A code is one, and the days follow each other."""
        self.uscc = _code(self.uscc)
        if self.published_on < self.taken_on or (self.until_on is not None and self.until_on < self.taken_on):
            raise ValueError("a measure is published, and ends, after it is taken")
        return self


class TakeDown(Input):
    """That a measure is not published any more, and why."""

    taken_down_on: date
    because: Literal["ended", "corrected", "withdrawn"]


class MeasureOut(Output):
    """A measure that a platform published itself."""

    id: UUID
    platform: UUID
    authority: str
    version_no: int
    uscc: str | None
    shop_name: str
    violation: str
    measure: str
    url: str
    taken_on: date
    publish_by: date = Field(description="One working day after it was taken (D37, grade unverified).")
    published_on: date
    late: bool
    until_on: date | None
    overdue: bool = Field(description="It was to end and is still published.")
    registered_at: datetime
    taken_down_on: date | None
    taken_down_because: str | None


class MeasurePage(Output):
    """A page of measures, oldest first."""

    items: list[MeasureOut]
    next: str | None

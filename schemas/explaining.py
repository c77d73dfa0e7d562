from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Output
from schemas.deadlines import DeadlineOut, SkippedDay


class TermWords(Output):
    """A code with its words."""

    code: str
    words: str
    words_zh: str


class ClockOut(Output):
    """What a period runs from, and where the governing row would end it."""

    event: Literal["publication_date", "decision_date"]
    day: date | None
    publish_until: date | None


class PresentLaw(Output):
    """What the rulebook gives today."""

    publish_from: date | None
    publish_until: date | None
    rule: str | None
    reason: str | None


class WindowExplanation(Output):
    """Why one channel shows the record from when to when. Holidays never lengthen a publication."""

    channel: Literal["gsxt", "credit_china", "public"]
    publish_from: date | None
    publish_until: date | None = Field(description="Last day shown; null: until removed, or not shown.")
    reason: str | None = Field(description="Why it is not shown; null: it is.")
    rule: str | None = Field(description="The row of the rulebook that set the end.")
    instrument: str | None
    citation: str | None
    grade: str | None
    early_stop: str | None = Field(description="Under which conditions it may stop earlier.")
    clock: ClockOut | None
    other_clock: ClockOut | None = Field(description="What the other channel's clock gives by the same row.")
    flags: list[TermWords]
    words: str
    words_zh: str
    by_present_law: PresentLaw | None = Field(
        description="What the rulebook gives today, where it differs; its authority decides whether the record follows."
    )


class PenaltyInputs(Output):
    """The facts that the windows were worked out from. Amounts are fen."""

    authority_system: str
    province: str | None
    procedure: str
    kinds: list[str]
    fine_fen: int | None
    confiscation_fen: int | None
    field: str | None
    party_type: str
    decided_on: date | None
    published_on: date | None
    stated_until: date | None
    restriction_until: date | None


class DeadlineExplained(DeadlineOut):
    """A deadline with the days that did not count."""

    skipped: list[SkippedDay]


class PenaltyExplanation(Output):
    """All computed dates of a penalty with their reasons."""

    id: UUID
    uscc: str
    version_no: int
    inputs: PenaltyInputs
    tier: TermWords
    tier_basis: str | None
    windows: list[WindowExplanation] = Field(description="For others than its own people the public one alone.")
    deadlines: list[DeadlineExplained] | None = Field(description="For its own people; null for everybody else.")


class EntryInputs(Output):
    """The days that the window was worked out from."""

    listed_on: date | None
    listed_on_grade: str
    removed_on: date | None
    stated_until: date | None


class EntryExplanation(Output):
    """Why a blacklist entry is shown from when to when; its list's row is the rule."""

    id: UUID
    uscc: str
    version_no: int
    inputs: EntryInputs
    list_id: str
    list_name: str
    legal_basis: str
    basis_level: str
    period_months: int | None
    grade: str
    note: str | None
    publish_from: date | None
    publish_until: date | None
    reason: str | None
    flags: list[TermWords]
    words: str
    words_zh: str

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output


class WindowsOut(Output):
    """The windows of a record on all channels, of an entry the public one only; last days are shown, null is until removed or not shown (then with a reason)."""

    gsxt_until: date | None
    gsxt_reason: str | None
    credit_china_until: date | None
    credit_china_reason: str | None
    public_from: date | None
    public_until: date | None
    public_reason: str | None
    tier: str | None = Field(description="Null for an entry: its list has no tiers.")


class RedatingOut(Output):
    """A record to which the present rulebook gives other windows than it has."""

    id: UUID
    uscc: str
    record_kind: Literal["penalty", "blacklist_entry"]
    record_id: UUID
    document_no: str | None
    authority_code: str
    state: Literal["open", "applied", "kept", "moot"]
    effect: Literal["shorter", "longer", "shown", "hidden", "unchanged"] = Field(
        description="What the public would see; `unchanged` where only a feed's window differs."
    )
    rule_before: str | None
    rule_after: str | None
    before: WindowsOut
    after: WindowsOut
    found_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


class RedatingPage(Output):
    """A page of redatings, oldest first."""

    items: list[RedatingOut]
    next: str | None


class RedatingGroup(Output):
    """Redatings that are alike."""

    authority_code: str
    effect: str
    rule_before: str | None
    rule_after: str | None
    redatings: int
    first_until_before: date | None
    last_until_before: date | None
    first_until_after: date | None
    last_until_after: date | None


class RedatingPreview(Output):
    """What a decision with the same filter would cover; `redatings` is the `expected` of the decision."""

    redatings: int
    groups: list[RedatingGroup]


class RedatingDecision(Input):
    """Whether the records follow the rulebook or keep their dates."""

    decision: Literal["apply", "keep"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    expected: Annotated[int, Field(ge=1)] = Field(description="How many the preview counted.")
    authority: Annotated[str, StringConstraints(max_length=80)] | None = None
    effect: Literal["shorter", "longer", "shown", "hidden", "unchanged"] | None = None
    rule_after: Annotated[str, StringConstraints(max_length=80)] | None = None
    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=5000)] | None = None


class RedatingsDecided(Output):
    """How many records followed, were kept, or had changed since they were listed."""

    applied: int
    kept: int
    moot: int

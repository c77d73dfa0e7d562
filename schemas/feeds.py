from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output
from service.feeds.rules import Difference, Operation, State


class Trouble(Output):
    """What stops a feed."""

    code: str = Field(description="unreachable, credentials, schema_changed, no_room, misconfigured or not_connected.")
    words: str = Field(description="What the other side or its protocol said.")
    since: datetime
    at: datetime = Field(description="When it was met last.")


class Waiting(Output):
    """Files of a feed that wait for a person."""

    count: int
    decide_by: date = Field(description="The first last day to decide.")
    overdue: bool


class FeedOut(Output):
    """A feed: what its definition file says, and how it stands."""

    id: str
    name: str
    direction: Literal["out", "in", "exports"] = Field(
        description="`exports`: a place to which selections of the public data are delivered."
    )
    state: Literal["active", "paused", "retired"] = Field(description="`retired`: its definition file is gone.")
    version_no: int
    target: str
    connected: bool = Field(
        description="Whether the definition leads to a system at all; live government systems do not."
    )
    transport: str | None
    shape: str | None = Field(description="The shape and its version.")
    counts: dict[str, int] = Field(
        description="Records by state; `dead` are set aside until somebody tries them again."
    )
    position: int = Field(description="Position of the change log up to which the ledger was filled.")
    failures: int = Field(description="Failures in a row.")
    retry_at: datetime | None
    trouble: Trouble | None
    worked_at: datetime | None
    answered_at: datetime | None
    reconciled_at: datetime | None
    is_equal: bool | None = Field(description="What the last reconciliation found; null before the first.")
    held: Waiting | None = Field(description="Files that wait for a person.")


class FeedPage(Output):
    """A page of feeds, by id."""

    items: list[FeedOut]
    next: str | None


class ItemOut(Output):
    """One record on a feed."""

    uscc: str
    record_id: UUID
    record_kind: Literal["penalty", "blacklist_entry", "credit_record"]
    wanted: Literal["show", "hide"]
    operation: Operation
    state: State
    dead: bool
    due_on: date | None = Field(description="Last day by law.")
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    accepted_on: date | None = Field(description="The other side's day of acceptance.")
    file_name: str | None = Field(description="The batch in which it left last.")
    mapping: str | None = Field(description="Shape and version of that batch.")
    reason_code: str | None
    reason: str | None = Field(description="Why it was rejected or cannot be sent.")


class ItemPage(Output):
    """A page of a feed's records, by subject."""

    items: list[ItemOut]
    next: str | None


class BatchOut(Output):
    """Rows that left together."""

    id: UUID
    number: int
    operation: Operation
    file_name: str
    sha256: str
    row_count: int
    mapping: str
    state: Literal["made", "sent", "refused", "replaced"]
    made_at: datetime
    sent_at: datetime | None
    problem: dict[str, Any] | None


class BatchPage(Output):
    """A page of batches, newest first."""

    items: list[BatchOut]
    next: str | None


class DifferenceOut(Output):
    """A row that differs between both sides."""

    kind: Difference
    row_key: str = Field(description="The key under which the other side knows the row.")
    uscc: str | None
    record_id: UUID | None
    first_seen_at: datetime
    seen_at: datetime
    settled_at: datetime | None


class DifferencePage(Output):
    """A page of differences, in the order in which they were first seen."""

    items: list[DifferenceOut]
    next: str | None


class StillShownDay(Output):
    """Records that ended on one day."""

    ended_on: date | None
    asked_on: date = Field(description="The day on which the system was first asked to withdraw them.")
    first_seen_on: date = Field(description="The day on which a comparison first found them.")
    count: int


class StillShownSystem(Output):
    """A system that shows what has ended."""

    name: str
    target: str
    compared_at: datetime | None
    count: int
    since: date | None = Field(description="The earliest day on which one of them ended.")
    days: list[StillShownDay]


class StillShownList(Output):
    """Who still shows what has ended; no record is named."""

    as_of: datetime
    systems: list[StillShownSystem]


class Retry(Input):
    """What to try again."""

    record_id: UUID | None = Field(default=None, description="One record; none: everything that was set aside.")


class Retried(Output):
    """How much was queued again."""

    queued: int


class DeliveryOut(Output):
    """A file that a feed brought in."""

    id: UUID
    name: str
    size: int
    sha256: str
    state: Literal["fetched", "checking", "held", "importing", "taken", "failed", "rejected"]
    version_no: int
    import_id: UUID | None = Field(description="The import that took it in.")
    brake: dict[str, Any] | None = Field(
        description="What a held file would change (has, new, changed, dropped), its rows and those expected, and why it is held."
    )
    held_at: datetime | None
    decide_by: date | None = Field(description="The last day to decide about a held file: one working day.")
    ends_import_id: UUID | None = Field(description="The import of what a held file says to have ended.")
    ends_count: int = Field(description="Rows of it: they took effect at once.")
    problem: dict[str, Any] | None
    decided_by: str | None
    reason: str | None
    hidden_count: int = Field(description="Records that it no longer had and that are hidden now.")
    restored_count: int = Field(description="Hidden records that it had again.")
    fetched_at: datetime
    finished_at: datetime | None


class HeldOut(Output):
    """A file that waits for a person."""

    id: UUID
    feed_id: str
    feed_name: str
    name: str
    source_code: str | None
    authority_code: str | None = Field(description="The authority in whose name its rows come in.")
    held_at: datetime | None
    decide_by: date | None
    days_left: int | None = Field(description="Working days that remain, 0 on the last one; negative: overdue.")
    overdue: bool
    brake: dict[str, Any] | None
    ends_count: int


class HeldPage(Output):
    """A page of files that wait, oldest first."""

    items: list[HeldOut]
    next: str | None


class DeliveryPage(Output):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class MissingOut(Output):
    """A record that is hidden because its source's newest complete file no longer had it."""

    uscc: str
    record_id: UUID
    record_kind: Literal["penalty", "blacklist_entry"]
    delivery_id: UUID
    file_name: str
    hidden_at: datetime


class MissingPage(Output):
    """A page of hidden records, by subject."""

    items: list[MissingOut]
    next: str | None


class Decision(Input):
    """Why a held file is taken in or turned away."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]

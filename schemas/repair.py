from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Input, Output
from schemas.penalties import Reason, Text, Words
from service.repair.rules import Intake

RecordKind = Literal["penalty", "blacklist_entry"]
StatutoryIntake = Literal["credit_china", "gsxt", "designated"]


class RepairFiled(Input):
    """An application for the repair of one record."""

    record_kind: RecordKind
    record_id: UUID
    ground: Literal["performance", "bankruptcy_reorganisation"] = "performance"
    statement: Text
    commitment: Text = Field(description="信用承诺: the public commitment, as signed.")
    court_document_no: Words | None = None
    intake: Intake = Field(
        default=Intake.LOCAL, description="By which door it came; only repair officers state another one than local."
    )
    received_on: date | None = Field(default=None, description="Day on which the statutory door received it.")


class RepairReceived(Input):
    """The statutory door by which the application arrived, and the day: its clock starts."""

    intake: StatutoryIntake
    received_on: date


class RepairGranted(Input):
    """The decision to repair; `confirmed` holds a note for every condition that only a person can judge."""

    document_no: Words
    reason: Reason
    confirmed: dict[str, Reason] = Field(default={}, max_length=50)


class RepairRefused(Input):
    """The refusal: the condition that stands against it, or the law that excludes the repair."""

    reason: Reason
    basis: Words = Field(description="Id of the condition; with `law`, what it excludes.")
    law: Words | None = Field(default=None, description="Law or central policy that excludes the repair.")


class ConditionOut(Output):
    """A condition of the repair and how it stands: it holds, it fails, or a person must say."""

    id: str
    outcome: Literal["holds", "fails", "person"]
    found: str
    words: str
    words_zh: str
    citation: str
    grade: str


class CaseEventOut(Output):
    """One step of a case."""

    version_no: int
    command: str
    state: str
    reason: str | None
    act: dict[str, Any] | None
    recorded_at: datetime


class RouteOut(Output):
    """A way to have a decision reviewed."""

    id: str
    words: str
    words_zh: str


class RepairOut(Output):
    """An application for repair, its clocks, conditions and decision."""

    id: UUID
    uscc: str
    version_no: int
    state: str
    record_kind: RecordKind
    record_id: UUID
    authority_code: str
    ground: str
    intake: Intake
    clock_runs: bool = Field(
        description="False for a local receipt: file it at Credit China, or GSXT for market regulation."
    )
    statement: str
    commitment: str
    court_document_no: str | None
    filed_at: datetime
    clock_started_on: date | None
    acceptance_due_on: date | None
    accepted_on: date | None
    decision_due_on: date | None
    provisional: bool = Field(description="A day may still move: the calendar of its year is not known.")
    rule: str | None = Field(description="The row of the rulebook in force at acceptance.")
    conditions: list[ConditionOut] = Field(description="One by one, as they stand today or stood at the decision.")
    decided_on: date | None
    decision_reason: str | None
    decision_basis: str | None
    decision_document_no: str | None
    review_routes: list[RouteOut]
    events: list[CaseEventOut]


class RepairPage(Output):
    """Applications, oldest first."""

    items: list[RepairOut]
    next: str | None


class CertificateOut(Output):
    """The certificate that publication has ended (终止公示), for the firm; nobody else is shown it."""

    repair_id: UUID
    uscc: str
    record_kind: RecordKind
    record_id: UUID
    document_no: str | None
    authority: str
    ended_on: date
    decision_document_no: str
    words: str
    words_zh: str


class ObjectionFiled(Input):
    """An objection to a record, or a query about it."""

    record_kind: RecordKind
    record_id: UUID
    nature: Literal["inaccurate", "wrong_subject", "query"]
    statement: Text
    received_on: date | None = Field(default=None, description="Day on which it was received; today by default.")


class ObjectionUpheld(Input):
    """Why it is upheld, and whether the record is hidden until it is put right."""

    reason: Reason
    hide: bool = False


class ObjectionOut(Output):
    """An objection, its clock and its decision."""

    id: UUID
    uscc: str
    version_no: int
    state: str
    record_kind: RecordKind
    record_id: UUID
    authority_code: str
    nature: str
    statement: str
    filed_at: datetime
    received_on: date
    due_on: date | None
    provisional: bool
    hidden: bool
    decided_on: date | None
    decision_reason: str | None
    review_routes: list[RouteOut]
    events: list[CaseEventOut]


class ObjectionPage(Output):
    """Objections, oldest first."""

    items: list[ObjectionOut]
    next: str | None

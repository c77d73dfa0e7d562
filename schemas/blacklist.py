from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output
from schemas.penalties import Code, Reason, Text, Words
from service.blacklist.rules import TEXTS

FactName = Literal["gravity", "field_article", "other_law", "no_intent_evidence"]
GroundCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{3,60}$")]


class EntryFields(Input):
    """What a lister states of an entry; what is left out is not changed (in a new draft: not stated)."""

    party_name: Words | None = None
    grounds: Text | None = Field(default=None, description="Why; public when listed.")
    ground_code: GroundCode | None = Field(default=None, description="For lists whose grounds are numbered.")
    legal_basis: Words | None = Field(default=None, description="The provision applied.")
    evidence: Text | None = Field(default=None, description="What proves it; never public.")
    facts: dict[FactName, Text] = Field(default={}, description="What the test of the list asks for.")
    found_on: date | None = Field(default=None, description="Day of the missed deadline or the verification (D23).")
    remark: Text | None = None
    redactions: dict[Literal[TEXTS], Text] = Field(default={})  # type: ignore[valid-type] # the names are the rules' own

    def stated(self) -> dict[str, Any]:
        """Return what was stated, by field."""
        return self.model_dump(include=self.model_fields_set & set(EntryFields.model_fields))


class EntryDraft(EntryFields):
    """An entry to be drafted."""

    penalties: list[UUID] = Field(default=[], max_length=100, description="Penalties of this subject it rests on.")
    list: Code = Field(description="Id of the list.")
    authority: Code | None = Field(default=None, description="In whose name; may be left out by who acts for one only.")


class EntryEdit(EntryFields):
    """Changed fields of a draft, and further penalties it rests on."""

    penalties: list[UUID] = Field(default=[], max_length=100)


class EntryCorrected(EntryFields):
    """The fields of an entry that a correction changes, number and day of the decision to list among them."""

    document_no: Words | None = None
    listed_on: date | None = Field(
        default=None, description="The day of listing; the period of the list counts from it, and is shown no earlier."
    )

    def corrected(self) -> dict[str, Any]:
        """Return what is changed, by field, days as text."""
        return self.model_dump(include=self.model_fields_set, mode="json")


class EntryCorrectionProposed(Input):
    """A correction: what kind, why, and the fields with their new values."""

    nature: Literal["content", "personal_data", "secret"]
    reason: Reason
    changes: EntryCorrected

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        corrected = self.changes.corrected()
        if not corrected:
            raise ValueError("changes names no field")
        if "listed_on" in corrected and corrected["listed_on"] is None:
            raise ValueError("an entry that is listed has a day of listing")
        return self


class EntryCorrectionOut(Output):
    """A correction that waits for its review, with before and after."""

    id: UUID
    state: str
    nature: str
    reason: str
    changes: dict[str, Any]
    before: dict[str, Any]
    proposed_by: str
    proposed_at: datetime


class Notified(Input):
    """When the subject was told of grounds, basis and rights, and the last day of its statement or hearing period."""

    notified_on: date
    statement_until: date


class StatementRecorded(Input):
    """What the subject said; evidence of no intent bars an entry where the list's test asks (SAMR令44号 art. 12)."""

    statement: Text
    no_intent_evidence: Text | None = None


class Consented(Input):
    """The document by which the next higher authority consents."""

    document_no: Words
    reason: Reason | None = None


class Listed(Input):
    """The decision to list."""

    document_no: Words
    basis: Reason
    repair_notice_served_on: date = Field(description="Notice about credit repair served with the decision (D09).")


class Removed(Input):
    """Why the subject leaves the list."""

    reason: Reason
    basis: Reason
    document_no: Words | None = None
    since: date = Field(description="Day of the application, publication or verification; the clock of D24.")


class Revoked(Input):
    """Why an entry is revoked."""

    reason: Reason
    basis: Reason
    document_no: Words | None = None


class Ordered(Input):
    """The order that suspends an entry."""

    reason: Reason
    basis: Reason


class FindingOut(Output):
    """A point of a list's test."""

    id: str
    holds: bool
    found: str
    citation: str


class RevocationOut(Output):
    """A revocation that opened by itself because a penalty fell; `due_on` is its last day (D10)."""

    id: UUID
    uscc: str
    entry_id: UUID
    penalty_id: UUID
    fell_on: date
    due_on: date
    provisional: bool
    found: str
    state: str
    opened_at: datetime


class RevocationPage(Output):
    """Revocations, the most urgent first."""

    items: list[RevocationOut]
    next: str | None


class EntryOwnPart(Output):
    """What only the authority's own people, those above it and auditors see."""

    evidence: str | None
    facts: dict[str, str]
    flags: list[str] = Field(description="Doubts and marks; `objection_open` while an objection to it is open.")
    remark: str | None
    found_on: date | None
    notified_on: date | None
    statement_until: date | None
    consented_on: date | None
    consent_document_no: str | None
    repair_notice_served_on: date | None
    removal_grounds: str | None
    removal_document_no: str | None
    redactions: dict[str, str]
    originals: dict[str, str] | None = Field(
        description="Texts before redaction; for the record's own authority alone."
    )
    recorders: list[str]
    reviewer: str | None
    command: str
    reason: str | None
    basis: str | None
    effective_on: date | None
    act: dict[str, Any] | None
    source: str | None
    possible: list[str] = Field(description="What you may do with it now.")


class EntryOut(Output):
    """A blacklist entry as the key may see it."""

    id: UUID
    uscc: str
    version_no: int
    state: str
    public: bool
    list: str
    authority: str
    authority_code: str
    party_name: str | None
    grounds: str | None
    ground_code: str | None
    legal_basis: str | None
    document_no: str | None
    listed_on: date | None
    publish_from: date | None
    publish_until: date | None
    not_public_because: str | None
    rule: str | None
    rule_grade: str | None
    recorded_at: datetime
    own: EntryOwnPart | None


class EntryPage(Output):
    """Entries of a subject, oldest record first."""

    items: list[EntryOut]
    next: str | None


class EntryVersionOut(Output):
    """One version of an entry and what changed against the one before it in this list."""

    entry: EntryOut
    changed: list[str]


class EntryVersionPage(Output):
    """The versions that the key may see, oldest first."""

    items: list[EntryVersionOut]


class EntryTestOut(Output):
    """The test of the entry's list as it stands today, and what supports the entry."""

    items: list[FindingOut]
    passes: bool
    consent_needed: bool
    revocation: RevocationOut | None


class EntryMovedOut(Output):
    """Both ends of a move: the entry that ended, and the draft at the right firm."""

    ended: EntryOut
    made: EntryOut

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output
from service.penalties.rules import TEXTS, Fall
from service.reading.kinds import PenaltyKind
from service.rulebook.rules import Procedure

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2_000)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Fen = Annotated[int, Field(ge=0, le=10**15)]
Tier = Literal["minor", "general", "serious"]
IndustryField = Literal["food", "drugs", "special_equipment", "work_safety", "fire"]
DiscretionStep = Literal["heavier", "ordinary", "lighter", "reduced"]


class PenaltyFields(Input):
    """What a recorder states of a penalty; what is left out is not changed (in a new draft: not stated)."""

    party_name: Words | None = Field(default=None, description="The party as the decision names it.")
    document_no: Words | None = Field(default=None, description="文号.", examples=["渝星市监罚〔2026〕17号"])
    title: Words | None = None
    kinds: list[PenaltyKind] = Field(default=[], max_length=14)
    fine_fen: Fen | None = Field(default=None, description="Fine in fen (1 yuan is 100 fen).")
    confiscation_fen: Fen | None = None
    violation_type: Text | None = None
    violation_facts: Text | None = None
    legal_basis: Text | None = None
    penalty_content: Text | None = None
    permit_affected: Words | None = Field(default=None, description="Permit suspended or revoked: name and number.")
    procedure: Procedure = Procedure.ORDINARY
    field: IndustryField | None = Field(default=None, description="Field whose penalties have periods of their own.")
    discretion_step: DiscretionStep | None = None
    decided_on: date | None = Field(default=None, description="处罚决定日期.")
    valid_until: date | None = Field(default=None, description="处罚有效期; never a day of display.")
    restriction_until: date | None = Field(default=None, description="End of a restriction of business or occupation.")
    served_on: date | None = None
    publication_told_on: date | None = Field(
        default=None, description="Told in writing that it will be published (D08)."
    )
    repair_notice_served_on: date | None = Field(default=None, description="Notice about credit repair served (D09).")
    display_exception: Words | None = Field(
        default=None, description="The law by which a penalty that is not shown otherwise is shown."
    )
    display_exception_until: date | None = None
    source_org: Words | None = None
    legal_representative: Words | None = Field(default=None, description="Never public.")
    remark: Text | None = Field(default=None, description="Never public.")
    redactions: dict[Literal[TEXTS], Text] = Field(  # type: ignore[valid-type] # the names are the rules' own
        default={}, description="Public form of texts that hold what may not be shown."
    )

    def stated(self) -> dict[str, Any]:
        """Return what was stated, by field."""
        found = self.model_dump(include=self.model_fields_set & set(PenaltyFields.model_fields))
        if "kinds" in found:
            found["kinds"] = tuple(dict.fromkeys(kind.value for kind in self.kinds))
        if "procedure" in found:
            found["procedure"] = self.procedure.value
        return found


class PenaltyDraft(PenaltyFields):
    """A penalty to be recorded as a draft."""

    authority: Code | None = Field(default=None, description="In whose name; may be left out by who acts for one only.")


class SubjectDraft(PenaltyDraft):
    """A draft of a batch: also says against whom."""

    uscc: Code


class DraftBatch(Input):
    """Drafts from a case system, recorded all or none."""

    drafts: list[SubjectDraft] = Field(min_length=1, max_length=500)


class Nothing(Input):
    """This move needs nothing but `If-Match`."""


class Reasoned(Input):
    """A move with its reason."""

    reason: Reason


class Signed(Input):
    """The reviewer's signature: every point of the checklist by its id, with a note or null; the tier and its basis."""

    tier: Tier
    tier_basis: Reason
    signed: dict[str, Reason | None] = Field(max_length=50)


class Republished(Signed):
    """The signature for showing a recalled penalty again, with the reason."""

    reason: Reason


class Approval(Signed):
    """One approval of several: record, version, signature."""

    uscc: Code
    id: UUID
    version_no: int = Field(ge=1)


class ApprovalBatch(Input):
    """Several approvals, made all or none; each carries its own signed checklist."""

    approvals: list[Approval] = Field(min_length=1, max_length=100)


class BulkRecord(Input):
    """One record to be approved with others, in the version that was looked at."""

    uscc: Code
    id: UUID
    version_no: int = Field(ge=1)


class BulkApproval(Input):
    """Records to be approved each by itself; `signed` are the points that only a person can judge, signed for all of them."""

    records: list[BulkRecord] = Field(min_length=1, max_length=100)
    signed: list[Words] = Field(max_length=50)


class Withheld(Input):
    """Why a penalty is not published, on what basis, and until when."""

    reason: Reason
    basis: Reason
    until: date = Field(description="The day on which it is looked at again.")


class Withdrawn(Input):
    """Why a decision fell. `reason` is public, with number and day, until `notice_until`."""

    fall: Fall
    reason: Reason
    basis: Reason = Field(description="The document by which it fell.")
    fell_on: date = Field(description="Day of the change, revocation or finding; the clock of D05 and D06.")
    notice_until: date
    successor_id: UUID | None = Field(default=None, description="The changed decision's record; needed for `changed`.")


class Suspended(Input):
    """The order that suspends a penalty. A suit or a reconsideration alone suspends nothing (行政处罚法 art. 73)."""

    ground: Literal["order_of_reconsideration_body", "order_of_court", "own_decision"]
    reason: Reason
    basis: Reason = Field(description="Number and day of the order.")


class Recalled(Input):
    """Why a penalty is hidden at once."""

    cause: Literal["wrong_firm", "missed_redaction", "other"]
    reason: Reason


class Moved(Input):
    """The firm to which the record belongs."""

    to_uscc: Code
    party_name: Words
    reason: Reason


class PenaltyMoved(Moved):
    """The firm to which a penalty goes, and why: it was recorded on the wrong one, or the firm goes on under another code.

    A record follows a successor only where a rule or an authority says so: then `basis` names it, and the old firm's
    registration must name the successor.
    """

    cause: Literal["wrong_subject", "succession"] = "wrong_subject"
    basis: Words | None = Field(default=None, description="What says that the record follows; needed for `succession`.")

    @model_validator(mode="after")
    def _has_basis(self) -> Self:
        if (self.cause == "succession") != (self.basis is not None):
            raise ValueError("a succession needs a basis, a wrong firm has none")
        return self


class CorrectionProposed(Input):
    """A correction: what kind, why, and the fields with their new values."""

    nature: Literal["content", "personal_data", "secret"]
    reason: Reason
    changes: PenaltyFields

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.changes.stated():
            raise ValueError("changes names no field")
        return self


class PointOut(Output):
    """A point of the checklist, judged: `look` needs a note beside the signature, `failed` bars approval."""

    id: str
    outcome: Literal["passed", "failed", "look", "not_applicable"]
    found: list[str]
    words: str
    words_zh: str
    citation: str
    grade: str


class PlaceOut(Output):
    """A place in a text that the personal-data scan marks: characters `start` to `end` (exclusive)."""

    field: str
    kind: str
    start: int
    end: int


class ChecklistOut(Output):
    """The internal review of one record as it stands now, and what the system proposes."""

    points: list[PointOut]
    tier: str
    tier_basis: str
    publish_from: date | None
    publish_until: date | None
    rule: str | None
    places: list[PlaceOut]
    redactions: dict[str, str]


class OwnPart(Output):
    """What only the authority's own people, those above it and auditors see."""

    legal_representative: str | None
    remark: str | None
    source_org: str | None
    served_on: date | None
    publication_told_on: date | None
    repair_notice_served_on: date | None
    restriction_until: date | None
    display_exception: str | None
    display_exception_until: date | None
    withheld_until: date | None
    redactions: dict[str, str]
    originals: dict[str, str] | None = Field(
        description="Texts before redaction; for the record's own authority alone."
    )
    flags: list[str]
    channels: dict[str, dict[str, Any]]
    recorders: list[str]
    reviewer: str | None
    command: str
    reason: str | None
    basis: str | None
    effective_on: date | None
    act: dict[str, Any] | None
    source: str | None
    possible: list[str] = Field(description="What you may do with it now.")


class PenaltyOut(Output):
    """A penalty as the key may see it."""

    id: UUID
    uscc: str
    version_no: int
    state: str
    public: bool
    authority: str
    authority_code: str
    party_name: str | None
    document_no: str | None
    title: str | None
    kinds: list[str]
    fine_fen: int | None
    confiscation_fen: int | None
    violation_type: str | None
    violation_facts: str | None
    legal_basis: str | None
    penalty_content: str | None
    permit_affected: str | None
    procedure: str
    field: str | None
    decided_on: date | None
    valid_until: date | None
    published_on: date | None
    publish_from: date | None
    publish_until: date | None
    not_public_because: str | None
    rule: str | None
    rule_grade: str | None
    tier: str
    tier_basis: str | None
    recorded_at: datetime
    own: OwnPart | None


class PenaltyPage(Output):
    """Penalties of a subject, oldest record first."""

    items: list[PenaltyOut]
    next: str | None


class ReviewItem(Output):
    """A penalty that waits for its review, with its checklist."""

    penalty: PenaltyOut
    checklist: ChecklistOut


class ReviewPage(Output):
    """Penalties that wait for their review, by code."""

    items: list[ReviewItem]
    next: str | None


class BulkOutcome(Output):
    """What became of one record of several; with a `code` it stays as it was."""

    uscc: str
    id: UUID
    approved: bool
    version_no: int | None = Field(description="The version that the approval made.")
    code: str | None = Field(
        description="Why it is not approved: `needs_a_look`, `own_work`, `version_mismatch` and so on."
    )
    detail: str | None
    points: list[PointOut] = Field(description="What has to be looked at; empty where that is not the reason.")


class BulkOutcomes(Output):
    """What became of each record, in the order they were sent."""

    items: list[BulkOutcome]


class PenaltiesMade(Output):
    """What a batch made, in the order it was sent."""

    items: list[PenaltyOut]


class MovedOut(Output):
    """Both ends of a move: the record that ended, and the one that waits for its review at the right firm."""

    ended: PenaltyOut
    made: PenaltyOut


class CorrectionOut(Output):
    """A correction that waits for its review, with before, after and the checklist to sign."""

    id: UUID
    state: str
    nature: str
    reason: str
    changes: dict[str, Any]
    before: dict[str, Any]
    proposed_by: str
    proposed_at: datetime
    checklist: ChecklistOut | None


class VersionOut(Output):
    """One version of a penalty and what changed against the one before it in this list."""

    penalty: PenaltyOut
    changed: list[str]


class VersionPage(Output):
    """The versions that the key may see, oldest first."""

    items: list[VersionOut]


class NoticeOut(Output):
    """A public notice that a decision fell: number, reason and days, nothing of its content."""

    document_no: str | None
    authority: str
    fall: Fall
    reason: str
    fell_on: date
    shown_from: date
    shown_until: date


class NoticePage(Output):
    """Notices shown today."""

    items: list[NoticeOut]
    next: str | None

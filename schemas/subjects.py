from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from schemas.base import Input, Output
from schemas.credit_records import CreditRecordOut
from service.reading.names import fold_name, normalise_name
from service.subjects.rules import RegistrationStatus, Succession

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-Za-z-]{6,30}$")]
SuccessorCode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class Succeeded(Output):
    """How a firm goes on under other codes, as a registry source stated it."""

    kind: Literal["merged", "split", "code_changed"]
    since: date | None
    successors: list[str] = Field(description="The codes under which it goes on; records follow only by a decision.")


class SubjectPut(Input):
    """The whole registration of a subject; what is left out is not stated."""

    name: Words = Field(description="Registered name.")
    registration_status: RegistrationStatus
    former_names: list[Words] = Field(default=[], max_length=100)
    registered_on: date | None = None
    cancelled_on: date | None = Field(default=None, description="Day on which the registration ended.")
    company_type: Words | None = None
    legal_representative: Words | None = Field(default=None, description="Shown to authorities only.")
    business_scope: Text | None = None
    division_code: DivisionCode | None = Field(default=None, description="GB/T 2260 code of the present region.")
    address: Words | None = Field(default=None, description="Registered address.")
    registering_authority: Words | None = None
    reg_no: Identifier | None = Field(default=None, description="Old registration number, 15 or 13 digits.")
    org_code: Identifier | None = None
    tax_no: Identifier | None = None
    succession: Succession | None = Field(default=None, description="How the firm goes on under other codes.")
    successors: list[SuccessorCode] = Field(default=[], max_length=100, description="The codes under which it goes on.")
    succeeded_on: date | None = Field(default=None, description="Day of the merger, split or change of code.")

    @field_validator("name", "former_names")
    @classmethod
    def _display_form(cls, value: str | list[str]) -> str | list[str]:
        names = [normalise_name(name) for name in ([value] if isinstance(value, str) else value)]
        if not all(map(fold_name, names)):
            raise ValueError("a name needs letters or characters")
        return names[0] if isinstance(value, str) else names


class SubjectOut(Output):
    """The registration of a subject as a registry source stated it last."""

    uscc: str
    version_no: int = Field(description="Send it as `If-Match` to change just this version.")
    name: str | None
    former_names: list[str]
    registration_status: str | None
    registered_on: date | None
    cancelled_on: date | None
    company_type: str | None
    legal_representative: str | None = Field(description="Null unless the key is an authority's.")
    business_scope: str | None
    division_code: str | None
    address: str | None
    registering_authority: str | None
    reg_no: str | None
    org_code: str | None
    tax_no: str | None
    succession: Succeeded | None = Field(description="Null: the registration names no successor.")
    recorded_at: datetime
    source: str | None = Field(description="Code of the source, or `own:` and the authority's code.")


class SubjectHit(Output):
    """A subject that a search found, with the name or number by which it was found."""

    uscc: str
    name: str | None = Field(description="Registered name; of an unregistered subject the name found.")
    registration_status: str | None
    match: Literal["exact", "prefix", "former", "overlap"]
    matched: str = Field(description="The name or identifier that fitted.")
    matched_kind: str = Field(description="registered, former, record; or reg_no, org_code, tax_no, former_code.")
    successors: list[str] = Field(description="Codes under which the firm goes on.")


class SubjectPage(Output):
    """Finds, best first. `truncated`: the term fits more names than were ranked; add to it."""

    items: list[SubjectHit]
    next: str | None
    truncated: bool


class FieldProvenance(Output):
    """A field that is shown from another source than the record's, or about which a person decided (`decided_on`)."""

    field: str
    source: str
    decided_on: date | None = Field(description="Null where the catalogue's trust decides.")
    reason: str | None = Field(description="Why it was decided so; null for other than the record's own people.")


class Provenance(Output):
    """Where a version came from; import, file and line are null for what was recorded by hand."""

    import_id: UUID | None
    file: str | None
    line: int | None
    source: str | None
    recorded_at: datetime
    fields: list[FieldProvenance]


class RegistrationInFile(SubjectOut):
    """A registration with where it came from."""

    provenance: Provenance


class IdentifierOut(Output):
    """An old identifier of a subject."""

    kind: str
    value: str


class NameOut(Output):
    """A name of a subject: registered, former, or borne by a record of this file only."""

    name: str
    kind: Literal["registered", "former", "record"]


class Predecessor(Output):
    """A firm that goes on under this code. Its records stay under its own code unless a decision moved them."""

    uscc: str
    kind: Literal["merged", "split", "code_changed"]
    since: date | None


class ChannelWindow(Output):
    """Publication window of one channel, both days shown, or the reason why there is none."""

    publish_from: date | None
    publish_until: date | None
    reason: str | None


class CreditRecordInFile(CreditRecordOut):
    """A record of a further class of a credit file."""

    provenance: Provenance


class RecordInFile(Output):
    """What penalties and entries have in common."""

    id: UUID
    state: str
    public: bool = Field(description="Whether everybody may see it today.")
    versions: int = Field(description="How many versions the record has.")
    authority: str
    authority_code: str
    party_name: str | None
    document_no: str | None
    publish_from: date | None
    publish_until: date | None = Field(description="Last day shown; null: until removed, or no window.")
    rule: str | None = Field(description="Rule of the rulebook, or list, that set the window.")
    rule_grade: str | None
    not_public_because: str | None
    flags: list[str] | None = Field(description="What is doubtful; null for others than its own people.")
    held_texts: list[str] | None = Field(description="Texts held back from the public; null as above.")
    remark: str | None
    provenance: Provenance


class PenaltyInFile(RecordInFile):
    """A penalty of a credit file."""

    kinds: list[str]
    fine_fen: int | None
    confiscation_fen: int | None
    title: str | None
    violation_type: str | None
    violation_facts: str | None
    legal_basis: str | None
    penalty_content: str | None
    permit_affected: str | None
    procedure: str
    tier: str
    decided_on: date | None
    published_on: date | None
    channels: dict[str, ChannelWindow] | None = Field(description="Windows of the feeds; null as above.")


class EntryInFile(RecordInFile):
    """A blacklist entry of a credit file."""

    list: str
    list_name: str
    severity: str
    grounds: str | None
    listed_on: date | None
    listed_on_grade: str
    removed_on: date | None
    removal_grounds: str | None
    removal_document_no: str | None


class CreditFileOut(Output):
    """Everything recorded about a subject that the key may see today, as it stood at `position` of the change log."""

    uscc: str
    registration: RegistrationInFile | None
    identifiers: list[IdentifierOut]
    predecessors: list[Predecessor] = Field(description="Firms that go on under this code, by their own registrations.")
    names: list[NameOut]
    penalties: list[PenaltyInFile]
    blacklist_entries: list[EntryInFile]
    credit_records: list[CreditRecordInFile] = Field(
        description="Records of the catalogue's further classes, as the change log has them; for their authority's people,"
        " auditors and the firm's agents."
    )
    as_of: datetime | None = Field(description="The `as_of` asked for; null: today.")
    known_at: datetime | None = Field(description="The `known_at` asked for; null: the head of the change log.")
    position: int
    log_id: UUID

"""What each kind of import writes: tables, content columns and their PostgreSQL types, in one place for COPY and SQL."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """The tables of one import kind.

    `content` are the columns of a version that a row of a file fills, as (name, PostgreSQL type). `compared` are those of
    them that make a row the same statement when it comes again; the others follow from these or are mere wording.
    `read_from` says from which of our fields a column is read; a file that has none of them does not speak of the column.
    """

    import_kind: str
    change_kind: str
    head: str
    version: str
    content: tuple[tuple[str, str], ...]
    compared: tuple[str, ...]
    read_from: Mapping[str, tuple[str, ...]]
    head_columns: tuple[str, ...] = ()
    #: Columns that only people here fill; a file that changes a draft leaves them as they are.
    of_people: tuple[str, ...] = ()
    #: The states in which new records enter: from a source that has published them, and as an authority's own.
    published: str = "published"
    own: str = "draft"

    @property
    def has_id(self) -> bool:
        """Whether records have ids of their own; a subject is its code."""
        return self.head != "subject"

    @property
    def party(self) -> str:
        """The content column that names the subject."""
        return "party_name" if self.has_id else "name"

    def unspoken(self, fields: Collection[str]) -> frozenset[str]:
        """Return the content columns that a file with these of our fields says nothing about."""
        return frozenset(name for name, read in self.read_from.items() if not any(field in fields for field in read))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the content columns, in the order of COPY."""
        return tuple(name for name, _ in self.content)


_WINDOW: Final = (
    ("public_from", "date"),
    ("public_until", "date"),
    ("public_rule", "text"),
    ("public_grade", "text"),
    ("public_reason", "text"),
    ("window_flags", "text[]"),
)

_RECORD: Final = (
    ("authority_code", "text"),
    ("authority_name", "text"),
    ("party_name", "text"),
    ("document_no", "text"),
    ("stated_until", "date"),
    ("flags", "text[]"),
    ("held_texts", "text[]"),
    ("raw", "jsonb"),
)

_ONE_TO_ONE: Final = (
    "party_name",
    "title",
    "violation_facts",
    "legal_basis",
    "penalty_content",
    "permit_affected",
    "procedure",
    "discretion_step",
    "decided_on",
    "published_on",
    "valid_until",
    "source_org",
    "legal_representative",
    "remark",
)

PENALTIES: Final = Shape(
    import_kind="penalties",
    change_kind="penalty",
    head="penalty",
    version="penalty_version",
    content=(
        *_RECORD,
        *_WINDOW,
        ("document_key", "text"),
        ("title", "text"),
        ("party_type", "text"),
        ("kinds", "text[]"),
        ("fine_fen", "bigint"),
        ("fine_text_fen", "bigint"),
        ("fine_column_fen", "bigint"),
        ("confiscation_fen", "bigint"),
        ("violation_type", "text"),
        ("violation_facts", "text"),
        ("legal_basis", "text"),
        ("penalty_content", "text"),
        ("permit_affected", "text"),
        ("procedure", "text"),
        ("field", "text"),
        ("discretion_step", "text"),
        ("case_category", "text"),
        ("decided_on", "date"),
        ("published_on", "date"),
        ("valid_until", "date"),
        ("restriction_until", "date"),
        ("tier", "text"),
        ("tier_basis", "text"),
        ("source_org", "text"),
        ("legal_representative", "text"),
        ("remark", "text"),
        ("gsxt_from", "date"),
        ("gsxt_until", "date"),
        ("gsxt_rule", "text"),
        ("gsxt_grade", "text"),
        ("gsxt_reason", "text"),
        ("credit_china_from", "date"),
        ("credit_china_until", "date"),
        ("credit_china_rule", "text"),
        ("credit_china_grade", "text"),
        ("credit_china_reason", "text"),
    ),
    compared=(
        "authority_code",
        "document_no",
        "title",
        "party_name",
        "party_type",
        "kinds",
        "fine_fen",
        "confiscation_fen",
        "violation_type",
        "violation_facts",
        "legal_basis",
        "penalty_content",
        "permit_affected",
        "procedure",
        "discretion_step",
        "decided_on",
        "published_on",
        "valid_until",
        "restriction_until",
        "stated_until",
        "source_org",
        "remark",
    ),
    read_from={
        **{name: (name,) for name in _ONE_TO_ONE},
        "document_no": ("document_no", "title"),
        "document_key": ("document_no", "title"),
        "violation_type": ("violation_type", "case_name"),
        "kinds": ("penalty_kinds", "penalty_kinds_2", "penalty_content", "fine"),
        "fine_fen": ("fine", "penalty_content"),
        "fine_text_fen": ("penalty_content",),
        "fine_column_fen": ("fine",),
        "confiscation_fen": ("confiscation", "penalty_content"),
        "stated_until": ("publish_until",),
        "restriction_until": ("restriction_until", "penalty_content"),
        "field": ("field", "violation_type", "case_name", "violation_facts", "legal_basis"),
        "case_category": ("violation_type", "case_name", "violation_facts", "legal_basis"),
    },
    of_people=(
        "served_on",
        "publication_told_on",
        "repair_notice_served_on",
        "display_exception",
        "display_exception_until",
    ),
)

BLACKLIST: Final = Shape(
    import_kind="blacklist",
    change_kind="blacklist_entry",
    head="blacklist_entry",
    version="blacklist_entry_version",
    content=(
        *_RECORD,
        *_WINDOW,
        ("list_id", "text"),
        ("grounds", "text"),
        ("listed_on", "date"),
        ("listed_on_grade", "text"),
        ("listed_on_basis", "text"),
        ("removed_on", "date"),
        ("removal_grounds", "text"),
        ("removal_document_no", "text"),
        ("external_id", "text"),
        ("remark", "text"),
    ),
    compared=("list_id", "listed_on", "removed_on", "document_no", "removal_document_no", "stated_until"),
    read_from={
        "party_name": ("party_name",),
        "grounds": ("grounds",),
        "removed_on": ("removed_on",),
        "removal_grounds": ("removal_grounds",),
        "document_no": ("document_no",),
        "removal_document_no": ("removal_document_no",),
        "external_id": ("external_id",),
        "stated_until": ("publish_until",),
        "remark": ("remark",),
    },
    head_columns=("list_id",),
    of_people=(
        "ground_code",
        "legal_basis",
        "evidence",
        "facts",
        "found_on",
        "notified_on",
        "statement_until",
        "consented_on",
        "consent_document_no",
        "repair_notice_served_on",
    ),
)

SUBJECTS: Final = Shape(
    import_kind="subjects",
    change_kind="subject",
    head="subject",
    version="subject_version",
    content=(
        ("registered", "boolean"),
        ("name", "text"),
        ("former_names", "text[]"),
        ("registration_status", "text"),
        ("registered_on", "date"),
        ("cancelled_on", "date"),
        ("company_type", "text"),
        ("party_type", "text"),
        ("legal_representative", "text"),
        ("capital_minor", "bigint"),
        ("capital_currency", "text"),
        ("capital_text", "text"),
        ("business_scope", "text"),
        ("division_code", "text"),
        ("region_text", "text"),
        ("registered_address", "text"),
        ("registering_authority", "text"),
        ("reg_no", "text"),
        ("org_code", "text"),
        ("tax_no", "text"),
        ("succession", "text"),
        ("successors", "text[]"),
        ("succeeded_on", "date"),
        ("former_codes", "text[]"),
        ("former_succession", "text"),
        ("flags", "text[]"),
        ("raw", "jsonb"),
    ),
    compared=(
        "registered",
        "name",
        "former_names",
        "registration_status",
        "registered_on",
        "cancelled_on",
        "company_type",
        "party_type",
        "legal_representative",
        "capital_minor",
        "capital_currency",
        "capital_text",
        "business_scope",
        "division_code",
        "region_text",
        "registered_address",
        "registering_authority",
        "reg_no",
        "org_code",
        "tax_no",
        "succession",
        "successors",
        "succeeded_on",
        "former_codes",
        "former_succession",
    ),
    read_from={
        **{
            name: (name,)
            for name in (
                "former_names",
                "registered_on",
                "cancelled_on",
                "company_type",
                "legal_representative",
                "business_scope",
                "division_code",
                "registered_address",
                "registering_authority",
                "reg_no",
                "org_code",
                "tax_no",
            )
        },
        "registration_status": ("registration_status", "cancelled_on", "successors", "changed_code"),
        **dict.fromkeys(
            ("succession", "successors", "succeeded_on"), ("successors", "changed_code", "succession", "cancelled_on")
        ),
        "former_codes": ("former_code",),
        "former_succession": ("former_code", "succession"),
        **dict.fromkeys(("capital_minor", "capital_currency", "capital_text"), ("registered_capital",)),
        "region_text": ("province", "region_name"),
    },
    own="published",
)

PERMITS: Final = Shape(
    import_kind="permits",
    change_kind="credit_record",
    head="credit_record",
    version="credit_record_version",
    content=(
        ("class_id", "text"),
        ("authority_code", "text"),
        ("authority_name", "text"),
        ("party_name", "text"),
        ("title", "text"),
        ("document_no", "text"),
        ("document_key", "text"),
        ("decided_on", "date"),
        ("valid_from", "date"),
        ("valid_until", "date"),
        ("body", "jsonb"),
        ("source_org", "text"),
        ("legal_representative", "text"),
        ("remark", "text"),
        ("flags", "text[]"),
        ("held_texts", "text[]"),
        ("raw", "jsonb"),
    ),
    compared=(
        "authority_code",
        "party_name",
        "title",
        "document_no",
        "decided_on",
        "valid_from",
        "valid_until",
        "body",
        "source_org",
        "remark",
    ),
    # A permit's body is one statement: a file that has any of its fields speaks of all of them.
    read_from={
        **{
            name: (name,)
            for name in ("valid_from", "valid_until", "source_org", "legal_representative", "remark", "document_no")
        },
        "document_key": ("document_no",),
        "title": ("certificate_name", "permit_name"),
        "body": ("permit_kind", "permit_name", "certificate_name", "certificate_no", "content"),
    },
    head_columns=("class_id",),
    of_people=("reported_on",),
    published="recorded",
    own="recorded",
)

SHAPES: Final = {shape.import_kind: shape for shape in (SUBJECTS, PENALTIES, BLACKLIST, PERMITS)}

#: Columns of every staging table, with their types; `n` counts the rows of a file from 1. A `direct` row's version and
#: account were written while the file was read, as those of a new record.
STAGE_COLUMNS: Final = (
    ("n", "bigint"),
    ("line", "bigint"),
    ("outcome", "text"),
    ("reasons", "text[]"),
    ("uscc", "text"),
    ("natural_key", "text"),
    ("row_digest", "bytea"),
    ("content_digest", "bytea"),
    ("new_id", "uuid"),
    ("old_value", "text"),
    ("folded_name", "text"),
    ("bigrams", "text[]"),
    ("waiting_for", "text"),
    ("content", "jsonb"),
    ("name", "text"),
    ("direct", "boolean"),
)

"""What each kind of import writes: tables, content columns and their PostgreSQL types, in one place for COPY and SQL."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """The tables of one import kind.

    `content` are the columns of a version that a row of a file fills, as (name, PostgreSQL type); `wording` are those of
    them that may differ without making it another statement (they do not count when rows are compared).
    """

    import_kind: str
    change_kind: str
    head: str
    version: str
    content: tuple[tuple[str, str], ...]
    head_columns: tuple[str, ...] = ()
    wording: frozenset[str] = frozenset()

    @property
    def has_id(self) -> bool:
        """Whether records have ids of their own; a subject is its code."""
        return self.head != "subject"

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
    head_columns=("list_id",),
    wording=frozenset({"grounds", "remark", "party_name"}),
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
        ("flags", "text[]"),
        ("raw", "jsonb"),
    ),
)

SHAPES: Final = {shape.import_kind: shape for shape in (SUBJECTS, PENALTIES, BLACKLIST)}

#: Columns of every staging table before the content, with their types; `n` counts the rows of a file from 1.
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
)

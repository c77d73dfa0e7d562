"""Penalties and blacklist entries: narrow heads, and wide versions that are the events of a record's life.

A head carries identity, natural key, state and the number of its current version; it is what gets locked. A version is
append-only: only `superseded_at` is ever set, once. Whether a record is public is computed at query time from the
state and the window `public_from` … `public_until` (both days shown; no end: until removed); `public_reason` says why
there is no window.

A version *is* the event: `command`, `actor`, `basis` and `reason` of the act, the legal day `effective_on` it works from, and
in `act` what belongs to this act alone (a signed checklist, a successor). `recorders` are the principals who wrote or handed
in the content, `reviewer` the one who checked it; the database refuses one person as both. What was redacted for the public is
kept in `originals`, for the record's own authority only.

Records and names carry no foreign keys to their heads and subjects: rows are never deleted, every writer writes both ends
in one transaction, and the check of each row would take half of an import's time. A test looks for orphans instead
(docs/decisions/0003-bulk-writes.md).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from service.models.base import SUBJECT, USCC_SHAPE, Base

PENALTY_STATES = "state IN ('draft', 'submitted', 'returned', 'approved', 'published', 'withheld', 'suspended', 'recalled', 'ended', 'void')"
ENTRY_STATES = "state IN ('draft', 'proposed', 'notified', 'consented', 'published', 'suspended', 'recalled', 'not_listed', 'ended', 'void')"
#: Rows of a source that state an ended record say no more than that.
ENDING_TRUTH = "state <> 'ended' OR ending IS NOT NULL OR command IN ('import', 'revert_import')"
FOUR_EYES = "reviewer IS NULL OR NOT reviewer = ANY (recorders)"
WINDOW_TRUTH = "(public_from IS NULL) = (public_reason IS NOT NULL)"


def _edges(table: str) -> tuple[Index, Index]:
    """Return the indexes by which the clock finds the windows that open or close on a day."""
    shown = text("superseded_at IS NULL AND state = 'published'")
    return (
        Index(f"ix_{table}_public_from", "public_from", postgresql_where=shown),
        Index(f"ix_{table}_public_until", "public_until", postgresql_where=shown),
    )


class _Head:
    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    natural_key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class _Version:
    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    command: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    basis: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    effective_on: Mapped[date | None]
    act: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    ending: Mapped[str | None] = mapped_column(Text)
    recorders: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    reviewer: Mapped[str | None] = mapped_column(Text)
    silences_before: Mapped[bool] = mapped_column(server_default=text("false"))
    redactions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    originals: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    source_code: Mapped[str | None] = mapped_column(Text)
    import_id: Mapped[UUID | None]
    import_row: Mapped[int | None] = mapped_column(BigInteger)
    row_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: Fields whose value another source gave, with that source; see `service.imports.preferring`.
    field_sources: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    #: Fields for which a person decided which source is right; see `service.imports.settling`.
    field_decisions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    authority_code: Mapped[str] = mapped_column(Text)
    authority_name: Mapped[str] = mapped_column(Text)
    party_name: Mapped[str | None] = mapped_column(Text)
    document_no: Mapped[str | None] = mapped_column(Text)
    stated_until: Mapped[date | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    held_texts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    raw: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    public_from: Mapped[date | None]
    public_until: Mapped[date | None]
    public_rule: Mapped[str | None] = mapped_column(Text)
    public_grade: Mapped[str | None] = mapped_column(Text)
    public_reason: Mapped[str | None] = mapped_column(Text)
    window_flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class Penalty(_Head, Base):
    """Head of an administrative penalty decision (行政处罚) against one subject."""

    __tablename__ = "penalty"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint(USCC_SHAPE, name="uscc_shape"),
            CheckConstraint(PENALTY_STATES, name="state_known"),
            Index(
                "uq_penalty_natural_key",
                "uscc",
                "natural_key",
                unique=True,
                postgresql_where=text("state <> 'void'"),
            ),
            {"info": SUBJECT},
        )


class PenaltyVersion(_Version, Base):
    """One version of a penalty. Amounts are fen. Each channel has its window, rule, grade or reason for none."""

    __tablename__ = "penalty_version"

    document_key: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    party_type: Mapped[str | None] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    fine_fen: Mapped[int | None] = mapped_column(BigInteger)
    fine_text_fen: Mapped[int | None] = mapped_column(BigInteger)
    fine_column_fen: Mapped[int | None] = mapped_column(BigInteger)
    confiscation_fen: Mapped[int | None] = mapped_column(BigInteger)
    violation_type: Mapped[str | None] = mapped_column(Text)
    violation_facts: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    penalty_content: Mapped[str | None] = mapped_column(Text)
    permit_affected: Mapped[str | None] = mapped_column(Text)
    procedure: Mapped[str] = mapped_column(Text)
    field: Mapped[str | None] = mapped_column(Text)
    discretion_step: Mapped[str | None] = mapped_column(Text)
    case_category: Mapped[str | None] = mapped_column(Text)
    decided_on: Mapped[date | None]
    published_on: Mapped[date | None]
    valid_until: Mapped[date | None]
    restriction_until: Mapped[date | None]
    tier: Mapped[str] = mapped_column(Text)
    tier_basis: Mapped[str | None] = mapped_column(Text)
    source_org: Mapped[str | None] = mapped_column(Text)
    legal_representative: Mapped[str | None] = mapped_column(Text)
    remark: Mapped[str | None] = mapped_column(Text)
    served_on: Mapped[date | None]
    publication_told_on: Mapped[date | None]
    repair_notice_served_on: Mapped[date | None]
    display_exception: Mapped[str | None] = mapped_column(Text)
    display_exception_until: Mapped[date | None]
    withheld_until: Mapped[date | None]

    gsxt_published_on: Mapped[date | None]
    gsxt_from: Mapped[date | None]
    gsxt_until: Mapped[date | None]
    gsxt_rule: Mapped[str | None] = mapped_column(Text)
    gsxt_grade: Mapped[str | None] = mapped_column(Text)
    gsxt_reason: Mapped[str | None] = mapped_column(Text)
    credit_china_from: Mapped[date | None]
    credit_china_until: Mapped[date | None]
    credit_china_rule: Mapped[str | None] = mapped_column(Text)
    credit_china_grade: Mapped[str | None] = mapped_column(Text)
    credit_china_reason: Mapped[str | None] = mapped_column(Text)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint(PENALTY_STATES, name="state_known"),
            CheckConstraint(WINDOW_TRUTH, name="window_or_reason"),
            CheckConstraint("fine_fen >= 0 AND confiscation_fen >= 0", name="amounts_not_negative"),
            CheckConstraint(FOUR_EYES, name="reviewer_did_not_record"),
            CheckConstraint(
                "command <> 'publish' OR (reviewer IS NOT NULL AND published_on IS NOT NULL)",
                name="published_by_reviewer",
            ),
            CheckConstraint(
                "state <> 'withheld' OR (reason IS NOT NULL AND withheld_until IS NOT NULL AND reviewer IS NOT NULL)",
                name="withheld_has_reason_and_end",
            ),
            CheckConstraint(
                "state <> 'suspended' OR (reason IS NOT NULL AND basis IS NOT NULL)", name="suspended_has_basis"
            ),
            CheckConstraint(ENDING_TRUTH, name="ended_says_how"),
            Index(
                "uq_penalty_version_current",
                "uscc",
                "id",
                unique=True,
                postgresql_where=text("superseded_at IS NULL"),
            ),
            Index("ix_penalty_version_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
            *_edges("penalty_version"),
            {"info": SUBJECT},
        )


class BlacklistEntry(_Head, Base):
    """Head of one subject's period on one list."""

    __tablename__ = "blacklist_entry"

    list_id: Mapped[str] = mapped_column(Text)

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint(USCC_SHAPE, name="uscc_shape"),
            CheckConstraint(ENTRY_STATES, name="state_known"),
            ForeignKeyConstraint(["list_id"], ["blacklist.id"]),
            Index(
                "uq_blacklist_entry_natural_key",
                "uscc",
                "natural_key",
                unique=True,
                postgresql_where=text("state <> 'void'"),
            ),
            {"info": SUBJECT},
        )


class BlacklistEntryVersion(_Version, Base):
    """One version of a blacklist entry; `listed_on_grade` is `stated` or `assumed` (an assumed day makes nothing public)."""

    __tablename__ = "blacklist_entry_version"

    list_id: Mapped[str] = mapped_column(Text)
    grounds: Mapped[str | None] = mapped_column(Text)
    listed_on: Mapped[date | None]
    listed_on_grade: Mapped[str] = mapped_column(Text)
    listed_on_basis: Mapped[str | None] = mapped_column(Text)
    removed_on: Mapped[date | None]
    removal_grounds: Mapped[str | None] = mapped_column(Text)
    removal_document_no: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    remark: Mapped[str | None] = mapped_column(Text)
    ground_code: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    found_on: Mapped[date | None]
    notified_on: Mapped[date | None]
    statement_until: Mapped[date | None]
    consented_on: Mapped[date | None]
    consent_document_no: Mapped[str | None] = mapped_column(Text)
    repair_notice_served_on: Mapped[date | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint(ENTRY_STATES, name="state_known"),
            CheckConstraint(WINDOW_TRUTH, name="window_or_reason"),
            CheckConstraint("listed_on_grade IN ('stated', 'assumed')", name="listed_on_grade_known"),
            CheckConstraint(FOUR_EYES, name="reviewer_did_not_record"),
            CheckConstraint(
                "command <> 'list' OR (reviewer IS NOT NULL AND listed_on IS NOT NULL AND basis IS NOT NULL)",
                name="listed_by_reviewer_with_basis",
            ),
            CheckConstraint(ENDING_TRUTH, name="ended_says_how"),
            Index(
                "uq_blacklist_entry_version_current",
                "uscc",
                "id",
                unique=True,
                postgresql_where=text("superseded_at IS NULL"),
            ),
            Index("ix_blacklist_entry_version_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
            # Entries that somebody works on, by office; those that come by import are not among them.
            Index(
                "ix_blacklist_entry_version_at_work",
                "authority_code",
                "id",
                postgresql_where=text(
                    "superseded_at IS NULL AND state IN ('draft', 'proposed', 'notified', 'consented', 'suspended', 'recalled')"
                ),
            ),
            *_edges("blacklist_entry_version"),
            {"info": SUBJECT},
        )


class SourceStatement(Base):
    """What a source last said of a record whose current version is not that source's own; with it a conflict is seen.

    `status` is `agrees` (same content as the record), `open` (contradicts: a `source_conflict` for a person) or `void`
    (its import was reverted).
    """

    __tablename__ = "source_statement"
    __table_args__ = (
        CheckConstraint("status IN ('agrees', 'open', 'settled', 'void')", name="status_known"),
        Index("ix_source_statement_import_id", "import_id"),
        Index(
            "ix_source_statement_open",
            "uscc",
            "kind",
            "record_id",
            "source_code",
            postgresql_where=text("status = 'open'"),
        ),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_code: Mapped[str] = mapped_column(Text, primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_row: Mapped[int] = mapped_column(BigInteger)
    row_digest: Mapped[bytes] = mapped_column(LargeBinary)
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)
    differs: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

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
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import SUBJECT, USCC_SHAPE, Base


class Subject(Base):
    """An enterprise as a credit subject: the head that locks and counts versions. Its content is in `SubjectVersion`."""

    __tablename__ = "subject"
    __table_args__ = (CheckConstraint(USCC_SHAPE, name="uscc_shape"), {"info": SUBJECT})

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SubjectVersion(Base):
    """What was known of a subject's registration from `recorded_at` on; `registered` says that a registry source said it.

    A subject that only records name has a first version that is not registered. `successors` are the codes under which the
    firm goes on, or into which it was split, by `succession` (merged, split, code_changed) since `succeeded_on`.
    `former_codes` are those that this registration says went into this one, by `former_succession`.
    """

    __tablename__ = "subject_version"
    __table_args__ = (
        ForeignKeyConstraint(["uscc"], ["subject.uscc"]),
        CheckConstraint(
            "succession IN ('merged', 'split', 'code_changed') AND successors <> '{}'"
            " OR succession IS NULL AND successors = '{}'",
            name="succession_known",
        ),
        Index("uq_subject_version_current", "uscc", unique=True, postgresql_where=text("superseded_at IS NULL")),
        Index(
            "ix_subject_version_former_codes",
            "uscc",
            postgresql_where=text("superseded_at IS NULL AND former_codes <> '{}'"),
        ),
        Index("ix_subject_version_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    command: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
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

    registered: Mapped[bool]
    name: Mapped[str | None] = mapped_column(Text)
    former_names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    registration_status: Mapped[str | None] = mapped_column(Text)
    registered_on: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    company_type: Mapped[str | None] = mapped_column(Text)
    party_type: Mapped[str | None] = mapped_column(Text)
    legal_representative: Mapped[str | None] = mapped_column(Text)
    capital_minor: Mapped[int | None] = mapped_column(BigInteger)
    capital_currency: Mapped[str | None] = mapped_column(Text)
    capital_text: Mapped[str | None] = mapped_column(Text)
    business_scope: Mapped[str | None] = mapped_column(Text)
    division_code: Mapped[str | None] = mapped_column(Text)
    region_text: Mapped[str | None] = mapped_column(Text)
    registered_address: Mapped[str | None] = mapped_column(Text)
    registering_authority: Mapped[str | None] = mapped_column(Text)
    reg_no: Mapped[str | None] = mapped_column(Text)
    org_code: Mapped[str | None] = mapped_column(Text)
    tax_no: Mapped[str | None] = mapped_column(Text)
    succession: Mapped[str | None] = mapped_column(Text)
    successors: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    succeeded_on: Mapped[date | None]
    former_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    former_succession: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    raw: Mapped[dict[str, str] | None] = mapped_column(JSONB)


class SubjectName(Base):
    """A name under which a subject can be found.

    `kind` is `registered`, `former` (both said by a registry source) or `record` (said by a penalty or an entry only; the
    public finds a subject by it only while a visible record bears that name). `folded` is the name without legal form,
    brackets and width, `bigrams` its two-character pieces.
    """

    __tablename__ = "subject_name"
    __table_args__ = (
        CheckConstraint("kind IN ('registered', 'former', 'record')", name="kind_known"),
        Index("ix_subject_name_bigrams", "bigrams", postgresql_using="gin", postgresql_with={"fastupdate": "on"}),
        Index("ix_subject_name_folded", "folded"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    folded: Mapped[str] = mapped_column(Text)
    bigrams: Mapped[list[str]] = mapped_column(ARRAY(Text))
    import_id: Mapped[UUID | None]


class SubjectIdentifier(Base):
    """An older identifier of a subject: 15- or 13-digit registration number, organisation code, tax number."""

    __tablename__ = "subject_identifier"
    __table_args__ = (
        ForeignKeyConstraint(["uscc"], ["subject.uscc"]),
        Index("ix_subject_identifier_value", "value"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    import_id: Mapped[UUID | None]

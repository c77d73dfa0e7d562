from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import SUBJECT, USCC_SHAPE, Base

STATES = "state IN ('recorded', 'withdrawn', 'void')"


class CreditRecord(Base):
    """Head of a credit record of a further class of the catalogue.

    `natural_key` is class, authority and document number; null where a record made by hand has no number, and where a withdrawn
    one gave its number up to a record that was made anew.
    """

    __tablename__ = "credit_record"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint(STATES, name="state_known"),
        Index(
            "uq_credit_record_natural_key",
            "uscc",
            "natural_key",
            unique=True,
            postgresql_where=text("state <> 'void'"),
        ),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    class_id: Mapped[str] = mapped_column(Text)
    natural_key: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CreditRecordVersion(Base):
    """One version of a credit record of a further class of the catalogue; append-only, only `superseded_at` is ever set.

    `body` follows the schema of its class. `reported_on` is the day on which Credit China accepted it, where its class is
    reported (D01). It never makes an outcome of a status. A file fills `raw` with the cells that no field takes, and
    `held_texts` with the names of texts in which personal data was blanked.
    """

    __tablename__ = "credit_record_version"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint(STATES, name="state_known"),
        CheckConstraint("state <> 'withdrawn' OR reason IS NOT NULL", name="withdrawn_says_why"),
        Index(
            "uq_credit_record_version_current",
            "uscc",
            "id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_credit_record_version_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    command: Mapped[str] = mapped_column(Text)
    class_id: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    source_code: Mapped[str] = mapped_column(Text)
    party_name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    document_no: Mapped[str | None] = mapped_column(Text)
    document_key: Mapped[str | None] = mapped_column(Text)
    decided_on: Mapped[date]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    authority_name: Mapped[str | None] = mapped_column(Text)
    source_org: Mapped[str | None] = mapped_column(Text)
    legal_representative: Mapped[str | None] = mapped_column(Text)
    remark: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    held_texts: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    raw: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    field_sources: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    recorders: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    import_id: Mapped[UUID | None]
    import_row: Mapped[int | None] = mapped_column(BigInteger)
    row_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    reported_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

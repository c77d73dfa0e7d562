from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, SUBJECT, USCC_SHAPE, Base

DOCUMENT_KINDS = (
    "kind IN ('decision', 'decision_redacted', 'summary', 'publication_notice', 'repair_notice', 'service_proof',"
    " 'evidence', 'proof_of_performance', 'credit_commitment', 'order', 'listing_notice', 'consent', 'repair_decision', 'termination_certificate', 'other')"
)


class Document(Base):
    """A file that belongs to a record: what it is, its SHA-256, and who attached it when. Nothing here is ever changed.

    `made_from` holds template, facts, day and library of a document that was made here, from which it is set again byte for byte.
    Only documents of the kinds `decision_redacted` and `summary` of a public record are public.
    """

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint(DOCUMENT_KINDS, name="kind_known"),
        CheckConstraint(
            "record_kind IN ('penalty', 'blacklist_entry', 'repair', 'objection')", name="record_kind_known"
        ),
        Index("ix_document_record", "uscc", "record_id"),
        Index("ix_document_sha256", "sha256"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    made_from: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    findings: Mapped[int] = mapped_column(server_default=text("0"))
    added_by: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DocumentContent(Base):
    """The bytes of documents, each content once, by its digest."""

    __tablename__ = "document_content"
    __table_args__ = (CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="digest_true"), {"info": LOCAL})

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

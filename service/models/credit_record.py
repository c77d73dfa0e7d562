from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import SUBJECT, USCC_SHAPE, Base


class CreditRecordVersion(Base):
    """One version of a credit record of a further class of the catalogue; append-only, only `superseded_at` is ever set.

    `body` follows the schema of its class. `due_on` is the last day for reporting it to Credit China (D01), where its class is
    reported, `reported_on` the day on which that one accepted it. It never makes an outcome of a status.
    """

    __tablename__ = "credit_record_version"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint("state IN ('recorded', 'withdrawn')", name="state_known"),
        CheckConstraint("state <> 'withdrawn' OR reason IS NOT NULL", name="withdrawn_says_why"),
        Index(
            "uq_credit_record_version_current",
            "uscc",
            "id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "uq_credit_record_version_number",
            "uscc",
            "class_id",
            "authority_code",
            "document_key",
            unique=True,
            postgresql_where=text("superseded_at IS NULL AND state = 'recorded' AND document_key IS NOT NULL"),
        ),
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
    due_on: Mapped[date | None]
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    reported_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

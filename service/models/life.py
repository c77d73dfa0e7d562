"""What accompanies the life of a record: corrections in the gate, public notices of withdrawal, and the outbox."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, SUBJECT, Base


class PenaltyCorrection(Base):
    """A correction of a penalty that waits for the gate, and what became of it. One at a time may be open.

    `nature` is `content` (before and after are public side by side), `personal_data` or `secret` (no public before).
    `changes` are the changed fields with their new values.
    """

    __tablename__ = "penalty_correction"
    __table_args__ = (
        CheckConstraint("nature IN ('content', 'personal_data', 'secret')", name="nature_known"),
        CheckConstraint("state IN ('proposed', 'applied', 'rejected')", name="state_known"),
        CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="reviewer_did_not_propose"),
        ForeignKeyConstraint(["uscc", "penalty_id"], ["penalty.uscc", "penalty.id"]),
        Index(
            "uq_penalty_correction_open",
            "uscc",
            "penalty_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    penalty_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(Text)
    nature: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    proposed_by: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str | None] = mapped_column(Text)
    version_no: Mapped[int | None] = mapped_column(Integer)


class WithdrawalNotice(Base):
    """The public notice that a decision fell: document number, reason and days, and no content of the penalty.

    Source: Administrative Penalty Law (行政处罚法) art. 48 (the reason is stated publicly).
    """

    __tablename__ = "withdrawal_notice"
    __table_args__ = (
        CheckConstraint("fall IN ('changed', 'revoked', 'unlawful', 'invalid')", name="fall_known"),
        CheckConstraint("shown_from <= shown_until", name="shown_for_a_while"),
        ForeignKeyConstraint(["uscc", "penalty_id"], ["penalty.uscc", "penalty.id"]),
        Index("ix_withdrawal_notice_shown_until", "shown_until", "penalty_id"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    penalty_id: Mapped[UUID] = mapped_column(primary_key=True)
    document_no: Mapped[str | None] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    authority_name: Mapped[str] = mapped_column(Text)
    fall: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    fell_on: Mapped[date]
    shown_from: Mapped[date]
    shown_until: Mapped[date]


class OutboxItem(Base):
    """Something that others must be told of; written with what it tells of, delivered later by whoever serves the topic.

    It holds ids and no content: what may be told is decided when it is delivered (house decision 4).
    """

    __tablename__ = "outbox_item"
    __table_args__ = (
        Index("ix_outbox_item_open", "topic", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_outbox_item_uscc", "uscc", "record_id"),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    version_no: Mapped[int | None] = mapped_column(Integer)
    due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

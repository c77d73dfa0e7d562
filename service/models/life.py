"""What accompanies the life of a record: public notices of withdrawal, and the outbox."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, SUBJECT, Base


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

"""Notices by mail: where an authority wants to be told, and what was sent there."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class NoticeAddress(Base):
    """The addresses at which an authority is told that something waits; only of what was queued `since` then."""

    __tablename__ = "notice_address"
    __table_args__ = (ForeignKeyConstraint(["authority_code"], ["authority.code"]), {"info": LOCAL})

    authority_code: Mapped[str] = mapped_column(Text, primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text))
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    stated_by: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MailDelivery(Base):
    """One item of the outbox on its way to one address. Not sent and `next_at` passed: it is tried (again)."""

    __tablename__ = "mail_delivery"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        ForeignKeyConstraint(["outbox_id"], ["outbox_item.id"]),
        Index("ix_mail_delivery_next_at", "next_at", postgresql_where=text("sent_at IS NULL")),
        {"info": LOCAL},
    )

    outbox_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    problem: Mapped[str | None] = mapped_column(Text)

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base

KINDS = "kind IN ('subject', 'penalty', 'blacklist_entry', 'credit_record')"


class PendingChange(Base):
    """A change that its writer committed and the sequencer has not numbered yet. Nobody reads a version listed here."""

    __tablename__ = "pending_change"
    __table_args__ = (
        CheckConstraint(KINDS, name="kind_known"),
        Index("ix_pending_change_uscc", "uscc"),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    uscc: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID | None]
    version_no: Mapped[int] = mapped_column(Integer)
    event: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Change(Base):
    """One entry of the ordered change log. Positions are dense, from 1; the sequencer alone writes here."""

    __tablename__ = "change"
    __table_args__ = (
        CheckConstraint(KINDS, name="kind_known"),
        Index("ix_change_uscc", "uscc", "record_id", "version_no"),
        Index("ix_change_sequenced_at", "sequenced_at", postgresql_using="brin"),
        {"info": LOCAL},
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    uscc: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID | None]
    version_no: Mapped[int] = mapped_column(Integer)
    event: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sequenced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ChangeLog(Base):
    """One row: the identity of this log and its head. A restored database starts a new `log_id`."""

    __tablename__ = "change_log"
    __table_args__ = (CheckConstraint("one", name="single_row"), {"info": LOCAL})

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    log_id: Mapped[UUID]
    head_position: Mapped[int] = mapped_column(BigInteger)
    head_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

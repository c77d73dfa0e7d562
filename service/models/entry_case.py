"""What supports a blacklist entry, what opens when that support falls, and corrections that wait for their review."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import SUBJECT, Base


class EntrySupport(Base):
    """A penalty on which a blacklist entry of the same subject rests."""

    __tablename__ = "blacklist_entry_support"
    __table_args__ = (
        ForeignKeyConstraint(["uscc", "entry_id"], ["blacklist_entry.uscc", "blacklist_entry.id"]),
        ForeignKeyConstraint(["uscc", "penalty_id"], ["penalty.uscc", "penalty.id"]),
        Index("ix_blacklist_entry_support_penalty", "uscc", "penalty_id"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    penalty_id: Mapped[UUID] = mapped_column(primary_key=True)
    added_by: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EntryRevocation(Base):
    """A revocation that opened by itself: a penalty fell and the entry no longer passes the test of its list.

    Source: SAMR令44号 art. 19 (D10).
    """

    __tablename__ = "blacklist_entry_revocation"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'revoked', 'kept', 'ended')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at_some_time"),
        ForeignKeyConstraint(["uscc", "entry_id"], ["blacklist_entry.uscc", "blacklist_entry.id"]),
        Index(
            "uq_blacklist_entry_revocation_open",
            "uscc",
            "entry_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    penalty_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    fell_on: Mapped[date]
    due_on: Mapped[date]
    provisional: Mapped[bool]
    found: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str | None] = mapped_column(Text)

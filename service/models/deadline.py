from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Deadline(Base):
    """A deadline of the rulebook as it runs for one record: `open`, `met`, `withheld` (nothing is due meanwhile) or `dropped`.

    Derived from the record's versions and the rulebook, and made anew from them at any time; only what the other side said
    (`met_on`, `rejected_on`, `reference`) is stated here first. `due_on` is the last day; `provisional` that a year whose
    calendar is not known took part.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'met', 'withheld', 'dropped')", name="state_known"),
        CheckConstraint("bearer IN ('authority', 'registering_authority', 'subject')", name="bearer_known"),
        CheckConstraint("(state = 'met') = (met_on IS NOT NULL)", name="met_has_day"),
        CheckConstraint("starts_on < due_on", name="runs_forward"),
        Index("uq_deadline_record", "uscc", "record_id", "deadline", unique=True),
        Index("ix_deadline_due", "due_on", "id"),
        Index("ix_deadline_authority", "authority_code", "due_on", "id"),
        Index("ix_deadline_open", "due_on", "id", postgresql_where=text("state = 'open'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    deadline: Mapped[str] = mapped_column(Text)
    rule_id: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    bearer: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    division_code: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    due_on: Mapped[date]
    provisional: Mapped[bool]
    state: Mapped[str] = mapped_column(Text)
    met_on: Mapped[date | None]
    rejected_on: Mapped[date | None]
    rejections: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reference: Mapped[str | None] = mapped_column(Text)
    reminded_for: Mapped[date | None]
    escalated_on: Mapped[date | None]
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeadlineEvent(Base):
    """What happened to a deadline: opened, moved (from which day to which, and why), accepted, rejected, reminded of, escalated."""

    __tablename__ = "deadline_event"
    __table_args__ = (
        ForeignKeyConstraint(["deadline_id"], ["deadline.id"]),
        Index("ix_deadline_event_deadline_id", "deadline_id", "id"),
        Index("ix_deadline_event_moved", "id", postgresql_where=text("event = 'moved'")),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    deadline_id: Mapped[UUID]
    event: Mapped[str] = mapped_column(Text)
    was_due_on: Mapped[date | None]
    due_on: Mapped[date | None]
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeadlineCursor(Base):
    """One row: up to which position of the change log deadlines were derived, and by which law; where a review of all stands."""

    __tablename__ = "deadline_cursor"
    __table_args__ = (CheckConstraint("one", name="single_row"), {"info": LOCAL})

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    log_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(BigInteger)
    law: Mapped[str | None] = mapped_column(Text)
    reviewing: Mapped[str | None] = mapped_column(Text)
    reviewed_uscc: Mapped[str | None] = mapped_column(Text)
    reviewed_id: Mapped[UUID | None]

"""Applications for credit repair and objections: each a case with its own version, and every step of it kept."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import SUBJECT, USCC_SHAPE, Base

_RECORD_KINDS = "record_kind IN ('penalty', 'blacklist_entry')"


class Repair(Base):
    """An application for the repair of one record (信用修复).

    `clock_started_on` is None for what was filed only here: a local receipt starts no clock. `rule_id` is the row in force at
    acceptance, `conditions` its conditions one by one as they were found then and at the decision.
    """

    __tablename__ = "repair"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint(_RECORD_KINDS, name="record_kind_known"),
        CheckConstraint(
            "state IN ('filed', 'accepted', 'not_accepted', 'granted', 'refused', 'taken_back')", name="state_known"
        ),
        CheckConstraint("ground IN ('performance', 'bankruptcy_reorganisation')", name="ground_known"),
        CheckConstraint("intake IN ('credit_china', 'gsxt', 'designated', 'local')", name="intake_known"),
        CheckConstraint("(intake = 'local') = (clock_started_on IS NULL)", name="local_starts_no_clock"),
        CheckConstraint(
            "state NOT IN ('granted', 'refused', 'not_accepted') OR decision_reason IS NOT NULL",
            name="decided_with_reasons",
        ),
        CheckConstraint("state <> 'refused' OR decision_basis IS NOT NULL", name="refused_by_law"),
        Index(
            "uq_repair_open", "uscc", "record_id", unique=True, postgresql_where=text("state IN ('filed', 'accepted')")
        ),
        Index("ix_repair_authority", "authority_code", "state"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(Text)
    intake: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    commitment: Mapped[str] = mapped_column(Text)
    court_document_no: Mapped[str | None] = mapped_column(Text)
    filed_by: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    clock_started_on: Mapped[date | None]
    acceptance_due_on: Mapped[date | None]
    accepted_on: Mapped[date | None]
    decision_due_on: Mapped[date | None]
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    rule_id: Mapped[str | None] = mapped_column(Text)
    conditions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decision_basis: Mapped[str | None] = mapped_column(Text)
    decision_document_no: Mapped[str | None] = mapped_column(Text)


class Objection(Base):
    """An objection (异议) to a record, or a query about it, with its clock and its decision."""

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint(_RECORD_KINDS, name="record_kind_known"),
        CheckConstraint("state IN ('open', 'upheld', 'rejected', 'taken_back')", name="state_known"),
        CheckConstraint("nature IN ('inaccurate', 'wrong_subject', 'query')", name="nature_known"),
        CheckConstraint(
            "state NOT IN ('upheld', 'rejected') OR decision_reason IS NOT NULL", name="decided_with_reasons"
        ),
        Index("ix_objection_record", "uscc", "record_id"),
        Index("ix_objection_authority", "authority_code", "state"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    nature: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    filed_by: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_on: Mapped[date]
    due_on: Mapped[date | None]
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_on: Mapped[date | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decision_reason: Mapped[str | None] = mapped_column(Text)


class CaseEvent(Base):
    """One step of a repair or an objection: who did what, when, and the state it led to. Never changed."""

    __tablename__ = "case_event"
    __table_args__ = (
        CheckConstraint("case_kind IN ('repair', 'objection')", name="case_kind_known"),
        {"info": SUBJECT},
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_kind: Mapped[str] = mapped_column(Text)
    command: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    act: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

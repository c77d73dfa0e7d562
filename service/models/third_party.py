"""Third-party services that show the data to others: their terms, filing, checks and complaints."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class ThirdPartyService(Base):
    """A service of one principal. It has accepted the terms `terms_version`; while suspended its principal is blocked."""

    __tablename__ = "third_party_service"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'suspended')", name="state_known"),
        CheckConstraint("(state = 'suspended') = (suspended_reason IS NOT NULL)", name="suspended_says_why"),
        CheckConstraint("filing IN ('none', 'filed', 'expired')", name="filing_known"),
        CheckConstraint("filing = 'none' OR filing_no IS NOT NULL", name="filed_has_number"),
        Index("uq_third_party_service_principal_id", "principal_id", unique=True),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    operator: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    terms_version: Mapped[str] = mapped_column(Text)
    terms_accepted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    filing: Mapped[str] = mapped_column(Text, server_default=text("'none'"))
    filing_no: Mapped[str | None] = mapped_column(Text)
    filed_with: Mapped[str | None] = mapped_column(Text)
    filed_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(Text)
    suspended_reason: Mapped[str | None] = mapped_column(Text)
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TakeDownCheck(Base):
    """A look at what a service shows, against what is public: counts, and the ids of what had ended (`late`: for too long)."""

    __tablename__ = "take_down_check"
    __table_args__ = (
        ForeignKeyConstraint(["service_id"], ["third_party_service.id"]),
        Index("ix_take_down_check_service_id", "service_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID]
    seen_on: Mapped[date]
    sample: Mapped[int] = mapped_column(Integer)
    shown: Mapped[int] = mapped_column(Integer)
    ended: Mapped[int] = mapped_column(Integer)
    late: Mapped[int] = mapped_column(Integer)
    unknown: Mapped[int] = mapped_column(Integer)
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    checked_by: Mapped[str] = mapped_column(Text)
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ServiceComplaint(Base):
    """A complaint about a service, and what came of it."""

    __tablename__ = "service_complaint"
    __table_args__ = (
        CheckConstraint("outcome IN ('upheld', 'rejected')", name="outcome_known"),
        CheckConstraint("(outcome IS NULL) = (reason IS NULL)", name="settled_with_reason"),
        ForeignKeyConstraint(["service_id"], ["third_party_service.id"]),
        Index("ix_service_complaint_service_id", "service_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID]
    duty: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date]
    answer_by: Mapped[date]
    outcome: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

"""Spot checks (抽查考评): the population as it was announced, the sample drawn from it, and what was found."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class SpotCheck(Base):
    """A check that was announced, with its population frozen, and then drawn by a public seed that nobody knew before."""

    __tablename__ = "spot_check"
    __table_args__ = (
        CheckConstraint("state IN ('announced', 'drawn')", name="state_known"),
        CheckConstraint("(state = 'announced') = (seed IS NULL)", name="drawn_by_a_seed"),
        CheckConstraint("period_from <= period_until", name="period_runs_forward"),
        CheckConstraint("per_authority > 0", name="size_positive"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    period_from: Mapped[date]
    period_until: Mapped[date]
    per_authority: Mapped[int] = mapped_column(Integer)
    seed_source: Mapped[str] = mapped_column(Text)
    form_edition: Mapped[str] = mapped_column(Text)
    population: Mapped[int] = mapped_column(Integer)
    population_digest: Mapped[str] = mapped_column(Text)
    seed: Mapped[str | None] = mapped_column(Text)
    announced_by: Mapped[str] = mapped_column(Text)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    drawn_by: Mapped[str | None] = mapped_column(Text)
    drawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SpotCheckMember(Base):
    """A record of a check's population. `key` is all that others are told of it: a digest of record and version."""

    __tablename__ = "spot_check_member"
    __table_args__ = (ForeignKeyConstraint(["check_id"], ["spot_check.id"]), {"info": LOCAL})

    check_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    authority_code: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    record_version: Mapped[int] = mapped_column(Integer)


class SpotCheckItem(Base):
    """A record that was drawn: its form with scores, what was found, and what its authority did about it."""

    __tablename__ = "spot_check_item"
    __table_args__ = (
        CheckConstraint("state IN ('drawn', 'passed', 'returned', 'answered', 'closed')", name="state_known"),
        CheckConstraint("(state = 'drawn') = (scores IS NULL)", name="scored_once_it_was_looked_at"),
        CheckConstraint("state NOT IN ('answered', 'closed') OR answer IS NOT NULL", name="answered_says_what"),
        ForeignKeyConstraint(["check_id"], ["spot_check.id"]),
        Index("ix_spot_check_item_check_id", "check_id", "id"),
        Index("ix_spot_check_item_authority", "authority_code", "state", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    check_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    record_version: Mapped[int] = mapped_column(Integer)
    scores: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    findings: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    scored_by: Mapped[str | None] = mapped_column(Text)
    scored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    closed: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

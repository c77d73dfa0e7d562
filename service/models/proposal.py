from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class RuleProposal(Base):
    """A row of the rulebook that one rule keeper proposes and another approves or rejects; approved, it is entered as it is."""

    __tablename__ = "rule_proposal"
    __table_args__ = (
        CheckConstraint("kind IN ('period', 'deadline', 'parameter')", name="kind_known"),
        CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state_known"),
        CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_by <> proposed_by", name="keepers_are_two"),
        Index("uq_rule_proposal_open", "rule_id", unique=True, postgresql_where=text("state = 'proposed'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    rule_id: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    supersedes: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str | None] = mapped_column(Text)

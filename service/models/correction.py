"""Corrections of records that wait for their review: one table a kind of record, alike but for whose record it is."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from service.models.base import SUBJECT, Base


class Correction:
    """A correction of a record that waits for its review, and what became of it. One at a time may be open.

    `nature` is `content` (before and after are public side by side), `personal_data` or `secret` (no public before).
    `changes` are the changed fields with their new values.
    """

    record: ClassVar[str]
    record_column: ClassVar[str]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("nature IN ('content', 'personal_data', 'secret')", name="nature_known"),
            CheckConstraint("state IN ('proposed', 'applied', 'rejected')", name="state_known"),
            CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided_by_somebody"),
            CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="reviewer_did_not_propose"),
            ForeignKeyConstraint(["uscc", cls.record_column], [f"{cls.record}.uscc", f"{cls.record}.id"]),
            Index(
                f"uq_{cls.record}_correction_open",
                "uscc",
                cls.record_column,
                unique=True,
                postgresql_where=text("state = 'proposed'"),
            ),
            {"info": SUBJECT},
        )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
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


class PenaltyCorrection(Correction, Base):
    """A correction of a penalty in the gate."""

    __tablename__ = "penalty_correction"
    record = "penalty"
    record_column = "penalty_id"

    penalty_id: Mapped[UUID]


class EntryCorrection(Correction, Base):
    """A correction of a blacklist entry."""

    __tablename__ = "blacklist_entry_correction"
    record = "blacklist_entry"
    record_column = "entry_id"

    entry_id: Mapped[UUID]

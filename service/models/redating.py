from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Redating(Base):
    """A published record to which the present rulebook, or row of its list, gives other windows than it has: `open` until its authority decides.

    `applied` (the record follows, by a version of its own), `kept` (it stays; the same difference is not listed again) or `moot`
    (record or rulebook changed meanwhile). `before` and `after` are the window columns of the version `version_no`; `effect` is
    what the public would see: shorter, longer, shown, hidden, or unchanged where only a feed's window differs.
    """

    __tablename__ = "redating"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'applied', 'kept', 'moot')", name="state_known"),
        CheckConstraint("record_kind IN ('penalty', 'blacklist_entry')", name="record_kind_known"),
        CheckConstraint("effect IN ('shorter', 'longer', 'shown', 'hidden', 'unchanged')", name="effect_known"),
        CheckConstraint("state NOT IN ('applied', 'kept') OR decided_by IS NOT NULL", name="decided_by_somebody"),
        Index("uq_redating_open", "uscc", "record_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_redating_record", "uscc", "record_id"),
        Index("ix_redating_authority", "authority_code", "state", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text, server_default=text("'penalty'"))
    record_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    authority_code: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    effect: Mapped[str] = mapped_column(Text)
    rule_before: Mapped[str | None] = mapped_column(Text)
    rule_after: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)


class RedatingCursor(Base):
    """One row: up to which position of the change log, and by which law, records were compared with the rulebook."""

    __tablename__ = "redating_cursor"
    __table_args__ = (CheckConstraint("one", name="single_row"), {"info": LOCAL})

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    log_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(BigInteger)
    law: Mapped[str | None] = mapped_column(Text)
    reviewing: Mapped[str | None] = mapped_column(Text)
    reviewed_uscc: Mapped[str | None] = mapped_column(Text)
    reviewed_id: Mapped[UUID | None]

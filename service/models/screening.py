"""Files of codes that platforms have screened whole."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Screening(Base):
    """A file of codes and what became of it. The files themselves lie in the data directory, named by the id.

    Once finished it is true of `position` in `log_id` at `as_of`; up to `checked_position` the log holds nothing that ended a record
    that it names, and by the clock it may be shown until the day `shown_until`. `sums` go with the result.
    """

    __tablename__ = "screening"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'outdated', 'failed', 'cancelled')", name="state_known"
        ),
        CheckConstraint(
            "state <> 'finished' OR (position IS NOT NULL AND checked_position IS NOT NULL AND sums IS NOT NULL"
            " AND result_sha256 IS NOT NULL)",
            name="finished_is_whole",
        ),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        Index("ix_screening_principal_id", "principal_id", "id"),
        Index("ix_screening_open", "id", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_screening_keep_until", "keep_until"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    list_name: Mapped[str | None] = mapped_column(Text)
    compared_with: Mapped[UUID | None]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    file_name: Mapped[str] = mapped_column(Text)
    file_size: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    done_share: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    log_id: Mapped[UUID | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
    checked_position: Mapped[int | None] = mapped_column(BigInteger)
    as_of: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shown_until: Mapped[date | None] = mapped_column(Date)
    sums: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result_size: Mapped[int | None] = mapped_column(BigInteger)
    result_sha256: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    keep_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Job(Base):
    """A scheduled job as the installed version brings it, so that one that never ran is seen too."""

    __tablename__ = "job"
    __table_args__ = (CheckConstraint("every_seconds > 0", name="wakes_sometimes"), {"info": LOCAL})

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    every_seconds: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(Text)


class JobOrder(Base):
    """That somebody asked for a run of a job at once. The jobs process takes it away when it begins that run."""

    __tablename__ = "job_order"
    __table_args__ = (ForeignKeyConstraint(["job_name"], ["job.name"], ondelete="CASCADE"), {"info": LOCAL})

    job_name: Mapped[str] = mapped_column(Text, primary_key=True)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class JobRun(Base):
    """One run of a job. `scheduled_for` is the tick that it claimed; a run started by hand has none.

    `outcome` is `running`, `done`, `failed` (with `problem`) or `killed`: its process died, which the next run finds out.
    `missed_count` are the ticks between the last run and this one that nobody claimed.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        CheckConstraint("outcome IN ('running', 'done', 'failed', 'killed')", name="outcome_known"),
        CheckConstraint("(outcome = 'failed') = (problem IS NOT NULL)", name="failed_says_why"),
        CheckConstraint("(outcome = 'done') = (count IS NOT NULL)", name="done_has_count"),
        CheckConstraint("(outcome IN ('done', 'failed')) = (duration_ms IS NOT NULL)", name="ended_has_duration"),
        Index(
            "uq_job_run_tick",
            "job_name",
            "scheduled_for",
            unique=True,
            postgresql_where=text("scheduled_for IS NOT NULL"),
        ),
        Index("ix_job_run_job_name", "job_name", "id"),
        Index("ix_job_run_started_at", "started_at"),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_name: Mapped[str] = mapped_column(Text)
    scheduled_for: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(Text)
    count: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str | None] = mapped_column(Text)
    missed_count: Mapped[int] = mapped_column(Integer)

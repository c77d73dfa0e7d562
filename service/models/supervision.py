"""What is sent to authorities about their own work: reminder letters for overdue deadlines, and monthly sheets of data quality."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class ReminderLetter(Base):
    """A formal letter to an authority about its overdue deadlines; at most one in a week, which begins on `week_on`, a Monday.

    `page` is what the letter says, `set_by` the library that set it: the two make the bytes of `sha256` again. It holds no name,
    no code and no number of a decision.
    """

    __tablename__ = "reminder_letter"
    __table_args__ = (
        CheckConstraint("extract(isodow FROM week_on) = 1", name="week_begins_on_monday"),
        CheckConstraint("overdue > 0", name="something_is_overdue"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("uq_reminder_letter_week", "authority_code", "week_on", unique=True),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority_code: Mapped[str] = mapped_column(Text)
    week_on: Mapped[date]
    number: Mapped[str] = mapped_column(Text)
    overdue: Mapped[int] = mapped_column(Integer)
    page: Mapped[dict[str, Any]] = mapped_column(JSONB)
    set_by: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class QualitySheet(Base):
    """What an authority supplied in a month and in what quality, as it stood when the month had ended; `month_on` is its first day."""

    __tablename__ = "quality_sheet"
    __table_args__ = (
        CheckConstraint("extract(day FROM month_on) = 1", name="month_begins_on_its_first"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("uq_quality_sheet_month", "authority_code", "month_on", unique=True),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority_code: Mapped[str] = mapped_column(Text)
    month_on: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import REFERENCE, Base


class CalendarYear(Base):
    """The State Council's notice for one year, as it was loaded; a changed notice is a further `revision`, the last counts."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        CheckConstraint("year BETWEEN 1950 AND 2200", name="year_sensible"),
        CheckConstraint("revision > 0", name="revision_counts"),
        {"info": REFERENCE},
    )

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(Text)
    document_no: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    loaded_by: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CalendarDay(Base):
    """A day that a notice names: a day off (`is_workday` false), or a weekend day worked in exchange."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        ForeignKeyConstraint(["year", "revision"], ["calendar_year.year", "calendar_year.revision"]),
        {"info": REFERENCE},
    )

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    name: Mapped[str] = mapped_column(Text)

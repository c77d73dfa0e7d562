from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class RetentionPeriod(Base):
    """How long an authority keeps the files of one kind of case, by its own rule; `years` None: for ever.

    `version_no` counts its statements; nothing is deleted by it.
    """

    __tablename__ = "retention_period"
    __table_args__ = (
        CheckConstraint("record_kind IN ('penalty', 'blacklist_entry')", name="record_kind_known"),
        CheckConstraint("years > 0", name="years_positive"),
        CheckConstraint("length(trim(basis)) > 0", name="has_basis"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        {"info": LOCAL},
    )

    authority_code: Mapped[str] = mapped_column(Text, primary_key=True)
    record_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    version_no: Mapped[int] = mapped_column(Integer)
    years: Mapped[int | None] = mapped_column(Integer)
    basis: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date]
    stated_by: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

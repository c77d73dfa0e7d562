from datetime import datetime

from sqlalchemy import DateTime, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Alert(Base):
    """Something that operators are to know of, from when it was found until it was over; `key` says what it is about.

    It is told once when it is found and once when it is over; `next_at` is the next try of what is not told yet.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_untold", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        {"info": LOCAL},
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    over_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    problem: Mapped[str | None] = mapped_column(Text)

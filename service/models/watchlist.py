"""Watch lists of platforms: which codes each of them wants to hear of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Watchlist(Base):
    """A list of codes that a platform watches. `number` is its short name in the rows of its codes."""

    __tablename__ = "watchlist"
    __table_args__ = (
        CheckConstraint("code_count >= 0", name="codes_counted"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        Index("uq_watchlist_number", "number", unique=True),
        Index("ix_watchlist_principal_id", "principal_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, Identity(always=True))
    principal_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    code_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WatchedCode(Base):
    """One code of a list, with the platform's own reference. It was added when the log ended at `since_position`."""

    __tablename__ = "watched_code"
    __table_args__ = (
        ForeignKeyConstraint(["list_number"], ["watchlist.number"], ondelete="CASCADE"),
        Index("ix_watched_code_uscc", "uscc", "list_number"),
        {"info": LOCAL},
    )

    list_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    reference: Mapped[str | None] = mapped_column(Text)
    since_position: Mapped[int] = mapped_column(BigInteger)

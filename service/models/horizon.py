from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class Horizon(Base):
    """An instant up to which every window that opened or closed by the clock is in the log, and the log's head then.

    What is public at a horizon is what the versions known at `position` show on the legal day of `at`: anybody who has the
    log can compute it again. Releases, deltas and digests exist only at horizons.
    """

    __tablename__ = "horizon"
    __table_args__ = {"info": LOCAL}

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    log_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

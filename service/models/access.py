from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class ApiKey(Base):
    """A key as its hash; the secret itself is shown once, when the key is made, and stored nowhere."""

    __tablename__ = "api_key"
    __table_args__ = (Index("uq_api_key_secret_hash", "secret_hash", unique=True), {"info": LOCAL})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    authority_code: Mapped[str | None] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

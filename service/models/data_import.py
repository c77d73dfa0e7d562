from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base

OUTCOMES = "outcome IN ('new', 'changed', 'disputed', 'duplicate', 'quarantined', 'natural_person')"


class DataImport(Base):
    """One file that was handed in. `counts` describe the outcomes of its rows as they are now."""

    __tablename__ = "data_import"
    __table_args__ = (
        CheckConstraint("kind IN ('subjects', 'penalties', 'blacklist', 'permits')", name="kind_known"),
        CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'reverted')",
            name="state_known",
        ),
        Index("ix_data_import_open", "created_at", postgresql_where=text("state IN ('queued', 'running')")),
        Index("ix_data_import_file_sha256", "file_sha256"),
        Index("ix_data_import_delivered", "source_code", "finished_at", postgresql_where=text("state = 'finished'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    source_code: Mapped[str | None] = mapped_column(Text)
    list_id: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    file_name: Mapped[str] = mapped_column(Text)
    file_size: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[str] = mapped_column(Text)
    file_path: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    phase: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    done_share: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    table_info: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reverted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportRow(Base):
    """What became of one row of a file. `content` (cells by header, personal data blanked) is kept while it is quarantined."""

    __tablename__ = "import_row"
    __table_args__ = (
        CheckConstraint(OUTCOMES, name="outcome_known"),
        Index("ix_import_row_quarantined", "import_id", "n", postgresql_where=text("outcome = 'quarantined'")),
        Index("ix_import_row_waiting_for", "waiting_for", postgresql_where=text("waiting_for IS NOT NULL")),
        {"info": LOCAL},
    )

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    uscc: Mapped[str | None] = mapped_column(Text)
    record_id: Mapped[UUID | None]
    version_no: Mapped[int | None] = mapped_column(Integer)
    row_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    waiting_for: Mapped[str | None] = mapped_column(Text)
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class ImportEvent(Base):
    """What happened to an import or to one of its rows after the first outcome: resubmitted, taken in, reverted."""

    __tablename__ = "import_event"
    __table_args__ = (
        ForeignKeyConstraint(["import_id"], ["data_import.id"]),
        Index("ix_import_event_import_id", "import_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    import_id: Mapped[UUID]
    n: Mapped[int | None] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(Text)
    was: Mapped[str | None] = mapped_column(Text)
    became: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

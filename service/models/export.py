from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class ExportSelection(Base):
    """A part of the public data that an exporter has delivered by schedule to a place that an operator's definition names.

    `body` says what: tables, regions, lists, columns, formats. `last_period` is the day, week or month that was delivered last, as
    the release `last_release`, which the next one replaces there. After a failure it is tried again from `retry_at` on.
    """

    __tablename__ = "export_selection"
    __table_args__ = (
        CheckConstraint("every IN ('daily', 'weekly', 'monthly')", name="every_known"),
        Index("ix_export_selection_principal_id", "principal_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    every: Mapped[str] = mapped_column(Text)
    deliver_to: Mapped[str] = mapped_column(Text)
    is_paused: Mapped[bool] = mapped_column(server_default=text("false"))
    version_no: Mapped[int] = mapped_column(Integer)
    last_period: Mapped[str | None] = mapped_column(Text)
    last_release: Mapped[str | None] = mapped_column(Text)
    last_horizon_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_digest: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    trouble: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ExportRelease(Base):
    """One release of the public data, or one that did not get to be shown. Its files lie in a folder of its id.

    `slot` names its series (`full`, `delta-24h`, `statistics`); of a series at most one release is published. `sums` holds the
    sums that its digests were taken of, by table, so that a delta needs no old file. `checked_position` is how far the log was
    looked through for things that may not be shown any more.
    """

    __tablename__ = "export_release"
    __table_args__ = (
        CheckConstraint("kind IN ('full', 'delta', 'statistics')", name="kind_known"),
        CheckConstraint("state IN ('published', 'withheld', 'replaced', 'held_back')", name="state_known"),
        CheckConstraint("(state = 'replaced') = (successor_id IS NOT NULL)", name="replaced_names_successor"),
        CheckConstraint("(state = 'held_back') = (problem IS NOT NULL)", name="held_back_says_why"),
        Index(
            "uq_export_release_present",
            "slot",
            unique=True,
            postgresql_where=text("state IN ('published', 'withheld') AND kind <> 'statistics'"),
        ),
        Index("ix_export_release_created_at", "created_at", "id"),
        {"info": LOCAL},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    span: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    log_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(BigInteger)
    horizon_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    from_position: Mapped[int | None] = mapped_column(BigInteger)
    from_horizon_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    checked_position: Mapped[int] = mapped_column(BigInteger)
    previous_id: Mapped[str | None] = mapped_column(Text)
    successor_id: Mapped[str | None] = mapped_column(Text)
    manifest: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    sums: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withheld_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replaced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

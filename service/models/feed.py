"""Feeds to other disclosure systems: what is to be sent, what was sent when, in which batch, and what they said.

Items and batches hold ids, digests and the key under which the other side knows a row, never a row's content: what may be
sent is decided when it is sent (house decision 4).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base

RECORDS = "record_kind IN ('penalty', 'blacklist_entry')"
REPORTED = "record_kind IN ('penalty', 'blacklist_entry', 'credit_record')"


class Feed(Base):
    """A feed as its definition file says it, and how it stands.

    `log_id` and `position` say up to where the change log went into the ledger, under which deadlines (`law`) and on which
    day windows were last looked through (`swept_on`). After failures nothing is tried before `retry_at`; `trouble` is what
    stops it, in words. `is_equal` is what the last reconciliation found.
    """

    __tablename__ = "feed"
    __table_args__ = (
        CheckConstraint("direction IN ('out', 'in', 'exports')", name="direction_known"),
        CheckConstraint("state IN ('active', 'paused', 'retired')", name="state_known"),
        {"info": LOCAL},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    log_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    law: Mapped[str | None] = mapped_column(Text)
    swept_on: Mapped[date | None]
    batch_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    trouble: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    worked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reconciled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_equal: Mapped[bool | None]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FeedItem(Base):
    """One record on one feed. `wanted` is what the other side should show; `operation` and `state` what is being done for it.

    `dead` items are not tried again by themselves. `sent_key` is the key under which the other side has the record, from the
    first attempt on, so that a withdrawal needs no content. `due_on` is the last day by law.
    """

    __tablename__ = "feed_item"
    __table_args__ = (
        CheckConstraint(REPORTED, name="kind_known"),
        CheckConstraint("wanted IN ('show', 'hide')", name="wanted_known"),
        CheckConstraint("operation IN ('report', 'withdraw')", name="operation_known"),
        CheckConstraint(
            "state IN ('queued', 'sent', 'received', 'accepted', 'rejected', 'withdrawn_sent', 'withdrawn_confirmed')",
            name="state_known",
        ),
        CheckConstraint("state <> 'rejected' OR reason IS NOT NULL", name="rejected_has_reason"),
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        Index("ix_feed_item_queue", "feed_id", "next_at", postgresql_where=text("state = 'queued' AND NOT dead")),
        Index("ix_feed_item_sent_key", "feed_id", "sent_key"),
        Index("ix_feed_item_state", "feed_id", "state"),
        {"info": LOCAL},
    )

    feed_id: Mapped[str] = mapped_column(Text, primary_key=True)
    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_kind: Mapped[str] = mapped_column(Text)
    wanted: Mapped[str] = mapped_column(Text)
    wanted_version: Mapped[int] = mapped_column(Integer)
    operation: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    dead: Mapped[bool] = mapped_column(server_default=text("false"))
    batch_id: Mapped[UUID | None]
    sent_key: Mapped[str | None] = mapped_column(Text)
    sent_digest: Mapped[str | None] = mapped_column(Text)
    sent_version: Mapped[int | None] = mapped_column(Integer)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_digest: Mapped[str | None] = mapped_column(Text)
    accepted_on: Mapped[date | None]
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason_code: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class FeedBatch(Base):
    """Rows that leave together: one file, one request or one transaction. The number grows; the same bytes have the same digest.

    `made` before it leaves, then `sent`; `refused` as a whole (its rows go again in smaller batches) or `replaced` (the records
    changed before it left).
    """

    __tablename__ = "feed_batch"
    __table_args__ = (
        CheckConstraint("state IN ('made', 'sent', 'refused', 'replaced')", name="state_known"),
        CheckConstraint("operation IN ('report', 'withdraw')", name="operation_known"),
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        Index("uq_feed_batch_number", "feed_id", "number", unique=True),
        Index("ix_feed_batch_made", "feed_id", postgresql_where=text("state = 'made'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    feed_id: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)
    operation: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    row_count: Mapped[int] = mapped_column(Integer)
    mapping: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class FeedBatchItem(Base):
    """One row of a batch: which version of which record it was, under which key, and what the other side said of it."""

    __tablename__ = "feed_batch_item"
    __table_args__ = (
        CheckConstraint("outcome IN ('received', 'accepted', 'rejected')", name="outcome_known"),
        ForeignKeyConstraint(["batch_id"], ["feed_batch.id"]),
        Index("ix_feed_batch_item_record", "uscc", "record_id"),
        {"info": LOCAL},
    )

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    uscc: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    row_key: Mapped[str] = mapped_column(Text)
    row_digest: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    answered_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)


class FeedReceiptFile(Base):
    """A file of receipts that was read; one with the same name and bytes is not read twice."""

    __tablename__ = "feed_receipt_file"
    __table_args__ = (ForeignKeyConstraint(["feed_id"], ["feed.id"]), {"info": LOCAL})

    feed_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class FeedReconciliation(Base):
    """One comparison of what the other side shows with what the ledger says that it should."""

    __tablename__ = "feed_reconciliation"
    __table_args__ = (
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        Index("ix_feed_reconciliation_feed_id", "feed_id", "id"),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    feed_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    shown_there: Mapped[int] = mapped_column(BigInteger)
    shown_here: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_equal: Mapped[bool]


class FeedDifference(Base):
    """A row that differs between both sides, from when it was first seen until it was settled."""

    __tablename__ = "feed_difference"
    __table_args__ = (
        CheckConstraint("kind IN ('missing', 'different', 'ended_still_shown', 'extra')", name="kind_known"),
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        Index(
            "uq_feed_difference_open", "feed_id", "row_key", unique=True, postgresql_where=text("settled_at IS NULL")
        ),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    feed_id: Mapped[str] = mapped_column(Text)
    row_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(Text)
    record_id: Mapped[UUID | None]
    first_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FeedDelivery(Base):
    """A file that a feed brought in, and what became of it.

    `fetched`, then `checking` (a dry run says what it would do), `held` where it would change more than a file may without a
    person, `importing`, and in the end `taken`, `failed` or `rejected`. `brake` says what it would change, `decide_by` the
    last day to decide. Until it has ended, answers about what `source_code` covers warn from `held_at` on; what the file says
    to have ended came in at once, by the import `ends_import_id`.
    """

    __tablename__ = "feed_delivery"
    __table_args__ = (
        CheckConstraint(
            "state IN ('fetched', 'checking', 'held', 'importing', 'taken', 'failed', 'rejected')", name="state_known"
        ),
        CheckConstraint("decided_by IS NULL OR reason IS NOT NULL", name="decided_with_reason"),
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        Index("ix_feed_delivery_mark", "feed_id", "name", "mark"),
        Index(
            "ix_feed_delivery_open", "feed_id", postgresql_where=text("state NOT IN ('taken', 'failed', 'rejected')")
        ),
        Index("ix_feed_delivery_unconfirmed", "source_code", postgresql_where=text("held_at IS NOT NULL")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    feed_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    check_id: Mapped[UUID | None]
    import_id: Mapped[UUID | None]
    brake: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    decided_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    hidden_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    restored_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    source_code: Mapped[str | None] = mapped_column(Text)
    authority_code: Mapped[str | None] = mapped_column(Text)
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decide_by: Mapped[date | None]
    ends_import_id: Mapped[UUID | None]
    ends_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    fetched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FeedMissing(Base):
    """A record that the newest complete file of its source no longer had, and that is hidden until somebody decides."""

    __tablename__ = "feed_missing"
    __table_args__ = (
        CheckConstraint(RECORDS, name="kind_known"),
        ForeignKeyConstraint(["feed_id"], ["feed.id"]),
        {"info": LOCAL},
    )

    feed_id: Mapped[str] = mapped_column(Text, primary_key=True)
    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_kind: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[UUID]
    hidden_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    restored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

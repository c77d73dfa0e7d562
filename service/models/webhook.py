"""Webhooks of platforms: where they are told, what waits to be told, and what they confirmed."""

from datetime import datetime
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
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class WebhookEndpoint(Base):
    """Where a platform is told of changes, and of which. `position` is the place in the log up to which messages were made.

    `failures` are consecutive ones, since `failing_since`; nothing is sent before `paused_until`.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'disabled')", name="state_known"),
        CheckConstraint("(state = 'disabled') = (disabled_at IS NOT NULL)", name="disabled_at_an_instant"),
        CheckConstraint(
            "disabled_because IS NULL OR disabled_because IN ('owner', 'gone', 'failing')", name="reason_known"
        ),
        CheckConstraint("(failing_since IS NULL) = (failures = 0)", name="failing_since_an_instant"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["watchlist_id"], ["watchlist.id"]),
        Index("ix_webhook_endpoint_principal_id", "principal_id", "id"),
        Index("ix_webhook_endpoint_watchlist_id", "watchlist_id"),
        Index("ix_webhook_endpoint_position", "position", postgresql_where=text("state = 'active'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    lists: Mapped[list[str]] = mapped_column(ARRAY(Text))
    watchlist_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    disabled_because: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer)
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    paused_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class WebhookSecret(Base):
    """What messages to an endpoint are signed with: until `signs_until`, or until it is replaced. Never shown again."""

    __tablename__ = "webhook_secret"
    __table_args__ = (
        ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], ondelete="CASCADE"),
        {"info": LOCAL},
    )

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signs_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookDelivery(Base):
    """One message on its way to one endpoint, and afterwards the record of it. It holds no content, which is rendered when sent.

    A message without a position is a test.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up', 'silent')", name="state_known"),
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="done_at_an_instant"),
        CheckConstraint("(position IS NULL) = (uscc IS NULL)", name="position_of_a_subject"),
        ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], ondelete="CASCADE"),
        Index("uq_webhook_delivery_endpoint_id_position", "endpoint_id", "position", unique=True),
        Index("ix_webhook_delivery_endpoint_id_id", "endpoint_id", "id"),
        Index("ix_webhook_delivery_due", "endpoint_id", "next_at", "id", postgresql_where=text("done_at IS NULL")),
        Index(
            "ix_webhook_delivery_subject",
            "endpoint_id",
            "uscc",
            "position",
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_webhook_delivery_done_at", "done_at", postgresql_where=text("done_at IS NOT NULL")),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    endpoint_id: Mapped[UUID]
    position: Mapped[int | None] = mapped_column(BigInteger)
    uscc: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=text("'waiting'"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    first_tried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_problem: Mapped[str | None] = mapped_column(Text)
    last_status: Mapped[int | None] = mapped_column(Integer)
    took_ms: Mapped[int | None] = mapped_column(Integer)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class TakedownReceipt(Base):
    """A platform's confirmation that it dropped a record whose publication ended; it is asked for with the message at `position`.

    It outlives its endpoint: what is owed stays owed.
    """

    __tablename__ = "takedown_receipt"
    __table_args__ = (
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        Index("ix_takedown_receipt_due_at", "due_at", postgresql_where=text("acknowledged_at IS NULL")),
        {"info": LOCAL},
    )

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    principal_id: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookNotice(Base):
    """A mail to whoever looks after an endpoint: it was disabled, and why."""

    __tablename__ = "webhook_notice"
    __table_args__ = (
        Index("ix_webhook_notice_next_at", "next_at", postgresql_where=text("sent_at IS NULL")),
        {"info": LOCAL},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    endpoint_id: Mapped[UUID]
    address: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    problem: Mapped[str | None] = mapped_column(Text)

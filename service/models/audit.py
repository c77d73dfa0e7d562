from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import APPEND_ONLY, LOCAL, Base


class AuditEntry(Base):
    """One thing that happened: who, for which authority, what, which record, why, outcome, when.

    Partitioned by month of `at`. The server's role may insert and read here, and nothing else. `owners` are the authorities
    whose unpublished records an answer held. Of a batch, `entry_count` is how many codes it asked for, `codes` their packed
    list (`service.audit.packing`) and `digest` its SHA-256.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('write', 'read', 'answer', 'refusal', 'count')", name="kind_known"),
        Index("ix_audit_entry_uscc", "uscc", "at", postgresql_where=text("uscc IS NOT NULL")),
        Index("ix_audit_entry_owners", "owners", postgresql_using="gin", postgresql_where=text("owners IS NOT NULL")),
        {"info": APPEND_ONLY, "postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    actor_name: Mapped[str | None] = mapped_column(Text)
    roles: Mapped[str | None] = mapped_column(Text)
    authority_code: Mapped[str | None] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(Text)
    record_kind: Mapped[str | None] = mapped_column(Text)
    record_id: Mapped[str | None] = mapped_column(Text)
    owners: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    purpose: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    entry_count: Mapped[int | None] = mapped_column(Integer)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    codes: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditPending(Base):
    """Entries that were committed together and are not in the chain yet; the chainer takes them out."""

    __tablename__ = "audit_pending"
    __table_args__ = ({"info": LOCAL},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entry_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    first_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AuditBlock(Base):
    """Some entries of one month in their order in the chain, with the hash over them and the block before.

    `entry_ids` has 16 bytes an entry, `leaves` 32 (SHA-256 of its canonical form). `first_position` counts entries from 1.
    """

    __tablename__ = "audit_block"
    __table_args__ = ({"info": APPEND_ONLY},)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(Text)
    first_position: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    entry_count: Mapped[int] = mapped_column(Integer)
    entry_ids: Mapped[bytes] = mapped_column(LargeBinary)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AuditHead(Base):
    """A signed statement about the chain up to and with a block; the same stands in a file outside the database."""

    __tablename__ = "audit_head"
    __table_args__ = ({"info": APPEND_ONLY},)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signature: Mapped[str] = mapped_column(Text)


class AuditSeal(Base):
    """A signed statement that the entries of a month, all of them in the chain, were removed because of their age."""

    __tablename__ = "audit_seal"
    __table_args__ = ({"info": APPEND_ONLY},)

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    signature: Mapped[str] = mapped_column(Text)

"""Reports of platforms to authorities: keys, what was asked for, what was sent, and measures that platforms published."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base

_KINDS = "('identity', 'lead', 'assistance', 'transactions')"


class SealingKey(Base):
    """The public half of an authority's key, to which reports are sealed; the private half is nowhere here.

    Without `seals_until` it is in use; until then it is taken beside its successor. `retired_at`: it is taken no more.
    """

    __tablename__ = "sealing_key"
    __table_args__ = (
        CheckConstraint("length(kid) = 43", name="kid_shape"),
        CheckConstraint("NOT jwk ? 'd'", name="public_half_only"),
        CheckConstraint("(retired_at IS NULL) = (retired_by IS NULL)", name="retired_by_somebody"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("uq_sealing_key_kid", "kid", unique=True),
        Index("ix_sealing_key_authority_code_id", "authority_code", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority_code: Mapped[str] = mapped_column(Text)
    kid: Mapped[str] = mapped_column(Text)
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version_no: Mapped[int] = mapped_column(Integer)
    registered_by: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seals_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retired_by: Mapped[str | None] = mapped_column(Text)
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReportRequest(Base):
    """What an authority asks of a platform, and by when. It says openly what kind of data, never about whom."""

    __tablename__ = "report_request"
    __table_args__ = (
        CheckConstraint(f"kind IN {_KINDS}", name="kind_known"),
        CheckConstraint("state IN ('open', 'answered', 'closed', 'withdrawn')", name="state_known"),
        CheckConstraint("length(trim(legal_basis)) > 0", name="has_basis"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        Index("ix_report_request_principal_id_id", "principal_id", "id"),
        Index("ix_report_request_authority_code_id", "authority_code", "id"),
        Index("ix_report_request_due_on", "due_on", postgresql_where=text("state = 'open'")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority_code: Mapped[str] = mapped_column(Text)
    principal_id: Mapped[UUID]
    version_no: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    working_days: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    state: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    overdue_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PlatformReport(Base):
    """A report of a platform: what stands openly on it, and the sealed whole, which this service cannot open.

    `sealed` is null once `erased_at`. `digest` is the SHA-256 of it in hexadecimal digits, by which the receipt names it.
    """

    __tablename__ = "platform_report"
    __table_args__ = (
        CheckConstraint(f"kind IN {_KINDS}", name="kind_known"),
        CheckConstraint("state IN ('received', 'accepted', 'returned')", name="state_known"),
        CheckConstraint("(state = 'received') = (settled_at IS NULL)", name="settled_at_an_instant"),
        CheckConstraint("(state = 'returned') = (cardinality(reasons) > 0)", name="returned_with_reason"),
        CheckConstraint("(sealed IS NULL) = (erased_at IS NOT NULL)", name="erased_at_an_instant"),
        CheckConstraint("period_until >= period_from", name="period_ends_after_it_begins"),
        CheckConstraint("part BETWEEN 1 AND parts", name="part_of_parts"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        ForeignKeyConstraint(["kid"], ["sealing_key.kid"]),
        ForeignKeyConstraint(["request_id"], ["report_request.id"]),
        Index("uq_platform_report_digest", "digest", unique=True),
        Index("uq_platform_report_principal_id_envelope_id", "principal_id", "envelope_id", unique=True),
        Index("ix_platform_report_principal_id_id", "principal_id", "id"),
        Index("ix_platform_report_authority_code_id", "authority_code", "id"),
        Index("ix_platform_report_request_id", "request_id"),
        Index("ix_platform_report_received_at", "received_at"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    envelope_id: Mapped[UUID]
    principal_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    period_from: Mapped[date]
    period_until: Mapped[date]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    part: Mapped[int] = mapped_column(Integer)
    parts: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[UUID | None]
    kid: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    bytes_count: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[str | None] = mapped_column(Text, deferred=True)
    due_on: Mapped[date | None]
    late: Mapped[bool]
    receipt: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    settled_by: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PlatformMeasure(Base):
    """A measure that a platform took against a merchant and published itself, and when it took it down again.

    `publish_by` is the last day on which publishing was in time (D37). A short-term measure stays until `until_on`.
    """

    __tablename__ = "platform_measure"
    __table_args__ = (
        CheckConstraint("measure IN ('warning', 'suspension', 'termination')", name="measure_known"),
        CheckConstraint("published_on >= taken_on", name="taken_before_published"),
        CheckConstraint("until_on >= taken_on", name="ends_after_it_begins"),
        CheckConstraint("(taken_down_on IS NULL) = (taken_down_because IS NULL)", name="taken_down_says_why"),
        CheckConstraint("taken_down_because IN ('ended', 'corrected', 'withdrawn')", name="reason_known"),
        CheckConstraint("taken_down_on >= published_on", name="published_before_taken_down"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("ix_platform_measure_principal_id_id", "principal_id", "id"),
        Index("ix_platform_measure_authority_code_id", "authority_code", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    version_no: Mapped[int] = mapped_column(Integer)
    uscc: Mapped[str | None] = mapped_column(Text)
    shop_name: Mapped[str] = mapped_column(Text)
    violation: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    taken_on: Mapped[date]
    publish_by: Mapped[date]
    published_on: Mapped[date]
    late: Mapped[bool]
    until_on: Mapped[date | None]
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_down_on: Mapped[date | None]
    taken_down_because: Mapped[str | None] = mapped_column(Text)

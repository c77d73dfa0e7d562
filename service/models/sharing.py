"""What authorities open to one another, and what each supplies (notice 渝府办发〔2017〕132号, task 9)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, Base


class SharingAgreement(Base):
    """What one authority asked another to open to it, for a purpose, and what became of it.

    `requested`, then `approved` or `refused` by the owner, with a reason; an approved one may be `revoked` by either. It is
    in force while it is approved, from `from_on` to `until_on`, both days included.
    """

    __tablename__ = "sharing_agreement"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'approved', 'refused', 'revoked')", name="state_known"),
        CheckConstraint("owner_code <> requester_code", name="between_two"),
        CheckConstraint("kinds <@ ARRAY['penalties', 'blacklist'] AND cardinality(kinds) > 0", name="kinds_known"),
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("length(trim(purpose)) > 0", name="has_purpose"),
        CheckConstraint("state = 'requested' OR (decided_by IS NOT NULL AND reason IS NOT NULL)", name="decided"),
        CheckConstraint("(state = 'revoked') = (revoked_by IS NOT NULL)", name="revoked_by_somebody"),
        ForeignKeyConstraint(["requester_code"], ["authority.code"]),
        ForeignKeyConstraint(["owner_code"], ["authority.code"]),
        Index("ix_sharing_agreement_requester_code", "requester_code", "id"),
        Index("ix_sharing_agreement_owner_code", "owner_code", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    requester_code: Mapped[str] = mapped_column(Text)
    owner_code: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purpose: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date]
    until_on: Mapped[date]
    state: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_because: Mapped[str | None] = mapped_column(Text)


class DataSupply(Base):
    """What an authority says that it supplies, of which kind and how often; `version_no` counts its statements."""

    __tablename__ = "data_supply"
    __table_args__ = (
        CheckConstraint("kind IN ('subjects', 'penalties', 'blacklist')", name="kind_known"),
        CheckConstraint("every_days > 0", name="every_days_positive"),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        {"info": LOCAL},
    )

    authority_code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    every_days: Mapped[int] = mapped_column(Integer)
    version_no: Mapped[int] = mapped_column(Integer)
    stated_by: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

"""Who stands in for whom, and who may read the whole file of an enterprise."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, USCC_SHAPE, Base, two_pairs_of_eyes


class Substitution(Base):
    """A role that a principal holds for somebody else from `from_on` to `until_on`, both days included.

    `substitute`: for a colleague who is away. `delegation`: handed on to somebody of another authority. `lent`: by the next
    higher authority, to an office in which nobody else may check. It lapses with the grant it rests on: that of
    `for_principal_id`, or, where it is lent, the principal's own at the higher authority. Nobody stands in before
    `confirmed_at`.
    """

    __tablename__ = "substitution"
    __table_args__ = (
        CheckConstraint("kind IN ('substitute', 'delegation', 'lent')", name="kind_known"),
        CheckConstraint("(kind = 'lent') = (for_principal_id IS NULL)", name="lent_or_for_somebody"),
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("length(trim(basis)) > 0", name="has_basis"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        *two_pairs_of_eyes("registered_by"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["for_principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("ix_substitution_principal_id", "principal_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_substitution_authority_code", "authority_code", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    principal_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str] = mapped_column(Text)
    for_principal_id: Mapped[UUID | None]
    from_on: Mapped[date]
    until_on: Mapped[date]
    basis: Mapped[str] = mapped_column(Text)
    registered_by: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SubjectAuthorisation(Base):
    """That a principal is an enterprise's agent, as an authority has seen it proven by `document`."""

    __tablename__ = "subject_authorisation"
    __table_args__ = (
        CheckConstraint(USCC_SHAPE, name="uscc_shape"),
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("length(trim(document)) > 0", name="has_document"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_somebody"),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("ix_subject_authorisation_principal_id", "principal_id"),
        Index("ix_subject_authorisation_authority_code", "authority_code", "id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(Text)
    principal_id: Mapped[UUID]
    authority_code: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date]
    until_on: Mapped[date]
    document: Mapped[str] = mapped_column(Text)
    registered_by: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

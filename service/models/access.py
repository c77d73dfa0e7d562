"""Principals, what they are granted, and the keys by which they are known."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import LOCAL, NO_PRINCIPAL, Base, two_pairs_of_eyes


class Principal(Base):
    """Somebody, or a program, that acts here. Known by its keys, or by `subject` at an OIDC issuer.

    From `blocked_at` on neither its keys nor its tokens open anything.
    """

    __tablename__ = "principal"
    __table_args__ = (
        CheckConstraint("(issuer IS NULL) = (issuer_subject IS NULL)", name="issuer_with_subject"),
        CheckConstraint("(blocked_at IS NULL) = (blocked_by IS NULL)", name="blocked_by_somebody"),
        Index(
            "uq_principal_issuer_issuer_subject",
            "issuer",
            "issuer_subject",
            unique=True,
            postgresql_where=text("issuer IS NOT NULL"),
        ),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(Text)
    issuer_subject: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    blocked_by: Mapped[str | None] = mapped_column(Text)
    blocked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AccessGrant(Base):
    """A role that a principal holds for an authority, from `from_on` to `until_on`, both days included.

    A grant is never changed: it ends, and another one begins. `granted_by`, `confirmed_by` and `revoked_by` are principals,
    or the command line. It gives nothing before `confirmed_at`.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_somebody"),
        *two_pairs_of_eyes("granted_by"),
        CheckConstraint(
            "role IN ('exporter', 'platform', 'subject_agent') OR confirmed_at IS NULL OR confirmed_by IS NOT NULL"
            f" OR granted_by {NO_PRINCIPAL}",
            name="not_by_one_administrator",
        ),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["authority_code"], ["authority.code"]),
        Index("ix_access_grant_principal_id", "principal_id"),
        Index(
            "ix_access_grant_authority_code_role",
            "authority_code",
            "role",
            postgresql_where=text("revoked_at IS NULL"),
        ),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(Text)
    authority_code: Mapped[str | None] = mapped_column(Text)
    from_on: Mapped[date | None]
    until_on: Mapped[date | None]
    granted_by: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApiKey(Base):
    """A key as its hash; the secret itself is shown once, when the key is made, and stored nowhere.

    It is valid from `confirmed_at` until `expires_at` or `revoked_at`, from the `networks` (CIDR) where any are named. `rotated_to` is the key
    that takes its place; until its end both are valid.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        ForeignKeyConstraint(["rotated_to"], ["api_key.id"]),
        *two_pairs_of_eyes("created_by"),
        Index("uq_api_key_secret_hash", "secret_hash", unique=True),
        Index("ix_api_key_principal_id", "principal_id"),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rotated_to: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BrowserSession(Base):
    """A sign-in at the console, by a cookie of which the hash stands here and the cookie nowhere.

    Made of a key it opens what the key opens, as long as that does; made at an OIDC issuer what its `principal_id` holds, and
    the `claim_grants` that the claims of the ID token gave (role and authority). Until `expires_at` or `ended_at`.
    `confirmed_at` is when whoever signed in at an issuer last showed there who he is, in order to confirm an act.
    """

    __tablename__ = "browser_session"
    __table_args__ = (
        ForeignKeyConstraint(["key_id"], ["api_key.id"]),
        ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        CheckConstraint("(key_id IS NULL) <> (principal_id IS NULL)", name="of_a_key_or_at_an_issuer"),
        CheckConstraint(
            "(principal_id IS NULL) = (issuer IS NULL) AND (principal_id IS NULL) = (name IS NULL)"
            " AND (principal_id IS NULL) = (claim_grants IS NULL)",
            name="principal_with_issuer",
        ),
        CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),
        Index("uq_browser_session_token_hash", "token_hash", unique=True),
        Index("ix_browser_session_key_id", "key_id"),
        Index("ix_browser_session_principal_id", "principal_id", postgresql_where=text("principal_id IS NOT NULL")),
        {"info": LOCAL},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[UUID | None]
    principal_id: Mapped[UUID | None]
    issuer: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    claim_grants: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AccessVersion(Base):
    """One row: a counter that rises with every change of who may do what, so that processes forget what they remember."""

    __tablename__ = "access_version"
    __table_args__ = (CheckConstraint("one", name="single_row"), {"info": LOCAL})

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger)

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import REFERENCE, Base


class Authority(Base):
    """A body that decides. `parent_code` is the next higher authority; `system` the administrative system it belongs to."""

    __tablename__ = "authority"
    __table_args__ = {"info": REFERENCE}

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    uscc: Mapped[str | None] = mapped_column(Text)
    system: Mapped[str] = mapped_column(Text)
    division_code: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text, ForeignKey("authority.code"))
    successor_code: Mapped[str | None] = mapped_column(Text, ForeignKey("authority.code"))
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    citation: Mapped[str | None] = mapped_column(Text)


class AuthoritySuccession(Base):
    """From the legal day `effective_on`, the records of one authority are another one's (the mergers of 2018 are the model)."""

    __tablename__ = "authority_succession"
    __table_args__ = (
        CheckConstraint("predecessor_code <> successor_code", name="of_another"),
        CheckConstraint("length(trim(citation)) > 0", name="has_citation"),
        {"info": REFERENCE},
    )

    predecessor_code: Mapped[str] = mapped_column(Text, ForeignKey("authority.code"), primary_key=True)
    successor_code: Mapped[str] = mapped_column(Text, ForeignKey("authority.code"), primary_key=True)
    effective_on: Mapped[date]
    citation: Mapped[str] = mapped_column(Text)


class Region(Base):
    """One GB/T 2260 code under one name, with the editions in which the pair was seen first and last (YYYYMM)."""

    __tablename__ = "region"
    __table_args__ = {"info": REFERENCE}

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    level: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    first_edition: Mapped[str] = mapped_column(Text)
    last_edition: Mapped[str] = mapped_column(Text)


class Source(Base):
    """Where rows come from.

    `published` sources have shown their rows to the public already, at `published_where`; their rows enter as published.
    `covers` names what the source is complete for, as `what:region` with what in registrations, penalties, lists and a
    region prefix of a division code (`penalties:50`; an empty prefix is the whole country). `trust` ranks it by field, as
    `registration_status:10`: where sources disagree, the smaller rank decides what is shown.
    """

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint("NOT published OR published_where IS NOT NULL", name="published_says_where"),
        {"info": REFERENCE},
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    published: Mapped[bool]
    published_where: Mapped[str | None] = mapped_column(Text)
    covers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    importing_authorities: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    stale_after_days: Mapped[int] = mapped_column(Integer, server_default=text("35"))
    licence: Mapped[str | None] = mapped_column(Text)
    trust: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Blacklist(Base):
    """A named list with its legal basis. A list without one cannot be stored."""

    __tablename__ = "blacklist"
    __table_args__ = (
        CheckConstraint("length(trim(legal_basis)) > 0", name="has_legal_basis"),
        CheckConstraint("severity IN ('serious', 'abnormal', 'notice')", name="severity_known"),
        CheckConstraint(
            "basis_level IN ('law', 'administrative_regulation', 'central_policy', 'department_rule', 'local_regulation')",
            name="basis_level_known",
        ),
        CheckConstraint("scope IN ('national', 'local')", name="scope_known"),
        {"info": REFERENCE},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    severity: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    basis_level: Mapped[str] = mapped_column(Text)
    list_authority: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    catalog_edition: Mapped[str | None] = mapped_column(Text)
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    period_months: Mapped[int | None] = mapped_column(Integer)
    grade: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


class LegalRule(Base):
    """One dated row of the rulebook: a publication period or a deadline, with citation and grade; `body` is the row.

    `origin` is seed (the service brings it) or entered (proposed by one rule keeper, approved by another). A row is never
    changed: a correction is a new one that `supersedes` it.
    """

    __tablename__ = "legal_rule"
    __table_args__ = (
        CheckConstraint("kind IN ('period', 'deadline', 'parameter')", name="kind_known"),
        CheckConstraint("grade IN ('verified', 'secondary', 'unverified')", name="grade_known"),
        CheckConstraint("origin IN ('seed', 'entered')", name="origin_known"),
        CheckConstraint("supersedes <> id", name="supersedes_another"),
        {"info": REFERENCE},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    citation: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    body: Mapped[dict[str, object]] = mapped_column(JSONB)
    origin: Mapped[str] = mapped_column(Text, server_default=text("'seed'"))
    supersedes: Mapped[str | None] = mapped_column(Text)
    entered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CatalogVersion(Base):
    """One row: a counter that rises with every change of a catalogue, so that processes know when to read them again."""

    __tablename__ = "catalog_version"
    __table_args__ = (CheckConstraint("one", name="single_row"), {"info": REFERENCE})

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger)
    seed_digest: Mapped[str | None] = mapped_column(Text)

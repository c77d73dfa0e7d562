"""Which records an actor may read: one condition, `visible_to`, for every read of versions of record, bulk paths included.

What is not visible is not there: it is found by no query, counted nowhere and named in no error. Status answers, the change
log, exports and pages do not ask here: they show what is public, the same to everybody (house decision 2).
"""

from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, bindparam, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from service.access.rules import RECORD_ROLES, Actor, Role
from service.models import BlacklistEntryVersion, DataImport, PenaltyVersion

Version = type[PenaltyVersion] | type[BlacklistEntryVersion]

#: States that are past every draft: what has been decided and published once.
DECIDED: Final = ("published", "ended")

#: The kinds of record that a sharing agreement may open, by table.
SHARED_KINDS: Final[dict[Version, str]] = {PenaltyVersion: "penalties", BlacklistEntryVersion: "blacklist"}

#: Roles that hand files in, and so see what became of them.
IMPORT_ROLES: Final = frozenset({Role.REGISTRAR, Role.RECORDER, Role.LISTER})
#: Roles that see imports: of their authorities and of those under them.
IMPORT_READERS: Final = IMPORT_ROLES | RECORD_ROLES | {Role.AUDITOR}


def among(column: InstrumentedAttribute[Any], values: frozenset[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of `values`; with none of them it is never true."""
    if not values:
        return false()
    return column == any_(bindparam(None, sorted(values), type_=ARRAY(Text), unique=True))


def is_public(version: Version, *, on: date) -> ColumnElement[bool]:
    """Return the condition that a version is public on the legal day `on`: its state allows it, its window holds the day."""
    return and_(
        version.state == "published",
        version.public_reason.is_(None),
        version.public_from <= on,
        or_(version.public_until.is_(None), version.public_until >= on),
    )


def is_own(actor: Actor, version: Version) -> ColumnElement[bool]:
    """Return the condition that the actor sees a version in full: its authority's, one's below, or one that it audits."""
    return true() if actor.audits_everything else among(version.authority_code, actor.sees_records_of)


def is_about(actor: Actor, version: Version) -> ColumnElement[bool]:
    """Return the condition that a version is a decided record about an enterprise whose agent the actor is."""
    return and_(version.state.in_(DECIDED), among(version.uscc, actor.subjects))


def is_shared(actor: Actor, version: Version) -> ColumnElement[bool]:
    """Return the condition that an agreement opens a version to the actor.

    Never what has ended: repair means silence, to other authorities too (house decision 4).
    """
    return and_(
        version.state == "published",
        or_(version.public_until.is_(None), version.public_until >= actor.on),
        among(version.authority_code, actor.shared_with_it(SHARED_KINDS[version])),
    )


def visible_to(actor: Actor, version: Version) -> ColumnElement[bool]:
    """Return the condition that the actor may read a version of record, on its day `actor.on`.

    It sees what is public; all of its own authorities and of those under them; what sharing agreements open to it; decided
    records, ended ones too, of the enterprises whose agent it is. A void record was a mistake: nobody sees it.
    """
    return and_(
        version.state != "void",
        or_(
            is_public(version, on=actor.on),
            is_own(actor, version),
            is_about(actor, version),
            is_shared(actor, version),
        ),
    )


def imports_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may read an import and its rows: its authorities' own, and those under them."""
    if actor.audits_everything:
        return true()
    return among(DataImport.authority_code, actor.authorities(*IMPORT_ROLES) | actor.sees_records_of)

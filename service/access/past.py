"""A past that is asked about, and who may see of it what: one condition for lists, credit files and the public search.

Two times, as in status answers: `as_of` moves the day against which windows are held, `known_at` the position of the change
log up to which versions count. Whoever sees no more than the public sees what was told then and may still be told: silence
holds for the past too (house decisions 3 and 4). A record's own people see what was known then, whatever became of it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Select, and_, literal_column, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from service.access.rules import Actor
from service.access.visibility import Version, is_about, is_own, is_public, is_shared
from service.changes.queries import find_head
from service.clock import legal_day
from service.db import ReadSession, driver
from service.models import BlacklistEntryVersion, PenaltyVersion
from service.status.queries import KNOWN_BY, SILENCED, find_position_at

#: The day on which a record was decided; one without is never left out for its day.
_DECIDED: Final[dict[Version, InstrumentedAttribute[Any]]] = {
    PenaltyVersion: PenaltyVersion.decided_on,
    BlacklistEntryVersion: BlacklistEntryVersion.listed_on,
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What an asker named: the instants of `as_of` and `known_at`, each None where it was left out."""

    as_of: datetime | None
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class Past:
    """A moment with its place in the log: versions numbered by `position` count, windows are held against `day`."""

    moment: Moment
    day: date
    position: int

    @property
    def known_at(self) -> datetime | None:
        """The instant by which everything was known; None: the head of the log."""
        return self.moment.known_at


async def find_past(session: ReadSession, moment: Moment, *, today: date) -> Past:
    """Return a moment with its day and its position: those of the present for what was left out."""
    connection = await driver(session)
    day = today if moment.as_of is None else legal_day(moment.as_of)
    if moment.known_at is None:
        return Past(moment, day, (await find_head(connection)).position)
    return Past(moment, day, await find_position_at(connection, moment.known_at))


def of_table(condition: str, version: Version, **values: str) -> ColumnElement[bool]:
    """Return one of the conditions above on the rows of a table of versions."""
    table = version.__tablename__
    words = condition.replace("{table}", table).replace("{v}", table)
    for name, value in values.items():
        words = words.replace(f"{{{name}}}", value)
    return literal_column(f"({words})", Boolean)


def select_then(actor: Actor, version: Version, past: Past, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the query for the versions of record that were known then and that the actor may see.

    Beside `columns` it gives `told` (everybody may be told of it), `is_own` and `is_about`, and `held_now`: the texts that
    are held back today.
    """
    now = aliased(version, name="present")
    told = _told(version, now, past, actor.on)
    known = of_table(KNOWN_BY, version, position=str(past.position))
    present = and_(now.uscc == version.uscc, now.id == version.id, now.superseded_at.is_(None))
    return (
        select(
            *columns,
            told.label("told"),
            is_own(actor, version).label("is_own"),
            is_about(actor, version).label("is_about"),
            now.held_texts.label("held_now"),
        )
        .select_from(version)
        .join(now, present)
        .where(known, or_(told, _seen(actor, version, now, past)))
    )


def _told(version: Version, now: Version, past: Past, today: date) -> ColumnElement[bool]:
    return and_(is_public(version, on=past.day), is_public(now, on=today), not_(of_table(SILENCED, version)))


def _seen(actor: Actor, version: Version, now: Version, past: Past) -> ColumnElement[bool]:
    about = and_(is_about(actor, version), not_(of_table(SILENCED, version)))
    shared = and_(
        is_shared(actor, version),
        now.state == "published",
        or_(now.public_until.is_(None), now.public_until >= actor.on),
        not_(of_table(SILENCED, version)),
    )
    seen = or_(and_(is_own(actor, version), version.state != "void"), about, shared)
    if past.moment.as_of is None:
        return seen
    decided = _DECIDED[version]
    return and_(seen, or_(decided.is_(None), decided <= past.day))


def as_told_then(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of a query
    """Return a row of `select_then`; what is held back today stays unsaid for the past too, but for its own people."""
    found = dict(row)
    if not found["is_own"]:
        found["held_texts"] = sorted({*found["held_texts"], *found["held_now"]})
    return found

"""What a reader of the change log may see: the log holds ids, and each change is rendered when it is read.

A record that is public today shows its present public view at every one of its positions; one that was public and is not
any more shows a tombstone; everything else shows its position alone, so that a reader can see that none is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from service.errors import Conflict, Invalid, Unavailable
from service.reading.names import is_sole_trader_without_trade_name


class LogChanged(Conflict):
    """The log asked for is not the one kept here (a restored database starts a new one): take the snapshot and go on from it."""

    code = "log_changed"


class PositionAhead(Invalid):
    """The position lies behind the head of the log: nobody can have read as far as that."""

    code = "position_ahead"


class ChangeKind(StrEnum):
    """What a change is about."""

    SUBJECT = "subject"
    PENALTY = "penalty"
    BLACKLIST_ENTRY = "blacklist_entry"


#: Where the public state is to be had whole, for readers who cannot go on from where they were.
SNAPSHOT: Final = "/v1/changes/snapshot"

#: Events that only this rendering gives; a stored `ended` of a record that is shown again reads `published`.
ENDED: Final = "ended"
NONE: Final = "none"
UNREGISTERED: Final = "unregistered"

RENDERED: Final = {
    ChangeKind.PENALTY: (
        ("id", "id"),
        ("document_no", "document_no"),
        ("kinds", "kinds"),
        ("authority", "authority_name"),
        ("decided_on", "decided_on"),
        ("publish_from", "public_from"),
        ("publish_until", "public_until"),
        ("fine_fen", "fine_fen"),
    ),
    ChangeKind.BLACKLIST_ENTRY: (
        ("id", "id"),
        ("list", "list_id"),
        ("list_name", "list_name"),
        ("severity", "severity"),
        ("grounds", "grounds"),
        ("authority", "authority_name"),
        ("document_no", "document_no"),
        ("listed_on", "listed_on"),
        ("publish_until", "public_until"),
    ),
}


class DayNotLogged(Unavailable):
    """What opened or closed by the clock today is not in the log yet, so no position has today's state. Ask again in a moment."""

    code = "day_not_logged"


class MalformedEventId(Invalid):
    """`Last-Event-ID` is not the id of an event of this log: `LOG_ID:POSITION`."""

    code = "malformed_event_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes a reader wants; nothing named means all.

    `kinds` are those of `ChangeKind`, `regions` beginnings of digits 3 to 8 of the code, `lists` ids of lists. A tombstone says nothing
    of these, since it names no subject, and so comes to every reader: who does not hold the record drops nothing.
    """

    kinds: frozenset[str] = frozenset()
    regions: tuple[str, ...] = ()
    lists: frozenset[str] = frozenset()

    def takes(self, item: dict[str, Any]) -> bool:
        """Return whether a rendered change is among those wanted."""
        if not (self.kinds or self.regions or self.lists) or item["event"] == ENDED:
            return True
        if item["event"] == NONE:
            return False
        if self.kinds and item["kind"] not in self.kinds:
            return False
        if self.regions and not item["uscc"][2:8].startswith(self.regions):
            return False
        return not self.lists or (item["kind"] == ChangeKind.BLACKLIST_ENTRY and item["record"]["list"] in self.lists)


def read_event_id(text: str) -> tuple[UUID, int]:
    """Return log and position from the id of an event.

    Raises:
        MalformedEventId: it is none.
    """
    log_id, _, position = text.strip().partition(":")
    try:
        if not position.isascii() or not position.isdecimal() or len(position) > 18:
            raise ValueError(position)
        return UUID(log_id), int(position)
    except ValueError:
        raise MalformedEventId(
            "Last-Event-ID must be the id of an event as it was sent: LOG_ID:POSITION.",
            detail_zh="Last-Event-ID 应为收到过的事件编号：LOG_ID:POSITION。",
        ) from None


def event_id(log_id: UUID, position: int) -> str:
    """Return the id of the event at a position."""
    return f"{log_id}:{position}"


@dataclass(frozen=True, slots=True)
class LogHead:
    """The identity of the log and the last position in it."""

    log_id: UUID
    position: int


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One row of the log; `kind` is None where readers are told no more than that the position is taken."""

    position: int
    uscc: str
    kind: ChangeKind | None
    record_id: UUID | None
    event: str


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """A numbered version of a record: its state and window, and the legal days on which it came to be known and was replaced.

    `public_until` is the last day shown; without one the record is shown until it is removed. `known_until` is None for
    the present version.
    """

    state: str
    public_from: date | None
    public_until: date | None
    public_reason: str | None
    known_from: date
    known_until: date | None

    def is_shown(self, *, on: date) -> bool:
        """Return whether the state and the window allow it on day `on`, both ends of the window included."""
        return (
            self.state == "published"
            and self.public_reason is None
            and self.public_from is not None
            and self.public_from <= on
            and (self.public_until is None or on <= self.public_until)
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a subject's registration, and whether a registry source ever said it was registered."""

    registered: bool
    was_registered: bool
    name: str | None
    status: str | None
    successors: Sequence[str] = ()


def ended_on(versions: Sequence[KnownVersion], *, on: date) -> date | None:
    """Return the first day on which a record was no longer shown, or None where it is shown on `on` or never was.

    `versions` are all numbered versions, oldest first. A version was shown from the later of its window's first day and the
    day it came to be known, to the earlier of its window's last day and the day it was replaced. A window that had passed
    before the version was known never showed anything, so it leaves no tombstone either.
    """
    if versions and versions[-1].is_shown(on=on):
        return None
    for version in reversed(versions):
        first = max(version.public_from or date.max, version.known_from)
        last = min(version.public_until or date.max, version.known_until or date.max, on)
        if first <= last and version.is_shown(on=first):
            passed = version.public_until + timedelta(days=1) if version.public_until else date.max
            return min(passed, version.known_until or date.max)
    return None


def told_kind(change: LoggedChange) -> ChangeKind:
    """Return the kind of a change that readers are told of.

    Raises:
        ValueError: they are told nothing of it.
    """
    if change.kind is None:
        raise ValueError(f"nobody is told of the change at position {change.position}")
    return change.kind


def public_view(kind: ChangeKind, row: dict[str, Any]) -> dict[str, Any]:
    """Return the public members of a record's version; texts that are held back for personal data are null."""
    held = set(row["held_texts"])
    return {name: None if column in held else row[column] for name, column in RENDERED[kind]}


def render_record(
    change: LoggedChange, versions: Sequence[KnownVersion], row: dict[str, Any] | None, *, on: date
) -> dict[str, Any]:
    """Return a penalty's or an entry's change as it reads on day `on`; `row` is the record's present version."""
    if row is not None and versions and versions[-1].is_shown(on=on):
        return {
            "position": change.position,
            "event": "published" if change.event == ENDED else change.event,
            "kind": told_kind(change).value,
            "uscc": change.uscc,
            "id": change.record_id,
            "record": public_view(told_kind(change), row),
        }
    end = ended_on(versions, on=on)
    if end is None:
        return {"position": change.position, "event": NONE}
    return {"position": change.position, "event": ENDED, "id": change.record_id, "ended_on": end}


def render_registration(change: LoggedChange, registration: Registration | None) -> dict[str, Any]:
    """Return a subject's change as it reads now: code, name and registration status, while a registry source says them.

    The name of a sole trader without a trade name is a person's: the code stands alone. A registration that was taken back
    is told as `unregistered`.
    """
    if registration is None or not (registration.registered or registration.was_registered):
        return {"position": change.position, "event": NONE}
    told = {"position": change.position, "kind": told_kind(change).value, "uscc": change.uscc, "id": None}
    if not registration.registered:
        return told | {"event": UNREGISTERED, "record": None}
    record = registration_view(change.uscc, registration.name, registration.status, registration.successors)
    return told | {"event": change.event, "record": record}


def registration_view(uscc: str, name: str | None, status: str | None, successors: Sequence[str]) -> dict[str, Any]:
    """Return the public members of a registration; the name of a sole trader without a trade name is a person's."""
    nameless = is_sole_trader_without_trade_name(name, uscc)
    return {"name": None if nameless else name, "registration_status": status, "successors": list(successors)}


def check_reader(head: LogHead, *, after: int, log_id: UUID | None) -> None:
    """Refuse a reader who follows another log, or who claims a position that this log has not reached.

    Raises:
        LogChanged: `log_id` is not this log's.
        PositionAhead: `after` lies behind the head.
    """
    if log_id is not None and log_id != head.log_id:
        raise LogChanged(
            f"You follow the log {log_id}; the log kept here is {head.log_id}. Take the snapshot and go on from its"
            " position.",
            detail_zh="变更日志已更换，请下载快照，并从其位置继续。",
            log_id=str(head.log_id),
            snapshot=SNAPSHOT,
        )
    if after > head.position:
        raise PositionAhead(
            f"You ask for what follows position {after}; the log ends at {head.position}.",
            detail_zh="所给位置超出日志末尾。",
            head_position=head.position,
        )

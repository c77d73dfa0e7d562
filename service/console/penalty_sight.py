"""What the pages of a penalty show beside the record: what follows from what was typed, texts side by side, what a move does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.catalog.rules import Catalog
from service.console.desk import Desk
from service.console.history import Step, steps_of
from service.penalties.actions import KIND, content_of, first_days, review, work_out
from service.penalties.queries import find_same_number
from service.penalties.rules import MOVES, ONCE_SHOWN, TEXTS, Content, State, natural_key
from service.penalties.rules.gate import Checklist, TextPlace, checklist_view, public_text
from service.penalties.views import versions_view
from service.reading.names import fold_name
from service.records.queries import Row, list_versions, new_id
from service.rulebook.windows import Window, Windows
from service.subjects.queries import find_registration

CHANNELS: Final = ("public", "gsxt", "credit_china")
#: Moves after which the public sees something that it did not see before: who makes one gives his key again.
SHOWING: Final = frozenset({"publish", "republish", "resume", "correct"})


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows from a content: windows by channel, the review's points, and what to look at before it is recorded."""

    windows: Windows
    checklist: dict[str, Any]
    registered_name: str | None
    other_name: bool
    same_number: UUID | None

    @property
    def channels(self) -> list[Window]:
        """The windows, this service's own first."""
        return [getattr(self.windows, channel) for channel in CHANNELS]


async def look_ahead(
    session: AsyncSession,
    catalog: Catalog,
    *,
    uscc: str,
    authority: str,
    content: Content,
    today: date,
    row: Row | None = None,
) -> Ahead:
    """Return what follows from a content of a penalty, recorded (`row`) or not, as if it were published today."""
    base: Row = row or {
        "uscc": uscc, "id": new_id(), "authority_code": authority, "state": State.DRAFT, "published_on": None,
        "public_from": None,
    }  # fmt: skip
    published_on, public_from = first_days(base, today=today)
    windows = work_out(catalog, base, content, published_on=published_on, public_from=public_from)
    checklist = await review(session, catalog, base, content, today=today)
    registration = await find_registration(session, uscc=uscc)
    name = None if registration is None else registration.name
    key = natural_key(base["authority_code"], content, base["id"])
    same = await find_same_number(session, uscc=uscc, natural_key=key)
    return Ahead(
        windows,
        checklist_view(checklist),
        registered_name=name,
        other_name=bool(name and content.party_name and fold_name(name) != fold_name(content.party_name)),
        same_number=None if same == base["id"] else same,
    )


@dataclass(frozen=True, slots=True)
class Side:
    """A text as it was served, cut where the scan marks something, beside its public form; None: the same."""

    name: str
    pieces: list[tuple[str, str | None]]
    public: str | None


def sides_of(content: Content, places: Iterable[TextPlace]) -> list[Side]:
    """Return the texts of a content that the public may be shown, each beside its public form."""
    found = []
    for name in TEXTS:
        text = getattr(content, name)
        if text:
            marks = sorted((one for one in places if one.field == name), key=lambda one: one.start)
            shown = public_text(content, name)
            found.append(Side(name, _cut(text, marks), None if shown == text else shown))
    return found


def _cut(text: str, marks: Sequence[TextPlace]) -> list[tuple[str, str | None]]:
    pieces: list[tuple[str, str | None]] = []
    end = 0
    for one in marks:
        if one.start < end:
            continue
        pieces += [(text[end : one.start], None), (text[one.start : one.end], one.kind)]
        end = one.end
    return [piece for piece in [*pieces, (text[end:], None)] if piece[0]]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a move does on one channel: the key of its words, and the days they name."""

    channel: str
    words: str
    first: date | None = None
    last: date | None = None


def effects_of(command: str, row: Row, windows: Windows | None) -> list[Effect]:
    """Return what a move would do on each channel; `windows` are those it would be shown in, where it shows the record."""
    event = MOVES[command].event if command in MOVES else "recorded"
    if event == "ended":
        return hiding(row)
    if event in {"published", "corrected"} and windows is not None:
        suspended = event == "corrected" and row["state"] == State.SUSPENDED
        return [_stays_hidden(one) if suspended else _shown(one) for one in _by_channel(windows)]
    return []


def hiding(row: Row) -> list[Effect]:
    """Return what hiding a record, of whatever kind, does on each channel that its versions name."""
    return [_hidden(channel, row) for channel in CHANNELS if f"{channel}_from" in row]


def _by_channel(windows: Windows) -> list[Window]:
    return [getattr(windows, channel) for channel in CHANNELS]


def _hidden(channel: str, row: Row) -> Effect:
    if row["state"] not in ONCE_SHOWN or row[f"{channel}_from"] is None:
        return Effect(channel, "effect.not_there")
    if row["state"] != State.PUBLISHED and channel == "public":
        return Effect(channel, "effect.hidden_already")
    words = "effect.hidden_now" if channel == "public" else "effect.told_to_hide"
    return Effect(channel, words, row[f"{channel}_from"], row[f"{channel}_until"])


def _shown(window: Window) -> Effect:
    channel = window.channel.value
    if window.starts_on is None:
        return Effect(channel, "effect.not_shown")
    words = "effect.shown_here" if channel == "public" else "effect.sent"
    return Effect(channel, words, window.starts_on, window.ends_on)


def _stays_hidden(window: Window) -> Effect:
    return Effect(window.channel.value, "effect.stays_hidden", window.starts_on, window.ends_on)


async def history_of(session: AsyncSession, desk: Desk, *, uscc: str, record_id: UUID, after: int = 0) -> list[Step]:
    """Return what happened to a record behind the version `after`, newest first; nothing to who does not see it in full."""
    rows = await list_versions(session, KIND, uscc=uscc, record_id=record_id, actor=desk.actor)
    views = versions_view(rows, actor=desk.actor, today=desk.today)
    return await steps_of(session, rows, views, noun="penalty", after=after)


async def windows_after(
    session: AsyncSession, catalog: Catalog, row: Row, *, content: Content | None = None, today: date
) -> tuple[Windows, Checklist]:
    """Return the windows of a record as it would be shown today, and its checklist."""
    of = content or content_of(row)
    published_on, public_from = first_days(row, today=today)
    windows = work_out(catalog, row, of, published_on=published_on, public_from=public_from)
    return windows, await review(session, catalog, row, of, today=today)


def is_of_authority(actor: Actor, row: Row) -> bool:
    """Return whether the actor is of the record's own authority, which alone is shown the texts as they were served."""
    return actor.acts_for(row["authority_code"], *MOVES["recall"].roles)

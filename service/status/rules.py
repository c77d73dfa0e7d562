"""What a status answer says: the four outcomes, who covers a region, and the moments that may be asked about.

Unknown is never clean: `clear` needs a registration that a registry source stated, and at least one source of penalties and
one of list entries that cover the region and have delivered (house decision 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from service.catalog.rules import Coverage, parse_cover
from service.clock import SHANGHAI, day_start
from service.errors import Conflict, Invalid, TooLarge
from service.reading.names import fold_name
from service.uscc.rules import STATE_WORDS, CodeState

Words = dict[str, str | None]

#: Codes of one batch, at most.
MAX_BATCH: Final = 10_000


class MalformedUscc(Invalid):
    """What was given as a credit code is none; `positions` says which characters are wrong, `suggestion` what may be meant."""

    code = "malformed_uscc"


class MalformedMoment(Invalid):
    """`as_of` or `known_at` is neither a day (2026-11-24) nor an instant with its offset (2026-11-24T12:00:00+08:00)."""

    code = "malformed_moment"


class FutureMoment(Invalid):
    """`as_of` or `known_at` lies in the future: the answer could still change."""

    code = "future_moment"


class TooManyCodes(TooLarge):
    """A batch holds more than 10,000 codes."""

    code = "too_many_codes"


class PositionNotReached(Conflict):
    """The change log has not come to the position in `after_position` in time: it is not numbered yet, or never was."""

    code = "position_not_reached"


class Outcome(StrEnum):
    """The four answers; the first that applies, in this order, is the answer."""

    LISTED = "listed"
    PENALISED = "penalised"
    CLEAR = "clear"
    NOT_COVERED = "not_covered"


class Reason(StrEnum):
    """Why a subject is not covered."""

    NO_REGISTRATION = "no_registration"
    NO_SOURCE = "no_source"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, with the reason when it is `not_covered`."""

    outcome: Outcome
    reason: Reason | None = None


LISTED: Final = Verdict(Outcome.LISTED)
PENALISED: Final = Verdict(Outcome.PENALISED)
CLEAR: Final = Verdict(Outcome.CLEAR)
UNREGISTERED: Final = Verdict(Outcome.NOT_COVERED, Reason.NO_REGISTRATION)
UNCOVERED: Final = Verdict(Outcome.NOT_COVERED, Reason.NO_SOURCE)


def outcome(*, listed: bool, penalised: bool, registered: bool, covered: bool) -> Verdict:
    """Return the answer about one subject: the first that applies, as `Outcome` orders them (house decision 5).

    A list entry weighs more than the penalty it may rest on, so listed comes before penalised; both stand in the answer.
    `listed` and `penalised`: something of that kind is public now; `registered`: a registry source stated its registration;
    `covered`: its region is covered (see `SourceMap`).
    """
    if listed:
        return LISTED
    if penalised:
        return PENALISED
    if not registered:
        return UNREGISTERED
    return CLEAR if covered else UNCOVERED


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source, what it covers (`what:region prefix`), and the last day on which it delivered; None: it never did.

    `held_since` is the day since which a file of it waits for a person, because it would change too much.
    """

    code: str
    covers: tuple[str, ...]
    stale_after_days: int
    fresh_to: date | None
    held_since: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RegionCoverage:
    """How one region is covered: `sources` are those that claim it, `warnings` speak of the stale and unconfirmed ones."""

    covered: bool
    sources: tuple[SourceState, ...]
    warnings: tuple[Words, ...]


class SourceMap:
    """Which sources cover which region on one day.

    A source covers a region for penalties or lists when it claims it and has delivered at least once; a source that never
    delivered knows nothing. One whose last delivery is more than `stale_after_days` calendar days old covers with a warning.
    """

    def __init__(self, sources: Iterable[SourceState], *, on: date) -> None:
        self._on = on
        self._claims: dict[str, list[tuple[Coverage, SourceState]]] = {}
        for source in sources:
            for what, prefix in map(parse_cover, source.covers):
                self._claims.setdefault(prefix, []).append((what, source))
        self._known: dict[str, RegionCoverage] = {}

    def of(self, division_code: str) -> RegionCoverage:
        """Return the coverage of a six-digit GB/T 2260 code."""
        found = self._known.get(division_code)
        if found is None:
            found = self._known[division_code] = self._look_up(division_code)
        return found

    def _look_up(self, division_code: str) -> RegionCoverage:
        claims = [
            claim for length in range(len(division_code) + 1) for claim in self._claims.get(division_code[:length], ())
        ]
        sources = {source.code: source for _, source in claims}
        delivered = {what for what, source in claims if source.fresh_to is not None}
        ordered = tuple(sources[code] for code in sorted(sources))
        return RegionCoverage(
            covered={Coverage.PENALTIES, Coverage.LISTS} <= delivered,
            sources=ordered,
            warnings=tuple(warning for source in ordered for warning in _warnings(source, self._on)),
        )


def _warnings(source: SourceState, on: date) -> Iterable[Words]:
    if is_stale(source, on=on):
        yield _stale(source, on)
    if source.held_since is not None:
        yield {
            "code": "source_unconfirmed",
            "source": source.code,
            "detail": f"A file of the source {source.code} has waited for a person since {source.held_since}, because it"
            " would change unusually much. The answer shows what was known before it, without what the file says has ended.",
        }


def is_stale(source: SourceState, *, on: date) -> bool:
    """Tell whether a source's last delivery is more than `stale_after_days` calendar days before `on`, or never was."""
    return source.fresh_to is None or source.fresh_to + timedelta(days=source.stale_after_days) < on


def _stale(source: SourceState, on: date) -> Words:
    if source.fresh_to is None:
        return {
            "code": "source_stale",
            "source": source.code,
            "detail": f"The source {source.code} has never delivered.",
        }
    return {
        "code": "source_stale",
        "source": source.code,
        "detail": f"The source {source.code} last delivered on {source.fresh_to}, more than {source.stale_after_days} days"
        f" before {on}.",
    }


def region_of(uscc: str, registered_in: str | None) -> str:
    """Return the division code that decides coverage: of the registration, else digits 3-8 of the credit code."""
    if registered_in and len(registered_in) == 6:
        return registered_in
    return uscc[2:8]


#: How a firm goes on, in words.
_WAYS: Final = {
    "merged": "has merged into",
    "split": "was split; by its registration there is also",
    "code_changed": "has a new code:",
}


def succession_warning(way: str | None, since: date | str | None, successors: Sequence[str]) -> list[Words]:
    """Return the warning that leads from an old code to the new ones. Records stay where they were decided."""
    if way is None:
        return []
    day = "" if since is None else f" since {since}"
    return [
        {
            "code": "succeeded",
            "detail": f"The firm {_WAYS[way]} {', '.join(successors)}{day}."
            " Ask about that too: records stay under the code they were decided on.",
            "source": None,
        }
    ]


def code_warnings(states: Iterable[CodeState]) -> list[Words]:
    """Return the warnings in words for what the code check found odd about a code that is a key all the same."""
    return [{"code": state.value, "detail": STATE_WORDS[state].en, "source": None} for state in states]


def name_warning(asked: str | None, known: Iterable[str]) -> list[Words]:
    """Return the warning `name_differs` when `asked` is none of the names that the asker may know, else nothing.

    Names are compared folded (width, brackets, legal form). A subject of which no name may be shown gives no warning: there
    is nothing that `asked` could differ from.
    """
    folded = {fold_name(name) for name in known}
    if not asked or not folded or fold_name(asked) in folded:
        return []
    return [
        {
            "code": "name_differs",
            "detail": "The name asked is neither the current nor a former name, nor one on a public record.",
            "source": None,
        }
    ]


def read_moment(text: str, *, parameter: str, now: datetime) -> datetime:
    """Return the instant that an asker named: a day (its 00:00 in Shanghai) or an instant with its offset.

    A blank before the offset is a plus sign that was not encoded in the address.

    Raises:
        MalformedMoment: `text` is neither, or has no offset.
        FutureMoment: it lies after `now`.
    """
    try:
        moment = (
            day_start(date.fromisoformat(text)) if len(text) <= 10 else datetime.fromisoformat(_plus_restored(text))
        )
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MalformedMoment(
            f"{parameter} is {text[:40]!r}; it must be a day (2026-11-24) or an instant with its offset"
            " (2026-11-24T12:00:00+08:00).",
            detail_zh="时点应为日期（2026-11-24）或者带时区的时刻（2026-11-24T12:00:00+08:00）。",
            parameter=parameter,
        )
    if moment > now:
        raise FutureMoment(
            f"{parameter} is {moment.isoformat()}, which is in the future; the answer could still change.",
            detail_zh="不能查询未来的时点。",
            parameter=parameter,
        )
    return moment.astimezone(SHANGHAI)


def _plus_restored(text: str) -> str:
    head, blank, offset = text.rpartition(" ")
    return f"{head}+{offset}" if blank and len(head) > 10 else text

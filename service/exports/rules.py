"""What is released when, and what makes a release unfit to be shown."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from service.clock import SHANGHAI, legal_day
from service.errors import Category, Conflict, Invalid, NotFound, Refusal, Unavailable
from service.horizons.rules import MARK_HOURS, last_mark


class NoSuchRelease(NotFound):
    """There is no release of this id, or no such file in it."""

    code = "no_such_release"


class ReleaseReplaced(Refusal):
    """The release was replaced; `successor` is the one that holds now. Its manifest stays readable."""

    category = Category.GONE
    code = "release_replaced"


class ReleaseWithheld(Unavailable):
    """Something in the release may not be shown any more; it is being built anew. Ask again in a few minutes."""

    code = "release_withheld"


class RangeNotSatisfiable(Refusal):
    """The part of the file that `Range` asks for lies behind its end, or is not written as one (`bytes=1000-`)."""

    category = Category.NOT_THAT_RANGE
    code = "range_not_satisfiable"


_RANGE: Final = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


def check_range(header: str | None, *, size: int) -> None:
    """Refuse a `Range` header of one part that cannot be had of a file of `size` bytes; several parts are not looked at.

    Raises:
        RangeNotSatisfiable: it begins behind the end, ends before it begins, or is no range.
    """
    if header is None or "," in header:
        return
    found = _RANGE.fullmatch(header.strip())
    if found is not None:
        first, last, _ = found.groups()
        if first is None or (int(first) < size and (not last or int(first) <= int(last))):
            return
    raise RangeNotSatisfiable(
        f"{header!r} asks for nothing that a file of {size} bytes has; write bytes=FIRST-LAST or bytes=FIRST-.",
        detail_zh="所请求的字节范围超出文件大小或格式有误。",
        size=size,
    )


class MalformedSelection(Invalid):
    """A region is 2, 4 or 6 digits, a list the id of one, a table one of the published ones."""

    code = "malformed_selection"


class NoHorizon(Conflict):
    """No horizon was taken yet, so that nothing can be released: run the jobs process."""

    code = "no_horizon"


class PersonalDataFound(Conflict):
    """A release would have shown personal data: it does not appear, and somebody has to look at the records named."""

    code = "personal_data_found"


class Kind(StrEnum):
    """What a release is: everything, what changed, or monthly figures."""

    FULL = "full"
    DELTA = "delta"
    STATISTICS = "statistics"


class State(StrEnum):
    """Where a release is in its life. `held_back`: the scan for personal data stopped it, it was never shown."""

    PUBLISHED = "published"
    WITHHELD = "withheld"
    REPLACED = "replaced"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True)
class Slot:
    """One running series of releases, of which the newest holds. `hours` is the span of a delta, None for full ones."""

    kind: Kind
    span: str | None
    hours: int | None
    every_hours: int

    @property
    def name(self) -> str:
        """Name of the series, the beginning of its releases' ids."""
        return self.kind.value if self.span is None else f"{self.kind.value}-{self.span}"


FULL: Final = Slot(Kind.FULL, None, None, 24)
#: GLEIF's spans: a mirror that missed some takes the next longer one.
DELTAS: Final = (
    Slot(Kind.DELTA, "8h", 8, MARK_HOURS),
    Slot(Kind.DELTA, "24h", 24, 24),
    Slot(Kind.DELTA, "7d", 7 * 24, 24),
    Slot(Kind.DELTA, "31d", 31 * 24, 24),
)
SLOTS: Final = (FULL, *DELTAS)
STATISTICS: Final = Slot(Kind.STATISTICS, None, None, 24)


def wanted_horizon(slot: Slot, *, now: datetime) -> datetime:
    """Return the instant at which the series' release of `now` is taken: a midnight in Shanghai, for 8 h any third of a day.

    All of them are renewed at midnight, since what ends then may not be in them.
    """
    return last_mark(now, hours=slot.every_hours)


def release_id(slot: str, at: datetime, *, attempt: int = 1) -> str:
    """Return the id of the release of a series at a horizon, in Shanghai time: `delta-24h-20261124T000000`."""
    stem = f"{slot}-{at.astimezone(SHANGHAI):%Y%m%dT%H%M%S}"
    return stem if attempt == 1 else f"{stem}-{attempt}"


def is_of_today(horizon: datetime, *, now: datetime) -> bool:
    """Return whether a release at `horizon` still shows nothing that has ended by the clock: it holds for its legal day."""
    return legal_day(horizon) == legal_day(now)


def base_instant(slot: Slot, at: datetime) -> datetime:
    """Return the instant from which a delta at `at` counts."""
    return at - timedelta(hours=slot.hours or 0)


_REGION: Final = re.compile(r"\d{2}(?:\d{2}){0,2}")
_LIST: Final = re.compile(r"[0-9A-Za-z._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of everything: tables, regions and lists; an empty tuple means all.

    A region is the beginning of digits 3 to 8 of the credit code, the division in which the code was given out.
    """

    tables: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Return whether nothing is left out."""
        return not (self.tables or self.regions or self.lists)

    def check(self, known_tables: tuple[str, ...]) -> None:
        """Refuse what cannot be selected.

        Raises:
            MalformedSelection: a table, region or list has not the form of one.
        """
        wrong = [one for one in self.tables if one not in known_tables]
        wrong += [one for one in self.regions if not _REGION.fullmatch(one)]
        wrong += [one for one in self.lists if not _LIST.fullmatch(one)]
        if wrong:
            raise MalformedSelection(
                f"Not selectable: {', '.join(wrong)}. Tables are {', '.join(known_tables)}; a region is 2, 4 or 6 digits"
                " (50, 5001, 500105); a list is an id of /v1/catalog/lists.",
                detail_zh="所选数据表、地区或名单无效。",
            )

    def as_dict(self) -> dict[str, list[str]]:
        """Return the selection for a manifest."""
        return {"tables": list(self.tables), "regions": list(self.regions), "lists": list(self.lists)}


def age_words(horizon: datetime, *, now: datetime) -> str:
    """Return how old a release is, in words: `3 days and 4 hours`."""
    hours = max(0, int((now - horizon).total_seconds() // 3600))
    days, rest = divmod(hours, 24)
    parts = [
        f"{number} {word}{'' if number == 1 else 's'}" for number, word in ((days, "day"), (rest, "hour")) if number
    ]
    return " and ".join(parts) or "less than an hour"


def month_before(day: date) -> str:
    """Return the month before that of `day`, as `202610`."""
    last = day.replace(day=1) - timedelta(days=1)
    return f"{last:%Y%m}"

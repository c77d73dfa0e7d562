"""Terms in working days, days, months and hours, by the counting rules of the Civil Code and an official calendar.

The calendar is an argument: the State Council decides each year which weekdays are days off and which weekend days are worked
in exchange (调休). Beyond the years it covers only weekends are known, and every result that such a year took part in says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from service.rulebook.periods import Term, last_day

_SATURDAY: Final = 5
_ONE_DAY: Final = timedelta(days=1)
#: The most that a term may count, in any unit: no legal term comes near, and a loop has an end.
MOST: Final = 4000


class Unit(StrEnum):
    """What a term counts."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"
    HOURS = "hours"


class DayKind(StrEnum):
    """What a day is: an ordinary weekday or weekend, a day off, or a weekend day that is worked in exchange."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    DAY_WORKED = "day_worked"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that differs from Monday to Friday: a day off or a weekend day worked, with the holiday's Chinese name."""

    day: date
    is_workday: bool
    name: str


@dataclass(frozen=True)
class Calendar:
    """The official calendar of the years in `years`, as it differs from Monday to Friday.

    `days_off` are legal holidays and days off in lieu, weekend days among them, with the holiday's name; `days_worked` weekend
    days that are worked in exchange, with the name of the holiday they pay for.
    """

    years: frozenset[int]
    days_off: Mapping[date, str] = field(default_factory=dict)
    days_worked: Mapping[date, str] = field(default_factory=dict)

    def covers(self, day: date) -> bool:
        """Return whether the notice for the year of `day` is known."""
        return day.year in self.years

    def kind(self, day: date) -> DayKind:
        """Return what `day` is; beyond the years covered weekday or weekend."""
        if day in self.days_off:
            return DayKind.DAY_OFF
        if day in self.days_worked:
            return DayKind.DAY_WORKED
        return DayKind.WEEKEND if day.weekday() >= _SATURDAY else DayKind.WEEKDAY

    def is_working_day(self, day: date) -> bool:
        """Return whether `day` is worked (counting rule 5: days worked in exchange are, days off in lieu are not)."""
        return self.kind(day) in {DayKind.WEEKDAY, DayKind.DAY_WORKED}

    def days_rested(self, first: date, last: date) -> "Iterator[Rest]":
        """Yield the days from `first` to `last`, both included, that are not worked."""
        day = first
        while day <= last:
            if not self.is_working_day(day):
                yield Rest(day, self.days_off.get(day))
            day += _ONE_DAY


@dataclass(frozen=True, slots=True)
class Rest:
    """A day that is not worked: the holiday it belongs to, None for an ordinary weekend."""

    day: date
    holiday: str | None


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a legal term is: `count` of `unit`, 1 to 4000.

    Raises:
        ValueError: `count` lies outside.
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise ValueError(f"a term has 1 to {MOST} {self.unit.value}, not {self.count}")


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a term.

    `skipped` are the days that did not count: for working days those between, else those over which the last day moved.
    `provisional`: a year whose notice is not known took part, so that the day may still move.
    """

    on: date
    provisional: bool
    skipped: tuple[Rest, ...]


def due_day(start: date, limit: Limit, calendar: Calendar) -> Due:
    """Return the last day of a term that begins with an event on `start`.

    Rule 1: the first day is not counted; N working days end on the N-th working day after `start`. Rule 2: months end on the
    corresponding day, else on the last day of the month. Rule 3: the last day of a term in days or months moves to the next
    working day where it is no working day (weekends are days of rest as legal holidays are).

    Raises:
        ValueError: the limit is in hours; those are clock hours and have no last day (`due_instant`).

    Source: Civil Code (民法典) art. 201 to 203; Administrative Penalty Law (行政处罚法) art. 85 for terms of that law.
    """
    if limit.unit is Unit.HOURS:
        raise ValueError("a term in hours ends at an instant, not on a day")
    if limit.unit is Unit.WORKING_DAYS:
        first_counted, day, left = start + _ONE_DAY, start, limit.count
        while left:
            day += _ONE_DAY
            left -= calendar.is_working_day(day)
    else:
        is_months = limit.unit is Unit.MONTHS
        term = Term(months=limit.count) if is_months else Term(days=limit.count)
        first_counted = day = last_day(start, term)
        while not calendar.is_working_day(day):
            day += _ONE_DAY
    years = range(first_counted.year, day.year + 1)
    return Due(day, not calendar.years.issuperset(years), tuple(calendar.days_rested(first_counted, day)))


def due_instant(start: datetime, limit: Limit) -> datetime:
    """Return the end of a term in clock hours that begins at the aware instant `start`; holidays do not stretch it.

    Raises:
        ValueError: the limit is not in hours, or `start` is naive.
    """
    if limit.unit is not Unit.HOURS or start.tzinfo is None:
        raise ValueError("a term in hours begins at an instant with a time zone")
    return start + timedelta(hours=limit.count)


def add_working_days(start: date, days: int, calendar: Calendar) -> Due:
    """Return the last day of a term of `days` working days after `start`; `due_day` says how it is counted."""
    return due_day(start, Limit(days, Unit.WORKING_DAYS), calendar)


def working_days_left(today: date, due_on: date, calendar: Calendar) -> int:
    """Return how many working days remain after `today`, up to and including `due_on`; 0 on the last day.

    After `due_on` it is negative: minus the working days by which the term is overdue (0 while only days of rest passed).
    """
    first, last = min(today, due_on), max(today, due_on)
    span = (last - first).days
    worked = sum(calendar.is_working_day(first + timedelta(days=after)) for after in range(1, span + 1))
    return worked if today <= due_on else -worked


def long_rests(first: date, last: date, calendar: Calendar, *, shortest: int) -> Iterator[tuple[date, date]]:
    """Yield the runs of at least `shortest` days of rest in a row that begin from `first` to `last`, both included."""
    day = first
    while day <= last:
        if calendar.is_working_day(day):
            day += _ONE_DAY
            continue
        end = day
        while not calendar.is_working_day(end + _ONE_DAY):
            end += _ONE_DAY
        begins_inside = day > first or calendar.is_working_day(day - _ONE_DAY)
        if begins_inside and (end - day).days + 1 >= shortest:
            yield day, end
        day = end + _ONE_DAY


def calendar_of(years: Iterable[int], days: Iterable[CalendarDay]) -> Calendar:
    """Return the calendar of `years` from their days; of two rows for one day the later counts."""
    rows = {one.day: one for one in days}
    return Calendar(
        frozenset(years),
        {day: one.name for day, one in rows.items() if not one.is_workday},
        {day: one.name for day, one in rows.items() if one.is_workday},
    )

"""Days, months and years by the counting rules of the Civil Code."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_DURATION = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?$")


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time in calendar months and days; a year is twelve months."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the term that an ISO 8601 duration such as P3M or P1Y names.

        Raises:
            ValueError: another form, or nothing in it.
        """
        found = _DURATION.match(text)
        if found is None or text == "P":
            raise ValueError(f"{text!r} is not a duration such as P3M, P1Y or P10D")
        years, months, days = (int(part or 0) for part in found.groups())
        return cls(months=12 * years + months, days=days)


def last_day(start: date, term: Term) -> date:
    """Return the last day of a term that begins with an event on `start`.

    The first day is not counted; months end on the corresponding day, else on the last day of the month, and that day
    belongs to the term. A last day on a holiday does not move: publication is not a term for acting (rule 3 is not used).
    A term that runs beyond the calendar ends with it, on 9999-12-31.

    Source: Civil Code (民法典) art. 201, 202.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + term.months, 12)
    if year > date.max.year:
        return date.max
    corresponding = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    return corresponding + timedelta(days=min(term.days, (date.max - corresponding).days))


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `starts_on` up to, not including, `ends_on`; no end: open."""

    starts_on: date
    ends_on: date | None

    def covers(self, day: date) -> bool:
        """Return whether `day` lies in the period."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def overlaps(self, other: "Period") -> bool:
        """Return whether the two periods have a day in common."""
        return (other.ends_on is None or self.starts_on < other.ends_on) and (
            self.ends_on is None or other.starts_on < self.ends_on
        )

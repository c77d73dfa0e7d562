"""The years of the State Council's calendar that the package `chinesecalendar` brings."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from chinese_calendar import Holiday
from chinese_calendar.constants import holidays, workdays

from service.working_days.rules import Calendar, CalendarDay, calendar_of

PACKAGE: Final = "chinesecalendar"


def packaged_source() -> str:
    """Return package and version, as the source of the years it brings."""
    return f"{PACKAGE} {version(PACKAGE)}"


def packaged_years() -> dict[int, tuple[CalendarDay, ...]]:
    """Return the days of every year that the package covers, sorted; the years are without a gap."""
    covered = range(min(holidays).year, max(holidays).year + 1)
    found = sorted(_days(), key=lambda one: one.day)
    return {year: tuple(one for one in found if one.day.year == year) for year in covered}


def packaged_calendar() -> Calendar:
    """Return the calendar as the package has it, for work without a database."""
    years = packaged_years()
    return calendar_of(years, (one for days in years.values() for one in days))


def _days() -> Iterator[CalendarDay]:
    for is_workday, named in ((False, holidays), (True, workdays)):
        for day, name in named.items():
            yield CalendarDay(day, is_workday, Holiday(name).chinese)

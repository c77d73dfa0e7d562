"""The years that the calendar must have, and that the packaged days are what the State Council decided."""

from datetime import date

import pytest

from service.clock import legal_day, system_clock
from service.working_days.packaged import packaged_source, packaged_years
from service.working_days.rules import DayKind
from tests.service.working_days.days import CALENDAR

#: The State Council's notice for the next year normally appears in November, now and then in December, and the package follows
#: within days; terms of 20 working days end in the next year from 4 December on. From 15 December on a missing year is a fault.
DUE_FROM = (12, 15)


def test_the_years_are_covered() -> None:
    years = set(packaged_years())
    assert years >= set(range(2004, 2027))
    today = legal_day(system_clock())
    needed = today.year + ((today.month, today.day) >= DUE_FROM)
    assert needed in years, (
        f"The calendar of {needed} is due and missing: raise chinesecalendar in pyproject.toml to a version that has it and run"
        " `make lock`. Running installations load the State Council's notice (`xinyong calendar load`, docs/rules.md)."
    )


def test_the_source_names_its_version() -> None:
    assert packaged_source().startswith("chinesecalendar 1.")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"),
        ("2026-06-19", "2026-06-21"),
        ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    ],
)
def test_the_holidays_of_2026(first: str, last: str) -> None:
    for number in range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1):
        assert CALENDAR.kind(date.fromordinal(number)) is DayKind.DAY_OFF


def test_the_weekend_days_worked_in_2026() -> None:
    worked = sorted(day.isoformat() for day in CALENDAR.days_worked if day.year == 2026)
    assert worked == ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def test_the_package_names_only_weekend_days_as_worked() -> None:
    assert all(day.weekday() >= 5 for day in CALENDAR.days_worked)

"""Dates with checked weekdays, the packaged calendar, and the counting rules once more, slowly, in the words of the law."""

from datetime import date, timedelta

from service.working_days.packaged import packaged_calendar
from service.working_days.rules import Calendar

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CALENDAR = packaged_calendar()


def day(text: str) -> date:
    """Read `Fri 2026-10-09`, and refuse a weekday that is not the day's."""
    weekday, iso = text.split()
    found = date.fromisoformat(iso)
    assert WEEKDAYS[found.weekday()] == weekday, f"{iso} is a {WEEKDAYS[found.weekday()]}"
    return found


def is_worked(one: date, calendar: Calendar) -> bool:
    """Rule 5: a weekend day worked in exchange counts as a working day, a day off in lieu does not."""
    if one in calendar.days_worked:
        return True
    return one not in calendar.days_off and one.strftime("%a") not in {"Sat", "Sun"}


def nth_working_day_after(start: date, n: int, calendar: Calendar) -> date:
    """Rule 1: list every day after the first one, strike out those that are not worked, take the N-th of the rest."""
    days = [start + timedelta(days=after) for after in range(1, 10 * n + 40)]
    return [one for one in days if is_worked(one, calendar)][n - 1]


def corresponding_day(start: date, months: int) -> date:
    """Rule 2: go through the days of the month that many months on, and stop at the same number or at the last day."""
    one = date(start.year, start.month, 1)
    for _ in range(months):
        one += timedelta(days=31)
        one = one.replace(day=1)
    while one.day < start.day and (one + timedelta(days=1)).month == one.month:
        one += timedelta(days=1)
    return one


def moved_off_rest(last: date, calendar: Calendar) -> date:
    """Rule 3: where the last day is a day of rest, the term ends on the next day that is worked."""
    return last if is_worked(last, calendar) else moved_off_rest(last + timedelta(days=1), calendar)

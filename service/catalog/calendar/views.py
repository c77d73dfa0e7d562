"""A year of the official calendar as the API and the console show it."""

from datetime import date, timedelta
from typing import Any

from service.catalog.calendar.rules import KnownYear
from service.working_days.rules import Calendar


def year_view(year: KnownYear, calendar: Calendar) -> dict[str, Any]:
    """Return a year with its days off and worked, and how many working days it has by `calendar`."""
    days = (date(year.year, 1, 1) + timedelta(days=after) for after in range(366))
    return {
        "year": year.year,
        "revision": year.revision,
        "title": year.title,
        "document_no": year.document_no,
        "source": year.source,
        "loaded_by": year.loaded_by,
        "loaded_at": year.loaded_at,
        "days_off": [{"day": one.day, "name": one.name} for one in year.days if not one.is_workday],
        "days_worked": [{"day": one.day, "name": one.name} for one in year.days if one.is_workday],
        "working_days": sum(calendar.is_working_day(day) for day in days if day.year == year.year),
    }

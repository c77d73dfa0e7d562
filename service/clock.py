"""The only reader of the clock, and the only place that knows the civil time zone.

Legal days are days in Asia/Shanghai; instants are aware UTC. China has had one zone without summer time since 1991; the
rules of this service begin later, so midnight in Shanghai is always 16:00 UTC of the day before.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present instant as an aware UTC datetime."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one reader of the clock


def offset_clock(offset: timedelta) -> Clock:
    """Return a clock that is `offset` ahead of the system's; for tests and trials only."""
    return lambda: system_clock() + offset


def stored_instant(text: str) -> datetime:
    """Return the instant that was written as `isoformat` of an aware one.

    Raises:
        ValueError: it is none, has no offset, or lies where no database and no calendar reaches.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or not 1 < instant.year < 9999:
        raise ValueError(text)
    return instant


def legal_day(instant: datetime) -> date:
    """Return the civil day in Shanghai on which `instant` lies.

    Raises:
        ValueError: `instant` is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the instant, in Shanghai time, at which the legal day `day` begins."""
    return datetime.combine(day, time(), tzinfo=SHANGHAI)

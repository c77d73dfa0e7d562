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

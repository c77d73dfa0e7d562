"""When horizons are taken: besides the instant of every run, exactly at 00:00, 08:00 and 16:00 in Shanghai."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from service.clock import day_start, legal_day

#: Hours between two marks; a mark is a horizon whose instant is known beforehand, so that spans of time can be named.
MARK_HOURS: Final = 8

#: Horizons that are no marks are forgotten after this time; nothing is computed from them by then.
KEPT_DAYS: Final = 40


@dataclass(frozen=True, slots=True)
class LoggedHorizon:
    """Every clock edge up to `at` lies in the log `log_id` at or before `position`."""

    at: datetime
    log_id: UUID
    position: int


def last_mark(instant: datetime, *, hours: int = MARK_HOURS) -> datetime:
    """Return the last mark at or before `instant`, in Shanghai time; with `hours=24` the beginning of its legal day."""
    start = day_start(legal_day(instant))
    return start + timedelta(hours=(instant - start) // timedelta(hours=hours) * hours)


def horizons_due(*, last: datetime | None, now: datetime) -> list[datetime]:
    """Return the instants at which horizons are due, in order: the last midnight, the last mark and `now`.

    Instants at or before `last`, the newest horizon there is, are left out. After a stop of days the marks in between are
    not made up for: the log's state at them cannot be told from its state now.
    """
    due = sorted({last_mark(now, hours=24), last_mark(now), now})
    return [instant for instant in due if last is None or instant > last]

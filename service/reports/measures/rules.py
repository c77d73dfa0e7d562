"""Measures that platforms took against merchants and published themselves: when that was due, and when they may come down.

Source: 电子商务法 art. 36; SAMR令37号 art. 30 (D37, grade unverified).
"""

from datetime import date, timedelta
from typing import Final

from service.errors import Conflict, Invalid, NotFound
from service.rulebook.deadlines import Deadlines
from service.working_days.rules import Calendar, due_day

DEADLINE: Final = "D37"
#: A measure is kept for so long after it came down. Own parameter.
KEEP: Final = timedelta(days=3 * 366)


class NoSuchMeasure(NotFound):
    """There is no measure of this id that you registered or that is addressed to an authority of yours."""

    code = "no_such_measure"


class NoDeadline(Invalid):
    """No rule in force says within what time a measure is to be published."""

    code = "no_deadline"


class MeasureTakenDown(Conflict):
    """The measure came down before."""

    code = "measure_taken_down"


class MeasureNotEnded(Conflict):
    """A short-term measure is published until it ends; it comes down before only when it was wrong or was withdrawn."""

    code = "measure_not_ended"


def publish_by(taken_on: date, deadlines: Deadlines, calendar: Calendar) -> date:
    """Return the last day on which a measure is published in time.

    Raises:
        NoDeadline: no row of D37 is in force on the day.
    """
    rule = deadlines.find(DEADLINE, on=taken_on)
    if rule is None or rule.limit is None:
        raise NoDeadline(f"No rule {DEADLINE} is in force on {taken_on}.", detail_zh="当日没有可适用的期限规则。")
    return due_day(taken_on, rule.limit, calendar).on


def check_take_down(because: str, *, on: date, until_on: date | None) -> None:
    """Refuse to take a measure down as ended that has not ended.

    Raises:
        MeasureNotEnded: it runs on, or has no end.
    """
    if because == "ended" and (until_on is None or on <= until_on):
        raise MeasureNotEnded(
            f"It is published until {until_on or 'it is withdrawn'}; on {on} it has not ended.",
            detail_zh="处置措施尚未结束，应持续公示。",
        )

"""What authorities ask of platforms: due in working days, reminded of in time, never about a person by name."""

from datetime import date
from enum import StrEnum
from typing import Final

from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.personal_data.rules import scan
from service.reports.rules import ReportKind
from service.working_days.rules import Calendar, Limit, Unit, due_day

#: The platform is reminded on the second working day before the last one. Own parameter.
REMIND_BEFORE: Final = 2
#: Topics of notices to the authority.
OVERDUE_TOPIC: Final = "report_overdue"
RECEIVED_TOPIC: Final = "report_received"


class NoSuchRequest(NotFound):
    """There is no request of this id that you made or that was made to you."""

    code = "no_such_request"


class NoSuchPlatform(NotFound):
    """There is no platform of this id."""

    code = "no_such_platform"


class NotYourRequest(Forbidden):
    """An authority's requests are made and ended by its own people."""

    code = "not_your_request"


class RequestEnded(Conflict):
    """The request was closed or withdrawn before, so nothing answers it any more."""

    code = "request_ended"


class NotWhatWasAsked(Conflict):
    """The report answers a request of another authority or for another kind of data; or it says no request, and its kind needs one."""

    code = "not_what_was_asked"


class PersonalDataInRequest(Invalid):
    """The request names a person; it is not sealed, so it may not."""

    code = "personal_data_in_request"


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


ENDED: Final = frozenset({RequestState.CLOSED, RequestState.WITHDRAWN})
#: Kinds that only a request brings about.
ONLY_ASKED: Final = frozenset({ReportKind.ASSISTANCE})


def check_open_words(*texts: str) -> None:
    """Refuse texts in which the scan finds personal data.

    Raises:
        PersonalDataInRequest: it does.
    """
    kinds = sorted({one.kind.value for text in texts for one in scan(text)})
    if kinds:
        raise PersonalDataInRequest(
            f"The text holds personal data ({', '.join(kinds)}), and it is not sealed: refer to your letter instead.",
            detail_zh="文字中含个人信息且未加密，请引用公函文号。",
            kinds=kinds,
        )


def remind_on(due_on: date, calendar: Calendar) -> date:
    """Return the day from which a platform is reminded of what is due on `due_on`."""
    day, left = due_on, REMIND_BEFORE
    while left:
        day = date.fromordinal(day.toordinal() - 1)
        left -= calendar.is_working_day(day)
    return day


def due(made_on: date, working_days: int, calendar: Calendar) -> tuple[date, bool]:
    """Return the last day of a request, and whether it may still move because a year's calendar is not known.

    Source: Civil Code (民法典) art. 201: the day of the request is not counted.
    """
    found = due_day(made_on, Limit(working_days, Unit.WORKING_DAYS), calendar)
    return found.on, found.provisional

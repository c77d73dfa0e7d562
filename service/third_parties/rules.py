"""What services that show the data to others have to do, and what a look at them finds."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from service.errors import Conflict, Invalid, NotFound
from service.working_days.rules import Limit, Unit

#: An ended record is to be gone within a day of its tombstone. Own parameter, a duty of the terms.
TAKE_DOWN: Final = timedelta(days=1)
#: A complaint is answered within so many working days. Own parameter.
ANSWER_WITHIN: Final = Limit(15, Unit.WORKING_DAYS)


class NoSuchService(NotFound):
    """There is no third-party service of this id, or you have not registered one."""

    code = "no_such_service"


class NoSuchComplaint(NotFound):
    """The service has no complaint of this id."""

    code = "no_such_complaint"


class OtherTerms(Invalid):
    """The terms that were accepted are not the present ones; read them at `/v1/terms` and accept those."""

    code = "other_terms"


class NoSuchDuty(Invalid):
    """The terms have no such duty."""

    code = "no_such_duty"


class SuspendedOrNot(Conflict):
    """The service is suspended already, or it is not."""

    code = "suspended_or_not"


class ComplaintSettled(Conflict):
    """The complaint was settled before."""

    code = "complaint_settled"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in force: their version, and each duty as (id, English, Chinese)."""

    version: str
    duties: tuple[tuple[str, str, str], ...]


@cache
def terms() -> Terms:
    """Return the terms of use in force."""
    read = tomllib.loads((files("service.third_parties") / "data" / "terms.toml").read_text("utf-8"))
    return Terms(read["version"], tuple((one["id"], one["en"], one["zh"]) for one in read["duty"]))


def check_terms(accepted: str) -> None:
    """Refuse an acceptance of other terms than those in force.

    Raises:
        OtherTerms: another version was accepted.
    """
    if accepted != terms().version:
        raise OtherTerms(
            f"You accept the terms {accepted!r}; those in force are {terms().version!r}, see /v1/terms.",
            detail_zh="所接受的条款不是现行版本。",
            version=terms().version,
        )


def check_duty(duty: str) -> None:
    """Refuse a complaint about something that is no duty.

    Raises:
        NoSuchDuty: the terms have none of this id.
    """
    known = [one for one, _, _ in terms().duties]
    if duty not in known:
        raise NoSuchDuty(f"There is no duty {duty!r}; there are {', '.join(known)}.", detail_zh="条款中没有该项义务。")


def is_late(ended_on: date, *, seen_on: date) -> bool:
    """Tell whether a record that ended on a day was still shown too long after it."""
    return seen_on > ended_on + TAKE_DOWN

"""A subject's registration: its states, what a new statement of it changes, and who sees how much of a credit file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final

from service.errors import Invalid, NotFound


class NoRegistration(NotFound):
    """No registry source has stated a registration for this credit code."""

    code = "no_registration"


class NoCreditFile(NotFound):
    """There is nothing about this credit code that the key may see."""

    code = "no_credit_file"


class ImpossibleRegistration(Invalid):
    """The registration contradicts itself.

    Cancelled before it began, a day of cancellation on an active subject, or successors that do not go with its state, its way
    of succession, or today.
    """

    code = "impossible_registration"


class RegistrationStatus(StrEnum):
    """State of a registration: 存续, 注销, 吊销, 迁出."""

    ACTIVE = "active"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    MOVED_OUT = "moved_out"


class Succession(StrEnum):
    """How a firm goes on under other codes: 合并, 分立, 统一社会信用代码变更."""

    MERGED = "merged"
    SPLIT = "split"
    CODE_CHANGED = "code_changed"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registry states of a subject, whole: what is None is not stated. Names are in display form."""

    name: str
    registration_status: RegistrationStatus
    former_names: tuple[str, ...] = ()
    registered_on: date | None = None
    cancelled_on: date | None = None
    company_type: str | None = None
    legal_representative: str | None = None
    business_scope: str | None = None
    division_code: str | None = None
    registered_address: str | None = None
    registering_authority: str | None = None
    reg_no: str | None = None
    org_code: str | None = None
    tax_no: str | None = None
    succession: Succession | None = None
    successors: tuple[str, ...] = ()
    succeeded_on: date | None = None


#: The parts of a registration, each a column of `subject_version` of the same name.
PARTS: Final = tuple(part.name for part in fields(Registration))

#: Identifiers under which a subject is found beside its credit code.
IDENTIFIERS: Final = ("reg_no", "org_code", "tax_no")

#: The kind of the code of a firm that goes on under this one; it holds while that firm's registration says so.
FORMER_CODE: Final = "former_code"


def check_registration(registration: Registration) -> None:
    """Refuse a registration that contradicts itself.

    Raises:
        ImpossibleRegistration: it ended before it began, or is active and ended.
    """
    began, ended = registration.registered_on, registration.cancelled_on
    if ended is not None and registration.registration_status is RegistrationStatus.ACTIVE:
        raise ImpossibleRegistration(
            f"The registration is active and has a day of cancellation ({ended}); leave one of them out.",
            detail_zh="存续状态的登记不应有注销日期。",
        )
    if began is not None and ended is not None and ended < began:
        raise ImpossibleRegistration(
            f"Registered on {began} and cancelled on {ended}: it would end before it begins.",
            detail_zh="注销日期早于成立日期。",
        )


def check_succession(uscc: str, registration: Registration, *, today: date) -> None:
    """Refuse successors that cannot be: of no named way, of a firm that goes on as itself, of too many, or of the future.

    Raises:
        ImpossibleRegistration: they cannot be.
    """
    way, successors, since = registration.succession, registration.successors, registration.succeeded_on
    wrong = None
    if (way is None) != (not successors) or (way is None and since is not None):
        wrong = "successors, the way of succession and its day go together"
    elif uscc in successors:
        wrong = "a firm is not its own successor"
    elif way not in {None, Succession.SPLIT} and len(successors) > 1:
        wrong = f"a firm that has {way} goes on under one code, not {len(successors)}"
    elif way not in {None, Succession.SPLIT} and registration.registration_status is RegistrationStatus.ACTIVE:
        wrong = f"a firm that has {way} is not active under its old code"
    elif since is not None and since > today:
        wrong = f"{since} lies in the future (today is {today})"
    if wrong is not None:
        raise ImpossibleRegistration(f"Successors: {wrong}.", detail_zh="承继主体信息自相矛盾。")


def differing_parts(old: Mapping[str, object], new: Registration) -> frozenset[str]:
    """Return the names of the parts in which the present version's columns and `new` differ."""
    return frozenset(part for part in PARTS if _comparable(old[part]) != _comparable(getattr(new, part)))


def registration_event(differs: frozenset[str] | None, new: Registration) -> str:
    """Return the name of the change to `new`, by what differs; None: no registry source had stated the subject yet."""
    if differs is None:
        return "registered"
    if "successors" in differs and new.succession is not None:
        return new.succession.value
    if "registration_status" in differs and new.registration_status is not RegistrationStatus.ACTIVE:
        return new.registration_status.value
    return "renamed" if "name" in differs else "changed"


def _comparable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def org_code_in(uscc: str) -> str:
    """Return the organisation code inside a credit code: characters 9 to 17 (GB 32100-2015)."""
    return uscc[8:17]

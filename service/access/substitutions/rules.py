"""Who may stand in for whom: substitutes, delegation, and reviewers lent by a higher authority."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from service.access.principals.rules import DatedGrant, check_days
from service.access.rules import Actor, Role
from service.catalog.hierarchy import Hierarchy
from service.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchSubstitution(NotFound):
    """There is no substitution of this id that you may read."""

    code = "no_such_substitution"


class SubstitutionEnded(Conflict):
    """The substitution was ended already."""

    code = "substitution_ended"


class NotYourPlace(Forbidden):
    """Only an administrator, or the one whose place is taken, decides who stands in."""

    code = "not_your_place"


class RoleNotHeld(Invalid):
    """Somebody would stand in by a role that nobody in question holds: what is not held cannot be handed on."""

    code = "role_not_held"


class NotLendable(Invalid):
    """Only reviewers and consenters are lent, by the next higher authority, and for nobody's place in particular."""

    code = "not_lendable"


class OwnSubstitute(Invalid):
    """Nobody stands in for himself."""

    code = "own_substitute"


class Kind(StrEnum):
    """How somebody comes to hold a role for somebody else."""

    SUBSTITUTE = "substitute"
    DELEGATION = "delegation"
    LENT = "lent"


#: The roles that check what others recorded; an office of one person has nobody for them.
LENT_ROLES: Final = frozenset({Role.REVIEWER, Role.CONSENTER})


@dataclass(frozen=True, slots=True)
class Planned:
    """A substitution as it is asked for; `for_principal_id` is whose place is taken, None where a role is lent."""

    kind: Kind
    principal_id: UUID
    role: Role
    authority_code: str
    for_principal_id: UUID | None
    from_on: date
    until_on: date
    basis: str


def check_planned(
    planned: Planned, *, stand_in: Iterable[DatedGrant], taken: Iterable[DatedGrant], hierarchy: Hierarchy
) -> None:
    """Refuse a substitution that rests on nothing; `stand_in` and `taken` are what the two principals hold of their own.

    What somebody holds for somebody else is not handed on. What counts is the first day.

    Raises:
        ImpossibleDays: it would end before it begins.
        OwnSubstitute: both are the same.
        NotLendable: it is lent and the role is no checking one, or somebody's place is named; or it is not and none is.
        RoleNotHeld: the role is not held where it must be.
    """
    check_days(planned.from_on, planned.until_on)
    if planned.principal_id == planned.for_principal_id:
        raise OwnSubstitute("Nobody stands in for himself.", detail_zh="不得由本人代行本人职责。")
    if (planned.kind is Kind.LENT) != (planned.for_principal_id is None):
        raise NotLendable(
            "A lent role takes nobody's place; a substitute and a delegate take somebody's: say whose.",
            detail_zh="借调审核人不对应具体人员；代理和委托须指明被代理人。",
        )
    if planned.kind is Kind.LENT:
        _check_lent(planned, stand_in, hierarchy)
        return
    if not _holds(taken, planned.role, planned.authority_code, planned.from_on):
        raise RoleNotHeld(
            f"Whose place is taken does not hold {planned.role} for {planned.authority_code} on {planned.from_on}.",
            detail_zh="被代理人当日并不担任该角色。",
        )
    colleague = any(one.authority_code == planned.authority_code and one.holds(planned.from_on) for one in stand_in)
    if planned.kind is Kind.SUBSTITUTE and not colleague:
        raise RoleNotHeld(
            f"A substitute is of the same authority, and this principal holds nothing for {planned.authority_code};"
            " a role is handed to others by delegation.",
            detail_zh="代理人须为同一机关人员；跨机关应办理委托。",
        )


def _check_lent(planned: Planned, stand_in: Iterable[DatedGrant], hierarchy: Hierarchy) -> None:
    higher = hierarchy.parent(planned.authority_code)
    if planned.role not in LENT_ROLES:
        raise NotLendable(
            f"Only {' and '.join(sorted(LENT_ROLES))} are lent, not {planned.role}.",
            detail_zh="上级机关只能借出审核和同意岗位人员。",
        )
    if higher is None or not _holds(stand_in, planned.role, higher, planned.from_on):
        raise RoleNotHeld(
            f"The next higher authority of {planned.authority_code} is {higher or 'none'}; this principal does not hold"
            f" {planned.role} for it on {planned.from_on}.",
            detail_zh="该人员当日并不在直接上级机关担任此角色。",
        )


def _holds(grants: Iterable[DatedGrant], role: Role, authority_code: str, on: date) -> bool:
    return any(one.role is role and one.authority_code == authority_code and one.holds(on) for one in grants)


def check_may_plan(actor: Actor, *, for_principal_id: UUID | None, principal_id: UUID) -> None:
    """Refuse somebody who decides about another one's place, or who would put himself into one.

    Raises:
        NotYourPlace: the actor is neither an administrator nor the one whose place is taken; or stands in himself.
    """
    if for_principal_id == actor.id:
        return
    if not actor.may(Role.ADMINISTRATOR) or principal_id == actor.id:
        raise NotYourPlace(
            "An administrator, or the one whose place is taken, decides who stands in; nobody puts himself there.",
            detail_zh="代理由管理员或被代理人本人指定，不得自行指定自己代理。",
        )

"""From what is stored about a principal to the actor it is on a day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.errors import Forbidden, Invalid, NotFound


class NoSuchPrincipal(NotFound):
    """No principal has this id."""

    code = "no_such_principal"


class NoSuchGrant(NotFound):
    """The principal has no grant of this id that is in force."""

    code = "no_such_grant"


class OwnGrant(Forbidden):
    """Nobody changes what he himself may do; another administrator does it, and stands in the grant."""

    code = "own_grant"


class PrincipalOrGrants(Invalid):
    """A key is for a principal that exists, or for somebody new with grants; not both, and not neither."""

    code = "principal_or_grants"


class ImpossibleDays(Invalid):
    """Something would end before it begins."""

    code = "impossible_days"


def check_days(from_on: date | None, until_on: date | None) -> None:
    """Refuse days of which the last lies before the first.

    Raises:
        ImpossibleDays: it does.
    """
    if from_on is not None and until_on is not None and until_on < from_on:
        raise ImpossibleDays(
            f"From {from_on} to {until_on}: it would end before it begins.", detail_zh="起止日期颠倒。"
        )


def check_not_own(actor: Actor, principal_id: UUID) -> None:
    """Refuse to let somebody change his own grants, so that nobody widens them unseen.

    Raises:
        OwnGrant: the principal is the actor.
    """
    if actor.id == principal_id:
        raise OwnGrant(
            "Nobody gives or takes his own rights; another administrator has to do it.",
            detail_zh="不得变更本人的权限，应由其他管理员办理。",
        )


@dataclass(frozen=True, slots=True)
class DatedGrant:
    """A role for an authority from `from_on` to `until_on`, both days included; None: without a beginning, or an end."""

    role: Role
    authority_code: str | None
    from_on: date | None = None
    until_on: date | None = None
    stands_in: bool = False

    def holds(self, on: date) -> bool:
        """Return whether it is held on the day `on`."""
        return (self.from_on is None or self.from_on <= on) and (self.until_on is None or on <= self.until_on)


@dataclass(frozen=True, slots=True)
class Holder:
    """A principal with all that it is granted, whatever the day."""

    id: UUID
    name: str
    grants: tuple[DatedGrant, ...] = ()

    def actor(self, *, on: date, hierarchy: Hierarchy, key_id: UUID | None = None) -> Actor:
        """Return who the principal is on the legal day `on`."""
        grants = frozenset(
            Grant(one.role, one.authority_code, stands_in=one.stands_in) for one in self.grants if one.holds(on)
        )
        return Actor(self.id, self.name, grants, hierarchy=hierarchy, on=on, key_id=key_id)

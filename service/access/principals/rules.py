"""From what is stored about a principal to the actor it is on a day."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from service.access.rules import RECORD_ROLES, Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchPrincipal(NotFound):
    """No principal has this id."""

    code = "no_such_principal"


class NoSuchGrant(NotFound):
    """The principal has no grant of this id that is in force."""

    code = "no_such_grant"


class OwnGrant(Forbidden):
    """Nobody changes what he himself may do; another administrator does it, and stands in the grant."""

    code = "own_grant"


class PrincipalBlocked(Forbidden):
    """The key or token is good, and an administrator has blocked whoever holds it, for all its keys and tokens."""

    code = "principal_blocked"


class BlockedOrNot(Conflict):
    """The principal is blocked already, or is not blocked."""

    code = "blocked_or_not"


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


def _in_force(from_on: date | None, until_on: date | None, on: date) -> bool:
    return (from_on is None or from_on <= on) and (until_on is None or on <= until_on)


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
        return _in_force(self.from_on, self.until_on, on)


@dataclass(frozen=True, slots=True)
class DatedAgency:
    """That a principal is the agent of the enterprise `uscc`, from one day to another, both included."""

    uscc: str
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class DatedShare:
    """That `owner_code` opens records of a kind to `requester_code`, from one day to another, both included."""

    requester_code: str
    owner_code: str
    kind: str
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class Holder:
    """A principal with all that it is granted, whatever the day. `shares` are all agreements, anybody's."""

    id: UUID
    name: str
    grants: tuple[DatedGrant, ...] = ()
    agencies: tuple[DatedAgency, ...] = ()
    shares: tuple[DatedShare, ...] = ()
    is_blocked: bool = False

    def actor(self, *, on: date, hierarchy: Hierarchy, key_id: UUID | None = None) -> Actor:
        """Return who the principal is on the legal day `on`.

        An authorisation makes an agent only of who holds that role too. What an agreement opens to an authority is open to
        its successor; what one has opened ends with it, and its successor decides anew.

        Raises:
            PrincipalBlocked: it is nobody any more until it is let in again.
        """
        if self.is_blocked:
            raise PrincipalBlocked(
                f"{self.name!r} is blocked here, by whatever key or token it comes; ask an administrator.",
                detail_zh="该主体已被停用，请联系管理员。",
            )
        grants = frozenset(
            Grant(one.role, one.authority_code, stands_in=one.stands_in) for one in self.grants if one.holds(on)
        )
        actor = Actor(self.id, self.name, grants, hierarchy=hierarchy, on=on, key_id=key_id)
        subjects = {one.uscc for one in self.agencies if _in_force(one.from_on, one.until_on, on)}
        acts_for = actor.authorities(*RECORD_ROLES)
        shared = {
            (owner, one.kind)
            for one in self.shares
            if one.requester_code in acts_for and _in_force(one.from_on, one.until_on, on)
            for owner in hierarchy.owned(one.owner_code, on=on)
        }
        return replace(
            actor,
            subjects=frozenset(subjects if actor.may(Role.SUBJECT_AGENT) else ()),
            shared=frozenset(shared),
        )

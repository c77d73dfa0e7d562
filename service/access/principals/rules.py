"""From what is stored about a principal to the actor it is on a day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.errors import NotFound


class NoSuchPrincipal(NotFound):
    """No principal has this id."""

    code = "no_such_principal"


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

"""What every route declares about who may call it; `docs/access.md` and the walk over all routes are made from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from service.access.rules import Role

#: The attribute of a dependency that holds its declaration.
ATTRIBUTE: Final = "declared_access"


class Whose(StrEnum):
    """Whose things an operation is about, for those who may call it."""

    ANY = "any"
    OWN = "own"
    SEEN = "seen"


#: What the words mean, for the documentation.
WHOSE_WORDS: Final = {
    Whose.ANY: "the answer or the act is about nobody's own things, or the same for all who may call it",
    Whose.OWN: "only its own: those of its principal, or of the authorities for which it holds the role",
    Whose.SEEN: "what it may see: the records of its authorities and of those under them, shared and public ones",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call: everybody (`is_public`), every valid key (`roles` empty), or keys with one of the roles."""

    roles: frozenset[Role] = frozenset()
    whose: Whose = Whose.ANY
    is_public: bool = False

    def admits(self, role: Role | None) -> bool:
        """Return whether a caller with only this role is let in; None is a caller without a key."""
        return self.is_public or (role is not None and (not self.roles or role in self.roles))


def declare(dependency: Callable[..., Any], access: Access) -> Callable[..., Any]:
    """Write the declaration onto a dependency and return it."""
    setattr(dependency, ATTRIBUTE, access)
    return dependency


def _declarations(dependant: Dependant) -> Iterator[Access]:
    for part in dependant.dependencies:
        found = getattr(part.call, ATTRIBUTE, None)
        if found is not None:
            yield found
        yield from _declarations(part)


@dataclass(frozen=True, slots=True)
class Declared:
    """One operation with what it declares; `access` is None where it declares nothing, or two things that contradict."""

    method: str
    path: str
    access: Access | None


def _access(dependant: Dependant) -> Access | None:
    # A role says more than "any key": an operation that asks for both asks for the role.
    found = set(_declarations(dependant))
    if len(found) > 1:
        found = {access for access in found if access != Access()}
    return found.pop() if len(found) == 1 else None


def operations_of(app: FastAPI) -> list[Declared]:
    """Return every operation of the application by path and method, undocumented pages too; mounted files are public."""
    found: list[Declared] = []
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            access = _access(route.dependant)
            found.extend(Declared(method, str(route.path), access) for method in route.methods or ())
    return sorted(found, key=lambda one: (one.path, one.method))

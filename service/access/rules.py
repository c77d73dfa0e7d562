"""Who may do what: roles, grants, the actor behind a request, and the separation of duties."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final
from uuid import UUID

from service.catalog.hierarchy import NOBODY, Hierarchy
from service.errors import Forbidden, Invalid, Unauthenticated


class Role(StrEnum):
    """What a principal is there for. It may hold several roles, each for an authority; none of them includes another."""

    REGISTRAR = "registrar"
    RECORDER = "recorder"
    REVIEWER = "reviewer"
    CONSENTER = "consenter"
    LISTER = "lister"
    REPAIR_OFFICER = "repair_officer"
    SUPERVISOR = "supervisor"
    RULE_KEEPER = "rule_keeper"
    PLATFORM = "platform"
    EXPORTER = "exporter"
    AUDITOR = "auditor"
    SUBJECT_AGENT = "subject_agent"
    ADMINISTRATOR = "administrator"


class MissingKey(Unauthenticated):
    """The request carries no `Authorization: Bearer KEY` header, and this answer needs a key."""

    code = "missing_key"


class MalformedKey(Unauthenticated):
    """What was sent as a key is none: a wrong beginning, length or character, or a check that does not fit."""

    code = "malformed_key"


class UnknownKey(Unauthenticated):
    """The key has the right form and is not valid: it was never issued here, or it was revoked."""

    code = "unknown_key"


class RoleMissing(Forbidden):
    """The key is valid and has none of the roles that may do this."""

    code = "role_missing"


class RoleWithoutAuthority(Invalid):
    """A role that is held in an authority's name does not say which authority."""

    code = "role_without_authority"


class WhichAuthority(Invalid):
    """The asker acts for several authorities and does not say for which one this is done."""

    code = "which_authority"


class OwnWork(Forbidden):
    """Nobody reviews or consents to what he recorded himself."""

    code = "own_work"


#: Roles that are held for an authority and act in its name, so that a grant without one makes no sense.
AUTHORITY_ROLES: Final = frozenset(
    {
        Role.REGISTRAR,
        Role.RECORDER,
        Role.REVIEWER,
        Role.CONSENTER,
        Role.LISTER,
        Role.REPAIR_OFFICER,
        Role.SUPERVISOR,
    }
)

#: Roles whose work is the authority's records, so that who holds one sees these in full, and those of the authorities below.
#: A supervisor is not among them: it sees deadlines, counts and samples, never a draft.
RECORD_ROLES: Final = frozenset({Role.RECORDER, Role.REVIEWER, Role.CONSENTER, Role.LISTER, Role.REPAIR_OFFICER})


@dataclass(frozen=True, slots=True)
class Grant:
    """One role that a principal holds today, and for which authority (None: for none, or for the whole service).

    `stands_in` says that it is held for somebody else: as a substitute, by delegation, or lent by a higher authority. Such
    a grant acts, and opens what its own authority's people see; it oversees nobody.
    """

    role: Role
    authority_code: str | None = None
    stands_in: bool = False


@dataclass(frozen=True)
class Actor:
    """The principal behind a request, with what it holds on the legal day `on`.

    `id` is the principal's: all its keys, rotated ones too, and its tokens have the same. `subjects` are the enterprises
    whose agent it is by an authorisation in force; `shared` says by kind of record which authorities' records sharing
    agreements open to it.
    """

    id: UUID
    name: str
    grants: frozenset[Grant]
    hierarchy: Hierarchy = field(default=NOBODY, compare=False, repr=False)
    on: date = date.max
    key_id: UUID | None = None
    subjects: frozenset[str] = frozenset()
    shared: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def roles(self) -> frozenset[Role]:
        """All roles held, for whatever authority."""
        return frozenset(grant.role for grant in self.grants)

    def may(self, *roles: Role) -> bool:
        """Return whether the actor has at least one of `roles`, for whatever authority."""
        return not self.roles.isdisjoint(roles)

    @cached_property
    def _by_role(self) -> dict[Role, frozenset[str]]:
        held: dict[Role, frozenset[str]] = {}
        for grant in self.grants:
            if grant.authority_code is not None:
                owned = self.hierarchy.owned(grant.authority_code, on=self.on)
                held[grant.role] = held.get(grant.role, frozenset()) | owned
        return held

    def authorities(self, *roles: Role) -> frozenset[str]:
        """Return the authorities in whose name the actor acts by one of `roles`: granted, stood in for, and succeeded ones."""
        return frozenset().union(*(self._by_role.get(role, frozenset()) for role in roles))

    def acts_for(self, authority_code: str, *roles: Role) -> bool:
        """Return whether the actor holds one of `roles` for exactly this authority.

        Its own grants count, those that reach it by succession, and those it holds today as a substitute.
        """
        return any(authority_code in self._by_role.get(role, ()) for role in roles)

    def authority_for(self, *roles: Role) -> str:
        """Return the one authority for which the actor was granted one of `roles`.

        Raises:
            WhichAuthority: there are several, or none.
        """
        named = sorted(
            {
                grant.authority_code
                for grant in self.grants
                if grant.role in roles and grant.authority_code is not None
                if not self.hierarchy.is_succeeded(grant.authority_code, on=self.on)
            }
        )
        if len(named) != 1:
            raise WhichAuthority(
                f"You act for {', '.join(named) or 'no authority'} here; say for which authority this is done.",
                detail_zh="请指明以哪个机关的名义办理。",
            )
        return named[0]

    @cached_property
    def overseen(self) -> frozenset[str]:
        """The authorities under one for whose records the actor works, at any depth of their `parent` rows."""
        return self._below(RECORD_ROLES)

    def _below(self, roles: Iterable[Role]) -> frozenset[str]:
        wanted = frozenset(roles)
        return frozenset().union(
            *(
                self.hierarchy.below(grant.authority_code, on=self.on)
                for grant in self.grants
                if grant.role in wanted and grant.authority_code is not None and not grant.stands_in
            )
        )

    def overseen_by(self, *roles: Role) -> frozenset[str]:
        """Return the authorities under one for which the actor holds one of `roles`, at any depth."""
        return self._below(roles)

    def oversees(self, authority_code: str, *roles: Role) -> bool:
        """Return whether the actor holds one of `roles` (none named: any that works on records) for a higher authority.

        Higher means by the `parent` rows, at any distance, never by region.
        """
        return authority_code in (self._below(roles) if roles else self.overseen)

    def supervises(self, authority_code: str) -> bool:
        """Return whether the actor is a supervisor in whose region this authority lies, or under whose authority it stands.

        A supervisor sees deadlines, counts, rejections and samples, never the content of drafts.
        """
        return any(
            grant.role is Role.SUPERVISOR
            and grant.authority_code is not None
            and (
                self.hierarchy.shares_region(authority_code, of=grant.authority_code)
                or authority_code in self.hierarchy.below(grant.authority_code, on=self.on)
            )
            for grant in self.grants
        )

    @property
    def audits_everything(self) -> bool:
        """Whether the actor audits the whole service, not a single authority and those below it."""
        return Grant(Role.AUDITOR) in self.grants

    @cached_property
    def sees_records_of(self) -> frozenset[str]:
        """The authorities whose records the actor sees in full: its own, those under them, and those it audits."""
        own = self.authorities(*RECORD_ROLES, Role.AUDITOR)
        return own | self._below({*RECORD_ROLES, Role.AUDITOR})

    @property
    def is_official(self) -> bool:
        """Whether it works for an authority or audits, so that names of legal representatives are shown (house decision 16)."""
        return self.audits_everything or bool(self.authorities(*AUTHORITY_ROLES, Role.AUDITOR))

    def shared_with_it(self, kind: str) -> frozenset[str]:
        """Return the authorities whose records of this kind a sharing agreement opens to the actor."""
        return frozenset(owner for owner, shared in self.shared if shared == kind)


def check_grant(role: Role, authority_code: str | None) -> None:
    """Refuse a role and an authority that do not fit together.

    Raises:
        RoleWithoutAuthority: the role acts in an authority's name and none is given.
    """
    if role in AUTHORITY_ROLES and authority_code is None:
        raise RoleWithoutAuthority(
            f"The role {role} is held in the name of an authority; say which one.",
            detail_zh="此角色以行政机关名义办理业务，请指明所属机关。",
        )


def is_own_work(actor: Actor, recorded_by: Iterable[str | UUID]) -> bool:
    """Return whether the actor is among those who recorded something; `recorded_by` are ids of principals.

    Principals are compared, not keys: another key, a rotated one or a token of the same principal is the same person.
    """
    return str(actor.id) in {str(one) for one in recorded_by}


def check_separation(actor: Actor, *, recorded_by: Iterable[str | UUID]) -> None:
    """Refuse to let somebody review or consent to what he recorded.

    Raises:
        OwnWork: the actor is among those who recorded it.
    """
    if is_own_work(actor, recorded_by):
        raise OwnWork(
            f"{actor.name!r} recorded this; somebody else has to review it and consent to it.",
            detail_zh="经办与审核须由不同人员承担，本人不得审核或同意自己录入的内容。",
        )

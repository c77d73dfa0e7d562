from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from schemas.base import Input, Output
from service.access.rules import Role
from service.access.substitutions.rules import Kind

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]
NETWORKS = "Address ranges (CIDR) from which it is valid; none: from anywhere."


class GrantCreate(Input):
    """A role for an authority, from one day to another, both included."""

    role: Role
    authority_code: Code | None = Field(default=None, description="Needed for the roles that act for an authority.")
    from_on: date | None = Field(default=None, description="First day; none: at once.")
    until_on: date | None = Field(default=None, description="Last day; none: until it is revoked.")


class GrantOut(Output):
    """A role that a principal holds, held, or will hold."""

    id: UUID
    role: str
    authority_code: str | None
    from_on: date | None
    until_on: date | None
    granted_by: str = Field(description="Id of the principal who gave it, or `command line`.")
    granted_at: datetime
    confirmed_by: str | None = Field(description="Who confirmed it; null: nobody yet, or nobody else was needed.")
    confirmed_at: datetime | None = Field(
        description="Since when it counts; null: it waits for a second administrator."
    )
    revoked_by: str | None
    revoked_at: datetime | None


class PrincipalOut(Output):
    """Somebody, or a program, that acts here."""

    id: UUID
    name: str
    issuer: str | None = Field(description="The OIDC issuer that knows it; null: it is known by keys only.")
    issuer_subject: str | None
    created_at: datetime
    blocked_by: str | None
    blocked_at: datetime | None = Field(description="Since when none of its keys and tokens opens anything.")
    grants: list[GrantOut]


class PrincipalPage(Output):
    """A page of principals, oldest first."""

    items: list[PrincipalOut]
    next: str | None


class KeyCreate(Input):
    """A key for somebody new, with `grants`, or one more for the principal `principal_id`."""

    name: Name = Field(description="What the key is for.")
    note: Note | None = None
    principal_id: UUID | None = Field(default=None, description="Whose key it is; none: somebody new.")
    grants: tuple[GrantCreate, ...] = Field(default=(), max_length=100, description="For somebody new: what it may do.")
    expires_at: AwareDatetime | None = None
    networks: tuple[Annotated[str, StringConstraints(max_length=60)], ...] = Field(
        default=(), max_length=100, description=NETWORKS
    )


class KeyRotate(Input):
    """How long the old key stays valid beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=24 * 90)] = 24


class KeyOut(Output):
    """A key without its secret, which is stored nowhere."""

    id: UUID
    principal_id: UUID
    name: str
    note: str | None
    hint: str = Field(description="The first characters of the secret.")
    state: Literal["valid", "expired", "revoked", "unconfirmed"]
    networks: list[str] = Field(description=NETWORKS)
    created_by: str = Field(description="Id of the principal who made it, or `command line`.")
    created_at: datetime
    confirmed_by: str | None = Field(description="Who confirmed it; null: nobody yet, or nobody else was needed.")
    confirmed_at: datetime | None = Field(
        description="Since when it counts; null: it waits for a second administrator."
    )
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Exact to a minute.")
    rotated_to: UUID | None = Field(description="The key that takes its place.")
    revoked_at: datetime | None


class KeyCreated(KeyOut):
    """A new key with its secret, which is shown this once."""

    secret: str


class KeyPage(Output):
    """A page of keys, oldest first."""

    items: list[KeyOut]
    next: str | None


class ProposalOut(Output):
    """What one administrator proposed and another has to confirm."""

    id: UUID
    kind: Literal["grant", "key", "substitution"]
    principal_id: UUID = Field(description="Who would gain by it.")
    principal: str = Field(description="Its name.")
    what: str = Field(description="The role, or the name of the key.")
    authority_code: str | None
    proposed_by: str
    proposed_at: datetime


class ProposalPage(Output):
    """A page of what waits, oldest first."""

    items: list[ProposalOut]
    next: str | None


class ConfirmedOut(Output):
    """A grant, a key or a substitution that counts from now on."""

    id: UUID
    principal_id: UUID
    proposed_by: str
    confirmed_by: str
    confirmed_at: datetime


class Held(Output):
    """A role that the asker holds today."""

    role: str
    authority_code: str | None
    stands_in: bool = Field(description="Held for somebody else: as a substitute, by delegation, or lent.")


class MeOut(Output):
    """Who the asker is."""

    principal_id: UUID
    name: str
    roles: list[Held]
    authorities: list[str] = Field(
        description="Codes of the authorities in whose name it acts, succeeded ones included."
    )
    subjects: list[str] = Field(description="Credit codes of the enterprises whose agent it is.")


class SubstitutionCreate(Input):
    """Who holds a role for somebody else, and on what basis."""

    kind: Kind
    principal_id: UUID = Field(description="Who stands in.")
    role: Role
    authority_code: Code
    for_principal_id: UUID | None = Field(default=None, description="Whose place is taken; none where a role is lent.")
    from_on: date
    until_on: date = Field(description="Last day.")
    basis: Note = Field(description="The order, or the rule, by which it is so.")


class SubstitutionOut(Output):
    """That somebody holds a role for somebody else."""

    id: UUID
    kind: str
    principal_id: UUID
    role: str
    authority_code: str
    for_principal_id: UUID | None
    from_on: date
    until_on: date
    basis: str
    registered_by: str
    registered_at: datetime
    confirmed_by: str | None = Field(description="Who confirmed it; null: nobody yet, or nobody else was needed.")
    confirmed_at: datetime | None = Field(
        description="Since when it counts; null: it waits for a second administrator."
    )
    ended_by: str | None
    ended_at: datetime | None


class SubstitutionPage(Output):
    """A page of substitutions, oldest first."""

    items: list[SubstitutionOut]
    next: str | None


class AuthorisationCreate(Input):
    """That a principal has proven to be an enterprise's agent."""

    uscc: Annotated[str, StringConstraints(max_length=200)]
    principal_id: UUID = Field(description="The agent's, as `GET /v1/me` tells it.")
    from_on: date
    until_on: date = Field(description="Last day.")
    document: Note = Field(description="What the authority has seen: the power of attorney, its number and day.")


class AuthorisationOut(Output):
    """That a principal is an enterprise's agent."""

    id: UUID
    uscc: str
    principal_id: UUID
    authority_code: str
    from_on: date
    until_on: date
    document: str
    registered_by: str
    registered_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


class AuthorisationPage(Output):
    """A page of authorisations, oldest first."""

    items: list[AuthorisationOut]
    next: str | None

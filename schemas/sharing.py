from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output
from service.sharing.rules import SharedKind

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AgreementCreate(Input):
    """What an authority asks another to open to it."""

    owner_code: Code = Field(description="The authority that is asked.")
    requester_code: Code | None = Field(default=None, description="Needed by who binds several authorities.")
    kinds: tuple[SharedKind, ...] = Field(min_length=1, max_length=2)
    purpose: Words
    from_on: date
    until_on: date = Field(description="Last day.")


class Approval(Input):
    """Why a request is approved, and until when where that is sooner than was asked."""

    reason: Words
    until_on: date | None = None


class Reason(Input):
    """Why a request is refused, or an agreement ended."""

    reason: Words


class AgreementOut(Output):
    """A sharing agreement; `approved` and today between its days: in force."""

    id: UUID
    requester_code: str
    owner_code: str
    kinds: list[str]
    purpose: str
    from_on: date
    until_on: date
    state: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    revoked_by: str | None
    revoked_at: datetime | None
    revoked_because: str | None


class AgreementPage(Output):
    """A page of agreements, oldest first."""

    items: list[AgreementOut]
    next: str | None


class SupplyPut(Input):
    """What an authority supplies of one kind, and how often."""

    description: Words
    every_days: Annotated[int, Field(ge=1, le=3660)]


class SupplyOut(Output):
    """What an authority says that it supplies."""

    authority_code: str
    kind: str
    description: str
    every_days: int
    version_no: int
    stated_at: datetime
    last_delivered_at: datetime | None = Field(description="When it last delivered published rows of this kind.")


class SupplyPage(Output):
    """A page of supplies, by authority and kind."""

    items: list[SupplyOut]
    next: str | None

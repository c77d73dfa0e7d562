from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

import uuid_utils.compat
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.four_eyes.rules import is_principal, needs_second
from service.access.principals.queries import end_grant, lock_principal
from service.access.principals.rules import BlockedOrNot, DatedGrant, check_days
from service.access.queries import raise_access_version
from service.access.rules import Role, check_grant
from service.catalog.rules import NoSuchAuthority
from service.models import AccessGrant, Authority, Principal

#: Who acts when it is not a principal: somebody with a terminal on the machine.
COMMAND_LINE: Final = "command line"


def new_id() -> UUID:
    """Return a fresh id; ids grow with time."""
    return uuid_utils.compat.uuid7()


async def add_principal(session: AsyncSession, *, name: str, now: datetime) -> Principal:
    """Enter somebody who will act here."""
    principal = Principal(id=new_id(), name=name, created_at=now)
    session.add(principal)
    await session.flush()
    return principal


async def grant_roles(
    session: AsyncSession, *, principal_id: UUID, grants: Iterable[DatedGrant], by: str, now: datetime
) -> list[AccessGrant]:
    """Give a principal roles; `by` is the principal who gives them, or the command line.

    Those that need a second administrator give nothing until one has confirmed them.

    Raises:
        RoleWithoutAuthority: a role acts in an authority's name and none is given.
        ImpossibleDays: a grant would end before it begins.
        NoSuchAuthority: the catalogue has no authority of this code.
    """
    rows = []
    for grant in grants:
        check_days(grant.from_on, grant.until_on)
        check_grant(grant.role, grant.authority_code)
        await check_authority_exists(session, grant.authority_code)
        row = AccessGrant(
            id=new_id(),
            principal_id=principal_id,
            role=grant.role.value,
            authority_code=grant.authority_code,
            from_on=grant.from_on,
            until_on=grant.until_on,
            granted_by=by,
            granted_at=now,
            confirmed_at=None if needs_second(grant.role) and is_principal(by) else now,
        )
        session.add(row)
        rows.append(row)
    await session.flush()
    await raise_access_version(session)
    return rows


async def check_authority_exists(session: AsyncSession, code: str | None) -> None:
    """Refuse an authority that the catalogue does not have.

    Raises:
        NoSuchAuthority: there is none of this code.
    """
    if code is not None and await session.get(Authority, code) is None:
        raise NoSuchAuthority(
            f"The catalogue has no authority {code!r}; add it first.",
            detail_zh="机关目录中无此机关，请先登记。",
        )


async def revoke_grant(
    session: AsyncSession, *, principal_id: UUID, grant_id: UUID, by: str, now: datetime
) -> AccessGrant:
    """Take a role away; every process knows it within a second.

    Raises:
        NoSuchGrant: the principal has none of this id that is in force.
    """
    ended = await end_grant(session, principal_id=principal_id, grant_id=grant_id, by=by, now=now)
    await raise_access_version(session)
    return ended


def roles_for(roles: Iterable[Role], authority_code: str | None, until_on: date | None = None) -> list[DatedGrant]:
    """Return grants of `roles` for one authority."""
    return [DatedGrant(role, authority_code, until_on=until_on) for role in sorted(set(roles))]


async def set_blocked(session: AsyncSession, *, principal_id: UUID, blocked: bool, by: str, now: datetime) -> Principal:
    """Refuse a principal whatever key or token it comes with, or let it in again; every process knows within a second.

    Raises:
        NoSuchPrincipal: there is none of this id.
        BlockedOrNot: it is so already.
    """
    row = await lock_principal(session, principal_id=principal_id)
    if blocked is (row.blocked_at is not None):
        words, words_zh = (
            ("is blocked already", "该主体已停用。") if blocked else ("is not blocked", "该主体未被停用。")
        )
        raise BlockedOrNot(f"The principal {principal_id} {words}.", detail_zh=words_zh)
    row.blocked_by, row.blocked_at = (by, now) if blocked else (None, None)
    await session.flush()
    await raise_access_version(session)
    return row

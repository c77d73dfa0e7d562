from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from service.access.keys.rules import KnownKey, read_networks
from service.access.principals.rules import DatedAgency, DatedGrant, DatedShare, Holder
from service.access.rules import Role
from service.db import ReadSession
from service.models import (
    AccessGrant,
    AccessVersion,
    ApiKey,
    Authority,
    Principal,
    SharingAgreement,
    SubjectAuthorisation,
    Substitution,
)

Asked = AsyncConnection | AsyncSession | ReadSession


@dataclass(frozen=True, slots=True)
class KeyAndHolder:
    """A key with the principal whose it is."""

    key: KnownKey
    holder: Holder


async def get_access_version(connection: Asked) -> int:
    """Return the counter that every change of who may do what raises."""
    found: int = (await connection.execute(select(AccessVersion.version))).scalar_one()
    return found


async def raise_access_version(session: AsyncSession) -> None:
    """Raise the counter: every process forgets within a second what it remembers of keys and grants."""
    await session.execute(update(AccessVersion).values(version=AccessVersion.version + 1))


async def find_key(connection: Asked, *, secret_hash: bytes) -> KeyAndHolder | None:
    """Return the key with this hash and its holder, or None where no key has it or the key is revoked."""
    row_of = ApiKey
    columns = (row_of.id, row_of.name, row_of.secret_hash, row_of.expires_at, row_of.networks, row_of.principal_id)
    found = await connection.execute(
        select(*columns, row_of.confirmed_at).where(ApiKey.secret_hash == secret_hash, ApiKey.revoked_at.is_(None))
    )
    row = found.one_or_none()
    if row is None:
        return None
    key = KnownKey(
        row.id, row.name, row.secret_hash, row.expires_at, read_networks(row.networks), row.confirmed_at is not None
    )
    return KeyAndHolder(key, await get_holder(connection, principal_id=row.principal_id))


async def get_holder(connection: Asked, *, principal_id: UUID) -> Holder:
    """Return a principal with all that it holds, whatever the day: grants, substitutions, authorisations, agreements.

    A role that this version does not know (a newer version granted it) gives no right here.
    """
    columns = (Principal.name, Principal.blocked_at)
    name, blocked_at = (await connection.execute(select(*columns).where(Principal.id == principal_id))).one()
    return Holder(
        principal_id,
        name,
        (
            *await find_own_grants(connection, principal_id=principal_id),
            *await _find_substitutions(connection, principal_id=principal_id),
        ),
        await _find_authorisations(connection, principal_id=principal_id),
        await _find_agreements(connection),
        is_blocked=blocked_at is not None,
    )


async def find_own_grants(connection: Asked, *, principal_id: UUID) -> tuple[DatedGrant, ...]:
    """Return what a principal was granted itself, confirmed, and keeps, whatever the days."""
    columns = (AccessGrant.role, AccessGrant.authority_code, AccessGrant.from_on, AccessGrant.until_on)
    rows = await connection.execute(
        select(*columns).where(
            AccessGrant.principal_id == principal_id,
            AccessGrant.confirmed_at.is_not(None),
            AccessGrant.revoked_at.is_(None),
        )
    )
    known = set(Role)
    return tuple(
        DatedGrant(Role(row.role), row.authority_code, row.from_on, row.until_on) for row in rows if row.role in known
    )


async def _find_substitutions(connection: Asked, *, principal_id: UUID) -> tuple[DatedGrant, ...]:
    """A substitution is worth what it rests on: on each day the grant behind it must be held too."""
    rests_on = or_(
        and_(
            AccessGrant.principal_id == Substitution.for_principal_id,
            AccessGrant.authority_code == Substitution.authority_code,
        ),
        and_(
            Substitution.for_principal_id.is_(None),
            AccessGrant.principal_id == Substitution.principal_id,
            AccessGrant.authority_code == Authority.parent_code,
        ),
    )
    rows = await connection.execute(
        select(
            Substitution.role,
            Substitution.authority_code,
            func.greatest(Substitution.from_on, AccessGrant.from_on).label("from_on"),
            func.least(Substitution.until_on, AccessGrant.until_on).label("until_on"),
        )
        .join(Authority, Authority.code == Substitution.authority_code)
        .join(
            AccessGrant,
            and_(
                AccessGrant.role == Substitution.role,
                AccessGrant.confirmed_at.is_not(None),
                AccessGrant.revoked_at.is_(None),
                rests_on,
            ),
        )
        .where(
            Substitution.principal_id == principal_id,
            Substitution.confirmed_at.is_not(None),
            Substitution.ended_at.is_(None),
        )
    )
    known = set(Role)
    return tuple(
        DatedGrant(Role(row.role), row.authority_code, row.from_on, row.until_on, stands_in=True)
        for row in rows
        if row.role in known
    )


async def _find_authorisations(connection: Asked, *, principal_id: UUID) -> tuple[DatedAgency, ...]:
    row = SubjectAuthorisation
    rows = await connection.execute(
        select(row.uscc, row.from_on, row.until_on).where(row.principal_id == principal_id, row.revoked_at.is_(None))
    )
    return tuple(DatedAgency(*found) for found in rows.all())


async def _find_agreements(connection: Asked) -> tuple[DatedShare, ...]:
    row = SharingAgreement
    columns = (row.requester_code, row.owner_code, row.kinds, row.from_on, row.until_on)
    rows = await connection.execute(select(*columns).where(row.state == "approved"))
    return tuple(
        DatedShare(found.requester_code, found.owner_code, kind, found.from_on, found.until_on)
        for found in rows
        for kind in found.kinds
    )


async def principal_of_token(session: AsyncSession, *, issuer: str, subject: str, name: str, now: datetime) -> UUID:
    """Return the id of the principal that an issuer calls `subject`, entered when it is seen for the first time."""
    row = insert(Principal).values(
        id=uuid_utils.compat.uuid7(), name=name, issuer=issuer, issuer_subject=subject, created_at=now
    )
    known = Principal.issuer == issuer, Principal.issuer_subject == subject
    await session.execute(
        row.on_conflict_do_nothing(
            index_elements=["issuer", "issuer_subject"], index_where=Principal.issuer.is_not(None)
        )
    )
    return (await session.scalars(select(Principal.id).where(*known))).one()

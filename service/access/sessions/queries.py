from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.keys.rules import KnownKey
from service.access.oidc.rules import Bearer
from service.access.principals.rules import DatedGrant, Holder
from service.access.queries import Asked, find_key, get_holder
from service.access.rules import Role
from service.models import ApiKey, BrowserSession


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A sign-in that has not ended: whose it is, and the key that it stands for, or the issuer at which it was made."""

    holder: Holder
    key: KnownKey | None
    issuer: str | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Vouched:
    """The issuer at which a sign-in was made, and when its holder last showed there again who he is."""

    issuer: str
    confirmed_at: datetime | None


async def find_session(connection: Asked, *, token_hash: bytes, now: datetime) -> OpenSession | None:
    """Return the sign-in with this hash; None where there is none, it has ended, or its key is revoked."""
    of = BrowserSession
    columns = (ApiKey.secret_hash, of.principal_id, of.issuer, of.name, of.claim_grants, of.expires_at)
    query = (
        select(*columns)
        .outerjoin(ApiKey, ApiKey.id == of.key_id)
        .where(of.token_hash == token_hash, of.ended_at.is_(None), of.expires_at > now)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.principal_id is None:
        found = await find_key(connection, secret_hash=row.secret_hash)
        return None if found is None else OpenSession(found.holder, found.key, None, row.expires_at)
    stored = await get_holder(connection, principal_id=row.principal_id)
    known = set(Role)
    given = [DatedGrant(Role(one["role"]), one["authority"]) for one in row.claim_grants if one["role"] in known]
    holder = replace(stored, name=row.name, grants=(*stored.grants, *given))
    return OpenSession(holder, None, row.issuer, row.expires_at)


async def insert_session(
    session: AsyncSession, *, session_id: UUID, key_id: UUID, token_hash: bytes, now: datetime, ends_at: datetime
) -> None:
    """Insert a sign-in."""
    values = {
        "id": session_id, "key_id": key_id, "token_hash": token_hash, "created_at": now, "expires_at": ends_at,
    }  # fmt: skip
    await session.execute(insert(BrowserSession).values(values))


async def insert_issuer_session(
    session: AsyncSession,
    *,
    session_id: UUID,
    principal_id: UUID,
    bearer: Bearer,
    token_hash: bytes,
    now: datetime,
    ends_at: datetime,
) -> None:
    """Insert the sign-in of somebody whom an issuer vouches for, with what its claims give."""
    given = [{"role": one.role.value, "authority": one.authority_code} for one in bearer.grants]
    values = {
        "id": session_id, "principal_id": principal_id, "issuer": bearer.issuer, "name": bearer.name, "claim_grants": given,
        "token_hash": token_hash, "created_at": now, "expires_at": ends_at,
    }  # fmt: skip
    await session.execute(insert(BrowserSession).values(values))


async def mark_confirmed(session: AsyncSession, *, token_hash: bytes, principal_id: UUID, now: datetime) -> bool:
    """Note that whoever holds an open sign-in has shown again who he is; False where it is another's, or has ended."""
    of = BrowserSession
    marked = await session.execute(
        update(of)
        .where(of.token_hash == token_hash, of.principal_id == principal_id, of.ended_at.is_(None), of.expires_at > now)
        .values(confirmed_at=now)
        .returning(of.id)
    )
    return marked.one_or_none() is not None


async def find_vouched(connection: Asked, *, token_hash: bytes) -> Vouched | None:
    """Return at which issuer a sign-in was made, and what was confirmed there; None where it was made by a key, or is none."""
    query = select(BrowserSession.issuer, BrowserSession.confirmed_at).where(BrowserSession.token_hash == token_hash)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None or row.issuer is None else Vouched(row.issuer, row.confirmed_at)


async def end_session(session: AsyncSession, *, token_hash: bytes, now: datetime) -> str | None:
    """End the sign-in with this hash, where it has not ended; returns the issuer at which it was made, if it was at one."""
    ended = await session.execute(
        update(BrowserSession)
        .where(BrowserSession.token_hash == token_hash, BrowserSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(BrowserSession.issuer)
    )
    return ended.scalar_one_or_none()


async def delete_past_sessions(
    session: AsyncSession, *, ended_before: datetime, key_id: UUID | None = None, principal_id: UUID | None = None
) -> None:
    """Delete the sign-ins of a key, or of a principal at its issuer, whose time was over before an instant.

    The audit says who signed in when.
    """
    of = BrowserSession
    whose = of.key_id == key_id if key_id is not None else of.principal_id == principal_id
    await session.execute(delete(of).where(whose, of.expires_at < ended_before))

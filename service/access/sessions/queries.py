from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.queries import Asked, KeyAndHolder, find_key
from service.models import ApiKey, BrowserSession


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A sign-in that has not ended, with the key it stands for."""

    found: KeyAndHolder
    ends_at: datetime


async def find_session(connection: Asked, *, token_hash: bytes, now: datetime) -> OpenSession | None:
    """Return the sign-in with this hash; None where there is none, it has ended, or its key is revoked."""
    query = (
        select(ApiKey.secret_hash, BrowserSession.expires_at)
        .join(ApiKey, ApiKey.id == BrowserSession.key_id)
        .where(
            BrowserSession.token_hash == token_hash, BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = await find_key(connection, secret_hash=row.secret_hash)
    return None if found is None else OpenSession(found, row.expires_at)


async def insert_session(
    session: AsyncSession, *, session_id: UUID, key_id: UUID, token_hash: bytes, now: datetime, ends_at: datetime
) -> None:
    """Insert a sign-in."""
    values = {
        "id": session_id, "key_id": key_id, "token_hash": token_hash, "created_at": now, "expires_at": ends_at,
    }  # fmt: skip
    await session.execute(insert(BrowserSession).values(values))


async def end_session(session: AsyncSession, *, token_hash: bytes, now: datetime) -> None:
    """End the sign-in with this hash, where it has not ended."""
    await session.execute(
        update(BrowserSession)
        .where(BrowserSession.token_hash == token_hash, BrowserSession.ended_at.is_(None))
        .values(ended_at=now)
    )


async def delete_sessions_of_key(session: AsyncSession, *, key_id: UUID, ended_before: datetime) -> None:
    """Delete a key's sign-ins whose time was over before an instant; the audit says who signed in when."""
    await session.execute(
        delete(BrowserSession).where(BrowserSession.key_id == key_id, BrowserSession.expires_at < ended_before)
    )

from datetime import datetime
from secrets import token_urlsafe

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.cache import AccessCache
from service.access.keys.rules import key_hash
from service.access.queries import find_key, raise_access_version
from service.access.rules import Actor, MissingKey, UnknownKey
from service.access.sessions.queries import delete_sessions_of_key, end_session, insert_session
from service.access.sessions.rules import LIFE, KeyNotYours, token_hash
from service.catalog.hierarchy import Hierarchy


async def sign_in(
    session: AsyncSession,
    access: AccessCache,
    *,
    key: str,
    hierarchy: Hierarchy,
    now: datetime,
    address: str | None,
) -> tuple[Actor, str]:
    """Exchange a key that is valid now, from this address, for the token of a new sign-in; returns whose it is too.

    Raises:
        Refusal: the key is refused, as the API would.
    """
    actor = await _holder(access, key=key, hierarchy=hierarchy, now=now, address=address)
    found = await find_key(session, secret_hash=key_hash(key.strip()))
    if found is None:  # a token of an issuer, or a key that was revoked a moment ago
        raise UnknownKey("This signs in with a key of the service.", detail_zh="请使用本系统签发的密钥登录。")
    token = token_urlsafe(32)
    await delete_sessions_of_key(session, key_id=found.key.id, ended_before=now)
    await insert_session(
        session,
        session_id=new_id(),
        key_id=found.key.id,
        token_hash=token_hash(token),
        now=now,
        ends_at=now + LIFE,
    )
    return actor, token


async def sign_out(session: AsyncSession, *, token: str, now: datetime) -> None:
    """End a sign-in; every process knows it within a second. One that has ended already stays so."""
    await end_session(session, token_hash=token_hash(token), now=now)
    await raise_access_version(session)


async def confirm_key(
    access: AccessCache, actor: Actor, *, key: str, hierarchy: Hierarchy, now: datetime, address: str | None
) -> None:
    """Refuse an act for which whoever is signed in does not show a key of his own again.

    Raises:
        KeyNotYours: the key is another one's.
        Refusal: the key is refused, as the API would.
    """
    holder = await _holder(access, key=key, hierarchy=hierarchy, now=now, address=address)
    if holder.id != actor.id:
        raise KeyNotYours(
            "This is another one's key; give your own again.", detail_zh="这不是您本人的密钥，请重新输入本人密钥。"
        )


async def _holder(access: AccessCache, *, key: str, hierarchy: Hierarchy, now: datetime, address: str | None) -> Actor:
    if not key.strip():
        raise MissingKey("Give your key.", detail_zh="请输入密钥。")
    return await access.actor(key.strip(), hierarchy=hierarchy, now=now, address=address)

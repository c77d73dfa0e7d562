from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.cache import AccessCache
from service.access.keys.rules import key_hash
from service.access.oidc.rules import Bearer
from service.access.queries import find_key, get_holder, principal_of_token, raise_access_version
from service.access.rules import Actor, MissingKey, UnknownKey
from service.access.sessions.queries import (
    delete_past_sessions,
    end_session,
    insert_issuer_session,
    insert_session,
    mark_confirmed,
)
from service.access.sessions.rules import CONFIRMED, LIFE, KeyNotYours, NotConfirmed, SomebodyElse, token_hash
from service.catalog.hierarchy import Hierarchy
from service.clock import legal_day


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
    await delete_past_sessions(session, key_id=found.key.id, ended_before=now)
    await insert_session(
        session,
        session_id=new_id(),
        key_id=found.key.id,
        token_hash=token_hash(token),
        now=now,
        ends_at=now + LIFE,
    )
    return actor, token


async def sign_in_at_issuer(
    session: AsyncSession, *, bearer: Bearer, hierarchy: Hierarchy, now: datetime
) -> tuple[Actor, str]:
    """Let in whom an issuer vouches for; returns who that is here, and the token of a new sign-in.

    Raises:
        PrincipalBlocked: he is kept out.
    """
    principal_id = await principal_of_token(
        session, issuer=bearer.issuer, subject=bearer.subject, name=bearer.name, now=now
    )
    stored = await get_holder(session, principal_id=principal_id)
    holder = replace(stored, name=bearer.name, grants=(*stored.grants, *bearer.grants))
    actor = holder.actor(on=legal_day(now), hierarchy=hierarchy)
    token = token_urlsafe(32)
    await delete_past_sessions(session, principal_id=principal_id, ended_before=now)
    await insert_issuer_session(
        session,
        session_id=new_id(),
        principal_id=principal_id,
        bearer=bearer,
        token_hash=token_hash(token),
        now=now,
        ends_at=now + LIFE,
    )
    return actor, token


async def confirm_at_issuer(session: AsyncSession, *, token: str, bearer: Bearer, now: datetime) -> None:
    """Note that whoever is signed in has shown his issuer again who he is.

    Raises:
        SomebodyElse: it was somebody else, or the sign-in has ended.
    """
    principal_id = await principal_of_token(
        session, issuer=bearer.issuer, subject=bearer.subject, name=bearer.name, now=now
    )
    if not await mark_confirmed(session, token_hash=token_hash(token), principal_id=principal_id, now=now):
        raise SomebodyElse(
            f"{bearer.name!r} confirmed this, and somebody else is signed in here, or nobody any more.",
            detail_zh="确认身份的人与当前登录的人不是同一人，或登录已失效。",
        )


async def check_confirmed(access: AccessCache, *, token: str, now: datetime) -> None:
    """Refuse an act for which whoever signed in at an issuer has not shown there again, a moment ago, who he is.

    Raises:
        NotConfirmed: he has not.
    """
    vouched = await access.vouched(token)
    confirmed_at = None if vouched is None else vouched.confirmed_at
    if confirmed_at is None or not timedelta(0) <= now - confirmed_at <= CONFIRMED:
        raise NotConfirmed(
            "This goes out to the public: confirm at your office's sign-in that it is you (the link beside the button),"
            " then send it again. What you typed is still here.",
            detail_zh="此项办理后即对外公示：请先点按钮旁的链接，在统一身份认证再次确认是您本人，然后重新提交。您填写的内容都还在。",
        )


async def sign_out(session: AsyncSession, *, token: str, now: datetime) -> str | None:
    """End a sign-in; every process knows it within a second. One that has ended already stays so.

    Returns the issuer at which it was made, if it was made at one: its holder is still signed in there.
    """
    issuer = await end_session(session, token_hash=token_hash(token), now=now)
    await raise_access_version(session)
    return issuer


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

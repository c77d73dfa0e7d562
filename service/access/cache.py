"""Who is behind a key or a token, remembered: a check of a known one costs no query.

What is remembered is forgotten when the version row of access has risen; that is asked for at most every `POLL_SECONDS`
and never trusted for longer than `TRUST_SECONDS`. A revoked key is therefore refused by every process within a second.
"""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from hmac import compare_digest
from time import monotonic
from typing import Final

from service.access.keys.last_use import LastUse
from service.access.keys.rules import KnownKey, is_well_formed_key, key_hash
from service.access.oidc.tokens import Tokens, is_token
from service.access.principals.rules import Holder
from service.access.queries import find_key, get_access_version, get_holder, principal_of_token
from service.access.rules import Actor, MalformedKey, UnknownKey
from service.access.sessions.queries import Vouched, find_session, find_vouched
from service.access.sessions.rules import SignInEnded, token_hash
from service.catalog.hierarchy import Hierarchy
from service.clock import legal_day
from service.db import Database

POLL_SECONDS: Final = 0.4
TRUST_SECONDS: Final = 0.8

#: How long a token is believed without another look at its signature and its issuer's keys.
TOKEN_TRUST: Final = timedelta(minutes=1)

#: Keys and tokens remembered at most; with more all are forgotten and read again as they come.
MOST: Final = 50_000


class _Remembered:
    __slots__ = ("_actor", "_hierarchy", "ends_at", "holder", "key")

    def __init__(self, holder: Holder, *, key: KnownKey | None = None, ends_at: datetime | None = None) -> None:
        self.holder = holder
        self.key = key
        self.ends_at = ends_at
        self._actor: Actor | None = None
        self._hierarchy: Hierarchy | None = None

    def actor(self, day: date, hierarchy: Hierarchy) -> Actor:
        known = self._actor
        if known is None or known.on != day or self._hierarchy is not hierarchy:
            known = self.holder.actor(on=day, hierarchy=hierarchy, key_id=self.key.id if self.key else None)
            self._actor, self._hierarchy = known, hierarchy
        return known


class AccessCache:
    """What one process remembers of keys and their holders. `close()` it at the end: it notes when keys were last used."""

    def __init__(self, database: Database, *, tokens: Tokens | None = None) -> None:
        self._database = database
        self._tokens = tokens
        self._known: dict[bytes, _Remembered] = {}
        self._version: int | None = None
        self._generation = 0
        self._asked_at = -TRUST_SECONDS
        self._polling = asyncio.Lock()
        self.last_use = LastUse(database)

    async def actor(self, secret: str, *, hierarchy: Hierarchy, now: datetime, address: str | None) -> Actor:
        """Return whom the key or token `secret` stands for at the instant `now`, used from `address`.

        Raises:
            MalformedKey: it is neither.
            UnknownKey: the key was never issued, or is revoked.
            UnconfirmedKey, ExpiredKey, WrongNetwork: it is not valid now, or not from there.
            PrincipalBlocked: whoever holds it is blocked.
            BadToken, ExpiredToken, IssuerUnavailable: the token is not believed, or cannot be checked now.
        """
        if monotonic() - self._asked_at >= POLL_SECONDS:
            await self._forget_what_changed()
        digest = key_hash(secret)
        known = self._known.get(digest)
        if known is None or (known.ends_at is not None and now >= known.ends_at):
            known = await self._look_up(secret, digest, now)
        return self._checked(known, hierarchy, now, address)

    async def actor_of_session(self, token: str, *, hierarchy: Hierarchy, now: datetime, address: str | None) -> Actor:
        """Return whom a sign-in at the console stands for at the instant `now`: the holder of its key, or whom an issuer vouched for.

        Raises:
            SignInEnded: there is none with this token, it has ended, its key is revoked, or its issuer is not believed any more.
            UnconfirmedKey, ExpiredKey, WrongNetwork, PrincipalBlocked: its key is not valid now, or not from there.
        """
        if monotonic() - self._asked_at >= POLL_SECONDS:
            await self._forget_what_changed()
        digest = token_hash(token)
        known = self._known.get(digest)
        if known is None or (known.ends_at is not None and now >= known.ends_at):
            generation = self._generation
            known = await self._look_up_session(digest, now)
            self._remember(digest, known, generation)
        return self._checked(known, hierarchy, now, address)

    async def vouched(self, token: str) -> Vouched | None:
        """Return at which issuer a sign-in was made, and when its holder last confirmed there; None for one by a key."""
        async with self._database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await find_vouched(connection, token_hash=token_hash(token))

    def remembered(self, secret: str, *, hierarchy: Hierarchy, now: datetime, address: str | None) -> Actor | None:
        """Return what `actor` would, where no question to the database is needed for it; else None.

        Raises:
            ExpiredKey, WrongNetwork: see `actor`.
        """
        since = monotonic() - self._asked_at
        if since >= POLL_SECONDS and (since >= TRUST_SECONDS or not self._polling.locked()):
            return None
        known = self._known.get(key_hash(secret))
        if known is None or (known.ends_at is not None and now >= known.ends_at):
            return None
        return self._checked(known, hierarchy, now, address)

    def _checked(self, known: _Remembered, hierarchy: Hierarchy, now: datetime, address: str | None) -> Actor:
        if known.key is not None:
            known.key.check(now=now, address=address)
            self.last_use.mark(known.key.id, now)
        return known.actor(legal_day(now), hierarchy)

    def expire(self) -> None:
        """Ask for the version at the next check, because this process has just changed who may do what."""
        self._asked_at = -TRUST_SECONDS

    async def close(self) -> None:
        """Write down when keys were last used."""
        await self.last_use.close()

    async def _look_up(self, secret: str, digest: bytes, now: datetime) -> _Remembered:
        generation = self._generation
        if self._tokens is not None and is_token(secret):
            known = await self._look_up_token(self._tokens, secret, now)
        else:
            known = await self._look_up_key(secret, digest)
        self._remember(digest, known, generation)
        return known

    def _remember(self, digest: bytes, known: _Remembered, generation: int) -> None:
        # What was read before a change and comes back after it is used this once and not remembered.
        if self._generation == generation:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[digest] = known

    async def _look_up_session(self, digest: bytes, now: datetime) -> _Remembered:
        async with self._database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            opened = await find_session(connection, token_hash=digest, now=now)
        believed = opened is not None and (
            opened.issuer is None or (self._tokens is not None and self._tokens.believes(opened.issuer))
        )
        if opened is None or not believed:
            raise SignInEnded("The sign-in has ended; sign in again.", detail_zh="登录已失效，请重新登录。")
        return _Remembered(opened.holder, key=opened.key, ends_at=opened.ends_at)

    async def _look_up_key(self, secret: str, digest: bytes) -> _Remembered:
        if not is_well_formed_key(secret):
            raise MalformedKey(
                "What was sent as a key is malformed: keys are `xy_` and 49 letters and digits, the last 6 a check of the"
                " rest.",
                detail_zh="密钥格式有误，请检查是否完整。",
            )
        async with self._database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            found = await find_key(connection, secret_hash=digest)
        # Hashes are compared, in constant time: how long it takes says nothing about the secret.
        if found is None or not compare_digest(found.key.secret_hash, digest):
            raise UnknownKey(
                "The key is unknown: it was never issued here, or it was revoked.", detail_zh="密钥不存在或已被吊销。"
            )
        return _Remembered(found.holder, key=found.key)

    async def _look_up_token(self, tokens: Tokens, secret: str, now: datetime) -> _Remembered:
        bearer = await tokens.read(secret, now=now)
        async with self._database.transaction() as session:
            principal_id = await principal_of_token(
                session, issuer=bearer.issuer, subject=bearer.subject, name=bearer.name, now=now
            )
            stored = await get_holder(session, principal_id=principal_id)
        holder = replace(stored, name=bearer.name, grants=(*stored.grants, *bearer.grants))
        return _Remembered(holder, ends_at=min(bearer.ends_at, now + TOKEN_TRUST))

    async def _forget_what_changed(self) -> None:
        if self._polling.locked() and monotonic() - self._asked_at < TRUST_SECONDS:
            return
        async with self._polling:
            if monotonic() - self._asked_at < POLL_SECONDS:
                return
            asked_at = monotonic()
            async with self._database.engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                version = await get_access_version(connection)
            if version != self._version:
                self._version = version
                self._generation += 1
                self._known.clear()
            self._asked_at = asked_at

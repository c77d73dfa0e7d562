"""Registering, rotating and retiring the public halves of authorities' keys."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.rules import Actor, Role
from service.db import violated_constraint
from service.models import Authority, SealingKey
from service.reports.keys.queries import count_keys, end_keys, lock_key
from service.reports.keys.rules import (
    MOST_KEYS,
    NotYourKey,
    SealingKeyKnown,
    SealingKeyRetired,
    TooManySealingKeys,
)
from service.reports.sealing import public_jwk, read_public
from service.versions import ExpectedVersion


async def register_key(
    session: AsyncSession,
    *,
    authority_code: str | None,
    jwk: Mapping[str, str],
    overlap: timedelta,
    actor: Actor,
    now: datetime,
) -> SealingKey:
    """Register the key to which reports are sealed from now on; what is sealed to the former one is taken for the overlap.

    Raises:
        NotYourKey: the actor does not bind this authority.
        WhichAuthority: it binds several, and does not say which.
        NoSealingKey: it is no X25519 public key.
        SealingKeyKnown: it was registered before.
        TooManySealingKeys: the authority has as many as it may.
    """
    code = authority_code or actor.authority_for(Role.CONSENTER)
    if not actor.acts_for(code, Role.CONSENTER):
        raise NotYourKey(f"{code} registers its own keys, by its {Role.CONSENTER}.", detail_zh="应由本机关登记公钥。")
    key = read_public(jwk)
    await session.execute(select(Authority.code).where(Authority.code == code).with_for_update(key_share=True))
    if await count_keys(session, authority_code=code) >= MOST_KEYS:
        raise TooManySealingKeys(f"{code} has {MOST_KEYS} keys: retire old ones.", detail_zh="公钥数量已达上限。")
    await end_keys(session, authority_code=code, until=now + overlap)
    row = SealingKey(
        id=new_id(),
        authority_code=code,
        kid=key.thumbprint(),
        jwk=public_jwk(key),
        version_no=1,
        registered_by=str(actor.id),
        registered_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if violated_constraint(error) != "uq_sealing_key_kid":
            raise
        raise SealingKeyKnown(
            "This public key is registered already; make a new pair: `xinyong reports keygen`.",
            detail_zh="该公钥已登记，请生成新的密钥对。",
        ) from error
    return row


async def retire_key(
    session: AsyncSession, *, key_id: UUID, expected: ExpectedVersion, actor: Actor, now: datetime
) -> SealingKey:
    """Retire a key at once: nothing that is sealed to it is taken any more. What was taken stays.

    Raises:
        NoSuchSealingKey: no authority that the actor binds has it.
        VersionRequired, VersionMismatch: it changed meanwhile.
        SealingKeyRetired: it was retired before.
    """
    row = await lock_key(session, key_id=key_id, authorities=actor.authorities(Role.CONSENTER))
    expected.check(row.version_no)
    if row.retired_at is not None:
        raise SealingKeyRetired(f"It was retired {row.retired_at:%Y-%m-%d}.", detail_zh="该公钥已停用。")
    row.retired_by, row.retired_at = str(actor.id), now
    row.version_no += 1
    await session.flush()
    return row

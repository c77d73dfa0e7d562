"""What a platform does with its webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.changes.queries import find_head, find_position_before
from service.changes.rules import check_reader
from service.db import Database, driver
from service.models import TakedownReceipt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from service.versions import ExpectedVersion
from service.watching.queries import get_watchlist
from service.webhooks.queries import count_endpoints, get_endpoint, list_secrets
from service.webhooks.rules import (
    LOG_KEPT,
    MOST_ENDPOINTS,
    MOST_SECRETS,
    Because,
    NoReceiptAsked,
    ReceiptsOwed,
    TooManySecrets,
    TooManyWebhooks,
    WebhookDisabled,
    check_url,
)
from service.webhooks.signatures import Signer, make_signer


async def create_endpoint(
    session: AsyncSession, *, stated: Mapping[str, Any], actor: Actor, loopback: bool, now: datetime
) -> tuple[WebhookEndpoint, Signer]:
    """Make an endpoint that is told of what follows the head of the log; return it with its secret.

    Raises:
        BadWebhookUrl: `stated["url"]` is not called from here.
        NoSuchWatchlist: the list that it should tell by is not the actor's.
        TooManyWebhooks: the actor has as many as it may.
    """
    check_url(stated["url"], loopback=loopback)
    await _check_watchlist(session, stated, actor)
    if await count_endpoints(session, actor=actor) >= MOST_ENDPOINTS:
        raise TooManyWebhooks(f"You have {MOST_ENDPOINTS} webhooks; delete one first.", detail_zh="回调数量已达上限。")
    head = await find_head(await driver(session))
    endpoint = WebhookEndpoint(
        id=uuid_utils.compat.uuid7(),
        principal_id=actor.id,
        version_no=1,
        state="active",
        position=head.position,
        failures=0,
        paused_until=now,
        created_at=now,
        changed_at=now,
        **stated,
    )
    session.add(endpoint)
    await session.flush()
    return endpoint, await _add_secret(session, endpoint, number=1, now=now)


async def _check_watchlist(session: AsyncSession, stated: Mapping[str, Any], actor: Actor) -> None:
    if stated.get("watchlist_id") is not None:
        await get_watchlist(session, watchlist_id=stated["watchlist_id"], actor=actor, keep=True)


async def _add_secret(session: AsyncSession, endpoint: WebhookEndpoint, *, number: int, now: datetime) -> Signer:
    signer = make_signer()
    session.add(
        WebhookSecret(
            endpoint_id=endpoint.id, number=number, secret=signer.secret, private_key=signer.private_key, made_at=now
        )
    )
    await session.flush()
    return signer


async def change_endpoint(
    session: AsyncSession,
    *,
    endpoint_id: UUID,
    stated: Mapping[str, Any],
    expected: ExpectedVersion,
    actor: Actor,
    loopback: bool,
    now: datetime,
) -> WebhookEndpoint:
    """Change what `stated` names; an endpoint that is enabled again goes on from where it stood.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        BadWebhookUrl: the new address is not called from here.
        NoSuchWatchlist: the list that it should tell by is not the actor's.
    """
    endpoint = await get_endpoint(session, endpoint_id=endpoint_id, actor=actor, lock=True)
    expected.check(endpoint.version_no)
    values = dict(stated)
    state = values.pop("state", endpoint.state)
    if "url" in values:
        check_url(values["url"], loopback=loopback)
    await _check_watchlist(session, values, actor)
    if state != endpoint.state:
        is_off = state == "disabled"
        values |= {"state": state, "disabled_at": now if is_off else None, "failures": 0, "failing_since": None}
        values |= {"disabled_because": Because.OWNER.value if is_off else None, "paused_until": now}
        if not is_off:
            await session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.done_at.is_(None))
                .values(next_at=now)
            )
    changed = {name: value for name, value in values.items() if getattr(endpoint, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(endpoint, name, value)
        endpoint.version_no += 1
        endpoint.changed_at = now
        await session.flush()
    return endpoint


async def delete_endpoint(session: AsyncSession, *, endpoint_id: UUID, expected: ExpectedVersion, actor: Actor) -> None:
    """Delete an endpoint with its secrets and its log.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        ReceiptsOwed: it was told of take-downs that are not confirmed.
    """
    endpoint = await get_endpoint(session, endpoint_id=endpoint_id, actor=actor, lock=True)
    expected.check(endpoint.version_no)
    owed = await _count_owed(session, endpoint_id)
    if owed:
        raise ReceiptsOwed(
            f"{owed} take-downs that this webhook was told of are not confirmed. Confirm them, then delete it.",
            detail_zh="尚有下架通知未确认，请先确认后再删除。",
            owed=owed,
        )
    await session.delete(endpoint)


async def _count_owed(session: AsyncSession, endpoint_id: UUID) -> int:
    query = (
        select(func.count())
        .select_from(TakedownReceipt)
        .where(TakedownReceipt.endpoint_id == endpoint_id, TakedownReceipt.acknowledged_at.is_(None))
    )
    return int(await session.scalar(query) or 0)


async def rotate_secret(
    session: AsyncSession,
    *,
    endpoint_id: UUID,
    overlap: timedelta,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> tuple[WebhookEndpoint, Signer]:
    """Give an endpoint a new secret; those that sign now do so for `overlap` more, at most.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        TooManySecrets: too many would sign at a time.
    """
    endpoint = await get_endpoint(session, endpoint_id=endpoint_id, actor=actor, lock=True)
    expected.check(endpoint.version_no)
    present = (await list_secrets(session, endpoint_ids=[endpoint.id], now=now))[endpoint.id]
    ends = now + overlap
    for secret in present:
        secret.signs_until = ends if secret.signs_until is None else min(secret.signs_until, ends)
    if sum(one.signs_until is not None and one.signs_until > now for one in present) >= MOST_SECRETS:
        raise TooManySecrets(
            f"{len(present)} secrets of this webhook still sign. Choose a shorter overlap, or wait until one has ended.",
            detail_zh="仍在使用的签名密钥过多，请缩短过渡期或稍后再换。",
        )
    last = await session.scalar(select(func.max(WebhookSecret.number)).where(WebhookSecret.endpoint_id == endpoint.id))
    endpoint.version_no += 1
    endpoint.changed_at = now
    return endpoint, await _add_secret(session, endpoint, number=int(last or 0) + 1, now=now)


async def set_back(
    session: AsyncSession, *, endpoint_id: UUID, after: int | None, since: datetime | None, actor: Actor
) -> WebhookEndpoint:
    """Let an endpoint go on from an earlier place: behind a position, or from an instant on. One ahead of it changes nothing.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        PositionAhead: the position lies behind the head.
    """
    endpoint = await get_endpoint(session, endpoint_id=endpoint_id, actor=actor, lock=True)
    connection = await driver(session)
    if since is not None:
        after = await find_position_before(connection, instant=since)
    assert after is not None  # noqa: S101 - one of the two is given; this tells the type checker
    check_reader(await find_head(connection), after=after, log_id=None)
    endpoint.position = min(endpoint.position, after)
    await session.flush()
    return endpoint


async def send_test(session: AsyncSession, *, endpoint_id: UUID, actor: Actor, now: datetime) -> WebhookDelivery:
    """Let a test message be sent, once.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        WebhookDisabled: nothing is sent to it.
    """
    endpoint = await get_endpoint(session, endpoint_id=endpoint_id, actor=actor)
    if endpoint.state != "active":
        raise WebhookDisabled(f"The webhook {endpoint_id} is disabled.", detail_zh="该回调已停用。")
    made = WebhookDelivery(
        endpoint_id=endpoint.id, position=None, uscc=None, state="waiting", made_at=now, attempts=0, next_at=now
    )
    session.add(made)
    await session.flush()
    return made


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many receipts were given now, how many had been given before, and how many are still owed."""

    confirmed: int
    before: int
    owed: int


async def acknowledge(
    session: AsyncSession, *, endpoint_id: UUID, positions: Sequence[int], actor: Actor, now: datetime
) -> Confirmed:
    """Confirm that take-downs were carried out; once more changes nothing.

    Raises:
        NoSuchWebhook: the actor has none of this id.
        NoReceiptAsked: no receipt was asked for at one of the positions; nothing is confirmed then.
    """
    await get_endpoint(session, endpoint_id=endpoint_id, actor=actor)
    wanted = sorted(set(positions))
    mine = (TakedownReceipt.endpoint_id == endpoint_id, TakedownReceipt.position.in_(wanted))
    rows = await session.execute(select(TakedownReceipt.position, TakedownReceipt.acknowledged_at).where(*mine))
    found = {row.position: row.acknowledged_at for row in rows}
    unknown = [one for one in wanted if one not in found]
    if unknown:
        raise NoReceiptAsked(
            f"No receipt was asked of this webhook for {', '.join(map(str, unknown[:10]))}; nothing was confirmed.",
            detail_zh="所给位置中有未要求回执的，全部未予确认。",
            positions=unknown[:100],
        )
    await session.execute(
        update(TakedownReceipt).where(*mine, TakedownReceipt.acknowledged_at.is_(None)).values(acknowledged_at=now)
    )
    new = sum(one is None for one in found.values())
    return Confirmed(new, len(found) - new, await _count_owed(session, endpoint_id))


#: Rows of the delivery logs that are deleted in one transaction.
FORGOTTEN_AT_ONCE: Final = 10_000


async def forget_deliveries(database: Database, *, as_of: datetime) -> int:
    """Delete what the delivery logs have kept long enough, and secrets that sign no more; return how many messages."""
    total = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            gone: int = await connection.fetchval(
                """WITH old AS (SELECT id FROM webhook_delivery WHERE done_at <= $1 ORDER BY done_at LIMIT $2),
                gone AS (DELETE FROM webhook_delivery d USING old WHERE d.id = old.id RETURNING 1)
                SELECT count(*) FROM gone""",
                as_of - LOG_KEPT,
                FORGOTTEN_AT_ONCE,
            )
            await connection.execute("DELETE FROM webhook_secret WHERE signs_until <= $1", as_of)
        total += gone
        if gone < FORGOTTEN_AT_ONCE:
            return total

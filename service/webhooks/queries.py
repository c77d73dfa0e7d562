from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.db import ReadSession
from service.models import Principal, TakedownReceipt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from service.webhooks.rules import NoSuchWebhook, State
from service.webhooks.signatures import Signer


def _no_such(endpoint_id: UUID) -> NoSuchWebhook:
    return NoSuchWebhook(f"You have no webhook {endpoint_id}.", detail_zh="没有此编号的回调。")


async def get_endpoint(
    session: AsyncSession | ReadSession, *, endpoint_id: UUID, actor: Actor, lock: bool = False
) -> WebhookEndpoint:
    """Return an endpoint of the actor's, locked until the transaction ends when it is to be changed.

    Raises:
        NoSuchWebhook: it has none of this id.
    """
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.principal_id == actor.id)
    found: WebhookEndpoint | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise _no_such(endpoint_id)
    return found


async def list_endpoints(
    session: ReadSession, *, actor: Actor, after: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    """Return endpoints of the actor's, oldest first, behind the one named."""
    query = (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.principal_id == actor.id)
        .order_by(WebhookEndpoint.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(WebhookEndpoint.id > after)
    return (await session.scalars(query)).all()


async def count_endpoints(session: AsyncSession, *, actor: Actor) -> int:
    """Return how many endpoints the actor has; its row is locked, so that nobody counts beside."""
    await session.execute(select(Principal.id).where(Principal.id == actor.id).with_for_update())
    query = select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.principal_id == actor.id)
    return int(await session.scalar(query) or 0)


async def list_secrets(
    session: AsyncSession | ReadSession, *, endpoint_ids: Sequence[UUID], now: datetime
) -> dict[UUID, list[WebhookSecret]]:
    """Return the secrets of endpoints that sign at `now`, newest first, by endpoint."""
    query = (
        select(WebhookSecret)
        .where(
            WebhookSecret.endpoint_id.in_(endpoint_ids),
            WebhookSecret.signs_until.is_(None) | (WebhookSecret.signs_until > now),
        )
        .order_by(WebhookSecret.number.desc())
    )
    found: dict[UUID, list[WebhookSecret]] = {one: [] for one in endpoint_ids}
    for row in await session.scalars(query):
        found[row.endpoint_id].append(row)
    return found


async def count_messages(session: AsyncSession | ReadSession, *, endpoint_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many messages wait for each endpoint."""
    query = (
        select(WebhookDelivery.endpoint_id, func.count())
        .where(WebhookDelivery.endpoint_id.in_(endpoint_ids), WebhookDelivery.done_at.is_(None))
        .group_by(WebhookDelivery.endpoint_id)
    )
    return dict.fromkeys(endpoint_ids, 0) | {row[0]: row[1] for row in await session.execute(query)}


async def list_deliveries(
    session: ReadSession, *, endpoint_id: UUID, state: State | None, before: int | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Return the delivery log of an endpoint, newest first, before the number named."""
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    return (await session.scalars(query)).all()


async def list_overdue(
    session: ReadSession, *, now: datetime, after: tuple[UUID, int] | None, limit: int
) -> Sequence[Any]:
    """Return receipts that are overdue at `now`, by endpoint and position, each with the platform's name."""
    query = (
        select(
            TakedownReceipt.endpoint_id,
            TakedownReceipt.position,
            TakedownReceipt.principal_id,
            Principal.name.label("platform"),
            TakedownReceipt.asked_at,
            TakedownReceipt.due_at,
        )
        .join(Principal, Principal.id == TakedownReceipt.principal_id)
        .where(TakedownReceipt.acknowledged_at.is_(None), TakedownReceipt.due_at < now)
        .order_by(TakedownReceipt.endpoint_id, TakedownReceipt.position)
        .limit(limit)
    )
    if after is not None:
        endpoint_id, position = after
        query = query.where(
            (TakedownReceipt.endpoint_id > endpoint_id)
            | ((TakedownReceipt.endpoint_id == endpoint_id) & (TakedownReceipt.position > position))
        )
    return (await session.execute(query)).all()


#: Platforms that may be told: not blocked, and with the role today.
_MAY_BE_TOLD: Final = """EXISTS (SELECT FROM principal p WHERE p.id = e.principal_id AND p.blocked_at IS NULL)
    AND EXISTS (SELECT FROM access_grant g WHERE g.principal_id = e.principal_id AND g.role = 'platform'
        AND g.revoked_at IS NULL AND g.confirmed_at IS NOT NULL
        AND (g.from_on IS NULL OR g.from_on <= $2) AND (g.until_on IS NULL OR g.until_on >= $2))"""


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due: its number, its endpoint and where that is, what it is about, and how often it was tried."""

    id: int
    endpoint_id: UUID
    url: str
    position: int | None
    made_at: datetime
    attempts: int
    first_tried_at: datetime | None


async def list_positions(connection: Connection, *, head: int) -> list[int]:
    """Return the places in the log, before its head, at which active endpoints stand."""
    rows = await connection.fetch(
        "SELECT DISTINCT position FROM webhook_endpoint WHERE state = 'active' AND position < $1 ORDER BY 1", head
    )
    return [row["position"] for row in rows]


async def lock_endpoints_at(connection: Connection, *, position: int) -> list[UUID]:
    """Return the active endpoints that stand at a position, locked."""
    rows = await connection.fetch(
        "SELECT id FROM webhook_endpoint WHERE state = 'active' AND position = $1 ORDER BY id FOR UPDATE", position
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Told:
    """A change that is told: where, whose, and what endpoints filter by; a tombstone (`kind` None) comes to all of them."""

    position: int
    uscc: str
    kind: str | None
    list_id: str | None


async def insert_messages(
    connection: Connection, *, endpoint_ids: Sequence[UUID], told: Sequence[Told], upto: int, now: datetime
) -> None:
    """Make a message of each change for each endpoint that wants it, and let the endpoints stand at `upto`.

    An endpoint with a watch list is found from the codes of the changes, so that a list costs by its matches. A tombstone comes to it only
    where the record ended while its subject was watched: else the watch list would tell whose record it was. A message that was done is
    due again: its endpoint was set back.
    """
    await connection.execute(
        """WITH told AS (
            SELECT * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) AS t (position, uscc, kind, list_id)
        ), reached AS (
            SELECT e.id, t.position FROM webhook_endpoint e CROSS JOIN told t
            WHERE e.id = ANY ($1::uuid[]) AND e.watchlist_id IS NULL
            UNION ALL
            SELECT e.id, t.position FROM told t
            JOIN watched_code w ON w.uscc = t.uscc
            JOIN watchlist l ON l.number = w.list_number
            JOIN webhook_endpoint e ON e.watchlist_id = l.id
            WHERE e.id = ANY ($1::uuid[]) AND (t.kind IS NOT NULL OR w.since_position < t.position)
        )
        INSERT INTO webhook_delivery (endpoint_id, position, uscc, made_at, next_at)
        SELECT e.id, t.position, t.uscc, $6, $6
        FROM reached r JOIN webhook_endpoint e ON e.id = r.id JOIN told t ON t.position = r.position
        WHERE (t.kind IS NULL OR (
            (e.kinds = '{}' OR t.kind = ANY (e.kinds))
            AND (e.lists = '{}' OR t.list_id = ANY (e.lists))
            AND (e.regions = '{}' OR EXISTS (
                SELECT FROM unnest(e.regions) AS r (beginning) WHERE starts_with(substr(t.uscc, 3, 6), r.beginning)))))
        ORDER BY t.position, e.id
        ON CONFLICT (endpoint_id, position) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
            first_tried_at = excluded.first_tried_at, next_at = excluded.next_at, done_at = excluded.done_at,
            made_at = excluded.made_at
        WHERE webhook_delivery.done_at IS NOT NULL""",
        list(endpoint_ids),
        [one.position for one in told],
        [one.uscc for one in told],
        [one.kind for one in told],
        [one.list_id for one in told],
        now,
    )
    await connection.execute(
        "UPDATE webhook_endpoint SET position = $2 WHERE id = ANY ($1::uuid[])", list(endpoint_ids), upto
    )


async def ask_receipts(
    connection: Connection, *, endpoint_ids: Sequence[UUID], positions: Sequence[int], now: datetime, due_at: datetime
) -> None:
    """Ask for a receipt of each tombstone that is told at these positions; one that was asked for stays as it is."""
    await connection.execute(
        """INSERT INTO takedown_receipt (endpoint_id, position, principal_id, asked_at, due_at)
        SELECT d.endpoint_id, d.position, e.principal_id, $3, $4
        FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
        WHERE d.endpoint_id = ANY ($1::uuid[]) AND d.position = ANY ($2::bigint[])
        ON CONFLICT DO NOTHING""",
        list(endpoint_ids),
        list(positions),
        now,
        due_at,
    )


async def list_due(
    connection: Connection, *, today: date, now: datetime, sending: Sequence[int], each: int, limit: int
) -> list[Due]:
    """Return messages that are due, at most `each` of one endpoint, without those in `sending`.

    Of one subject only the first that waits is among them, so that its messages keep their order.
    """
    rows = await connection.fetch(
        f"""SELECT d.id, e.id AS endpoint_id, e.url, d.position, d.made_at, d.attempts, d.first_tried_at
        FROM webhook_endpoint e CROSS JOIN LATERAL (
            SELECT d.* FROM webhook_delivery d
            WHERE d.endpoint_id = e.id AND d.done_at IS NULL AND d.next_at <= $1 AND d.id <> ALL ($3::bigint[])
            AND NOT EXISTS (SELECT FROM webhook_delivery b WHERE b.endpoint_id = d.endpoint_id AND b.uscc = d.uscc
                AND b.done_at IS NULL AND b.position < d.position)
            ORDER BY d.next_at, d.id
            LIMIT greatest(0, $4 - (SELECT count(*) FROM webhook_delivery s
                WHERE s.endpoint_id = e.id AND s.id = ANY ($3::bigint[])))
        ) AS d
        WHERE e.state = 'active' AND e.paused_until <= $1 AND {_MAY_BE_TOLD}
        ORDER BY d.next_at, d.id LIMIT $5""",  # noqa: S608 - the condition above
        now,
        today,
        list(sending),
        each,
        limit,
    )
    return [Due(**row) for row in rows]


async def find_next_due(connection: Connection, *, after: datetime) -> datetime | None:
    """Return the earliest instant behind `after` at which a message falls due, or None where none does.

    What was due before and has not left waits for something else: for the message before it, or until its platform may be told again.
    """
    found: datetime | None = await connection.fetchval(
        """SELECT min(greatest(d.next_at, e.paused_until)) FROM webhook_endpoint e CROSS JOIN LATERAL (
            SELECT next_at FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.done_at IS NULL
            AND d.next_at > CASE WHEN e.paused_until > $1 THEN '-infinity' ELSE $1 END
            ORDER BY next_at LIMIT 1) AS d
        WHERE e.state = 'active'""",
        after,
    )
    return found


async def list_receipt_days(
    connection: Connection, *, endpoint_ids: Sequence[UUID], positions: Sequence[int]
) -> dict[tuple[UUID, int], datetime]:
    """Return until when receipts that are owed are asked for, by endpoint and position."""
    rows = await connection.fetch(
        """SELECT endpoint_id, position, due_at FROM takedown_receipt
        WHERE endpoint_id = ANY ($1::uuid[]) AND position = ANY ($2::bigint[]) AND acknowledged_at IS NULL""",
        list(endpoint_ids),
        list(positions),
    )
    return {(row["endpoint_id"], row["position"]): row["due_at"] for row in rows}


async def list_signers(
    session: AsyncSession | ReadSession, *, endpoint_ids: Sequence[UUID], now: datetime
) -> dict[UUID, list[Signer]]:
    """Return what messages to endpoints are signed with, newest first, by endpoint."""
    found = await list_secrets(session, endpoint_ids=endpoint_ids, now=now)
    return {one: [Signer(row.secret, row.private_key) for row in rows] for one, rows in found.items()}

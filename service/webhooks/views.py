"""Webhooks and their messages as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from schemas.webhooks import WebhookOut
from service.changes.queries import find_head
from service.db import ReadSession, driver
from service.models import WebhookDelivery, WebhookEndpoint
from service.webhooks.queries import count_messages, list_secrets
from service.webhooks.rules import message_id
from service.webhooks.signatures import Signer


async def show_endpoints(
    session: AsyncSession | ReadSession, endpoints: Sequence[WebhookEndpoint], *, now: datetime
) -> list[dict[str, Any]]:
    """Return endpoints as their owner sees them: with the public halves of their secrets, and what waits."""
    ids = [one.id for one in endpoints]
    secrets = await list_secrets(session, endpoint_ids=ids, now=now)
    waiting = await count_messages(session, endpoint_ids=ids)
    return [_view(one, secrets[one.id], waiting[one.id], now) for one in endpoints]


def _view(endpoint: WebhookEndpoint, secrets: Sequence[Any], waiting: int, now: datetime) -> dict[str, Any]:
    extra = {"secrets", "waiting", "paused_until"}
    told = {name: getattr(endpoint, name) for name in WebhookOut.model_fields if name not in extra}
    shown = [
        {
            "number": one.number,
            "public_key": Signer(one.secret, one.private_key).public_key,
            "made_at": one.made_at,
            "signs_until": one.signs_until,
        }
        for one in secrets
    ]
    paused = endpoint.paused_until if endpoint.paused_until > now else None
    return told | {"secrets": shown, "waiting": waiting, "paused_until": paused}


async def show_deliveries(
    session: AsyncSession | ReadSession, deliveries: Sequence[WebhookDelivery]
) -> list[dict[str, Any]]:
    """Return messages as the delivery log shows them."""
    log_id = (await find_head(await driver(session))).log_id
    return [_delivery(one, log_id) for one in deliveries]


def _delivery(one: WebhookDelivery, log_id: UUID) -> dict[str, Any]:
    names = ("position", "state", "made_at", "attempts", "last_status", "last_problem", "took_ms", "done_at")
    told = {name: getattr(one, name) for name in names}
    return told | {
        "number": one.id,
        "message_id": message_id(log_id, one.position, number=one.id),
        "next_at": one.next_at if one.done_at is None else None,
    }

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.webhooks import (
    Acknowledged,
    Acknowledgement,
    DeliveryOut,
    DeliveryPage,
    OverduePage,
    Replay,
    Rotation,
    WebhookCreate,
    WebhookMade,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
)
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.changes.rules import PositionAhead
from service.db import ReadSession
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    Now,
    Page,
    PageDep,
    ReadSessionDep,
    SessionDep,
    VersionDep,
    answers,
    encode_cursor,
    number_after,
    one_page,
    page_after,
    pair_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import WebhookEndpoint
from service.settings import Settings
from service.versions import version_etag
from service.watching.rules import NoSuchWatchlist
from service.webhooks import examples
from service.webhooks.actions import (
    Confirmed,
    acknowledge,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    send_test,
    set_back,
)
from service.webhooks.queries import get_endpoint, list_deliveries, list_endpoints, list_overdue
from service.webhooks.rules import (
    BadWebhookUrl,
    NoReceiptAsked,
    NoSuchWebhook,
    ReceiptsOwed,
    State,
    TooManySecrets,
    TooManyWebhooks,
    WebhookDisabled,
)
from service.webhooks.views import show_deliveries, show_endpoints

router = APIRouter(prefix="/v1", tags=["webhooks"])

Platform = Annotated[Actor, require(Role.PLATFORM, whose=Whose.OWN)]
Overseer = Annotated[Actor, require(Role.SUPERVISOR, Role.AUDITOR)]
OWN = (*ROLE_REFUSALS, NoSuchWebhook)


async def _loopback(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.webhook_loopback


Loopback = Annotated[bool, Depends(_loopback)]


async def _show(
    session: AsyncSession | ReadSession, endpoint: WebhookEndpoint, response: Response, now: datetime
) -> dict[str, Any]:
    response.headers["ETag"] = version_etag(endpoint.version_no)
    return (await show_endpoints(session, [endpoint], now=now))[0]


@router.get(
    "/webhooks",
    summary="List your webhooks",
    response_model=WebhookPage,
    responses=answers({"items": [examples.WEBHOOK], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_webhooks(actor: Platform, session: ReadSessionDep, page: PageDep, now: Now) -> dict[str, Any]:
    """Give your webhooks, oldest first, with what waits for each."""
    found = await list_endpoints(session, actor=actor, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": await show_endpoints(session, part, now=now), "next": following}


@router.post(
    "/webhooks",
    status_code=201,
    summary="Be told of changes",
    response_model=WebhookMade,
    responses=answers(
        examples.MADE,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        BadWebhookUrl,
        NoSuchWatchlist,
        TooManyWebhooks,
        status=201,
        words="The webhook and its secret, which is shown this once. A repetition of the request does not show it.",
        headers=("ETag", "Location"),
    ),
)
async def create_webhook(
    body: Annotated[WebhookCreate, Body(examples=[examples.CREATE])],
    actor: Platform,
    session: CreatingSessionDep,
    response: Response,
    loopback: Loopback,
    now: Now,
) -> dict[str, Any]:
    """Be told of every change from now on that your filter wants, at a public https address.

    Each message is signed (Standard Webhooks, `v1` and `v1a`), sent at least once, tried for three days, and of one subject in order.
    """
    endpoint, signer = await create_endpoint(session, stated=body.model_dump(), actor=actor, loopback=loopback, now=now)
    response.headers["Location"] = f"/v1/webhooks/{endpoint.id}"
    return await _show(session, endpoint, response, now) | {"secret": signer.shown_secret}


@router.get(
    "/webhooks/{webhook_id}",
    summary="Read a webhook",
    response_model=WebhookOut,
    responses=answers(examples.WEBHOOK, *OWN, headers=("ETag",)),
)
async def read_webhook(
    webhook_id: UUID, actor: Platform, session: ReadSessionDep, response: Response, now: Now
) -> dict[str, Any]:
    """Give a webhook of yours: how it stands, what waits, what messages are signed with."""
    endpoint = await get_endpoint(session, endpoint_id=webhook_id, actor=actor)
    return await _show(session, endpoint, response, now)


@router.patch(
    "/webhooks/{webhook_id}",
    summary="Change, disable or enable a webhook",
    response_model=WebhookOut,
    responses=answers(examples.WEBHOOK, *OWN, *VERSION_REFUSALS, BadWebhookUrl, NoSuchWatchlist, headers=("ETag",)),
)
async def change_webhook(
    webhook_id: UUID,
    body: Annotated[WebhookPatch, Body(examples=[{"state": "active"}])],
    actor: Platform,
    session: SessionDep,
    response: Response,
    expected: VersionDep,
    loopback: Loopback,
    now: Now,
) -> dict[str, Any]:
    """Change a webhook of yours. Disabled, it stands still in the log; enabled again, it goes on from there."""
    endpoint = await change_endpoint(
        session,
        endpoint_id=webhook_id,
        stated=body.model_dump(include=body.model_fields_set),
        expected=expected,
        actor=actor,
        loopback=loopback,
        now=now,
    )
    return await _show(session, endpoint, response, now)


@router.delete(
    "/webhooks/{webhook_id}",
    summary="Delete a webhook",
    response_model=WebhookOut,
    responses=answers(examples.WEBHOOK, *OWN, *VERSION_REFUSALS, ReceiptsOwed, words="What it was."),
)
async def delete_webhook(
    webhook_id: UUID, actor: Platform, session: SessionDep, expected: VersionDep, now: Now
) -> dict[str, Any]:
    """Delete a webhook of yours, with its secrets and its log. Receipts that it owes are given first."""
    (shown,) = await show_endpoints(
        session, [await get_endpoint(session, endpoint_id=webhook_id, actor=actor)], now=now
    )
    await delete_endpoint(session, endpoint_id=webhook_id, expected=expected, actor=actor)
    return shown


@router.post(
    "/webhooks/{webhook_id}/secrets",
    summary="Rotate the secret of a webhook",
    response_model=WebhookMade,
    responses=answers(examples.MADE, *OWN, *VERSION_REFUSALS, TooManySecrets, headers=("ETag",)),
)
async def rotate_webhook_secret(
    webhook_id: UUID,
    body: Annotated[Rotation, Body(examples=[{"overlap_hours": 24}])],
    actor: Platform,
    session: SessionDep,
    response: Response,
    expected: VersionDep,
    now: Now,
) -> dict[str, Any]:
    """Make a new secret, shown this once. Until the overlap has passed messages are signed by the former one as well.

    Where the answer was lost, rotate again: the secret that you know goes on signing meanwhile.
    """
    endpoint, signer = await rotate_secret(
        session,
        endpoint_id=webhook_id,
        overlap=timedelta(hours=body.overlap_hours),
        expected=expected,
        actor=actor,
        now=now,
    )
    return await _show(session, endpoint, response, now) | {"secret": signer.shown_secret}


@router.post(
    "/webhooks/{webhook_id}/replays",
    summary="Be told again from an earlier place",
    response_model=WebhookOut,
    responses=answers(examples.WEBHOOK, *OWN, PositionAhead, headers=("ETag",)),
)
async def replay_webhook(
    webhook_id: UUID,
    body: Annotated[Replay, Body(examples=[{"after": 48000}])],
    actor: Platform,
    session: SessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Set a webhook of yours back in the log: everything from there on is sent again, as it may be shown now, under the same ids."""
    endpoint = await set_back(session, endpoint_id=webhook_id, after=body.after, since=body.since, actor=actor)
    return await _show(session, endpoint, response, now)


@router.post(
    "/webhooks/{webhook_id}/tests",
    summary="Send a test message",
    response_model=DeliveryOut,
    responses=answers(examples.TEST, *OWN, WebhookDisabled, words="It waits to be sent; the log says how it went."),
)
async def test_webhook(webhook_id: UUID, actor: Platform, session: SessionDep, now: Now) -> dict[str, Any]:
    """Send a signed message of type `test` that is about nothing, once."""
    made = await send_test(session, endpoint_id=webhook_id, actor=actor, now=now)
    return (await show_deliveries(session, [made]))[0]


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    summary="Read the delivery log",
    response_model=DeliveryPage,
    responses=answers({"items": [examples.DELIVERY], "next": None}, *OWN, BadCursor),
)
async def list_webhook_deliveries(
    webhook_id: UUID,
    actor: Platform,
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
) -> dict[str, Any]:
    """Give what became of the messages of a webhook of yours, newest first; what is done is kept for 30 days."""
    await get_endpoint(session, endpoint_id=webhook_id, actor=actor)
    before = number_after(page) or None
    found = await list_deliveries(session, endpoint_id=webhook_id, state=state, before=before, limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": await show_deliveries(session, part), "next": following}


@router.post(
    "/webhooks/{webhook_id}/acknowledgements",
    summary="Confirm take-downs",
    response_model=Acknowledged,
    responses=answers(examples.ACKNOWLEDGED, *OWN, NoReceiptAsked),
)
async def acknowledge_takedowns(
    webhook_id: UUID,
    body: Annotated[Acknowledgement, Body(examples=[{"positions": [48210]}])],
    actor: Platform,
    session: SessionDep,
    now: Now,
) -> Confirmed:
    """Confirm that you dropped what `record.ended` messages named. All of the positions count, or none where one is not known."""
    return await acknowledge(session, endpoint_id=webhook_id, positions=body.positions, actor=actor, now=now)


@router.get(
    "/overdue-acknowledgements",
    summary="List take-downs that platforms have not confirmed",
    response_model=OverduePage,
    responses=answers({"items": [examples.OVERDUE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_overdue_receipts(_actor: Overseer, session: ReadSessionDep, page: PageDep, now: Now) -> dict[str, Any]:
    """Give the receipts that are overdue, by webhook and position. Which record it was is said to nobody."""
    found = await list_overdue(session, now=now, after=_place(page), limit=page.limit + 1)
    part = found[: page.limit]
    last = (str(part[-1].endpoint_id), str(part[-1].position)) if len(found) > page.limit else None
    items = [
        {
            "platform_id": one.principal_id,
            "platform": one.platform,
            "webhook_id": one.endpoint_id,
            "position": one.position,
            "asked_at": one.asked_at,
            "due_at": one.due_at,
        }
        for one in part
    ]
    return {"items": items, "next": None if last is None else encode_cursor(last)}


def _place(page: Page) -> tuple[UUID, int] | None:
    pair = pair_after(page)
    if pair is None:
        return None
    try:
        return UUID(pair[0]), int(pair[1])
    except ValueError:
        raise BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。") from None

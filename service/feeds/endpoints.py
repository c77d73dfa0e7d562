from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.feeds import (
    BatchPage,
    Decision,
    DeliveryOut,
    DeliveryPage,
    DifferencePage,
    FeedOut,
    FeedPage,
    ItemPage,
    MissingPage,
    Retried,
    Retry,
)
from service.access.rules import Actor, Role
from service.clock import legal_day
from service.db import ReadSession, driver
from service.feeds import examples
from service.feeds.actions import get_feed, switch_feed, try_items_again
from service.feeds.holding import count_held
from service.feeds.incoming import decide_delivery, list_deliveries
from service.feeds.missing import list_missing
from service.feeds.queries import Standing, count_items, list_batches, list_differences, list_feeds, list_items
from service.feeds.rules import (
    DeliveryNotHeld,
    Difference,
    FeedRetired,
    NoSuchDelivery,
    NoSuchFeed,
    NoSuchItem,
    State,
)
from service.feeds.views import batch_view, delivery_view, feed_view, item_view
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    Today,
    VersionDep,
    answers,
    cut_page,
    encode_cursor,
    number_after,
    page_after,
    pair_after,
    require,
)
from service.versions import version_etag

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])

Operator = Annotated[Actor, require(Role.ADMINISTRATOR)]
Watcher = Annotated[Actor, require(Role.ADMINISTRATOR, Role.AUDITOR)]
FeedId = Annotated[str, Path(max_length=61, description="Id of a feed, as its definition gives it.")]
_SWITCH = (*ROLE_REFUSALS, *VERSION_REFUSALS, NoSuchFeed, FeedRetired)


@router.get(
    "",
    summary="List feeds",
    response_model=FeedPage,
    responses=answers({"items": [examples.FEED], "next": None}, *ROLE_REFUSALS, BadCursor, words="Feeds, by id."),
)
async def list_all_feeds(actor: Watcher, session: ReadSessionDep, page: PageDep, today: Today) -> dict[str, Any]:
    """Give the feeds with what is queued, sent, accepted and set aside, what stops them, and whether both sides are equal.

    Feeds are definition files of the operator; see docs/feeds.md.
    """
    del actor
    connection = await driver(session)
    counts, held = await count_items(connection), await count_held(connection, today=today)
    found = [feed_view(feed, counts.get(feed.id, {}), held.get(feed.id)) for feed in await list_feeds(connection)]
    items, following = cut_page(found, page, lambda one: (one["id"],))
    return {"items": items, "next": following}


@router.get(
    "/{feed_id}",
    summary="Read a feed",
    response_model=FeedOut,
    responses=answers(examples.FEED, *ROLE_REFUSALS, NoSuchFeed, headers=("ETag",)),
)
async def show_feed(
    feed_id: FeedId, actor: Watcher, session: ReadSessionDep, response: Response, today: Today
) -> dict[str, Any]:
    """Give one feed; its ETag is what pausing it asks for."""
    del actor
    feed = await get_feed(session, feed_id)
    response.headers["ETag"] = version_etag(feed.row["version_no"])
    return await _feed_view(session, feed, today)


async def _feed_view(session: ReadSession | AsyncSession, feed: Standing, today: date) -> dict[str, Any]:
    connection = await driver(session)
    counts, held = await count_items(connection), await count_held(connection, today=today)
    return feed_view(feed, counts.get(feed.id, {}), held.get(feed.id))


@router.get(
    "/{feed_id}/items",
    summary="List the records on a feed",
    response_model=ItemPage,
    responses=answers({"items": [examples.ITEM], "next": None}, *ROLE_REFUSALS, NoSuchFeed, BadCursor),
)
async def list_feed_items(
    feed_id: FeedId,
    actor: Watcher,
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    dead: Annotated[bool | None, Query(description="Only those that were set aside (or were not).")] = None,
) -> dict[str, Any]:
    """Give the ledger of a feed: what is to be sent or was, in which batch, and what the other side said."""
    del actor
    await get_feed(session, feed_id)
    after = _record_after(page)
    found = await list_items(
        await driver(session), feed_id=feed_id, state=state, dead=dead, after=after, limit=page.limit + 1
    )
    part = [item_view(row) for row in found[: page.limit]]
    following = encode_cursor((part[-1]["uscc"], str(part[-1]["record_id"]))) if len(found) > page.limit else None
    return {"items": part, "next": following}


def _record_after(page: PageDep) -> tuple[str, UUID] | None:
    pair = pair_after(page)
    try:
        return None if pair is None else (pair[0], UUID(pair[1]))
    except ValueError as error:
        raise BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。") from error


@router.get(
    "/{feed_id}/batches",
    summary="List the batches of a feed",
    response_model=BatchPage,
    responses=answers({"items": [examples.BATCH], "next": None}, *ROLE_REFUSALS, NoSuchFeed, BadCursor),
)
async def list_feed_batches(feed_id: FeedId, actor: Watcher, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give what left when, as which file with which digest, by which version of the mapping; newest first."""
    del actor
    await get_feed(session, feed_id)
    before = number_after(page) or None
    found = await list_batches(await driver(session), feed_id=feed_id, before=before, limit=page.limit + 1)
    part = [batch_view(row) for row in found[: page.limit]]
    return {"items": part, "next": encode_cursor((str(part[-1]["number"]),)) if len(found) > page.limit else None}


@router.get(
    "/{feed_id}/differences",
    summary="List what differs between both sides",
    response_model=DifferencePage,
    responses=answers({"items": [examples.DIFFERENCE], "next": None}, *ROLE_REFUSALS, NoSuchFeed, BadCursor),
)
async def list_feed_differences(
    feed_id: FeedId,
    actor: Watcher,
    session: ReadSessionDep,
    page: PageDep,
    kind: Annotated[Difference | None, Query(description="Only these.")] = None,
    settled: Annotated[bool, Query(description="Those that were settled, too.")] = False,
) -> dict[str, Any]:
    """Give what the reconciliations found: missing there, different, extra there, and ended but still shown, since when."""
    del actor
    await get_feed(session, feed_id)
    found = await list_differences(
        await driver(session),
        feed_id=feed_id,
        kind=kind,
        settled=settled,
        after=number_after(page),
        limit=page.limit + 1,
    )
    part = found[: page.limit]
    return {
        "items": [dict(row) for row in part],
        "next": encode_cursor((str(part[-1]["id"]),)) if len(found) > page.limit else None,
    }


@router.post(
    "/{feed_id}/pause",
    summary="Pause a feed",
    response_model=FeedOut,
    responses=answers(examples.FEED | {"state": "paused"}, *_SWITCH),
)
async def pause_feed(
    feed_id: FeedId, actor: Operator, session: SessionDep, version: VersionDep, now: Now
) -> dict[str, Any]:
    """Send nothing more and ask for nothing until it is resumed; the ledger goes on, and so do the deadlines."""
    del actor
    feed = await switch_feed(session, feed_id=feed_id, active=False, expected=version, now=now)
    return await _feed_view(session, feed, legal_day(now))


@router.post(
    "/{feed_id}/resume",
    summary="Resume a feed",
    response_model=FeedOut,
    responses=answers(examples.FEED, *_SWITCH),
)
async def resume_feed(
    feed_id: FeedId, actor: Operator, session: SessionDep, version: VersionDep, now: Now
) -> dict[str, Any]:
    """Let a paused feed go on; one that waits after failures is tried at once."""
    del actor
    feed = await switch_feed(session, feed_id=feed_id, active=True, expected=version, now=now)
    return await _feed_view(session, feed, legal_day(now))


@router.post(
    "/{feed_id}/retry",
    summary="Try again what was set aside",
    response_model=Retried,
    responses=answers({"queued": 1}, *ROLE_REFUSALS, NoSuchFeed, NoSuchItem),
)
async def retry_items(
    feed_id: FeedId,
    body: Annotated[Retry, Body(examples=[{"record_id": examples.ITEM["record_id"]}])],
    actor: Operator,
    session: SessionDep,
    now: Now,
) -> dict[str, Any]:
    """Queue a rejected record, or all of them, once more; what has not been mended comes back with its reason."""
    del actor
    return {"queued": await try_items_again(session, feed_id=feed_id, record_id=body.record_id, now=now)}


@router.get(
    "/{feed_id}/deliveries",
    summary="List what a feed brought in",
    response_model=DeliveryPage,
    responses=answers({"items": [examples.DELIVERY], "next": None}, *ROLE_REFUSALS, NoSuchFeed, BadCursor),
)
async def list_feed_deliveries(
    feed_id: FeedId, actor: Watcher, session: ReadSessionDep, page: PageDep
) -> dict[str, Any]:
    """Give the files that were picked up, newest first: what each did, and which are held for a person."""
    del actor
    await get_feed(session, feed_id)
    found = await list_deliveries(await driver(session), feed_id=feed_id, after=page_after(page), limit=page.limit + 1)
    part = [delivery_view(row) for row in found[: page.limit]]
    return {"items": part, "next": encode_cursor((str(part[-1]["id"]),)) if len(found) > page.limit else None}


@router.get(
    "/{feed_id}/missing",
    summary="List what is hidden because its source no longer has it",
    response_model=MissingPage,
    responses=answers({"items": [examples.MISSING], "next": None}, *ROLE_REFUSALS, NoSuchFeed, BadCursor),
)
async def list_feed_missing(feed_id: FeedId, actor: Watcher, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the records that the newest complete file no longer had. A reviewer brings one back by `resume`, or ends it."""
    del actor
    await get_feed(session, feed_id)
    found = await list_missing(await driver(session), feed_id=feed_id, after=_record_after(page), limit=page.limit + 1)
    part = [dict(row) for row in found[: page.limit]]
    following = encode_cursor((part[-1]["uscc"], str(part[-1]["record_id"]))) if len(found) > page.limit else None
    return {"items": part, "next": following}


class _Judge:
    """Who decides about a held file, at which version of it and when."""

    def __init__(self, actor: Operator, session: SessionDep, version: VersionDep, now: Now, request: Request) -> None:
        self._session = session
        self._facts: dict[str, Any] = {
            "actor": str(actor.id), "expected": version, "now": now, "data_dir": request.app.state.settings.data_dir,
        }  # fmt: skip

    async def decide(self, feed_id: str, delivery_id: UUID, decision: Decision, *, approved: bool) -> dict[str, Any]:
        row = await decide_delivery(
            self._session,
            feed_id=feed_id,
            delivery_id=delivery_id,
            approved=approved,
            reason=decision.reason,
            **self._facts,
        )
        return delivery_view(row)


JudgeDep = Annotated[_Judge, Depends()]
_DECIDE = (*ROLE_REFUSALS, *VERSION_REFUSALS, NoSuchDelivery, DeliveryNotHeld)


@router.post(
    "/{feed_id}/deliveries/{delivery_id}/approve",
    summary="Approve a held file",
    response_model=DeliveryOut,
    responses=answers(examples.DELIVERY | {"state": "importing"}, *_DECIDE),
)
async def approve_delivery(
    feed_id: FeedId,
    delivery_id: UUID,
    body: Annotated[Decision, Body(examples=[{"reason": "来源年度换版，已电话核实"}])],
    judge: JudgeDep,
) -> dict[str, Any]:
    """Take a file in although it changes much; what it no longer has is hidden then, too."""
    return await judge.decide(feed_id, delivery_id, body, approved=True)


@router.post(
    "/{feed_id}/deliveries/{delivery_id}/reject",
    summary="Turn a held file away",
    response_model=DeliveryOut,
    responses=answers(examples.DELIVERY | {"state": "rejected"}, *_DECIDE),
)
async def reject_delivery(
    feed_id: FeedId,
    delivery_id: UUID,
    body: Annotated[Decision, Body(examples=[{"reason": "文件不完整"}])],
    judge: JudgeDep,
) -> dict[str, Any]:
    """Do not take a file in; the next one is looked at by itself."""
    return await judge.decide(feed_id, delivery_id, body, approved=False)

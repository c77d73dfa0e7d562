"""What a platform does with its watch lists."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.changes.queries import find_head
from service.db import driver
from service.models import Watchlist, WebhookEndpoint
from service.versions import ExpectedVersion
from service.watching.comparing import LONGEST, compare
from service.watching.queries import count_watchlists, get_watchlist
from service.watching.reading import read_blocks
from service.watching.rules import (
    MOST_CODES,
    MOST_LISTS,
    Compared,
    Reading,
    TooManyWatchlists,
    WatchlistInUse,
    WatchlistTooLarge,
)


async def create_watchlist(session: AsyncSession, *, name: str, actor: Actor, now: datetime) -> Watchlist:
    """Make an empty list.

    Raises:
        TooManyWatchlists: the actor has as many as it may.
    """
    if await count_watchlists(session, actor=actor) >= MOST_LISTS:
        raise TooManyWatchlists(
            f"You have {MOST_LISTS} watch lists; delete one first.", detail_zh="关注名单数量已达上限。"
        )
    made = Watchlist(
        id=uuid_utils.compat.uuid7(),
        principal_id=actor.id,
        version_no=1,
        name=name,
        code_count=0,
        created_at=now,
        changed_at=now,
    )
    session.add(made)
    await session.flush()
    return made


async def upload(
    session: AsyncSession,
    *,
    watchlist_id: UUID,
    file: IO[bytes],
    signed: bool,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> tuple[Watchlist, Reading, Compared]:
    """Let a list become what a file holds, or with `signed` differ by it; say what was read, and what that did.

    Raises:
        NoSuchWatchlist: the actor has none of this id.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        NotText: the file is no text.
        WatchlistTooLarge: the list would hold more codes than it may.
    """
    watchlist = await get_watchlist(session, watchlist_id=watchlist_id, actor=actor, lock=True)
    expected.check(watchlist.version_no)
    connection = await driver(session)
    reading = Reading()
    position = (await find_head(connection)).position
    blocks = _apart(file, reading, signed=signed)
    done = await compare(connection, watchlist.number, blocks, signed=signed, position=position)
    count = watchlist.code_count + done.added - done.removed
    if count > MOST_CODES:
        raise WatchlistTooLarge(
            f"The list would hold {count:,} codes; {MOST_CODES:,} is the most.",
            detail_zh="关注名单的代码数量超过上限。",
        )
    if done.added or done.removed or done.changed:
        watchlist.code_count = count
        watchlist.version_no += 1
        watchlist.changed_at = now
        await session.flush()
    return watchlist, reading, done


async def _apart(file: IO[bytes], reading: Reading, *, signed: bool) -> AsyncIterator[bytes]:
    # Grading is work of the processor; other requests go on meanwhile.
    blocks = read_blocks(file, reading, signed=signed)
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


async def delete_watchlist(
    session: AsyncSession, *, watchlist_id: UUID, expected: ExpectedVersion, actor: Actor
) -> Watchlist:
    """Delete a list with its codes, and return what it was.

    Raises:
        NoSuchWatchlist: the actor has none of this id.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        WatchlistInUse: a webhook tells by it.
    """
    watchlist = await get_watchlist(session, watchlist_id=watchlist_id, actor=actor, lock=True)
    expected.check(watchlist.version_no)
    used = (
        await session.scalars(select(WebhookEndpoint.id).where(WebhookEndpoint.watchlist_id == watchlist.id))
    ).first()
    if used is not None:
        raise WatchlistInUse(
            f"The webhook {used} tells by this list. Change or delete the webhook first.",
            detail_zh="有回调正在使用该名单，请先修改或删除回调。",
            webhook_id=str(used),
        )
    connection = await driver(session)
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("DELETE FROM watched_code WHERE list_number = $1", watchlist.number, timeout=LONGEST)
    await session.delete(watchlist)
    await session.flush()
    return watchlist

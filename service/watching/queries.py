from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.db import ReadSession
from service.models import Principal, WatchedCode, Watchlist
from service.watching.rules import NoSuchWatchlist


async def get_watchlist(
    session: AsyncSession | ReadSession, *, watchlist_id: UUID, actor: Actor, lock: bool = False, keep: bool = False
) -> Watchlist:
    """Return a list of the actor's, locked until the transaction ends when it is to be changed, or is to stay there (`keep`).

    Raises:
        NoSuchWatchlist: it has none of this id.
    """
    query = select(Watchlist).where(Watchlist.id == watchlist_id, Watchlist.principal_id == actor.id)
    if lock or keep:
        query = query.with_for_update(read=keep, key_share=keep)
    found: Watchlist | None = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NoSuchWatchlist(f"You have no watch list {watchlist_id}.", detail_zh="没有此编号的关注名单。")
    return found


async def list_watchlists(session: ReadSession, *, actor: Actor, after: UUID | None, limit: int) -> Sequence[Watchlist]:
    """Return lists of the actor's, oldest first, behind the one named."""
    query = select(Watchlist).where(Watchlist.principal_id == actor.id).order_by(Watchlist.id).limit(limit)
    if after is not None:
        query = query.where(Watchlist.id > after)
    return (await session.scalars(query)).all()


async def count_watchlists(session: AsyncSession, *, actor: Actor) -> int:
    """Return how many lists the actor has; its row is locked, so that nobody counts beside."""
    await session.execute(select(Principal.id).where(Principal.id == actor.id).with_for_update())
    query = select(func.count()).select_from(Watchlist).where(Watchlist.principal_id == actor.id)
    return int(await session.scalar(query) or 0)


async def list_codes(session: ReadSession, *, number: int, after: str | None, limit: int) -> Sequence[WatchedCode]:
    """Return the codes of a list, in their order, behind the one named."""
    query = select(WatchedCode).where(WatchedCode.list_number == number).order_by(WatchedCode.uscc).limit(limit)
    if after is not None:
        query = query.where(WatchedCode.uscc > after)
    return (await session.scalars(query)).all()


async def find_watched(connection: Connection, *, number: int, codes: Sequence[str]) -> dict[str, str | None]:
    """Return which of the codes are on a list, each with its reference."""
    rows = await connection.fetch(
        "SELECT uscc, reference FROM watched_code WHERE list_number = $1 AND uscc = ANY ($2::text[])",
        number,
        list(codes),
    )
    return {row["uscc"]: row["reference"] for row in rows}

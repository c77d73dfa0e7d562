"""What people do with feeds: pause, resume, try again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.db import driver
from service.feeds.queries import Standing, find_feed, try_again
from service.feeds.rules import FeedRetired, NoSuchFeed, NoSuchItem
from service.versions import ExpectedVersion


async def get_feed(session: AsyncSession, feed_id: str, *, lock: bool = False) -> Standing:
    """Return a feed.

    Raises:
        NoSuchFeed: there is none.
    """
    found = await find_feed(await driver(session), feed_id, lock=lock)
    if found is None:
        raise NoSuchFeed(f"No feed {feed_id!r}; `xinyong feeds list` shows those there are.", detail_zh="没有该通道。")
    return found


async def switch_feed(
    session: AsyncSession, *, feed_id: str, active: bool, expected: ExpectedVersion, now: datetime
) -> Standing:
    """Pause a feed, or let it go on at once: what waited for another try is tried now. Doing it twice changes nothing.

    Raises:
        NoSuchFeed: there is none.
        FeedRetired: its definition is gone.
        VersionRequired, VersionMismatch: it changed meanwhile.
    """
    feed = await get_feed(session, feed_id, lock=True)
    expected.check(feed.row["version_no"])
    if feed.state == "retired":
        raise FeedRetired(f"The definition of {feed_id!r} is gone; put its file back.", detail_zh="通道已停用。")
    await (await driver(session)).execute(
        """UPDATE feed SET state = $2, version_no = version_no + 1, changed_at = $3,
            retry_at = CASE WHEN $2 = 'active' THEN NULL ELSE retry_at END
        WHERE id = $1""",
        feed_id,
        "active" if active else "paused",
        now,
    )
    return await get_feed(session, feed_id)


async def try_items_again(session: AsyncSession, *, feed_id: str, record_id: UUID | None, now: datetime) -> int:
    """Queue what was rejected or could not be sent once more: one record, or all; return how many.

    Raises:
        NoSuchFeed: there is none.
        NoSuchItem: the record is not one that was set aside.
    """
    feed = await get_feed(session, feed_id, lock=True)
    count = await try_again(await driver(session), feed_id=feed.id, record_id=record_id, now=now)
    if not count and record_id is not None:
        raise NoSuchItem(f"The feed {feed_id!r} has not set {record_id} aside.", detail_zh="该记录不在待处理之列。")
    return count

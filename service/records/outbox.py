"""What is queued for others when a record is shown or hidden; the queue holds ids, delivery decides what may be told."""

from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from service.changes.rules import ChangeKind
from service.records.queries import Row, insert_outbox

PUBLICATION: Final = "feed_publication"
WITHDRAWAL: Final = "feed_withdrawal"
#: What a firm is told of its own records; it reads them itself, and platforms follow the change log.
PARTY_NOTICE: Final = "party_notice"
AUTHORITY_NOTICE: Final = "authority_notice"
REPAIR_RESULT: Final = "feed_repair_result"
#: The result of a repair on its way to the registering province (D17).
REPAIR_PUSH: Final = "feed_repair_push"
#: The outside channels; an entry of a blacklist goes to both.
FEEDS: Final = ("gsxt", "credit_china")


def feeds_of(kind: ChangeKind, row: Row) -> list[str | None]:
    """Return the outside channels that show, or may hold, a record."""
    if kind is ChangeKind.BLACKLIST_ENTRY:
        return list(FEEDS)
    return [channel for channel in FEEDS if row[f"{channel}_from"] is not None]


async def tell_party(session: AsyncSession, kind: str, row: Row, *, now: datetime) -> None:
    """Queue for the firm what the version `row` of a record, or of an application for repair, says happened."""
    await insert_outbox(session, topic=PARTY_NOTICE, channels=[None], kind=kind, row=row, now=now)


async def queue_publication(session: AsyncSession, kind: ChangeKind, row: Row, *, now: datetime) -> None:
    """Queue a shown or changed record for every channel that shows it."""
    feeds = feeds_of(kind, row)
    if feeds:
        await insert_outbox(session, topic=PUBLICATION, channels=feeds, kind=kind, row=row, now=now)


async def queue_withdrawal(
    session: AsyncSession, kind: ChangeKind, row: Row, *, now: datetime, due_on: date | None = None
) -> None:
    """Queue a hidden record for every channel that may hold it; `due_on` is the last day by law, where there is one."""
    feeds = feeds_of(kind, row)
    if feeds:
        await insert_outbox(session, topic=WITHDRAWAL, channels=feeds, kind=kind, row=row, now=now, due_on=due_on)

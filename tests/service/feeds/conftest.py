from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from service.db import Database
from tests.service.feeds.setting import open_law

#: What a test of this folder leaves behind; the law and the calendar stay for the next one.
LEFT = (
    "feed, feed_item, feed_batch, feed_batch_item, feed_receipt_file, feed_reconciliation, feed_difference, feed_delivery, feed_missing, penalty,"
    " penalty_version, blacklist_entry, blacklist_entry_version, credit_record, credit_record_version, subject, subject_version, subject_name, change,"
    " pending_change, outbox_item, deadline, deadline_event"
)


@pytest.fixture
async def database(shared_database_url: str) -> AsyncIterator[Database]:
    """The module's database with the law in it and no record: making one for each test takes longer than the tests."""
    opened = Database(shared_database_url, application="test", pool_size=8)
    await open_law(opened)
    async with opened.transaction() as session:
        await session.execute(text(f"TRUNCATE {LEFT} CASCADE"))
        await session.execute(text("UPDATE change_log SET head_position = 0"))
        await session.execute(text("UPDATE deadline_cursor SET position = 0"))
    yield opened
    await opened.dispose()

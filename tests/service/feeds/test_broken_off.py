"""A job that breaks off before its last statement leaves nothing half, and the next run makes it good."""

from pathlib import Path

import pytest
from asyncpg import CheckViolationError

from service.db import Database
from service.feeds.reconciling import reconcile_feeds
from tests.factories import make_uscc
from tests.service.feeds.setting import Clock, OtherSide, credit_china, fault, items, one, publish, turn


async def test_a_comparison_that_breaks_off_is_made_anew(database: Database, tmp_path: Path) -> None:
    credit_china(tmp_path / "feeds", tmp_path / "cc", receipts='[shown]\nfolder = "shown"\n')
    other, clock, code = OtherSide(tmp_path / "cc"), Clock(), make_uscc()
    await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    other.show()
    await fault(database, "feed_reconciliation", "false")
    with pytest.raises(CheckViolationError):
        await reconcile_feeds(database, clock=clock)
    assert await items(database) == {code: ("report", "sent")}
    await fault(database, "feed_reconciliation", None)
    assert await reconcile_feeds(database, clock=clock) == 0
    assert await items(database) == {code: ("report", "accepted")}
    assert (await one(database, "SELECT count(*) AS n FROM feed_reconciliation")).n == 1

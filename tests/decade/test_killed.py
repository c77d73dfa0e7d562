"""Acts on blacklist entries and repairs, killed before their statements: whole or not there, and nothing between."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database, driver
from tests.decade.guards import GUARDS
from tests.decade.killed import AT, AUTHORITY
from tests.factories import make_authority
from tests.killing import Killer

#: What must never be true, whatever was killed when.
NEVER = {
    "an entry on the list that no feed is told of": """
        SELECT count(*) FROM blacklist_entry_version v WHERE v.command = 'list' AND NOT EXISTS (
        SELECT FROM outbox_item o WHERE o.record_id = v.id AND o.topic = 'feed_publication')""",
    "an entry that left and that feeds may still hold": """
        SELECT count(*) FROM blacklist_entry_version v WHERE v.state = 'ended' AND NOT EXISTS (
        SELECT FROM outbox_item o WHERE o.record_id = v.id AND o.topic = 'feed_withdrawal')""",
    "a fallen penalty and an entry on it without a revocation": """
        SELECT count(*) FROM penalty p JOIN blacklist_entry_support s ON s.penalty_id = p.id
        JOIN blacklist_entry e ON e.id = s.entry_id WHERE p.state = 'ended' AND e.state = 'published' AND NOT EXISTS (
        SELECT FROM blacklist_entry_revocation r WHERE r.entry_id = e.id AND r.state = 'open')""",
    "a revoked entry whose revocation is open": """
        SELECT count(*) FROM blacklist_entry e JOIN blacklist_entry_revocation r ON r.entry_id = e.id
        WHERE e.state = 'ended' AND r.state = 'open'""",
    "a repair granted and a record that goes on, or the other way round": """
        SELECT count(*) FROM repair r JOIN penalty p ON p.id = r.record_id
        WHERE (r.state = 'granted') <> (p.state = 'ended')""",
    "a repaired record that somebody who holds it is not told of": """
        SELECT count(*) FROM penalty_version v WHERE v.ending = 'repaired' AND (
        SELECT count(DISTINCT o.topic) FROM outbox_item o WHERE o.record_id = v.id
        AND o.topic IN ('feed_withdrawal', 'feed_repair_result', 'party_notice')) <> 3""",
    "a case that moved without its event": """
        SELECT count(*) FROM repair r WHERE r.version_no <> (SELECT count(*) FROM case_event e WHERE e.case_id = r.id)""",
}


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.proof)])
async def test_listing_revoking_and_repairing_are_whole_or_not_there(database: Database, step: int) -> None:
    async with database.transaction() as session:
        await sync_seed(session, replace(load_seed(), regions=()), now=AT)
        await make_authority(session, AUTHORITY, system="market_regulation", division_code="420000")
        await (await driver(session)).execute(GUARDS)
    before = number = 1
    async with Killer("tests.decade.killed") as killer:
        while not await killer.run(database.url, str(number), before=before):
            before, number = before + step, number + 1
    assert number > 5
    async with database.reading() as session:
        for words, sql in NEVER.items():
            assert (await session.execute(text(sql))).scalar_one() == 0, words
        granted = await session.scalar(text("SELECT count(*) FROM repair WHERE state = 'granted'"))
    assert granted

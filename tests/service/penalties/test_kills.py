"""A process killed at random moments of its acts leaves whole acts behind and nothing between."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database
from tests.clients import NOW

RUN = """
import asyncio, sys
from datetime import date
from uuid import UUID
from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.catalog.queries import load_catalog
from service.db import Database
from service.penalties.actions.drafts import Draft, record_draft, submit
from service.penalties.actions.endings import Withdrawal, move_to, withdraw
from service.penalties.actions.reviews import Signature, approve, publish
from service.penalties.rules import Content, Fall
from service.records.actions import Order
from service.versions import ANY_VERSION
from tests.clients import NOW
from tests.factories import make_uscc
from tests.service.penalties.lives import AUTHORITY, DRAFT, SIGNED, WITHDRAWN

def person(number, *roles):
    grants = frozenset(Grant(role, AUTHORITY) for role in roles)
    return Actor(UUID(int=number), "x", grants, Hierarchy({AUTHORITY: None}, {AUTHORITY: "500000"}), NOW.date())

RECORDER, REVIEWER = person(1, Role.RECORDER), person(2, Role.REVIEWER)
DAYS = ("decided_on", "valid_until", "served_on", "publication_told_on", "repair_notice_served_on")

async def main():
    database = Database(sys.argv[1], application="killed", pool_size=2)
    async with database.transaction() as session:
        catalog = await load_catalog(session)
    values = {name: date.fromisoformat(value) if name in DAYS else value for name, value in DRAFT.items()}
    values["kinds"] = tuple(values["kinds"])
    signature = Signature(SIGNED["tier"], SIGNED["tier_basis"], SIGNED["signed"])
    fall = {name: date.fromisoformat(value) if name in ("fell_on", "notice_until") else value for name, value in WITHDRAWN.items()}
    fall["fall"] = Fall(fall["fall"])
    print("ready", flush=True)
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 1000):
        uscc = make_uscc(number)
        async with database.transaction() as session:
            row = await record_draft(session, catalog, draft=Draft(uscc, Content(**values)), authority=AUTHORITY, actor=RECORDER, now=NOW)
        def order(actor):
            return Order(uscc, row["id"], actor, ANY_VERSION, NOW)
        async with database.transaction() as session:
            await submit(session, catalog, order(RECORDER))
        async with database.transaction() as session:
            await approve(session, catalog, order(REVIEWER), signature=signature)
        async with database.transaction() as session:
            await publish(session, catalog, order(REVIEWER))
        async with database.transaction() as session:
            if number % 2:
                await withdraw(session, catalog, order(REVIEWER), withdrawal=Withdrawal(**fall))
            else:
                await move_to(session, catalog, order(RECORDER), to_uscc=make_uscc(number + 500000), party_name="重庆正确有限公司", reason="主体有误")
asyncio.run(main())
"""

#: What must never be true, whatever was killed when.
NEVER = {
    "a head that is not its current version": """
        SELECT count(*) FROM penalty h JOIN penalty_version v ON v.uscc = h.uscc AND v.id = h.id AND v.superseded_at IS NULL
        WHERE (v.version_no, v.state) <> (h.version_no, h.state)""",
    "a head without a current version": """
        SELECT count(*) FROM penalty h WHERE NOT EXISTS (SELECT FROM penalty_version v
        WHERE v.uscc = h.uscc AND v.id = h.id AND v.superseded_at IS NULL)""",
    "a version without its change": """
        SELECT count(*) FROM penalty_version v WHERE NOT EXISTS (SELECT FROM pending_change p
        WHERE p.uscc = v.uscc AND p.record_id = v.id AND p.version_no = v.version_no)""",
    "a withdrawn penalty without its notice": """
        SELECT count(*) FROM penalty_version v WHERE v.ending = 'withdrawn' AND NOT EXISTS (SELECT FROM withdrawal_notice n
        WHERE n.uscc = v.uscc AND n.penalty_id = v.id)""",
    "a published one that no feed is told of": """
        SELECT count(*) FROM penalty_version v WHERE v.command = 'publish' AND NOT EXISTS (SELECT FROM outbox_item o
        WHERE o.uscc = v.uscc AND o.record_id = v.id AND o.topic = 'feed_publication')""",
    "a moved one that arrived nowhere": """
        SELECT count(*) FROM penalty_version v WHERE v.ending = 'moved' AND NOT EXISTS (SELECT FROM penalty h
        WHERE h.id = (v.act -> 'moved_to' ->> 'id')::uuid)""",
    "one that arrived and did not leave": """
        SELECT count(*) FROM penalty_version v WHERE v.command = 'move' AND v.state = 'submitted' AND NOT EXISTS (
        SELECT FROM penalty_version o WHERE o.id = (v.act -> 'moved_from' ->> 'id')::uuid AND o.ending = 'moved')""",
}


async def scalar(database: Database, sql: str) -> Any:
    async with database.reading() as session:
        return (await session.execute(text(sql))).scalar_one()


async def test_acts_killed_at_random_moments_are_whole_or_not_there(database: Database) -> None:
    async with database.transaction() as session:
        await sync_seed(session, replace(load_seed(), regions=()), now=NOW)
    chance = random.Random(20261124)  # noqa: S311 - a repeatable test
    root = str(Path(__file__).parents[3])
    for turn in range(3):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, database.url, str(1 + turn * 10_000), stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": root},
        )  # fmt: skip
        assert child.stdout is not None
        assert await child.stdout.readline() == b"ready\n"
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        child.send_signal(signal.SIGKILL)
        await child.wait()
    await asyncio.sleep(0.3)
    assert await scalar(database, "SELECT count(*) FROM penalty_version WHERE command = 'publish'") > 0
    for words, sql in NEVER.items():
        assert await scalar(database, sql) == 0, words

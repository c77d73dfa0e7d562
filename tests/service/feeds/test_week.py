"""A week of faults, seeded: records through their lives, the other side away, connections cut, receipts lost, doubled and late.

At the end both sides are equal, every record is there exactly once, and every deadline is met or told of.
"""

import os
import random
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from asyncpg import CheckViolationError
from sqlalchemy import text

from service.db import Database
from service.deadlines.actions import notify_deadlines
from service.feeds.reconciling import reconcile_feeds
from service.feeds.working import work_feeds
from tests.factories import make_uscc
from tests.service.feeds.setting import RECEIPTS, Clock, OtherSide, credit_china, end, one, publish, turn

SHOWN = f'{RECEIPTS}\n[shown]\nfolder = "shown"\n'


@dataclass
class Week:
    """What happens, by a seed."""

    database: Database
    folder: Path
    other: OtherSide
    dice: random.Random
    clock: Clock = field(default_factory=Clock)
    alive: dict[str, Any] = field(default_factory=dict)
    lists: int = 0

    async def live(self) -> None:
        """Something happens to a record."""
        kind = self.dice.random()
        if kind < 0.6 or not self.alive:
            code = make_uscc()
            self.alive[code] = await publish(self.database, code)
        elif kind < 0.8:
            code = self.dice.choice(sorted(self.alive))
            await publish(
                self.database, code, head=self.alive[code], penalty_content=f"罚款{self.dice.randint(1, 9)}千元"
            )
        else:
            code = self.dice.choice(sorted(self.alive))
            await end(self.database, code, self.alive.pop(code))

    async def exchange(self) -> None:
        """One turn, in which the other side may be away or the process may die."""
        away = self.dice.random() < 0.25
        hidden = self.other.place.with_name("away")
        if away:
            self.other.place.rename(hidden)
        if self.dice.random() < 0.2:
            await self.die()
        else:
            await turn(self.database, self.folder, self.clock)
        if away:
            hidden.rename(self.other.place)

    async def die(self) -> None:
        """A turn that ends after a file has left and before anybody has noted it."""
        async with self.database.transaction() as session:
            await session.execute(
                text("ALTER TABLE feed_batch ADD CONSTRAINT ck_feed_batch_fault CHECK (state <> 'sent') NOT VALID")
            )
        with suppress(CheckViolationError):
            await work_feeds(self.database, self.folder, clock=self.clock)
        async with self.database.transaction() as session:
            await session.execute(text("ALTER TABLE feed_batch DROP CONSTRAINT ck_feed_batch_fault"))

    def answer(self) -> None:
        """The other side collects; its receipts may be lost, doubled, cut, or say nothing new."""
        rows = self.other.collect()
        chance = self.dice.random()
        if not rows or chance < 0.25:
            return
        self.other.answer(rows, "已接收" if chance < 0.35 else "成功", 日期="2031-01-01" if chance < 0.5 else "")
        if chance > 0.8:
            self.other.answer(rows)
        if chance > 0.9:
            path = self.other.place / "receipts" / f"r{self.other.answers:04d}.csv"
            path.write_bytes(path.read_bytes()[:-7])

    async def compare(self) -> int:
        self.lists += 1
        self.other.show(f"list-{self.lists:03d}.csv")
        self.clock.move(days=1)
        return await reconcile_feeds(self.database, clock=self.clock)


async def run_week(database: Database, tmp_path: Path, *, seed: int, steps: int) -> None:
    credit_china(tmp_path / "feeds", tmp_path / "cc", extra="rows = 3", receipts=SHOWN)
    week = Week(database, tmp_path / "feeds", OtherSide(tmp_path / "cc"), random.Random(seed))  # noqa: S311 - a repeatable course of events
    for _ in range(steps):
        for _ in range(week.dice.randint(0, 2)):
            await week.live()
        await week.exchange()
        week.answer()
        week.clock.move(minutes=week.dice.randint(1, 90))
        if week.dice.random() < 0.05:
            await week.compare()
    for _ in range(8):
        week.clock.move(hours=13)
        await turn(database, tmp_path / "feeds", week.clock)
        week.other.collect()
        if await week.compare() == 0 and {row["CF_XDR_SHXYM"] for row in week.other.rows.values()} == set(week.alive):
            break
    assert sorted(row["CF_XDR_SHXYM"] for row in week.other.rows.values()) == sorted(week.alive), f"seed {seed}"
    equal = await one(database, "SELECT is_equal FROM feed")
    assert equal.is_equal is True
    open_items = await one(
        database, "SELECT count(*) AS n FROM feed_item WHERE state NOT IN ('accepted', 'withdrawn_confirmed')"
    )
    assert open_items.n == 0
    twice = await one(database, "SELECT count(*) AS n FROM feed_batch WHERE state = 'made'")
    assert twice.n == 0
    await notify_deadlines(database, now=week.clock())
    untold = await one(
        database,
        """SELECT count(*) AS n FROM deadline d JOIN penalty p ON p.id = d.record_id AND p.state = 'published'
        WHERE d.deadline = 'D01' AND d.state = 'open' AND d.escalated_on IS NULL""",
    )
    assert untold.n == 0


async def test_a_short_week(database: Database, tmp_path: Path) -> None:
    await run_week(database, tmp_path, seed=20261124, steps=14)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(int(os.environ.get("XINYONG_WEEKS", "5"))))
async def test_a_long_week(database: Database, tmp_path: Path, seed: int) -> None:
    await run_week(database, tmp_path, seed=seed, steps=400)

"""Two instances exchange over a directory, SFTP, HTTPS and a front-end database, through a random week of faults.

Processes are killed before any statement, links are cut, receipts get lost, come twice, late or cut off, clocks jump. At the end
both sides show the same, every record once.
"""

import json
import os
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.conftest import Server
from tests.factories import make_uscc
from tests.killing import Killer
from tests.service.feeds.doors import Door, Row, open_doors
from tests.service.feeds.instances import NAMES, do, open_instance, public_rows
from tests.service.feeds.setting import Clock, define, end, one, publish
from tests.service.feeds.test_transports import Cutting


@dataclass
class Exchange:
    """The two instances with their clocks, the places between them, and what happens, by a seed."""

    here: Database
    there: Database
    urls: tuple[str, str]
    doors: list[Door]
    folder: Path
    killer: Killer
    dice: random.Random
    clock: Clock = field(default_factory=Clock)
    other_clock: Clock = field(default_factory=Clock)
    alive: dict[str, tuple[str, Any]] = field(default_factory=dict)
    hidden: dict[str, tuple[str, Any]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    count: int = 1000
    kills: int = 0

    async def live(self) -> None:
        """Something happens to a record of the sending instance."""
        chance = self.dice.random()
        if chance < 0.55 or not self.alive:
            await self._state(make_uscc(), self.dice.choice(NAMES), None)
        elif chance < 0.75:
            code = self.dice.choice(sorted(self.alive))
            await self._state(code, *self.alive[code])
        elif chance < 0.85 and self.hidden:
            code, (name, head) = self.hidden.popitem()
            await self._state(code, name, head)
        else:
            code = self.dice.choice(sorted(self.alive))
            name, head = self.alive.pop(code)
            if chance > 0.93:
                acts = {"state": "suspended", "command": "suspend", "reason": "复核", "basis": "示例", "event": "ended"}
                await publish(self.here, code, head=head, **_facts(name), **acts)
                self.hidden[code] = (name, head)
            else:
                await end(self.here, code, head, **_facts(name))
                self.gone.append(code)

    async def _state(self, code: str, name: str, head: Any) -> None:
        self.count += 1
        said = {"penalty_content": f"罚款{self.count}元，没收违法所得", "fine_fen": self.count * 100}
        head = await publish(self.here, code, head=head, **_facts(name), **said)
        self.alive[code] = (name, head)

    async def act(self, act: str, *, may_die: bool = True) -> None:
        """Let an instance do something; sometimes its process is killed before one of its statements."""
        database, url, clock = (
            (self.there, self.urls[1], self.other_clock) if act == "receive" else (self.here, self.urls[0], self.clock)
        )
        if may_die and self.dice.random() < 0.35:
            told = json.dumps({"act": act, "folder": str(self.folder), "now": clock().isoformat()})
            self.kills += not await self.killer.run(url, told, before=self.dice.randint(5, 90))
        else:
            await do(database, act, self.folder, clock())

    async def answer(self, door: Door, rows: list[Row]) -> None:
        """Receipts may be lost, come late, twice, or cut off."""
        chance = self.dice.random()
        if chance < 0.2:
            return
        if chance < 0.35:
            door.late.append(rows)
            return
        await door.answer(rows, cut=chance < 0.45)
        if chance > 0.8:
            await door.answer(rows)
        if chance > 0.9 and door.late:
            await door.answer(door.late.pop(0))

    async def step(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            await self.live()
        away = [door for door in self.doors if self.dice.random() < 0.2]
        for door in away:
            await door.cut_off(True)
        if self.dice.random() < 0.2:
            Cutting.cuts.append(self.dice.randint(0, 400))
        await self.act("send")
        if self.dice.random() < 0.25:
            await self.act("receive")
        for door in away:
            await door.cut_off(False)
        for door in self.doors:
            if rows := await door.collect():
                await self.answer(door, rows)
        self.clock.move(minutes=self.dice.randint(1, 90))
        self.other_clock.move(minutes=self.dice.randint(1, 90))
        if self.dice.random() < 0.15:
            self.dice.choice([self.clock, self.other_clock]).move(hours=self.dice.choice([-5, -1, 7, 30]))
        if self.dice.random() < 0.2:
            for door in self.doors:
                await door.lay_out()
            await self.act("compare")

    async def settle(self) -> None:
        """Nothing is broken any more; in a few days both sides are equal."""
        Cutting.cuts.clear()
        for _ in range(12):
            self.clock.move(hours=25)
            await self.act("send", may_die=False)
            for door in self.doors:
                if rows := await door.collect():
                    await door.answer(rows)
                await door.lay_out()
            await self.act("send", may_die=False)
            await self.act("compare", may_die=False)
            waits = await one(
                self.here, "SELECT count(*) AS n FROM feed_item WHERE state NOT IN ('accepted', 'withdrawn_confirmed')"
            )
            if waits.n == 0:
                break
        self.other_clock.now = max(self.other_clock.now, self.clock.now) + timedelta(minutes=1)
        await self.act("receive", may_die=False)


def _facts(name: str) -> dict[str, Any]:
    by = {"authority_code": name, "authority_name": f"示例机关{name}", "source_code": f"own:{name}"}
    return by | {"kinds": ["fine", "confiscation_gains"]}


async def outcomes(database: Database, codes: list[str], clock: Clock) -> list[str]:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database, now=clock()), key=key) as platform:
        answer = (await platform.post("/v1/status/batch", json={"codes": codes})).json()
        return [item["outcome"] for item in answer["results"]]


async def run_exchange(exchange: Exchange, *, steps: int, seed: int) -> None:
    for door in exchange.doors:
        define(exchange.folder / "out", door.name, door.out())
        define(exchange.folder / "in", door.name, door.into())
    for _ in range(steps):
        await exchange.step()
    await exchange.settle()
    told = f"seed {seed}"
    here, there = await public_rows(exchange.here), await public_rows(exchange.there)
    assert here == there, told
    assert [row[0] for row in here] == sorted(exchange.alive), told
    for door in exchange.doors:
        wanted = {str(head) for name, head in exchange.alive.values() if name == door.name}
        assert set(await door.standing()) == wanted, f"{told}, {door.name}"
    unequal = await one(exchange.here, "SELECT count(*) AS n FROM feed WHERE is_equal IS NOT TRUE")
    assert unequal.n == 0, told
    made = await one(exchange.here, "SELECT count(*) AS n FROM feed_batch WHERE state = 'made'")
    assert made.n == 0, told
    twice = await one(exchange.there, "SELECT count(*) - count(DISTINCT uscc) AS n FROM penalty WHERE state <> 'void'")
    assert twice.n == 0, told
    codes = [*exchange.alive, *exchange.gone, *exchange.hidden]
    ours = await outcomes(exchange.here, codes, exchange.other_clock)
    assert ours == await outcomes(exchange.there, codes, exchange.other_clock), told
    assert ours.count("penalised") == len(exchange.alive), told


@pytest.fixture
async def front(server: Server) -> AsyncIterator[str]:
    name = f"front_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}"')
    yield server.url(name).replace("+asyncpg", "")
    await server.drop(name)


@pytest.fixture
async def other_url(server: Server, template: str) -> AsyncIterator[str]:
    name = f"other_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield server.url(name)
    await server.drop(name)


async def play(urls: tuple[str, str], front: str, folder: Path, *, steps: int, seed: int) -> int:
    """Play a week; return how many processes were killed."""
    here, there = (Database(url, application="test", pool_size=8) for url in urls)
    try:
        await open_instance(here, receives=False)
        await open_instance(there, receives=True)
        with suppress(FileExistsError):
            (folder / "data").mkdir()
        async with Killer("tests.service.feeds.instances") as killer, open_doors(folder, front) as doors:
            dice = random.Random(seed)  # noqa: S311 - a repeatable course of events
            exchange = Exchange(here, there, urls, doors, folder, killer, dice)
            await run_exchange(exchange, steps=steps, seed=seed)
            return exchange.kills
    finally:
        await here.dispose()
        await there.dispose()


async def test_a_short_week_of_two_instances(database_url: str, other_url: str, front: str, tmp_path: Path) -> None:
    assert await play((database_url, other_url), front, tmp_path, steps=5, seed=20261125) > 0


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(int(os.environ.get("XINYONG_WEEKS", "5"))))
async def test_a_long_week_of_two_instances(
    database_url: str, other_url: str, front: str, tmp_path: Path, seed: int
) -> None:
    assert await play((database_url, other_url), front, tmp_path, steps=200, seed=seed) > 0

"""A made-up world that changes at random, and the store led on beside it."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.db import Database
from service.store.reader import StoreReader
from service.store.updater import Keeper, connected
from tests.clients import at
from tests.factories import make_entry, make_list, make_penalty, make_registration, make_source, make_uscc

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
NAMES = ["重庆星屿贸易有限公司", "重庆星屿商行", '引"号\\店', "旧名有限公司", None]
REGIONS = ["500105", "310101", "500000"]


class World:
    """Subjects and records, changed by `step`; whatever is random comes from `chance`."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.codes = [make_uscc(division_code=chance.choice(REGIONS)) for _ in range(30)]
        self.penalties: list[tuple[str, UUID]] = []
        self.entries: list[tuple[str, UUID]] = []

    async def begin(self, session: AsyncSession) -> None:
        await make_source(session)
        await make_source(session, "never", covers=("lists:31",), delivered_at=None)
        await make_source(session, "stale", covers=("penalties:50",), stale_after_days=7)
        await make_list(session)
        await make_list(session, "test-abnormal", severity="abnormal", name="示例异常名录")

    async def step(self, session: AsyncSession) -> None:
        chance = self.chance
        uscc = chance.choice(self.codes)
        what = chance.randrange(6)
        if what == 0:
            await make_registration(
                session,
                uscc,
                name=chance.choice(NAMES),
                registration_status=chance.choice(["active", "cancelled", None]),
                registered_on=chance.choice([None, date(2015, 3, 2)]),
                division_code=chance.choice([*REGIONS, None]),
                registered=chance.random() < 0.9,
                former_names=chance.choice([[], ["曾用名商行"]]),
                **chance.choice([{}, {"succession": "split", "successors": [chance.choice(self.codes)]}]),
            )
        elif what in {1, 2} or not (self.penalties and self.entries):
            self.penalties.append((uscc, await make_penalty(session, uscc, **self._content())))
            uscc = chance.choice(self.codes)
            self.entries.append((uscc, await make_entry(session, uscc, **self._content(listed=True))))
        elif what in {3, 4}:
            uscc, head = chance.choice(self.penalties)
            await make_penalty(session, uscc, head=head, **self._content())
        else:
            uscc, head = chance.choice(self.entries)
            await make_entry(session, uscc, head=head, **self._content(listed=True))

    def _content(self, *, listed: bool = False) -> dict[str, Any]:
        chance = self.chance
        first = NOW.date() + timedelta(days=chance.choice([-300, -3, -1, 0, 1, 2]))
        day = chance.choice([None, date(2026, 1, 5), date(2026, 3, 5)])
        content: dict[str, Any] = {
            "state": chance.choice(["published"] * 4 + ["ended", "draft"]),
            "public_from": first,
            "public_until": chance.choice([None, first, first + timedelta(days=2), first + timedelta(days=400)]),
            "held_texts": chance.choice([[], [], ["document_no"], ["party_name"]]),
            "party_name": chance.choice(NAMES),
            "listed_on" if listed else "decided_on": day,
        }
        if chance.random() < 0.1:
            content |= dict.fromkeys(("public_from", "public_until", "public_rule", "public_grade"))
            content["public_reason"] = "no_rule"
        if listed:
            content["list_id"] = chance.choice(["test-serious", "test-abnormal"])
        return content


async def led_on(database: Database, folder: Path, *, now: datetime = NOW) -> int:
    """Bring the store to the head of the log, as the updater does, and let go of it; return its position."""
    keeper = Keeper(database.url, folder, at(now))
    try:
        async with connected(database.url) as (connection, _):
            return await keeper.keep(connection)
    finally:
        keeper.close()


@asynccontextmanager
async def reading(database: Database, folder: Path, *, max_staleness: float = 600) -> AsyncIterator[StoreReader]:
    """A reader of the store, opened."""
    reader = StoreReader(folder, database, max_staleness=max_staleness)
    try:
        await reader.look()
        yield reader
    finally:
        reader.close()

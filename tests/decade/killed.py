"""A listing, the fall of what it rests on, its revocation, and a repair, in a process that may be killed at any statement."""

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from service.access.rules import Role
from service.blacklist.actions import leaving
from service.catalog.queries import Catalog, load_catalog
from service.db import Database
from tests.decade import law
from tests.decade.lives import EntryLife, PenaltyLife, Step, repair
from tests.decade.model import Subject, World
from tests.decade.people import Terms
from tests.factories import make_uscc
from tests.killing import serve

AUTHORITY = "hb-market"
AT = datetime(2026, 2, 2, 4, tzinfo=UTC)


class Steady(random.Random):
    """Nothing is left to chance."""

    def random(self) -> float:
        return 0.5


class Stage:
    """What a life needs, without a future: each step is called."""

    def __init__(self, database: Database, catalog: Catalog, number: int) -> None:
        self.database = database
        self.catalog = catalog
        self.world = World()
        self.amounts = law.Amounts()
        self.chance: random.Random = Steady()
        self.counts: dict[str, int] = {}
        self._number = number * 100

    def later(self, at: datetime, step: Step) -> None:
        """Nothing happens by itself."""

    def number(self) -> int:
        self._number += 1
        return self._number


async def live(database: Database, what: str) -> None:
    """The whole of it for the firm of this number."""
    async with database.transaction() as session:
        catalog = await load_catalog(session)
    stage = Stage(database, catalog, int(what))
    subject = Subject(make_uscc(int(what)))
    lives = []
    for _ in range(2):
        terms = Terms(("stop_business",), None, None, date(2026, 1, 20), False, None)
        life = PenaltyLife(stage, subject, AUTHORITY, terms, "湖北示例有限公司")
        for hours, step in enumerate((life.begin, life.submit, life.approve, life.publish)):
            await step(AT + timedelta(hours=hours))
        lives.append(life)
    entry = EntryLife(stage, subject, AUTHORITY, "samr-serious", "湖北示例有限公司", (UUID(lives[0].record.id),))
    for days, step in ((1, entry.begin), (2, entry.propose), (9, entry.enter)):
        await step(AT + timedelta(days=days))
    await lives[0].withdraw(AT + timedelta(days=20))
    order = entry.order(Role.REVIEWER, AT + timedelta(days=21))
    async with database.transaction() as session:
        await leaving.revoke(session, order, reason="依据已撤销", basis="第十九条", document_no=None)
    await repair(stage, lives[1].record, AUTHORITY, AT + timedelta(days=30))


if __name__ == "__main__":
    serve(live)

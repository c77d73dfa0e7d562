"""Whether an answer comes from the store or from the database cannot be told from it, byte for byte."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service.clock import legal_day
from service.db import Database
from service.status.actions import Question, Rendered, answer_batch, answer_question, look_up
from service.status.answers import to_json
from service.status.rules import MalformedUscc
from service.store.reader import StoreReader
from tests.factories import make_uscc, number_changes
from tests.service.store.support import NAMES, NOW, World, led_on, reading

DIVISIONS = frozenset({"500105", "310101"})


@pytest.mark.parametrize("seed", range(2))
async def test_store_and_database_say_the_same_at_one_position(database: Database, tmp_path: Path, seed: int) -> None:
    world = World(random.Random(seed))  # noqa: S311 - what happens in a test, no secret
    async with database.transaction() as session:
        await world.begin(session)
    for _ in range(4):
        async with database.transaction() as session:
            for _ in range(25):
                await world.step(session)
            position = await number_changes(session)
            for _ in range(5):  # these are not numbered yet, and so not known
                await world.step(session)
        assert await led_on(database, tmp_path) == position
        await compare(database, tmp_path, world)
        async with database.transaction() as session:
            await number_changes(session)


async def compare(database: Database, folder: Path, world: World) -> None:
    codes = [*world.codes, make_uscc(), make_uscc(division_code="999999")]
    odd = [codes[0].lower(), f" {codes[1]} ", codes[2].replace("0", "O", 1), "x", None, 7, "5" * 18]
    async with reading(database, folder) as store:
        for hours in (-24, 0, 12, 24, 47, 48, 24 * 300, 24 * 500):
            now = NOW + timedelta(hours=hours)
            await store.look()
            assert store.find(codes, day=legal_day(now)) is not None
            mixed = world.chance.sample([*codes, *odd, *codes], 60)
            assert await answer_batch(database, mixed, divisions=DIVISIONS, now=now, store=store) == await answer_batch(
                database, mixed, divisions=DIVISIONS, now=now
            )
            for uscc in [*world.chance.sample(codes, 12), *(one for one in odd if isinstance(one, str))]:
                question = Question(uscc, name=world.chance.choice([*NAMES, "曾用名商行", "别家有限公司"]))
                stored, refusal = await told(database, question, now, store)
                assert (stored, refusal) == await told(database, question, now, None)
                if stored is None:
                    continue
                async with database.reading() as session:
                    objects = await answer_question(session, question, divisions=DIVISIONS, now=now)
                assert (stored.body, stored.etag) == (to_json(objects.body), objects.etag)
        assert store.counts["database"] == 0
        assert store.counts["store"] > 100


async def told(
    database: Database, question: Question, now: datetime, store: StoreReader | None
) -> tuple[Rendered | None, tuple[str, object] | None]:
    try:
        return await look_up(database, question, divisions=DIVISIONS, now=now, store=store), None
    except MalformedUscc as refusal:
        return None, (str(refusal), refusal.extra)

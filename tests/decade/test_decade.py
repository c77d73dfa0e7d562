"""A simulated decade, 2019 to 2029, and a slow model of the law beside it (`law.py`, `model.py`)."""

import ast
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database, driver
from tests.decade.guards import GUARDS
from tests.decade.simulation import FIRST, Decade, Size

#: `make test`: a few hundred firms. `make proof`: 100,000, or what the environment says.
SMALL = Size(lives=30, filed=170, files=8, looks=8)
SUBJECTS = int(os.environ.get("XINYONG_DECADE_SUBJECTS", "100000"))
LARGE = Size(lives=SUBJECTS // 20, filed=SUBJECTS - SUBJECTS // 20, files=400, looks=40, edges=2, pages=0.25)


async def play(database: Database, folder: Path, size: Size, seed: int) -> Decade:
    async with database.transaction() as session:
        await sync_seed(session, replace(load_seed(), regions=()), now=FIRST)
        await (await driver(session)).execute(GUARDS)
    decade = Decade(database, folder, size, random.Random(seed))  # noqa: S311 - a repeatable test
    await decade.run()
    return decade


def test_the_model_knows_nothing_of_the_service() -> None:
    for name in ("law.py", "model.py"):
        tree = ast.parse((Path(__file__).parent / name).read_text("utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= {"calendar", "dataclasses", "datetime"}


async def test_nothing_is_ever_visible_outside_its_window(database: Database, tmp_path: Path) -> None:
    decade = await play(database, tmp_path, SMALL, 20260124)
    for act in ("publish", "withdraw", "suspend", "recall", "correct", "move", "repair", "list an entry", "imports"):
        assert decade.counts[act] > 0, f"{act} never happened: {decade.counts}"


@pytest.mark.proof
@pytest.mark.parametrize("seed", [1])
async def test_nothing_is_ever_visible_outside_its_window_among_very_many(
    database: Database, tmp_path: Path, seed: int
) -> None:
    decade = await play(database, tmp_path, LARGE, seed)
    print(decade.counts)  # noqa: T201 - the size of the proof is its result

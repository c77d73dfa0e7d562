"""A process killed at a random moment of an import: the next one finishes it, and the result is that of an undisturbed run."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from service.db import Database
from service.imports.actions import revert_import
from service.imports.queries import get_import
from service.imports.runner import run_import
from tests.service.imports.support import bring_in, clock, penalty, queue, rows_of, seed, write_csv

RUN = """
import asyncio, sys
from uuid import UUID
from service.db import Database
from service.clock import system_clock
from service.imports.runner import run_import
async def main():
    database = Database(sys.argv[1], application="killed", pool_size=4)
    print("ready", flush=True)
    await run_import(database, UUID(sys.argv[2]), clock=system_clock)
asyncio.run(main())
"""
STATE = (
    "SELECT uscc, natural_key, state, version_no FROM penalty ORDER BY 1, 2",
    "SELECT uscc, fine_fen, document_no, party_name, public_until FROM penalty_version ORDER BY 1, 2",
    "SELECT n, line, outcome, reasons, uscc FROM import_row ORDER BY 1",
    "SELECT uscc, event, version_no FROM pending_change UNION ALL SELECT uscc, event, version_no FROM change ORDER BY 1",
    "SELECT uscc, name, kind FROM subject_name ORDER BY 1, 2",
)
ALIVE = """SELECT v.uscc, natural_key, v.state, fine_fen, party_name, public_from, public_until, import_row FROM penalty h
    JOIN penalty_version v ON v.uscc = h.uscc AND v.id = h.id AND superseded_at IS NULL WHERE h.state <> 'void' ORDER BY 1, 2"""


async def state(database: Database) -> list[list[object]]:
    return [await rows_of(database, sql) for sql in STATE]


async def test_an_import_killed_at_random_moments_ends_like_an_undisturbed_one(
    database: Database, tmp_path: Path
) -> None:
    rows = [penalty(n % 900 + 1, number=f"渝示市监罚〔2026〕{n}号") for n in range(1, 4001)]
    file = write_csv(tmp_path / "a.csv", [*rows, penalty(5, code=""), penalty(6, number="渝示市监罚〔2026〕6号")])
    await seed(database)
    chance = random.Random(20261124)  # noqa: S311 - a repeatable test
    import_id = await queue(database, file)
    killed = 0
    for _ in range(4):  # a fifth broken attempt would be the last
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, database.url, str(import_id), stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
        assert child.stdout is not None
        await child.stdout.readline()
        try:
            await asyncio.wait_for(child.wait(), chance.uniform(0.02, 0.6))
            break
        except TimeoutError:
            child.send_signal(signal.SIGKILL)
            await child.wait()
            killed += 1
    assert killed > 0
    for _ in range(50):  # the server notices a dead client within moments and frees its claim
        await run_import(database, import_id, clock=clock)
        async with database.transaction() as session:
            job = await get_import(session, import_id)
        if job.state == "finished":
            break
        await asyncio.sleep(0.1)
    assert job.state == "finished"
    disturbed = await state(database)
    assert [len(rows) for rows in disturbed[:3]] == [4001, 4001, 4002]
    before = await rows_of(database, ALIVE)
    async with database.transaction() as session:
        await revert_import(session, import_id=import_id, actor="test", now=clock())
    undisturbed = await bring_in(database, file)
    assert undisturbed.counts == job.counts
    assert await rows_of(database, ALIVE) == before
    assert await rows_of(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == [(0,)]

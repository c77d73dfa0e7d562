"""The updater as a process of its own: killed, doubled, its store deleted; afterwards the store equals the database."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.changes.actions import drain
from service.clock import legal_day, system_clock
from service.db import Database
from service.status.actions import answer_batch
from service.store.files import read_pointer
from service.store.reader import StoreReader
from tests.conftest import ROOT
from tests.service.store.support import World

PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
from service.clock import system_clock
from service.store.updater import run_updater

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_updater(sys.argv[1], Path(sys.argv[2]), system_clock, stop, poll_ms=20)

asyncio.run(main())
"""


@contextmanager
def updating(url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, url, str(folder)], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


@asynccontextmanager
async def reader_of(database: Database, folder: Path) -> AsyncIterator[StoreReader]:
    reader = StoreReader(folder, database, max_staleness=30)
    try:
        yield reader
    finally:
        reader.close()


async def change(database: Database, world: World, times: int = 10) -> int:
    """Change the world, number the changes and return the head of the log."""
    async with database.transaction() as session:
        for _ in range(times):
            await world.step(session)
    await drain(database, system_clock)
    async with database.statement() as connection:
        head: int = await connection.fetchval("SELECT head_position FROM change_log")
    return head


async def arrived(store: StoreReader, world: World, head: int) -> None:
    """Wait until the store has come to the head of the log."""
    while True:
        await store.look()
        if store.find(world.codes, day=legal_day(system_clock()), least=head) is not None:
            return
        await asyncio.sleep(0.02)


async def is_equal(database: Database, store: StoreReader, world: World) -> bool:
    now = datetime(2026, 11, 24, 4, tzinfo=UTC)
    answers = [
        await answer_batch(database, world.codes, divisions=frozenset(), now=now, store=one) for one in (store, None)
    ]
    return answers[0] == answers[1]


async def test_an_updater_that_is_killed_at_any_moment_leaves_nothing_wrong(database: Database, tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311 - what happens in a test, no secret
    world = World(chance)
    async with database.transaction() as session:
        await world.begin(session)
    head = await change(database, world)
    async with reader_of(database, tmp_path) as store:
        for _ in range(3):
            with updating(database.url, tmp_path) as process:
                # From before it has opened anything to long after it has built the store.
                until = asyncio.get_running_loop().time() + chance.choice([0.3, 0.7, 1.5])
                while asyncio.get_running_loop().time() < until:
                    head = await change(database, world, 3)
                process.send_signal(signal.SIGKILL)
        with updating(database.url, tmp_path) as process:
            await arrived(store, world, head)
            assert await is_equal(database, store, world)
            for _ in range(20):
                await arrived(store, world, await change(database, world, 2))
            assert await is_equal(database, store, world)
            # Somebody deletes the store: what is read is the database, and soon a new store.
            before = read_pointer(tmp_path)
            shutil.rmtree(tmp_path / str(before))
            (tmp_path / "current").unlink()
            head = await change(database, world)
            await arrived(store, world, head)
            assert read_pointer(tmp_path) != before
            assert await is_equal(database, store, world)
            process.terminate()
            assert process.wait(30) == 0


async def test_a_second_updater_stands_by_and_takes_over(database: Database, tmp_path: Path) -> None:
    world = World(random.Random(5))  # noqa: S311 - what happens in a test, no secret
    async with database.transaction() as session:
        await world.begin(session)
    async with reader_of(database, tmp_path) as store:
        with updating(database.url, tmp_path) as first, updating(database.url, tmp_path) as second:
            await arrived(store, world, await change(database, world))
            name = read_pointer(tmp_path)
            # Whichever came second does nothing while the other one lives.
            await arrived(store, world, await change(database, world))
            assert read_pointer(tmp_path) == name
            first.kill()
            await arrived(store, world, await change(database, world))
            assert read_pointer(tmp_path) == name
            second.terminate()
            assert second.wait(30) == 0
            assert await is_equal(database, store, world)

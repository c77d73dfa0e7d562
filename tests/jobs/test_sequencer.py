"""The sequencer against everything that can happen to it: other sequencers, aborted writers, lost connections, kill -9."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from jobs.sequencer import run_sequencer
from service.clock import system_clock
from service.db import Database
from tests.factories import make_uscc

PROCESS = """
import asyncio, sys
from jobs.sequencer import run_sequencer
from service.clock import system_clock
from service.db import Database

async def main():
    await run_sequencer(Database(sys.argv[1], application="sequencer"), system_clock, asyncio.Event(), poll_ms=10)

asyncio.run(main())
"""

FEWEST_POSITIONS = 20
NEW_HEAD = (
    "INSERT INTO penalty (uscc, id, natural_key, state, version_no, created_at) VALUES ($1, $2, $3, 'draft', 0, now())"
)
REPLACE = "UPDATE penalty_version SET superseded_at = now() WHERE uscc = $1 AND id = $2 AND superseded_at IS NULL"
NEXT_VERSION = """WITH head AS (
        UPDATE penalty SET version_no = version_no + 1 WHERE uscc = $1 AND id = $2 RETURNING version_no
    ), inserted AS (
        INSERT INTO penalty_version (uscc, id, version_no, state, command, actor, recorded_at, authority_code,
            authority_name, public_reason, procedure, tier)
        SELECT $1, $2, version_no, 'draft', 'test', 'test', now(), 'x', 'x', 'no_rule', 'ordinary', 'general' FROM head
    )
    INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
    SELECT $1, 'penalty', $2, version_no, 'corrected', now() FROM head"""

#: What a status answer does: the current version of codes without pending changes, else the last one that is not pending.
PRESENT = """SELECT v.id, max(v.version_no) FROM penalty_version v
    WHERE CASE WHEN EXISTS (SELECT FROM pending_change p WHERE p.uscc = v.uscc)
        THEN NOT EXISTS (SELECT FROM pending_change p WHERE p.record_id = v.id AND p.version_no = v.version_no)
        ELSE v.superseded_at IS NULL END
    GROUP BY v.id"""


@dataclass
class World:
    """What the writers, readers and saboteurs of one test share and what they saw."""

    dsn: str
    records: list[tuple[str, UUID]]
    committed: int = 0
    read: list[tuple[int, UUID, int]] = field(default_factory=list)
    answers: list[tuple[int, dict[UUID, int]]] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def answered_at(self) -> set[int]:
        """The positions at which answers were given."""
        return {position for position, _ in self.answers}


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def write(world: World, chance: random.Random, transactions: int) -> None:
    async with connected(world.dsn) as connection:
        for _ in range(transactions):
            transaction = connection.transaction()
            await transaction.start()
            chosen = sorted(chance.sample(world.records, chance.randint(1, 3)))
            for uscc, record in chosen:
                # Writers take turns at a record's head; the versions before are then committed and visible.
                await connection.execute("SELECT FROM penalty WHERE uscc = $1 AND id = $2 FOR UPDATE", uscc, record)
                await connection.execute(REPLACE, uscc, record)
                await connection.execute(NEXT_VERSION, uscc, record)
            await asyncio.sleep(chance.random() * 0.02)
            if chance.random() < 0.25:
                await transaction.rollback()
            else:
                await transaction.commit()
                world.committed += len(chosen)


async def follow(world: World) -> None:
    async with connected(world.dsn) as connection:
        position = 0
        while True:
            finished = world.done.is_set()
            rows = await connection.fetch(
                "SELECT position, record_id, version_no FROM change WHERE position > $1 ORDER BY position LIMIT 50",
                position,
            )
            world.read += [(row["position"], row["record_id"], row["version_no"]) for row in rows]
            position = rows[-1]["position"] if rows else position
            if finished and not rows:
                return
            await asyncio.sleep(0.005)


async def answer(world: World) -> None:
    async with connected(world.dsn) as connection:
        while not world.done.is_set():
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                head = await connection.fetchval("SELECT head_position FROM change_log")
                present = {row[0]: row[1] for row in await connection.fetch(PRESENT)}
            world.answers.append((head, present))
            await asyncio.sleep(0.01)


async def cut_connections(world: World, chance: random.Random) -> None:
    async with connected(world.dsn) as connection:
        while not world.done.is_set():
            await asyncio.sleep(0.1 + chance.random() * 0.1)
            await connection.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'sequencer' AND datname = current_database()"""
            )


async def kill_processes(world: World, url: str, chance: random.Random) -> int:
    killed = 0
    while not world.done.is_set():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, url)
        await asyncio.sleep(0.9 + chance.random() * 0.5)
        assert process.returncode is None, "a sequencer that loses its connection goes on"
        process.send_signal(signal.SIGKILL)
        killed += await process.wait() == -signal.SIGKILL
    return killed


async def make_world(url: str) -> World:
    dsn = url.replace("+asyncpg", "")
    records = [(make_uscc(), uuid4()) for _ in range(6)]
    async with connected(dsn) as connection:
        for uscc, record in records:
            await connection.execute("INSERT INTO subject VALUES ($1, 0, now())", uscc)
            await connection.execute(NEW_HEAD, uscc, record, record.hex)
    return World(dsn, records)


async def poll(connection: asyncpg.Connection, condition: str, *values: int) -> None:
    while True:
        if await connection.fetchval(condition, *values):
            return
        await asyncio.sleep(0.02)


async def until_drained(world: World) -> None:
    async with connected(world.dsn) as connection:
        await poll(connection, "SELECT count(*) = 0 FROM pending_change")


async def run_storm(world: World, url: str, *, seed: int) -> int:
    chance = random.Random(seed)  # noqa: S311 - a repeatable order of events, no secret
    database = Database(url, application="sequencer", pool_size=4)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        sequencers = [group.create_task(run_sequencer(database, system_clock, stop, poll_ms=10)) for _ in range(2)]
        group.create_task(follow(world))
        group.create_task(answer(world))
        saboteurs = [group.create_task(cut_connections(world, chance))]
        killer = group.create_task(kill_processes(world, url, chance))
        async with asyncio.timeout(150), asyncio.TaskGroup() as writers:
            for number in range(16):
                writers.create_task(write(world, random.Random(seed + number), 30))  # noqa: S311 - see above
        # On a busy machine few answers come between two cuts: then there is more to write and to answer.
        async with asyncio.timeout(60):
            while len(world.answered_at()) <= FEWEST_POSITIONS:
                await write(world, chance, 1)
        await asyncio.sleep(1)
        async with asyncio.timeout(60):
            await until_drained(world)
        world.done.set()
        await asyncio.gather(*saboteurs, killer)
        stop.set()
        await asyncio.gather(*sequencers)
    await database.dispose()
    return killer.result()


async def test_writers_readers_and_killed_sequencers_leave_one_dense_order(database_url: str) -> None:
    world = await make_world(database_url)
    killed = await run_storm(world, database_url, seed=20261124)
    assert killed > 0
    async with connected(world.dsn) as connection:
        rows = await connection.fetch("SELECT position, record_id, version_no FROM change ORDER BY position")
        head = await connection.fetchval("SELECT head_position FROM change_log")
    log = [(row["position"], row["record_id"], row["version_no"]) for row in rows]

    assert world.committed > 300
    assert [position for position, _, _ in log] == list(range(1, world.committed + 1)), "dense, nothing lost or doubled"
    assert head == world.committed
    assert world.read == log, "who reads by position misses and re-orders nothing"

    replayed: dict[UUID, int] = {}
    states = [dict(replayed)]
    for _, record, version_no in log:
        assert version_no == replayed.get(record, 0) + 1, "each record's versions are in order"
        replayed[record] = version_no
        states.append(dict(replayed))

    assert len(world.answered_at()) > FEWEST_POSITIONS, "answers were given at many positions"
    for position, present in world.answers:
        assert present == states[position], f"the answer at {position} is the log replayed up to there"


async def wait_for_head(dsn: str, head: int) -> None:
    async with asyncio.timeout(60), connected(dsn) as connection:
        await poll(connection, "SELECT head_position >= $1 FROM change_log", head)


async def add_change(world: World) -> None:
    async with connected(world.dsn) as connection:
        await connection.execute(REPLACE, *world.records[0])
        await connection.execute(NEXT_VERSION, *world.records[0])


async def test_one_works_the_other_stands_by_and_takes_over(database_url: str) -> None:
    world = await make_world(database_url)
    databases = [Database(database_url, application=f"sequencer-{n}", pool_size=2) for n in range(2)]
    stops = [asyncio.Event() for _ in databases]
    tasks = []
    for database, stop in zip(databases, stops, strict=True):
        tasks.append(asyncio.create_task(run_sequencer(database, system_clock, stop, poll_ms=10)))
        await asyncio.sleep(0.3)
    async with connected(world.dsn) as connection:
        holders = await connection.fetch(
            """SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND datname = current_database()"""
        )
    assert [row["application_name"] for row in holders] == ["sequencer-0"]
    await add_change(world)
    await wait_for_head(world.dsn, 1)
    stops[0].set()
    await tasks[0]
    await add_change(world)
    await wait_for_head(world.dsn, 2)
    stops[1].set()
    await tasks[1]
    for database in databases:
        await database.dispose()


async def test_it_outlives_a_database_that_is_closed_for_a_while(database_url: str) -> None:
    world = await make_world(database_url)
    name = make_url(database_url).database
    database = Database(database_url, application="sequencer", pool_size=2)
    stop = asyncio.Event()
    task = asyncio.create_task(run_sequencer(database, system_clock, stop, poll_ms=10))
    await add_change(world)
    await wait_for_head(world.dsn, 1)
    async with connected(world.dsn.replace(f"/{name}", "/postgres")) as outside:
        await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await asyncio.sleep(0.5)
        assert not task.done()
        await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await add_change(world)
    await wait_for_head(world.dsn, 2)
    stop.set()
    await task
    await database.dispose()


async def test_an_error_that_is_no_loss_of_the_database_is_raised(database_url: str) -> None:
    async with connected(database_url.replace("+asyncpg", "")) as connection:
        await connection.execute("DROP TABLE pending_change")
    database = Database(database_url, application="sequencer", pool_size=2)
    with pytest.raises(ProgrammingError, match="pending_change"):
        await asyncio.wait_for(run_sequencer(database, system_clock, asyncio.Event(), poll_ms=10), 10)
    await database.dispose()


async def test_it_ends_at_once_when_it_is_told_to(database_url: str) -> None:
    database = Database(database_url, application="sequencer", pool_size=2)
    stop = asyncio.Event()
    task = asyncio.create_task(run_sequencer(database, system_clock, stop, poll_ms=60_000))
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.wait_for(task, 1)
    await database.dispose()

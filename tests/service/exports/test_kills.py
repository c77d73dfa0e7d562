"""A build that is killed leaves nothing that anybody could take for a release, and the next one makes it good."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from service.changes.actions import drain
from service.exports.queries import list_releases
from service.horizons.actions import log_clock_edges
from tests.factories import make_penalty, make_registration, make_uscc
from tests.service.exports.support import World, at

NOW = at("2026-11-24T09:30")
RUNS = 6


async def start(world: World) -> asyncio.subprocess.Process:
    environment = os.environ | {"XINYONG_DATABASE_URL": world.database.url, "XINYONG_DATA_DIR": str(world.folder)}
    # It ends with whoever holds the other end of its standard input.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jobs.exports", NOW.isoformat()),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def shown(world: World) -> list[str]:
    async with world.database.reading() as session:
        return [release.id for release in await list_releases(session, limit=100, before=None)]


async def test_a_build_killed_at_any_moment_leaves_no_half_release(world: World) -> None:
    async with world.database.transaction() as session:
        for _ in range(20):
            code = await make_registration(session, make_uscc())
            await make_penalty(session, code)
    await drain(world.database, lambda: NOW)
    await log_clock_edges(world.database, now=NOW)
    chance = random.Random(20261124)  # noqa: S311 - moments to kill at, no secrets
    for _ in range(RUNS):
        process = await start(world)
        # It dies once it has begun to write, at some moment of the writing.
        for _ in range(3000):
            if process.returncode is not None or _begun(world.releases):
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.random() * 0.2)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        for release in await shown(world):
            world.verify(release)
    process = await start(world)
    assert await process.wait() == 0
    for _ in range(2):
        names = await shown(world)
        assert {name.rsplit("-", 1)[0] for name in names} == {"full", "delta-8h", "statistics"}
        assert sorted(path.name for path in world.releases.iterdir()) == sorted(names)
        for release in names:
            world.verify(release)
        process = await start(world)
        assert await process.wait() == 0


def _begun(folder: Path) -> bool:
    return folder.exists() and any(folder.glob(".building-*"))

"""The program of docs/platforms.md is a mirror that equals the server, whoever of the two was killed meanwhile."""

import asyncio
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from service.access.rules import Role
from service.changes.actions import drain
from service.clock import system_clock
from service.db import Database
from service.horizons.actions import log_clock_edges
from tests.clients import make_key
from tests.conftest import ROOT
from tests.servers import serving
from tests.service.store.support import World

OFF = dict.fromkeys(("rate_key", "rate_address", "rate_refused"), "off")


def program(folder: Path) -> Path:
    page = (ROOT / "docs" / "platforms.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    path = folder / "mirror.py"
    path.write_text(code, "utf-8")
    return path


@contextmanager
def mirroring(path: Path, url: str, key: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, str(path), url, str(path.with_suffix(".db"))]
    process = subprocess.Popen(command, env=os.environ | {"XINYONG_KEY": key}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)


def commands() -> list[str]:
    """Return the commands of the page that ask a server."""
    page = (ROOT / "docs" / "platforms.md").read_text("utf-8")
    # Those that write to a file belong to sections that have tests of their own.
    return [line for line in page.splitlines() if line.startswith("curl ") and " > " not in line]


def first_lines(command: str, url: str, key: str) -> str:
    """Return what a command of the page prints first; a stream would go on for ever."""
    environment = os.environ | {"XINYONG_URL": url, "XINYONG_KEY": key}
    with subprocess.Popen(command, shell=True, env=environment, stdout=subprocess.PIPE, text=True) as running:  # noqa: S602 - a line of our own page
        assert running.stdout is not None
        told = running.stdout.readline()
        while "uscc" not in told and (more := running.stdout.readline()):
            told += more
        running.kill()
    return told


def client_of(url: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def place_of(path: Path) -> str:
    try:
        with sqlite3.connect(f"file:{path.with_suffix('.db')}?mode=ro", uri=True) as held:
            row = held.execute("SELECT event_id FROM place").fetchone()
    except sqlite3.OperationalError:
        return ""
    return row[0] if row else ""


async def came(path: Path, place: str) -> None:
    """Wait until the mirror is at a place, or at any."""
    while not (found := place_of(path)) or (place and found != place):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)


def digest_of(path: Path) -> list[str]:
    """Return what the program says of its mirror: the place and the digest."""
    command = [sys.executable, str(path), "", str(path.with_suffix(".db")), "digest"]
    told = subprocess.run(command, env=os.environ | {"XINYONG_KEY": ""}, capture_output=True, text=True, check=True)
    return told.stdout.split()


async def live_on(database: Database, world: World, times: int) -> None:
    async with database.transaction() as session:
        for _ in range(times):
            await world.step(session)
    await drain(database, system_clock)


async def test_the_mirror_equals_the_server_after_kills_on_both_sides(database: Database, tmp_path: Path) -> None:
    world = World(random.Random(17))  # noqa: S311 - what happens in a test, no secret
    key = await make_key(database, Role.PLATFORM)
    async with database.transaction() as session:
        await world.begin(session)
    await live_on(database, world, 30)
    path = program(tmp_path)
    with serving(database.url, tmp_path / "first", **OFF) as api, mirroring(path, api.url, key):
        async with client_of(api.url, key) as client:
            # Windows that opened or closed with this day are not in the log yet: no position has this day's state.
            early = await client.get("/v1/changes/snapshot")
            assert (early.status_code, early.json()["code"]) == (503, "day_not_logged")
            await log_clock_edges(database, now=system_clock())
            other = (await client.get("/v1/changes", params={"log_id": str(uuid4())})).json()
            assert (other["code"], other["snapshot"]) == ("log_changed", "/v1/changes/snapshot")
        await came(path, "")
        for _ in range(10):
            await live_on(database, world, 3)
        for command in commands():
            assert "uscc" in first_lines(command, api.url, key)
    await live_on(database, world, 10)  # nobody listens
    with serving(database.url, tmp_path / "second", **OFF) as api:
        for _ in range(2):
            with mirroring(path, api.url, key):  # killed while it catches up
                await live_on(database, world, 5)
        with mirroring(path, api.url, key):
            await live_on(database, world, 5)
            await log_clock_edges(database, now=system_clock())
            async with client_of(api.url, key) as client:
                answer = await client.get("/v1/changes/snapshot")
            lines = [orjson.loads(line) for line in answer.content.splitlines()]
            place = f"{lines[0]['log_id']}:{lines[0]['position']}"
            await came(path, place)
    assert lines[-1]["count"] == len(lines) - 2 > 20
    assert digest_of(path) == [place, lines[-1]["digest"]]

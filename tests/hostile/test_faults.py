"""A database that goes away under load, a pool that is used up, a process that is told to stop."""

import asyncio
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from service import embedded
from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.conftest import migrate
from tests.locks import until_one_waits
from tests.servers import Serving, serving

OFF = {"rate_key": "off", "rate_address": "off", "rate_refused": "off"}
PATH = "/v1/catalog/authorities"
DRAIN_SECONDS = 10


def authority(number: int) -> dict[str, str]:
    return {"code": f"xy-{number}", "name": f"示例局{number}", "system": "market_regulation", "division_code": "500000"}


async def key_for(url: str) -> str:
    database = Database(url, application="test")
    key = await make_key(database, Role.RULE_KEEPER)
    await database.dispose()
    return key


async def count(url: str) -> int:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM authority WHERE code LIKE 'xy-%'"))
    finally:
        await connection.close()


@pytest.fixture
def own_server() -> Iterator[Path]:
    """A folder for a server of its own, which the test starts, stops and starts again."""
    folder = Path(tempfile.mkdtemp(prefix="xinyong-fault-"))
    yield folder / "data"
    subprocess.run(["rm", "-rf", str(folder)], check=True)


class Client(threading.Thread):
    """Sends each of its requests until it has its 201, as a client with an idempotency key may."""

    def __init__(self, api: Serving, key: str, numbers: range) -> None:
        super().__init__(daemon=True)
        self.api, self.numbers = api, numbers
        self.headers = {"Authorization": f"Bearer {key}"}
        self.seen: Counter[int] = Counter()
        self.locations: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.api.url, headers=self.headers, timeout=60) as client:
            for number in self.numbers:
                while True:
                    answer = client.post(PATH, json=authority(number), headers={"Idempotency-Key": f"key-{number}"})
                    self.seen[answer.status_code] += 1
                    if answer.status_code == 201:
                        self.locations.append(answer.headers["location"])
                        break
                    time.sleep(0.1)


def test_a_database_that_is_started_again_under_load_loses_and_doubles_nothing(
    own_server: Path, tmp_path: Path
) -> None:
    cluster = embedded.start(own_server)
    try:
        migrate(cluster.url)
        key = asyncio.run(key_for(cluster.url))
        with serving(cluster.url, tmp_path, **OFF) as api:
            clients = [Client(api, key, range(first, first + 30)) for first in range(0, 120, 30)]
            for client in clients:
                client.start()
            while sum(client.seen[201] for client in clients) < 20:
                time.sleep(0.05)
            embedded.stop(cluster)
            while not sum(client.seen[503] for client in clients):
                time.sleep(0.05)
            cluster = embedded.start(own_server)
            for client in clients:
                client.join()
            assert api.is_ready()
        seen: Counter[int] = sum((client.seen for client in clients), Counter())
        assert set(seen) <= {201, 409, 503}
        assert seen[201] == 120
        assert len({location for client in clients for location in client.locations}) == 120
        assert asyncio.run(count(cluster.url)) == 120
    finally:
        embedded.remove(cluster)


async def test_a_pool_that_is_used_up_is_a_503_and_then_well_again(database_url: str) -> None:
    small = Database(database_url, application="test", pool_size=1, pool_timeout=0.2)
    key = await make_key(small, Role.PLATFORM)
    async with client_of(make_app(small), key=key) as client:
        assert (await client.get("/v1/changes")).status_code == 200
        async with small.reading():
            used_up = await client.get("/v1/changes")
        well = await client.get("/v1/changes")
    await small.dispose()
    assert (used_up.status_code, used_up.json()["code"]) == (503, "database_unavailable")
    assert used_up.headers["retry-after"]
    assert well.status_code == 200


async def test_a_process_told_to_stop_ends_its_requests_first(database_url: str, tmp_path: Path) -> None:
    key = await key_for(database_url)
    with serving(database_url, tmp_path, **OFF) as api:
        idle = api.connect()
        blocker = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await blocker.execute("BEGIN; LOCK TABLE authority IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(base_url=api.url, timeout=60) as client:
            headers = {"Authorization": f"Bearer {key}"}
            answer = asyncio.create_task(client.post(PATH, json=authority(1), headers=headers))
            await until_one_waits(blocker)
            api.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            await blocker.execute("COMMIT")
            assert (await answer).status_code == 201
        await asyncio.to_thread(api.process.wait, DRAIN_SECONDS)
        idle.close()
        await blocker.close()
    assert await count(database_url) == 1


async def test_a_request_that_does_not_end_does_not_hold_the_process_up(database_url: str, tmp_path: Path) -> None:
    key = await key_for(database_url)
    with serving(database_url, tmp_path, lock_timeout_ms="60000", **OFF) as api:
        blocker = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        await blocker.execute("BEGIN; LOCK TABLE authority IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(base_url=api.url, timeout=60) as client:
            headers = {"Authorization": f"Bearer {key}"}
            answer = asyncio.create_task(client.post(PATH, json=authority(1), headers=headers))
            await until_one_waits(blocker)
            api.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(api.process.wait, DRAIN_SECONDS)
            await asyncio.gather(answer, return_exceptions=True)
        await blocker.close()
    assert await count(database_url) == 0

"""Keys across worker processes: what one changes, all know within a second; what they noted is written when they stop."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from service.access.keys.actions import create_key, revoke_key
from service.access.keys.queries import get_key
from service.access.rules import Role
from service.clock import system_clock
from service.db import Database
from tests.servers import serving


async def test_a_revoked_key_is_refused_by_every_worker_within_a_second_under_load(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        key = await create_key(session, name="shop", roles=[Role.PLATFORM], now=system_clock())
    answers: list[tuple[str, float, int]] = []
    stop = asyncio.Event()

    async def ask(client: httpx.AsyncClient, address: str) -> None:
        while not stop.is_set():
            began = time.monotonic()
            answer = await client.get(f"{address}/v1/me")
            answers.append((address, began, answer.status_code))

    limits = {"rate_key": "off", "rate_address": "off", "rate_refused": "off"}
    headers = {"Authorization": f"Bearer {key.secret}"}
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(database_url, tmp_path / str(n), **limits)) for n in range(2)]
        workers = [server.url for server in servers]
        client = httpx.AsyncClient(headers=headers, timeout=20)
        load = [asyncio.create_task(ask(client, address)) for address in workers for _ in range(4)]
        await asyncio.sleep(1)
        asked = time.monotonic()
        async with database.transaction() as session:
            await revoke_key(session, key_id=key.id, now=system_clock())
        revoked = time.monotonic()
        await asyncio.sleep(1.5)
        stop.set()
        await asyncio.gather(*load)
        await client.aclose()
        for server in servers:
            server.process.terminate()
            server.process.wait(30)
    assert {(address, status) for address, began, status in answers if began < asked - 0.5} == {
        (address, 200) for address in workers
    }
    assert {(address, status) for address, began, status in answers if began > revoked + 1} == {
        (address, 401) for address in workers
    }
    assert {status for _, _, status in answers} == {200, 401}
    async with database.reading() as reading:
        stored = await get_key(reading, key_id=key.id)
    assert stored.last_used_at is not None

"""The sender beside the other long-running parts of the jobs process: one sends, the next takes over when it has ended."""

import asyncio
from pathlib import Path

from jobs.webhooks import run_webhooks
from service.access.rules import Role
from service.changes.queries import MOVED
from service.clock import system_clock
from service.db import Database, driver
from service.settings import Settings
from tests.clients import FOLDER, client_of, make_key
from tests.service.webhooks.hooks import Receiver, loopback_app, made_webhook, make_changes, receiving


async def told(receiver: Receiver, count: int) -> None:
    while len(receiver.told()) < count:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.05)


async def test_one_sends_and_another_takes_over(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=FOLDER, webhook_loopback=True)
    key = await make_key(database, Role.PLATFORM)
    stops = asyncio.Event(), asyncio.Event()
    with receiving(tmp_path) as receiver:
        async with client_of(loopback_app(database, system_clock), key=key) as client:
            await made_webhook(client, receiver.url)
        async with asyncio.TaskGroup() as group:
            senders = [
                group.create_task(run_webhooks(database, system_clock, stop, settings=settings)) for stop in stops
            ]
            for round_, stop in enumerate(stops, 1):
                async with database.transaction() as session:
                    await make_changes(session)
                    await (await driver(session)).execute(MOVED)
                await told(receiver, 4 * round_)
                stop.set()
            await asyncio.gather(*senders)
        positions = [one["data"]["position"] for one in receiver.told()]
    assert sorted(positions) == [1, 2, 3, 4, 6, 7, 8, 9]

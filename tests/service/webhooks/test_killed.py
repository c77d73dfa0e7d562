"""A sender that is killed with SIGKILL between any two steps: nothing is lost, and of each subject the order stays."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.access.rules import Role
from service.clock import system_clock
from service.db import Database
from tests.clients import client_of, make_key
from tests.killing import Killer
from tests.service.webhooks.hooks import Receiver, loopback_app, made_webhook, make_changes, receiving

#: More statements than one whole run has.
FAR = 100


async def test_a_killed_sender_loses_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    await kill_at(database, database_url, tmp_path, every=14)


@pytest.mark.proof
async def test_a_sender_killed_before_every_single_statement_loses_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await kill_at(database, database_url, tmp_path, every=1)


async def kill_at(database: Database, url: str, folder: Path, *, every: int) -> None:
    key = await make_key(database, Role.PLATFORM)
    async with database.transaction() as session:
        things = await make_changes(session)
    app = loopback_app(database, system_clock)
    with receiving(folder) as receiver:
        async with client_of(app, key=key) as client, Killer("tests.service.webhooks.killed") as killer:
            made = await made_webhook(client, receiver.url)
            killed = 0
            for before in range(1, FAR, every):
                await set_back(database)
                receiver.forget()
                is_whole = await killer.run(url, "send", before=before)
                killed += not is_whole
                assert await killer.run(url, "send", before=0)
                check(receiver, things)
                shown = (await client.get(f"/v1/webhooks/{made['id']}")).json()
                assert (shown["waiting"], shown["position"]) == (0, things["head"])
                if is_whole:
                    break
            assert is_whole
            assert killed * every > 20


async def set_back(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM webhook_delivery"))
        await session.execute(text("UPDATE webhook_endpoint SET position = 0"))


def check(receiver: Receiver, things: dict[str, Any]) -> None:
    told = [one["data"] for one in receiver.told()]
    assert {one["position"] for one in told} == {1, 2, 3, 4}
    for name in ("first", "second"):
        firsts = list(dict.fromkeys(one["position"] for one in told if one["uscc"] == things[name]))
        assert firsts == sorted(firsts)

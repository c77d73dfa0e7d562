"""docs/first-alert.md leads from a key to an alert: its programs and commands are run as they stand."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from service.access.rules import Role
from service.clock import system_clock
from service.db import Database
from service.webhooks.calling import Caller
from tests.clients import make_key
from tests.conftest import ROOT
from tests.factories import make_registration, number_changes
from tests.servers import free_port, serving
from tests.service.webhooks.hooks import drain, sender_of

CODE = "91500000XY0000012K"


async def line_of(receiver: asyncio.subprocess.Process) -> str:
    assert receiver.stdout is not None
    return (await receiver.stdout.readline()).decode()


async def listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def test_the_page_leads_from_a_key_to_an_alert(database: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "first-alert.md").read_text("utf-8")
    port = str(free_port())
    steps = [one.replace("9000", port) for one in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)]
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "receiver.py").write_text(program, "utf-8")
    assert len(steps) == 4
    key = await make_key(database, Role.PLATFORM)
    off = dict.fromkeys(("rate_key", "rate_address", "rate_refused"), "off")
    with serving(database.url, tmp_path / "data", webhook_loopback="true", **off) as api:
        environment = os.environ | {"XINYONG_URL": api.url, "XINYONG_KEY": key}

        def run(script: str) -> str:
            done = subprocess.run(
                ["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
            )
            return done.stdout

        made = await asyncio.to_thread(run, "\n".join(steps[:3]))
        assert '"added":1' in made.replace(" ", "")
        assert '{"count":0}' in made
        receiver = await asyncio.create_subprocess_exec(
            sys.executable, "receiver.py", "webhook.json", port, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with Caller(loopback=True) as caller:
                sender = sender_of(database, system_clock, caller)
                assert '"waiting"' in await asyncio.to_thread(run, steps[3])
                await listening(int(port))
                await drain(sender)
                assert (await line_of(receiver)).startswith("test:")
                async with database.transaction() as session:
                    await make_registration(session, CODE)
                    await make_registration(session)
                    await number_changes(session)
                await drain(sender)
                alert = await line_of(receiver)
                assert "subject.registered" in alert
                assert CODE in alert
        finally:
            receiver.kill()
            await receiver.wait()

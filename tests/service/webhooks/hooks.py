"""What the tests of webhooks share: a receiver process, a platform with a webhook, and changes to tell of."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from service.app import create_app
from service.clock import Clock
from service.db import Database
from service.settings import Settings
from service.webhooks.calling import Caller
from service.webhooks.sending import Sender
from tests.clients import FOLDER
from tests.conftest import ROOT
from tests.factories import make_entry, make_penalty, make_registration, number_changes

WITHIN = timedelta(hours=24)


@dataclass
class Receiver:
    """A running receiver and what it got."""

    folder: Path
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def behave(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode, "utf-8")

    def got(self) -> list[dict[str, Any]]:
        path = self.folder / "got"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def told(self, *, mode: str = "ok") -> list[dict[str, Any]]:
        """Return the bodies of the messages that it took."""
        return [json.loads(one["body"]) for one in self.got() if one["mode"] == mode]

    def forget(self) -> None:
        (self.folder / "got").unlink(missing_ok=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def restart(self) -> None:
        self.process = _start(self.folder, str(self.port))
        assert int(_port(self.process)) == self.port


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.service.webhooks.receiver", str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _port(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    (folder / "mode").write_text("ok", "utf-8")
    process = _start(folder)
    receiver = Receiver(folder, process, int(_port(process)))
    try:
        yield receiver
    finally:
        receiver.kill()


def loopback_app(database: Database, clock: Clock) -> Any:
    """Return the application of a developer, whose webhooks may be on the machine itself."""
    return create_app(Settings(data_dir=FOLDER, webhook_loopback=True), database=database, clock=clock)


def sender_of(database: Database, clock: Clock, caller: Caller) -> Sender:
    return Sender(database, clock, caller, WITHIN, chance=Random(7))  # noqa: S311 - jitter


async def drain(sender: Sender) -> None:
    """Let everything that is due now leave, and end."""
    while await sender.turn():
        await sender.finish()


async def make_changes(session: AsyncSession) -> dict[str, Any]:
    """Enter two firms with a penalty and an entry of one, all public, and number it; return their codes and ids."""
    first, second = await make_registration(session), await make_registration(session)
    penalty = await make_penalty(session, first, public_until=None)
    entry = await make_entry(session, second, public_until=None, event="listed")
    draft = await make_penalty(session, second, state="draft", event="recorded")
    head = await number_changes(session)
    return {"first": first, "second": second, "penalty": penalty, "entry": entry, "draft": draft, "head": head}


async def made_webhook(client: AsyncClient, url: str, **stated: Any) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": url} | stated)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made

"""The commands of docs/platforms.md as they stand, on a server and a worker that are processes; what breaks off on the way goes on."""

import asyncio
import os
import re
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from typer.testing import CliRunner

from jobs.screenings import run_screenings
from service.access.rules import Role
from service.cli import make_command
from service.db import Database
from service.screenings.remote import Remote, Unanswered, screen_remotely
from service.settings import Settings
from tests.clients import make_key
from tests.conftest import ROOT
from tests.factories import make_entry, make_registration, make_uscc, number_changes
from tests.servers import Serving, serving
from tests.service.screenings.support import read_csv, read_jsonl

OFF = dict.fromkeys(("rate_key", "rate_address", "rate_refused"), "off")


async def test_the_page_screens_a_list_from_the_command_line_and_by_hand(database: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "platforms.md").read_text("utf-8").split("## All merchants at once")[1].split("\n## ")[0]
    command, by_hand = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    codes = [make_uscc() for _ in range(3)]
    async with database.transaction() as session:
        for code in codes[:2]:
            await make_registration(session, code)
        entry = await make_entry(session, codes[0], public_until=None)
        await number_changes(session)
    (tmp_path / "merchants.csv").write_text(
        "code,shop\n" + "".join(f"{code},{n}\n" for n, code in enumerate(codes)), "utf-8"
    )
    (tmp_path / "xinyong").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service "$@"\n', "utf-8")
    (tmp_path / "xinyong").chmod(0o700)
    data, key, stop = tmp_path / "data", await make_key(database, Role.PLATFORM), asyncio.Event()
    settings = Settings(database_url=database.url, data_dir=data)
    worker = asyncio.create_task(run_screenings(database, stop, settings=settings))
    with serving(database.url, data, **OFF) as api:
        environment = os.environ | {"XINYONG_URL": api.url, "XINYONG_KEY": key, "PYTHONPATH": str(ROOT)}
        environment["PATH"] = f"{tmp_path}:{environment['PATH']}"

        async def run(script: str) -> str:
            done = await asyncio.create_subprocess_exec(
                *("bash", "-euc", script), cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE
            )
            told, _ = await done.communicate()
            assert done.returncode == 0
            return told.decode()

        told, _ = await asyncio.gather(run(command), run(by_hand))
        assert "listed" in told
        assert "in all" in told
        _, rows = read_csv((tmp_path / "screened.csv").read_bytes())
        assert [row["outcome"] for row in rows] == ["listed", "not_covered", "not_covered"]
        assert rows[0]["records"] == [str(entry)]
        assert read_jsonl((tmp_path / "screened.jsonl").read_bytes())[1] == rows
        await _takes_up(database, tmp_path, api, key)
    stop.set()
    await worker


async def _takes_up(database: Database, folder: Path, api: Serving, key: str) -> None:
    """A part of a result that was loaded before is gone on with; a record that ends is noticed and the list handed in again."""
    before = (folder / "screened.csv").read_bytes()
    top, rows = read_csv(before)
    target = folder / "again.csv"
    part = folder / f".again.csv.{top['screening']}.part"
    part.write_bytes(before[:50])

    def screen(screening: str) -> dict[str, Any]:
        with Remote(api.url, key, console=Console(stderr=True)) as remote:
            return screen_remotely(remote, folder / "merchants.csv", target, asked={}, screening=screening)

    os.kill(api.process.pid, signal.SIGSTOP)  # the server does not answer for a while
    resume = threading.Timer(1, os.kill, (api.process.pid, signal.SIGCONT))
    resume.start()
    sums = await asyncio.to_thread(screen, top["screening"])
    resume.join()
    assert (sums["outcomes"]["listed"], target.read_bytes(), part.exists()) == (1, before, False)
    async with database.transaction() as session:
        await make_entry(session, rows[0]["uscc"], head=UUID(rows[0]["records"][0]), state="ended", event="ended")
        await number_changes(session)
    await asyncio.to_thread(screen, top["screening"])
    again, rows = read_csv(target.read_bytes())
    assert again["screening"] != top["screening"]
    assert rows[0]["outcome"] == "not_covered"
    with pytest.raises(Unanswered, match="no screening"):
        await asyncio.to_thread(screen, "01900000-0000-7000-8000-000000000000")


def test_the_command_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XINYONG_URL", "XINYONG_KEY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "m.csv"
    file.write_text(f"{make_uscc()}\n", "utf-8")
    without = CliRunner().invoke(make_command("screen"), ["screen", str(file)])
    assert without.exit_code == 2
    asked = ["screen", str(file), "--url", "http://127.0.0.1:9", "--key", "xy_x", "--to", str(file)]
    with suppress(SystemExit):
        assert CliRunner().invoke(make_command("screen"), asked).exit_code == 2
    assert file.read_text("utf-8").strip()

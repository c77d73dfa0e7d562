"""What docs/regulators.md and docs/platforms.md say of reports is done line by line, each side with its own key."""

import asyncio
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.access.rules import Role
from service.cli import make_command
from service.db import Database
from tests.clients import make_key
from tests.conftest import ROOT
from tests.factories import make_authority, make_registration, number_changes
from tests.service.web.browser import served

AUTHORITY = "cq-market-regulation"
CODE = "91500000XY0000012K"


def blocks(page: str, heading: str) -> list[str]:
    part = (ROOT / "docs" / page).read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


class Shell:
    """Runs lines as a shell does, variables included; our own command without a process of its own, which takes a second."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._folder = folder
        self._variables = os.environ | variables

    def run(self, block: str) -> str:
        return "".join(self._line(line) for line in block.splitlines())

    def _line(self, line: str) -> str:
        if not line.startswith("xinyong "):
            return self._bash(f"set -a\n{line}\nset +a\nenv -0 > .variables")
        words = shlex.split(self._bash(f"printf '%q ' {line}"))
        done = CliRunner().invoke(
            make_command("reports"), words[1:], env={"XINYONG_KEY": self._variables["XINYONG_KEY"]}
        )
        assert done.exit_code == 0, done.output
        return done.output

    def _bash(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", script], cwd=self._folder, env=self._variables, capture_output=True, text=True, check=True
        )
        kept = self._folder / ".variables"
        if kept.exists():
            self._variables = dict(one.split("=", 1) for one in kept.read_text("utf-8").split("\0") if "=" in one)
        return done.stdout


async def test_the_pages_lead_from_a_key_to_an_accepted_report(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        await make_authority(session, AUTHORITY, division_code="500000")
        await make_registration(session, CODE)
        await number_changes(session)
    binder = await make_key(database, Role.CONSENTER, authority_code=AUTHORITY)
    platform = await make_key(database, Role.PLATFORM)
    keygen, opening = blocks("regulators.md", "Reports of platforms")
    (sealing,) = blocks("platforms.md", "Reports to authorities")
    monkeypatch.chdir(tmp_path)

    def both_sides() -> tuple[str, str, str]:
        with served(database.url) as address:
            office = Shell(tmp_path, XINYONG_URL=address, XINYONG_KEY=binder)
            shop = Shell(tmp_path, XINYONG_URL=address, XINYONG_KEY=platform)
            return office.run(keygen), shop.run(sealing), office.run(opening)

    made, sealed, opened = await asyncio.to_thread(both_sides)
    assert '"state":"in_use"' in made
    assert "1 name differs, 0 listed" in sealed, "it is registered under another name"
    assert "Received 2026-11-24" in sealed
    assert "1 rows, as the envelope counts them" in opened
    assert opened.count("1 name differs, 0 listed") == 2
    assert '"state":"accepted"' in opened
    assert CODE in (tmp_path / "opened.json").read_text("utf-8")

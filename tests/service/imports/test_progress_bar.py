"""The bar of `xinyong import`: on a terminal, with rate and time left, and nowhere else."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli.importing import time_left
from service.db import Database
from tests.conftest import ROOT
from tests.service.imports.support import AUTHORITY, penalty, seed, write_csv


def environment(database_url: str, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
    terminal = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}
    return kept | terminal | {"XINYONG_DATABASE_URL": database_url, "XINYONG_DATA_DIR": str(folder)}


def shown_on_a_terminal(words: list[str], environ: dict[str, str]) -> str:
    mine, its = os.openpty()
    process = subprocess.Popen(words, cwd=ROOT, env=environ, stdin=its, stdout=its, stderr=its)
    os.close(its)
    shown = b""
    try:
        while part := os.read(mine, 4096):
            shown += part
    except OSError:  # the end of a terminal whose other side is closed
        pass
    finally:
        os.close(mine)
    assert process.wait(60) == 0, shown.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


async def test_the_bar_is_on_a_terminal_and_not_in_a_pipe_where_words_stand_alone(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await seed(database)
    file = write_csv(tmp_path / "rows.csv", [penalty(n) for n in range(1, 400)])
    words = [sys.executable, "-m", "service", "import", str(file)]
    words += ["--kind", "penalties", "--authority", AUTHORITY, "--source", "site"]
    environ = environment(database_url, tmp_path)
    shown = await asyncio.to_thread(shown_on_a_terminal, words, environ)
    assert re.search(r"reading ━+ +0 rows +0/s", shown)
    assert re.search(r"━ +399 rows +[0-9,]+/s 0:\d\d:\d\d about 0 s left", shown)
    assert re.search(r"new +399", shown)
    piped = await asyncio.to_thread(
        subprocess.run, words, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert piped.stderr == ""
    assert re.search(r"duplicate +399", piped.stdout)
    assert "━" not in piped.stdout
    (tmp_path / "empty.csv").touch()
    words[words.index(str(file))] = str(tmp_path / "empty.csv")
    empty = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (empty.returncode, empty.stdout) == (1, "")
    assert empty.stderr == "empty_file: The file is empty. Check that the export finished, then send it again.\n"


@pytest.mark.parametrize(
    ("elapsed", "share", "words"),
    [
        (3, 0, ""),
        (10, 50, "about 10 s left"),
        (30, 25, "about 2 min left"),
        (600, 50, "about 10 min left"),
        (7, 100, "about 0 s left"),
    ],
)
def test_time_left_follows_the_rate_so_far(elapsed: float, share: int, words: str) -> None:
    assert time_left(elapsed, share) == words

"""The commands of docs/rules.md on a real database."""

import asyncio
import os
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.service.catalog.calendar.test_notices import NOTICE_2026


async def xinyong(database_url: str, *words: str) -> tuple[int, str]:
    """Run a command as a user does; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service",
        *words,
        cwd=ROOT,
        env={**os.environ, "XINYONG_DATABASE_URL": database_url, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_notice_is_loaded_from_its_file_and_listed(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "notice-2026.txt"
    file.write_text(NOTICE_2026, "utf-8-sig")
    code, said = await xinyong(database_url, "calendar", "load", str(file), "--by", "rule keeper")
    assert (code, said.strip()) == (0, "2026: 33 days off, 6 weekend days worked (revision 1)")
    code, said = await xinyong(database_url, "calendar", "load", str(file), "--by", "somebody else")
    assert "it stood so already" in said
    code, said = await xinyong(database_url, "calendar", "list")
    assert "2026  revision 1  upload" in said


async def test_a_notice_that_cannot_be_read_says_why(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "notice.txt"
    file.write_text(NOTICE_2026.replace("共9天", "共8天"), "utf-8")
    code, said = await xinyong(database_url, "calendar", "load", str(file), "--by", "rule keeper")
    assert code == 1
    assert "unreadable_notice: 春节: 9 days off were read and the text says 8" in said

"""The commands of the operators' pages, run one after the other as they stand there, on a database with something in it."""

import asyncio
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uuid_utils.compat
from typer.testing import CliRunner

from service.audit.chain.actions import Chain, link_pending, make_partitions, sign_head
from service.audit.chain.files import Outside
from service.audit.queries import insert_entries
from service.audit.rules import Entry, EntryKind
from service.cli import make_command
from service.db import Database, driver
from service.settings import Settings
from service.signing.keys import SigningKeys
from tests.conftest import ROOT, Server

#: What goes on until it is stopped is run by the tests of servers, of the demo and of the store.
ENDLESS = {"xinyong serve", "xinyong jobs serve", "xinyong store serve"}
#: What the pages put where the database's owner, or a place of the reader, is named.
BACKUP = "/var/backups/xinyong/2026-11-24"


def commands(page: str) -> list[str]:
    found, inside = [], False
    for line in (ROOT / "docs" / page).read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside and line.startswith("xinyong ") and line not in ENDLESS:
            found.append(line)
    return found


async def fill(url: str, data: Path) -> None:
    """Let a month that is over have an entry, linked and signed."""
    settings = Settings(data_dir=data)
    database = Database(url, application="test", pool_size=2)
    then = datetime(2026, 5, 15, 4, tzinfo=UTC)
    await make_partitions(database, now=then)
    old = Entry(then, uuid_utils.compat.uuid7(), EntryKind.READ, "GET /v1/status/{uscc}", "ok", "key")
    async with database.transaction() as session:
        await insert_entries(await driver(session), [old])
    await link_pending(database, now=then + timedelta(minutes=1))
    chain = Chain(database, SigningKeys.of(settings), Outside(settings.audit_folder()))
    await sign_head(chain, now=then + timedelta(minutes=2))
    await database.dispose()


@pytest.mark.parametrize("page", ["operators.md", "audit.md"])
def test_the_commands_of_a_page_work_one_after_the_other(
    page: str, server: Server, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = f"test_{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("XINYONG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    asyncio.run(fill(database_url, tmp_path / "data"))
    asyncio.run(server.execute(f'CREATE DATABASE "{empty}"'))
    lines = commands(page)
    assert lines
    try:
        for line in lines:
            restored = line.startswith("xinyong restore ")
            url = server.url(empty) if restored else database_url
            monkeypatch.setenv("XINYONG_DATABASE_URL", url.replace("+asyncpg", ""))
            words = line.replace(BACKUP, str(tmp_path / "backup")).removeprefix("xinyong ")
            done = CliRunner().invoke(make_command(), _split(words))
            assert done.exit_code == 0, f"{line}: {done.output} {done.exception!r}"
    finally:
        asyncio.run(server.drop(empty))


def _split(words: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', words)]

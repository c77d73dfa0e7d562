import asyncio
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.access.actions import add_principal, grant_roles, new_id, roles_for
from service.access.rules import Role
from service.cli import make_command
from service.db import Database
from tests.clients import NOW


async def propose(url: str) -> str:
    """Let somebody who is no longer known here propose a role for somebody, as the API would; return who would gain."""
    database = Database(url, application="test", pool_size=1)
    async with database.transaction() as session:
        somebody = await add_principal(session, name="desk 3", now=NOW)
        grants = roles_for([Role.AUDITOR], None)
        await grant_roles(session, principal_id=somebody.id, grants=grants, by=str(new_id()), now=NOW)
    await database.dispose()
    return str(somebody.id)


def test_a_terminal_on_the_server_is_the_second_pair_of_eyes(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XINYONG_DATABASE_URL", database_url.replace("+asyncpg", ""))
    monkeypatch.setenv("XINYONG_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    somebody = asyncio.run(propose(database_url))
    runner = CliRunner()

    def asked(line: str) -> str:
        done = runner.invoke(make_command(), line.split())
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = asked("access waiting")
    assert re.search(r"grant +desk 3 +auditor +2026-11-24 12:00", shown)
    assert asked(f"access confirm {re.findall('[0-9a-f-]{36}', shown)[0]}") == "Confirmed.\n"
    assert asked("access waiting") == "Nothing waits.\n"
    assert asked(f"access block {somebody}") == "Blocked.\n"
    assert asked(f"access unblock {somebody}") == "Let in again.\n"

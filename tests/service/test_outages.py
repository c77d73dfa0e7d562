from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import Database
from service.outages import is_disk_full, is_outage, outage_reason
from tests.conftest import Server

DEFERRED = "CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"


async def run(database: Database, *statements: str) -> None:
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "error", "outage"),
    [
        ("SELECT 1 FROM nowhere", ProgrammingError, False),
        ("SELECT 1 / 0", DBAPIError, False),
        ("INSERT INTO change_log SELECT true, log_id, 0, head_at FROM change_log", IntegrityError, False),
        ("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)", DBAPIError, True),
        ("SELECT pg_terminate_backend(pg_backend_pid())", DBAPIError, True),
    ],
)
async def test_errors_of_statements(database: Database, statement: str, error: type[DBAPIError], outage: bool) -> None:
    with pytest.raises(error) as raised:
        await run(database, *statement.split(";"))
    assert is_outage(raised.value) is outage


async def test_a_constraint_that_fails_at_the_commit_is_no_outage(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised:
        await run(database, DEFERRED, "INSERT INTO once VALUES (1), (1)")
    assert not is_outage(raised.value)


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://x@127.0.0.1:1/none", "postgresql+asyncpg://x@/none?host=/nowhere"]
)
async def test_a_server_that_is_not_there_is_an_outage(url: str) -> None:
    absent = Database(url, application="test")
    with pytest.raises((OSError, DBAPIError)) as raised:
        async with absent.reading():
            pass
    await absent.dispose()
    assert is_outage(raised.value)


async def test_a_database_that_is_not_there_is_an_outage(server: Server) -> None:
    absent = Database(server.url("gone"), application="test")
    with pytest.raises(DBAPIError) as raised:
        async with absent.reading():
            pass
    await absent.dispose()
    assert is_outage(raised.value)


def test_what_the_driver_says_of_a_connection_lost_midway_is_an_outage() -> None:
    error = asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress\nmore")
    assert is_outage(error)
    assert (
        outage_reason(error) == "InternalClientError: cannot switch to state 12; another operation (2) is in progress"
    )


async def test_the_reason_is_what_the_server_said(session: AsyncSession) -> None:
    with pytest.raises(DBAPIError) as raised:
        await session.execute(text("SELECT 1 FROM nowhere"))
    assert outage_reason(raised.value) == 'UndefinedTableError: relation "nowhere" does not exist'


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/dev/full"])
def test_what_goes_wrong_with_a_file_is_no_outage(path: str) -> None:
    with pytest.raises(OSError, match=r"No such file|No space left") as raised:
        write_to(path)
    assert not is_outage(raised.value)


def write_to(path: str) -> None:
    with Path(path).open("wb", buffering=0) as file:
        file.write(b"x")


async def test_a_full_disk_is_told_from_other_outages_however_it_is_wrapped(session: AsyncSession) -> None:
    full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    with pytest.raises(DBAPIError) as raised:
        await session.execute(text(full))
    assert is_disk_full(raised.value)
    await session.rollback()
    with pytest.raises(DBAPIError) as other:
        await session.execute(text(full.replace("53100", "53200")))
    assert is_outage(other.value)
    assert not is_disk_full(other.value)
    with pytest.raises(OSError, match="No space left") as here:
        write_to("/dev/full")
    assert is_disk_full(here.value)
    last_words = asyncpg.ConnectionDoesNotExistError('could not write to file "pg_wal/x": No space left on device')
    assert is_disk_full(last_words)

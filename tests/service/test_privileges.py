"""Real roles on a real server: what the server's role may do, and what it may not."""

import re
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from service.db import Database
from service.privileges import APPEND_ONLY, VERSIONED, NoServerRole, grant_privileges, may_alter_audit
from tests.conftest import Server

ENTRY = (
    "INSERT INTO audit_entry (at, id, kind, operation, outcome, actor_kind)"
    " VALUES ('2026-11-24T04:00:00Z', gen_random_uuid(), 'write', 'test', 'ok', 'job')"
)


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
async def role(server: Server) -> AsyncIterator[str]:
    name = f"server_{uuid.uuid4().hex[:12]}"
    yield name
    await server.execute(f"DROP ROLE IF EXISTS {name}")


@pytest.fixture
async def as_server(role: str, database_url: str) -> AsyncIterator[Database]:
    granted = await grant_privileges(database_url, as_role(database_url, role))
    assert granted.role == role
    assert granted.separate
    opened = Database(as_role(database_url, role), application="test")
    yield opened
    await opened.dispose()


async def refused(database: Database, statement: str) -> bool:
    try:
        async with database.transaction() as session:
            await session.execute(text(statement))
    except ProgrammingError as error:
        return isinstance(getattr(error.orig, "__cause__", None), asyncpg.InsufficientPrivilegeError)
    return False


async def test_the_server_adds_to_the_audit_and_cannot_alter_it(as_server: Database) -> None:
    assert len(APPEND_ONLY) == 4
    async with as_server.transaction() as session:
        await session.execute(text("SELECT audit_make_partition('2026-11-24'), audit_make_partition('2026-11-01')"))
        await session.execute(text(ENTRY))
        part = await session.scalar(text("SELECT tableoid::regclass::text FROM audit_entry"))
        assert part == "audit_entry_2026_11"
        assert not await may_alter_audit(session)
    columns = {"audit_entry": "outcome", "audit_block": "month", "audit_head": "signature", "audit_seal": "month"}
    for table in (*APPEND_ONLY, "audit_entry_2026_11", "audit_entry_default"):
        column = columns.get(table, "outcome")
        for statement in (
            f"UPDATE {table} SET {column} = 'x'",  # noqa: S608 - names of this file
            f"DELETE FROM {table}",  # noqa: S608
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} ADD COLUMN x text",
            f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
        ):
            assert await refused(as_server, statement), statement
    async with as_server.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit_entry")) == 1


async def test_of_a_version_the_server_says_when_it_was_superseded_and_changes_nothing_else(
    as_server: Database,
) -> None:
    assert set(VERSIONED) >= {"blacklist_entry_version", "penalty_version", "subject_version"}
    for table in VERSIONED:
        assert not await refused(as_server, f"UPDATE {table} SET superseded_at = now()")  # noqa: S608
        async with as_server.reading() as session:
            columns = await session.scalars(
                text("SELECT column_name FROM information_schema.columns WHERE table_name = :table"), {"table": table}
            )
        for column in set(columns) - {"superseded_at"}:
            assert await refused(as_server, f'UPDATE {table} SET "{column}" = NULL'), f"{table}.{column}"  # noqa: S608


async def test_the_server_cannot_make_tables_of_record_nor_change_the_schema_version(as_server: Database) -> None:
    assert await refused(as_server, "CREATE TABLE public.own (id int)")
    assert await refused(as_server, "UPDATE alembic_version SET version_num = 'x'")
    assert await refused(as_server, "ALTER TABLE penalty ADD COLUMN x int")
    assert not await refused(as_server, "CREATE UNLOGGED TABLE staging.rows_x (n int)")
    assert not await refused(as_server, "DROP TABLE staging.rows_x")
    assert not await refused(as_server, "UPDATE penalty SET version_no = version_no")


@pytest.mark.usefixtures("as_server")
async def test_several_runs_and_the_owner_alone(role: str, database_url: str) -> None:
    again = await grant_privileges(database_url, as_role(database_url, role))
    assert again.separate
    alone = await grant_privileges(database_url, database_url)
    assert not alone.separate
    owner = Database(database_url, application="test")
    async with owner.reading() as session:
        assert await may_alter_audit(session)
    await owner.dispose()


async def test_an_owner_who_may_not_create_roles_is_told_what_an_administrator_runs(
    server: Server, role: str, database_url: str
) -> None:
    poor = f"poor_{uuid.uuid4().hex[:8]}"
    await server.execute(f"CREATE ROLE {poor} LOGIN")
    try:
        with pytest.raises(NoServerRole) as told:
            await grant_privileges(as_role(database_url, poor), as_role(database_url, role))
    finally:
        await server.execute(f"DROP ROLE {poor}")
    found = re.search(r"^ +(CREATE ROLE .*;)$", str(told.value), re.MULTILINE)
    assert found is not None
    await server.execute(found[1])
    granted = await grant_privileges(database_url, as_role(database_url, role))
    assert granted.separate

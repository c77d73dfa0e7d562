import asyncio
import re
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from service.db import Database
from service.migrate import NewerSchema, refuse_newer
from service.models import Base
from tests.conftest import ROOT, Server, migrate

VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


def configured(url: str | None = None) -> Config:
    config = Config(ROOT / "alembic.ini")
    if url is not None:
        config.attributes["url"] = url
    return config


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}"')
    yield server.url(name)
    await server.drop(name)


def test_there_is_exactly_one_head() -> None:
    assert len(ScriptDirectory.from_config(configured()).get_heads()) == 1


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_files_are_dated_and_named_by_what_they_do(path: Path) -> None:
    assert re.fullmatch(r"\d{4}_\d{2}_\d{2}_\d{4}_[a-z]+(_[a-z0-9]+)+", path.stem)
    source = path.read_text(encoding="utf-8")
    assert "lock_timeout" in source
    assert "service.models" not in source


async def test_an_empty_database_comes_to_the_head_and_a_second_run_changes_nothing(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    database = Database(empty, application="test")
    async with database.reading() as session:
        first = (await session.execute(text("SELECT * FROM change_log"))).one()
    await asyncio.to_thread(migrate, empty)
    async with database.reading() as session:
        assert (await session.execute(text("SELECT * FROM change_log"))).one() == first
        tables = set(
            await session.scalars(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
                    " AND NOT relispartition"
                )
            )
        )
    await database.dispose()
    assert tables == {*Base.metadata.tables, "alembic_version"}


async def test_two_runs_at_once_take_turns(empty: str) -> None:
    script = "from tests.conftest import migrate; import sys; migrate(sys.argv[1])"
    runs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, empty, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
        )
        for _ in range(2)
    ]
    assert [await run.wait() for run in runs] == [0, 0]


async def test_the_models_and_the_migrated_schema_do_not_drift(database_url: str) -> None:
    await asyncio.to_thread(command.check, configured(database_url))


async def test_names_in_the_database_follow_the_convention(database: Database) -> None:
    async with database.reading() as session:
        constraints = await session.execute(
            text(
                """SELECT c.relname AS owner, o.conname AS name, o.contype::text AS kind
                FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relname <> 'alembic_version' AND o.contype <> 'n'
                AND o.coninhcount = 0"""
            )
        )
        indexes = await session.execute(
            text(
                """SELECT c.relname AS owner, i.relname AS name, x.indisunique AS is_unique
                FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relname <> 'alembic_version' AND NOT x.indisprimary"""
            )
        )
    prefix = {"p": "pk", "u": "uq", "c": "ck", "f": "fk", "x": "ex"}
    odd = [row.name for row in constraints if not row.name.startswith(f"{prefix[row.kind]}_{row.owner}")]
    odd += [row.name for row in indexes if not row.name.startswith(f"{'uq' if row.is_unique else 'ix'}_{row.owner}")]
    assert odd == []


async def test_a_new_database_has_a_log_of_its_own(database: Database, empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    other = Database(empty, application="test")
    async with database.reading() as here, other.reading() as there:
        log_here = await here.scalar(text("SELECT log_id FROM change_log"))
        log_there = await there.scalar(text("SELECT log_id FROM change_log"))
    await other.dispose()
    assert log_here != log_there


async def test_stored_names_are_folded_again_where_they_hold_traditional_characters(empty: str) -> None:
    await asyncio.to_thread(command.upgrade, configured(empty), "0001")
    database = Database(empty, application="test")
    async with database.transaction() as session:
        await session.execute(
            text("INSERT INTO subject (uscc, version_no, created_at) VALUES ('91500000XY0000012K', 1, now())")
        )
        await session.execute(
            text(
                """INSERT INTO subject_name (uscc, name, kind, folded, bigrams) VALUES
                ('91500000XY0000012K', '重慶甲有限責任公司', 'registered', '重慶甲有限責任公司', '{重慶}'),
                ('91500000XY0000012K', '重庆乙', 'former', '重庆乙', '{stays}')"""
            )
        )
    await asyncio.to_thread(migrate, empty)
    async with database.reading() as session:
        names = await session.execute(text("SELECT folded, bigrams FROM subject_name ORDER BY kind"))
        assert [tuple(row) for row in names] == [("重庆乙", ["stays"]), ("重庆甲", ["重庆", "庆甲"])]
    await database.dispose()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'of later'"))
    with pytest.raises(NewerSchema, match=r"of a newer version \(revision of later\)"):
        await refuse_newer(database)

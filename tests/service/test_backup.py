"""Backup, destroy, restore, verify: nothing that was saved is lost, and what could not be saved is said."""

import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.audit.chain.actions import Chain, link_pending, sign_head
from service.audit.chain.files import Outside
from service.audit.chain.verification import Report, verify_audit
from service.backup import BackupExists, BadBackup, NotEmpty, back_up, restore
from service.db import Database
from service.settings import Settings
from service.signing.keys import SigningKeys
from tests.clients import NOW
from tests.conftest import Server
from tests.factories import make_penalty, make_registration, make_uscc, number_changes
from tests.service.audit.test_chain import MINUTE, add, entry

USCC = make_uscc()


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}"')
    yield server.url(name)
    await server.drop(name)


def chain_of(database: Database, settings: Settings) -> Chain:
    return Chain(database, SigningKeys.of(settings), Outside(settings.audit_folder()))


async def sign(chain: Chain, first: int, count: int) -> None:
    await add(chain.database, [entry(n) for n in range(first, first + count)])
    await link_pending(chain.database, now=NOW)
    await sign_head(chain, now=NOW + first * MINUTE)


async def verified(database: Database, settings: Settings) -> Report:
    return await verify_audit(database, Outside(settings.audit_folder()), jwks=SigningKeys.of(settings).jwks())


async def state(url: str) -> tuple[str, int, int]:
    opened = Database(url, application="test")
    async with opened.reading() as session:
        row = (
            await session.execute(
                text("SELECT log_id::text, head_position, (SELECT count(*) FROM penalty_version) FROM change_log")
            )
        ).one()
    await opened.dispose()
    return row[0], row[1], row[2]


@pytest.mark.parametrize("kept", [True, False], ids=["the audit's files survive", "everything is destroyed"])
async def test_what_was_saved_comes_back_and_what_was_signed_later_is_said_to_be_lost(
    database: Database, database_url: str, empty: str, tmp_path: Path, kept: bool
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    async with database.transaction() as session:
        await make_registration(session, USCC)
        await make_penalty(session, USCC)
        await number_changes(session)
    chain = chain_of(database, settings)
    await sign(chain, 0, 5)
    (settings.data_dir / "documents").mkdir()
    (settings.data_dir / "documents" / "decision.pdf").write_bytes(b"a decision")
    before = await state(database_url)
    await back_up(settings, database_url, tmp_path / "backup", now=NOW)
    await sign(chain, 10, 3)
    if not kept:
        shutil.rmtree(settings.data_dir)
    done = await restore(settings, empty, tmp_path / "backup", now=NOW + 20 * MINUTE)
    after = await state(empty)
    assert after[1:] == before[1:]
    assert after[0] == done.log_id != before[0]
    assert (settings.data_dir / "documents" / "decision.pdf").read_bytes() == b"a decision"
    again = Database(empty, application="test")
    report = await verified(again, settings)
    assert report.findings == []
    assert (report.entries, report.lost) == (5, 3 if kept else 0)
    await sign(chain_of(again, settings), 30, 2)
    report = await verified(again, settings)
    assert report.findings == []
    assert (report.entries, report.tail) == (7, 0)
    async with again.transaction() as session:
        await session.execute(text("UPDATE audit_entry SET actor_name = 'x' WHERE actor_id = 'key-31'"))
    assert [finding.kind for finding in (await verified(again, settings)).findings] == ["altered"]
    await again.dispose()


async def test_a_backup_that_is_not_whole_and_a_database_that_is_not_empty_are_refused(
    database_url: str, empty: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    await back_up(settings, database_url, tmp_path / "backup", now=NOW)
    with pytest.raises(BackupExists):
        await back_up(settings, database_url, tmp_path / "backup", now=NOW)
    with pytest.raises(NotEmpty, match="empty one"):
        await restore(settings, database_url, tmp_path / "backup", now=NOW)
    dump = tmp_path / "backup" / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    with pytest.raises(BadBackup, match=r"database\.dump"):
        await restore(settings, empty, tmp_path / "backup", now=NOW)
    with pytest.raises(BadBackup, match=r"backup\.json"):
        await restore(settings, empty, tmp_path / "nothing", now=NOW)

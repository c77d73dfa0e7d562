"""The chainer as a process that dies: nothing is linked twice or left out, and what is signed holds."""

import asyncio
import random
import sys
from datetime import timedelta
from pathlib import Path

import uuid_utils.compat
from sqlalchemy import text

from jobs.audit_chain import run_chainer
from service.audit.chain.files import Outside
from service.audit.chain.verification import verify_audit
from service.audit.queries import insert_entries
from service.audit.rules import Entry, EntryKind
from service.clock import system_clock
from service.db import Database, driver
from service.signing.keys import SigningKeys
from tests.conftest import ROOT

SCRIPT = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from jobs.audit_chain import run_chainer
from service.clock import system_clock
from service.db import Database
from service.signing.keys import SigningKeys
folder = Path(sys.argv[2])
asyncio.run(run_chainer(Database(sys.argv[1], application="chainer"), system_clock, asyncio.Event(),
    keys=SigningKeys(folder / "keys"), folder=folder / "audit", link_every=0.005, sign_every=timedelta()))
"""


async def add(database: Database, count: int) -> None:
    entries = [
        Entry(system_clock(), uuid_utils.compat.uuid7(), EntryKind.READ, "GET /v1/test", "ok", "key")
        for _ in range(count)
    ]
    async with database.transaction() as session:
        await insert_entries(await driver(session), entries)


async def test_a_chainer_killed_again_and_again_links_every_entry_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(20261124)  # noqa: S311 - a test
    written = 0
    for _ in range(5):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SCRIPT, database_url, str(tmp_path), cwd=ROOT, stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with database.reading() as session:
                before = await session.scalar(text("SELECT coalesce(max(number), 0) FROM audit_head"))
            # It works once it has signed something of its own; then it dies in the middle of the next things.
            signed = before
            while signed == before:
                await add(database, 3)
                written += 3
                async with database.reading() as session:
                    signed = await session.scalar(text("SELECT coalesce(max(number), 0) FROM audit_head"))
            for _ in range(chance.randrange(1, 8)):
                await add(database, 7)
                written += 7
        finally:
            process.kill()
            await process.wait()
    stop = asyncio.Event()
    keys = SigningKeys(tmp_path / "keys")
    last = asyncio.create_task(
        run_chainer(
            database, system_clock, stop, keys=keys, folder=tmp_path / "audit", link_every=0.01, sign_every=timedelta()
        )
    )
    while (await verify_audit(database, Outside(tmp_path / "audit"), jwks=keys.jwks())).entries < written:
        assert not last.done()
        await asyncio.sleep(0.05)
    stop.set()
    await last
    report = await verify_audit(database, Outside(tmp_path / "audit"), jwks=keys.jwks())
    assert report.findings == []
    assert (report.entries, report.tail) == (written, 0)

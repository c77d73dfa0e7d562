"""Two instances and what each does in a turn; as a program, a server whose children do one act and are killed in the middle."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from service.catalog.actions import sync_seed
from service.changes.actions import drain
from service.db import Database
from service.deadlines.actions import track_deadlines
from service.feeds.incoming import fetch_feeds
from service.feeds.reconciling import reconcile_feeds
from service.feeds.working import work_feeds
from service.imports.queries import find_open_imports
from service.imports.runner import run_import
from service.models import Source
from tests.clients import NOW
from tests.killing import serve
from tests.service.deadlines.setting import SEED, authority

NAMES = ("directory", "sftp", "https", "database")
TWO_SEED = replace(SEED, authorities=tuple(authority(name) for name in NAMES))


async def open_instance(database: Database, *, receives: bool) -> None:
    """Give an instance the law and an authority for each place; the one that receives also a source for each."""
    async with database.transaction() as session:
        await sync_seed(session, TWO_SEED, now=NOW)
        for name in NAMES if receives else ():
            session.add(
                Source(
                    code=f"{name}-site", name=f"示例{name}", owner="示例", published=True, published_where="https://example.invalid/",
                    covers=["penalties:50"], importing_authorities=[name], created_at=NOW,
                )
            )  # fmt: skip


async def do(database: Database, act: str, folder: Path, now: datetime) -> None:
    """Do one act at an instant: `send` and `compare` of the one instance, `receive` of the other."""

    def clock() -> datetime:
        return now

    if act == "send":
        await track_deadlines(database, now=now)
        await work_feeds(database, folder / "out", clock=clock)
    elif act == "compare":
        await reconcile_feeds(database, clock=clock)
    else:
        await work_feeds(database, folder / "in", clock=clock)
        for _ in range(4):
            await fetch_feeds(database, folder / "data", clock=clock)
            async with database.reading() as session:
                waiting = await find_open_imports(session)
            for import_id in waiting:
                await run_import(database, import_id, clock=clock)
            await drain(database, clock)


async def work(database: Database, what: str) -> None:
    """Do the act that a line of JSON tells."""
    told = json.loads(what)
    await do(database, told["act"], Path(told["folder"]), datetime.fromisoformat(told["now"]))


async def public_rows(database: Database) -> list[tuple[object, ...]]:
    """What an instance shows of penalties, by firm."""
    async with database.reading() as session:
        rows = await session.execute(
            text(
                """SELECT uscc, document_no, party_name, kinds, fine_fen, penalty_content, violation_facts, decided_on,
                    authority_code, public_until, public_reason
                FROM penalty_version WHERE superseded_at IS NULL AND state = 'published' ORDER BY uscc, document_no"""
            )
        )
        return [tuple(row) for row in rows]


if __name__ == "__main__":
    serve(work)

"""GSXT's own day of publication, and a front-end database in which one row is poison."""

import uuid
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from service.db import Database
from service.feeds.reconciling import reconcile_feeds
from service.redatings.actions import find_redatings
from tests.conftest import Server
from tests.factories import make_registration, make_uscc, number_changes
from tests.service.feeds.setting import Clock, define, end, items, one, publish, turn
from tests.service.feeds.test_transports import TABLE


@pytest.fixture
async def front(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """A database of the other side."""
    name = f"front_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}"')
    dsn = server.url(name).replace("+asyncpg", "")
    monkeypatch.setenv("FRONT_DSN", dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLE)
    yield connection
    await connection.close()
    await server.drop(name)


GSXT = """
id = "gsxt"
target = "gsxt"
shape = "gsxt-penalty"
every_seconds = 0
[receipts]
kind = "file"
columns = { key = "caseid", status = "status", on = "day" }
statuses = { accepted = ["1"] }
[transport]
type = "directory"
"""


async def test_the_receipt_of_gsxt_is_its_day_of_publication_and_not_the_public_one(
    database: Database, tmp_path: Path
) -> None:
    here, there, clock = make_uscc(), make_uscc(), Clock()
    (tmp_path / "gsxt" / "receipts").mkdir(parents=True)
    define(tmp_path / "feeds", "gsxt", f'{GSXT}path = "{tmp_path / "gsxt"}"\n')
    async with database.transaction() as session:
        await make_registration(session, there, division_code="510100")
        await number_changes(session)
    heads = [await publish(database, code, kinds=["confiscation_gains"], fine_fen=None) for code in (here, there)]
    await turn(database, tmp_path / "feeds", clock)
    clock.move(days=2)
    lines = "".join(f"{head},1,2026-11-25\n" for head in heads)
    (tmp_path / "gsxt" / "receipts" / "1.csv").write_text(f"caseid,status,day\n{lines}", "utf-8")
    await turn(database, tmp_path / "feeds", clock)
    sql = """SELECT gsxt_from, gsxt_until, public_from, public_until, version_no FROM penalty_version
        WHERE uscc = :code AND superseded_at IS NULL"""
    found = await one(database, sql, code=here)
    assert (found.gsxt_from, found.version_no) == (date(2026, 11, 25), 2)
    assert (found.gsxt_until - found.gsxt_from).days >= 364
    assert (found.public_from, found.public_until) == (date(2026, 11, 20), date(2027, 11, 18))
    assert (await one(database, sql, code=there)).gsxt_from == date(2026, 11, 20), "a push is no publication"
    met = "SELECT string_agg(deadline, ' ' ORDER BY deadline) AS met FROM deadline WHERE uscc = :code AND state = 'met'"
    assert (await one(database, met, code=here)).met == "D02 D18"
    assert (await one(database, met, code=there)).met == "D03"
    follows = await one(database, "SELECT starts_on FROM deadline WHERE uscc = :code AND deadline = 'D04'", code=there)
    assert follows.starts_on == date(2026, 11, 25)
    (tmp_path / "gsxt" / "receipts" / "2.csv").write_text(f"caseid,status,day\n{lines}\n", "utf-8")
    await turn(database, tmp_path / "feeds", clock)
    assert (await one(database, sql, code=here)).version_no == 2, "once"
    await find_redatings(database, now=clock())
    redated = (
        "SELECT count(*) AS n FROM redating WHERE uscc = :code AND before ->> 'gsxt_until' <> after ->> 'gsxt_until'"
    )
    assert (await one(database, redated, code=here)).n == 0


async def test_one_poisoned_row_is_found_and_the_rest_is_there(
    database: Database, tmp_path: Path, front: asyncpg.Connection
) -> None:
    define(
        tmp_path / "feeds",
        "front",
        'id = "front"\ntarget = "city"\nshape = "generic-penalty"\nevery_seconds = 0\n[transport]\ntype = "database"\n'
        'dsn_env = "FRONT_DSN"\ntable = "front"\nwithdraw = "delete"\n[receipts]\nkind = "table"\n'
        'columns = { key = "id", status = "status" }\nstatuses = { accepted = ["1"] }\n',
    )
    clock = Clock()
    codes = [make_uscc() for _ in range(7)]
    heads = {code: await publish(database, code) for code in codes[:-1]}
    poisoned = codes[-1]
    await publish(database, poisoned, violation_facts="长" * 41)
    await turn(database, tmp_path / "feeds", clock)
    assert await front.fetchval("SELECT count(*) FROM front") == 6
    assert (await items(database, "front"))[poisoned] == ("report", "rejected")
    why = await one(database, "SELECT reason, dead FROM feed_item WHERE uscc = :code", code=poisoned)
    assert "too long" in why.reason
    await front.execute("UPDATE front SET status = '1'")
    await end(database, codes[0], heads[codes[0]])
    await turn(database, tmp_path / "feeds", clock)
    assert await front.fetchval("SELECT count(*) FROM front") == 5
    states = await items(database, "front")
    assert states.pop(codes[0]) == ("withdraw", "withdrawn_confirmed")
    del states[poisoned]
    assert set(states.values()) == {("report", "accepted")}
    await front.execute("UPDATE front SET content = 'other' WHERE uscc = $1", codes[1])
    await front.execute("DELETE FROM front WHERE uscc = $1", codes[2])
    assert await reconcile_feeds(database, clock=clock) == 2
    await turn(database, tmp_path / "feeds", clock)
    clock.move(days=1)
    assert await reconcile_feeds(database, clock=clock) == 0
    assert await front.fetchval("SELECT count(DISTINCT id) FROM front") == 5

"""Both sides compared: what differs is listed with its first day, what can be mended is sent again."""

from pathlib import Path

import pytest
from sqlalchemy import text

from service.db import Database
from service.feeds.reconciling import reconcile_feeds
from tests.clients import client_of, make_app
from tests.factories import make_uscc
from tests.service.feeds.setting import Clock, OtherSide, credit_china, end, items, one, publish, turn

SHOWN = '[shown]\nfolder = "shown"\n'


@pytest.fixture
def other(tmp_path: Path) -> OtherSide:
    credit_china(tmp_path / "feeds", tmp_path / "cc", receipts=SHOWN)
    return OtherSide(tmp_path / "cc")


async def differences(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as session:
        rows = await session.execute(
            text(
                "SELECT kind, coalesce(uscc, row_key) AS what FROM feed_difference WHERE settled_at IS NULL ORDER BY 1, 2"
            )
        )
        return [(row.kind, row.what) for row in rows]


async def test_a_list_of_theirs_stands_for_lost_receipts(database: Database, other: OtherSide, tmp_path: Path) -> None:
    kept, gone = make_uscc(), make_uscc()
    clock = Clock()
    await publish(database, kept)
    head = await publish(database, gone)
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    other.show("list-1.csv")
    assert await reconcile_feeds(database, clock=clock) == 0
    assert await items(database) == {kept: ("report", "accepted"), gone: ("report", "accepted")}
    await end(database, gone, head)
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    other.show("list-2.csv")
    assert await reconcile_feeds(database, clock=clock) == 0, "once a day"
    clock.move(days=1)
    assert await reconcile_feeds(database, clock=clock) == 0
    assert (await items(database))[gone] == ("withdraw", "withdrawn_confirmed")
    assert (await one(database, "SELECT is_equal FROM feed")).is_equal is True


async def test_what_differs_is_listed_and_mended(database: Database, other: OtherSide, tmp_path: Path) -> None:
    missing, changed, ended = make_uscc(), make_uscc(), make_uscc()
    clock = Clock()
    heads = {code: await publish(database, code) for code in (missing, changed, ended)}
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    other.show("list-1.csv")
    await reconcile_feeds(database, clock=clock)
    still = dict(other.rows)
    await end(database, ended, heads[ended])
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    for key, row in still.items():
        if row["CF_XDR_SHXYM"] == ended:
            other.rows[key] = row
        if row["CF_XDR_SHXYM"] == changed:
            other.rows[key] = row | {"CF_NR": "罚款一元"}
        if row["CF_XDR_SHXYM"] == missing:
            del other.rows[key]
    other.rows["x"] = dict.fromkeys(next(iter(still.values())), "x")
    other.show("list-2.csv")
    clock.move(days=1)
    assert await reconcile_feeds(database, clock=clock) == 4
    assert await differences(database) == [
        ("different", changed), ("ended_still_shown", ended), ("extra", "x|x|x"), ("missing", missing),
    ]  # fmt: skip
    async with client_of(make_app(database)) as public:
        assert 'xinyong_feed_equal{feed="cc"} 0.0' in (await public.get("/metrics")).text
        assert (await public.get("/v1/still-shown")).json()["systems"] == [], "nobody said that it may be published"
        credit_china(tmp_path / "feeds", tmp_path / "cc", receipts=SHOWN + "publish = true\n")
        await turn(database, tmp_path / "feeds", clock)
        (system,) = (await public.get("/v1/still-shown")).json()["systems"]
        assert (system["name"], system["count"], system["since"]) == ("信用中国", 1, "2026-11-24")
        assert system["days"] == [
            {"ended_on": "2026-11-24", "asked_on": "2026-11-24", "first_seen_on": "2026-11-25", "count": 1}
        ]
        notice = (await public.get("/v1/still-shown?format=csv")).text
        assert notice.splitlines()[1] == "信用中国,2026-11-24,2026-11-24,2026-11-25,1,2026-11-24"
        assert ended not in notice
    clock.move(hours=2)
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    del other.rows["x"]
    other.show("list-3.csv")
    clock.move(days=1)
    assert await reconcile_feeds(database, clock=clock) == 0
    assert await differences(database) == []
    async with client_of(make_app(database)) as public:
        assert (await public.get("/v1/still-shown")).json()["systems"] == []
    assert await items(database) == {
        missing: ("report", "accepted"), changed: ("report", "accepted"), ended: ("withdraw", "withdrawn_confirmed"),
    }  # fmt: skip


async def test_an_incomplete_list_sends_nothing_again(database: Database, other: OtherSide, tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(24):
        await publish(database, make_uscc())
    await turn(database, tmp_path / "feeds", clock)
    other.collect()
    other.show("list-1.csv")
    await reconcile_feeds(database, clock=clock)
    for key in list(other.rows)[1:]:
        del other.rows[key]
    other.show("list-2.csv")
    clock.move(days=1)
    assert await reconcile_feeds(database, clock=clock) == 23
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == []
    trouble = await one(database, "SELECT trouble ->> 'code' AS code, is_equal FROM feed")
    assert tuple(trouble) in {("incomplete_list", False), (None, False)}

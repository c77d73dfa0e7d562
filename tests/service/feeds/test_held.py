"""What is held: by its volume too, told to its owner, and warned of; what it says to have ended ends at once."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from service.access.rules import Role
from service.db import Database
from service.feeds.definitions import read_definition
from service.feeds.rules import BadFeed
from service.settings import Settings
from service.status.actions import Question, look_up
from service.store.reader import StoreReader
from tests.clients import client_of, make_app, make_key
from tests.service.feeds.setting import Clock, define, one
from tests.service.feeds.test_incoming import CODES, INCOMING, content, night, open_source, put
from tests.service.store.support import led_on, reading

DIVISIONS = frozenset({"500105"})


def ended(codes: list[str], *, until: str, changed: int) -> bytes:
    """Return a file in which the first `changed` rows say other facts, and the two after them state a last day."""
    rows = list(csv.DictReader(io.StringIO(content(codes).decode())))
    for at, row in enumerate(rows):
        row["处罚类别"], row["处罚内容"] = "吊销许可证件", "吊销许可证"
        row["公示截止期"] = until if changed <= at < changed + 2 else ""
        if at < changed:
            row["违法事实"] = "另一事实"
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


async def ask(database: Database, uscc: str, clock: Clock, store: StoreReader | None = None) -> bytes:
    found = await look_up(database, Question(uscc), divisions=DIVISIONS, now=clock(), store=store)
    return found.body


async def test_ends_take_effect_while_the_rest_waits_and_answers_warn(database: Database, tmp_path: Path) -> None:
    place, clock, store = tmp_path / "in", Clock(), tmp_path / "store"
    place.mkdir()
    way = f'[transport]\ntype = "directory"\npath = "{place}"\n'
    define(tmp_path / "feeds", "city-in", f'id = "city-in"\ndirection = "in"\nevery_seconds = 0\n{INCOMING}{way}')
    await open_source(database)
    put(place, "day-1.csv", ended(CODES, until="", changed=0), clock)
    await night(database, tmp_path, clock)
    delivered = await one(database, "SELECT max(finished_at) AS at FROM data_import")
    put(place, "day-2.csv", ended(CODES, until="2026-11-23", changed=30), clock)
    await night(database, tmp_path, clock)
    row = await one(database, "SELECT * FROM feed_delivery WHERE name = 'day-2.csv'")
    assert (row.state, row.ends_count, str(row.decide_by)) == ("held", 2, "2026-11-25")
    assert row.brake["why"] == ["many_changed"]
    part = await one(database, "SELECT * FROM data_import WHERE id = :i", i=row.ends_import_id)
    assert (part.state, part.file_name, part.counts["outcomes"]) == ("finished", "day-2.csv (ends)", {"changed": 2})
    shown = "SELECT count(*) AS n FROM penalty_version WHERE superseded_at IS NULL AND public_until < '2026-11-24'"
    assert (await one(database, shown)).n == 2, "they are shown no longer, though nobody has decided"
    assert (await one(database, "SELECT count(*) AS n FROM penalty_version WHERE violation_facts = '另一事实'")).n == 0
    app = make_app(database, now=clock(), settings=Settings(data_dir=tmp_path / "data"))
    await led_on(database, store, now=clock())
    async with reading(database, store) as reader:
        for code in (CODES[0], CODES[31]):
            body = await ask(database, code, clock)
            assert body == await ask(database, code, clock, reader), "the store says the same bytes"
            assert b'"source_unconfirmed"' in body
            assert b"since 2026-11-24" in body
        assert reader.counts["store"] == 2
    assert b'"penalties":[{' in await ask(database, CODES[0], clock)
    assert b'"penalties":[]' in await ask(database, CODES[31], clock)
    fresh = await ask(database, CODES[0], clock)
    assert delivered.at.date().isoformat().encode() in fresh, "what waits is no delivery"
    own = await make_key(database, Role.RECORDER, authority_code="district")
    strange = await make_key(database, Role.RECORDER, authority_code="environment")
    for key, count in ((own, 1), (strange, 0)):
        async with client_of(app, key=key) as asker:
            items = (await asker.get("/v1/held-files")).json()["items"]
            assert [(item["name"], item["days_left"], item["overdue"]) for item in items] == [
                ("day-2.csv", 1, False)
            ] * count
    async with client_of(app, key=await make_key(database, Role.ADMINISTRATOR)) as operator:
        assert (await operator.get("/v1/feeds/city-in")).json()["held"] == {
            "count": 1, "decide_by": "2026-11-25", "overdue": False,
        }  # fmt: skip
        address = f"/v1/feeds/city-in/deliveries/{row.id}/approve"
        await operator.post(address, json={"reason": "已核实"}, headers={"If-Match": "*"})
    assert b'"source_unconfirmed"' in await ask(database, CODES[0], clock), "approved, and not taken in yet"
    await night(database, tmp_path, clock)
    assert b'"source_unconfirmed"' not in await ask(database, CODES[0], clock)
    whole = await one(
        database,
        "SELECT d.counts FROM feed_delivery f JOIN data_import d ON d.id = f.import_id WHERE f.id = :i",
        i=row.id,
    )
    assert whole.counts["outcomes"] == {"changed": 30, "duplicate": 10}, "what had ended is known already"
    assert not list((tmp_path / "data" / "uploads").glob("*"))


@pytest.mark.parametrize(
    ("volume", "rows", "why"),
    [
        ("{ least = 30, most = 60 }", 5, ["too_small"]),
        ("{ most = 39 }", 40, ["too_large"]),
        ("{ least = 40, most = 40 }", 40, []),
    ],
    ids=["small", "large", "fits"],
)
async def test_a_file_of_another_size_than_expected_is_held(
    database: Database, tmp_path: Path, volume: str, rows: int, why: list[str]
) -> None:
    place, clock = tmp_path / "in", Clock()
    place.mkdir()
    incoming = INCOMING.replace("complete = true", f"complete = false\nvolume = {volume}")
    way = f'[transport]\ntype = "directory"\npath = "{place}"\n'
    define(tmp_path / "feeds", "city-in", f'id = "city-in"\ndirection = "in"\nevery_seconds = 0\n{incoming}{way}')
    await open_source(database)
    put(place, "day-1.csv", content(CODES[:rows]), clock)
    await night(database, tmp_path, clock)
    row = await one(database, "SELECT state, brake FROM feed_delivery")
    assert (row.state, (row.brake or {}).get("why", [])) == ("held" if why else "taken", why)


@pytest.mark.parametrize("volume", [5, {"least": "many"}, {"smallest": 1}], ids=["number", "word", "name"])
def test_a_volume_that_says_nothing_is_refused(volume: Any) -> None:
    incoming = {"kind": "penalties", "authority": "district", "volume": volume}
    with pytest.raises(BadFeed, match="volume"):
        read_definition({"id": "aa", "direction": "in", "connected": False, "incoming": incoming}, where="test")

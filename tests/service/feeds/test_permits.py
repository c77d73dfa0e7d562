"""Permits on their way to Credit China and to others, and penalties by a city platform's table."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.credit_records.queries import append_version, insert_record
from service.db import Database
from service.feeds.definitions import load_definitions
from service.feeds.reconciling import reconcile_feeds
from service.feeds.rules import BadFeed
from service.models import CreditRecordVersion
from service.records.queries import new_id
from service.tables.columns import choose_map
from tests.clients import NOW
from tests.factories import make_uscc, number_changes
from tests.service.feeds.setting import AUTHORITY_CODE, Clock, define, end, items, one, publish, turn
from tests.service.feeds.test_incoming import night, open_source

BODY = {
    "permit_kind": "其他", "permit_kind_other": "备案", "permit_name": "食品经营许可决定书", "certificate_name": "食品经营许可证",
    "certificate_no": "JY15001050000001", "content": "食品销售",
}  # fmt: skip


async def permit(database: Database, code: str, **changes: Any) -> dict[str, Any]:
    """Record a permit of the district's own, or of whom `changes` say; return its row."""
    values: dict[str, Any] = {
        "uscc": code, "id": new_id(), "state": "recorded", "command": "record", "class_id": "permit",
        "authority_code": "district", "authority_name": None, "source_code": "own:district", "party_name": "重庆示例商贸有限公司",
        "title": "食品经营许可证", "document_no": f"渝示许〔2026〕{code[8:16]}号", "decided_on": date(2026, 11, 18),
        "valid_from": date(2026, 11, 18), "valid_until": date(2026, 11, 25), "body": BODY, "actor": "test", "recorded_at": NOW,
        "legal_representative": "示例人",
    } | changes  # fmt: skip
    async with database.transaction() as session:
        row = await insert_record(session, values, key=f"permit|{code}")
        await number_changes(session)
    return row


async def change(database: Database, record_id: Any, **changes: Any) -> None:
    async with database.transaction() as session:
        table = CreditRecordVersion.__table__
        query = table.select().where(table.c.id == record_id, table.c.superseded_at.is_(None))
        row = dict((await session.execute(query)).mappings().one())
        await append_version(session, row, {"actor": "test", "recorded_at": NOW} | changes)
        await number_changes(session)


def rows_of(place: Path) -> list[dict[str, str]]:
    """The rows of the newest file."""
    newest = max(place.glob("*.csv"), key=lambda one: one.name.replace("-withdraw", ""))
    return list(csv.DictReader(io.StringIO(newest.read_text("utf-8"))))


def answer(place: Path, name: str, row: dict[str, str], status: str, day: str = "") -> None:
    (place / "receipts").mkdir(exist_ok=True)
    key = [row[column] for column in ("XK_XKJGDM", "XK_WSH", "XK_XDR_SHXYM")]
    (place / "receipts" / name).write_text(f"a,b,c,status,on\n{','.join(key)},{status},{day}\n", "utf-8")


XK = """
id = "xk"
target = "credit_china"
shape = "shuanggongshi-permits-2018"
every_seconds = 0
[receipts]
kind = "file"
columns = { key = ["a", "b", "c"], status = "status", on = "on" }
statuses = { accepted = ["1"], rejected = ["0"] }
[shown]
folder = "shown"
[transport]
type = "directory"
"""


async def test_a_permit_is_reported_answered_corrected_and_withdrawn(database: Database, tmp_path: Path) -> None:
    code, clock, place = make_uscc(), Clock(), tmp_path / "xk"
    place.mkdir()
    define(tmp_path / "feeds", "xk", f'{XK}path = "{place}"\n')
    record = await permit(database, code)
    await permit(database, make_uscc(), source_code="a-site")
    await permit(database, make_uscc(), class_id="honour", body={})
    unsaid = await permit(database, make_uscc(), document_no=None)
    held = await permit(database, make_uscc(), held_texts=["content"])
    await turn(database, tmp_path / "feeds", clock)
    (row,) = rows_of(place)
    assert list(row)[9:20] == [
        "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS", "XK_XKBH", "XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM",
    ]  # fmt: skip
    assert list(row.values())[9:20] == [
        "食品经营许可决定书", record["document_no"], "其他-备案", "食品经营许可证", "JY15001050000001", "食品销售", "2026-11-18",
        "2026-11-18", "2026-11-25", "示例机关district", AUTHORITY_CODE,
    ]  # fmt: skip
    assert (row["XK_FRDB"], row["XK_FR_SFZH"], row["XK_ZT"]) == ("示例人", "", "")
    assert choose_map(list(row), "permits").map_id == "shuanggongshi-permits-2018", "as it is taken in elsewhere"
    aside = "SELECT reason FROM feed_item WHERE record_id = :id"
    assert "XK_WSH" in (await one(database, aside, id=unsaid["id"])).reason
    assert "personal data" in (await one(database, aside, id=held["id"])).reason

    said = "SELECT reported_on, command FROM credit_record_version WHERE id = :id AND superseded_at IS NULL"
    due = "SELECT state, met_on, rejections FROM deadline WHERE deadline = 'D01' AND record_id = :id"
    answer(place, "r1.csv", row, "1", "2026-11-24")
    await turn(database, tmp_path / "feeds", clock)
    assert tuple(await one(database, said, id=record["id"])) == (date(2026, 11, 24), "reported")
    assert tuple(await one(database, due, id=record["id"])) == ("met", date(2026, 11, 24), 0)
    answer(place, "r2.csv", row, "0")
    async with database.transaction() as session:
        await number_changes(session)
    await turn(database, tmp_path / "feeds", clock)
    assert len(list(place.glob("*.csv"))) == 2, "turned away while a newer version waited: the same goes again"
    answer(place, "r3.csv", row, "0")
    await turn(database, tmp_path / "feeds", clock)
    assert tuple(await one(database, said, id=record["id"])) == (None, "report_rejected")
    assert tuple(await one(database, due, id=record["id"])) == ("open", None, 1)

    await change(database, record["id"], command="correct", body=BODY | {"content": "食品销售、餐饮服务"})
    await turn(database, tmp_path / "feeds", clock)
    (row,) = rows_of(place)
    assert row["XK_NR"] == "食品销售、餐饮服务"
    (place / "shown").mkdir()
    (place / "shown" / "list.csv").write_text(max(place.glob("*.csv")).read_text("utf-8"), "utf-8")
    assert await reconcile_feeds(database, clock=clock) == 0, "their list stands for a receipt"
    assert (await items(database, "xk"))[code] == ("report", "accepted")
    assert tuple(await one(database, said, id=record["id"])) == (date(2026, 11, 24), "reported")
    async with database.transaction() as session:
        await number_changes(session)
    clock.move(days=3)
    assert await turn(database, tmp_path / "feeds", clock) < 2, "what is over by its own last day is not taken back"
    assert (await items(database, "xk"))[code] == ("report", "accepted")
    await change(database, record["id"], command="withdraw", state="withdrawn", reason="撤销")
    await turn(database, tmp_path / "feeds", clock)
    (row,) = rows_of(place)
    assert (row["XK_XDR_SHXYM"], row["BZ"], "食品" in "".join(row.values())) == (code, "终止公示", False)
    assert (await items(database, "xk"))[code] == ("withdraw", "withdrawn_sent")


CITY = """
id = "city"
target = "city"
every_seconds = 0
[transport]
type = "directory"
"""
OWN = """
[shape]
id = "our-city"
version = 3
record = "credit_record"
key = ["BH"]
column = [ { name = "BH", value = "record_id", needed = true }, { name = "XM", value = "permit_name" }, { name = "ZT", value = "nothing", absent = "0" } ]
[shape.withdrawal]
ZT = "1"
"""


async def test_a_city_has_a_table_of_its_own_and_any_shape_can_stand_in_the_definition(
    database: Database, tmp_path: Path
) -> None:
    code, other, clock = make_uscc(), make_uscc(), Clock()
    for name, shape in (("city", 'shape = "city-penalty"'), ("own", ""), ("plain", 'shape = "generic-permit"')):
        (tmp_path / name).mkdir()
        text = CITY.replace('id = "city"', f'id = "{name}"\n{shape}') + f'path = "{tmp_path / name}"\n'
        define(tmp_path / "feeds", name, text + (OWN if name == "own" else ""))
    head = await publish(database, code, kinds=["fine", "confiscation_property", "closure"], confiscation_fen=1)
    record = await permit(database, other)
    await turn(database, tmp_path / "feeds", clock)
    (row,) = rows_of(tmp_path / "city")
    assert (row["CF_CFLB"], row["CF_NR_WFFF"], row["DFBM"], row["CF_ZT"]) == ("2;3;9", "0.000001", "500105", "0")
    assert rows_of(tmp_path / "own") == [{"BH": str(record["id"]), "XM": "食品经营许可决定书", "ZT": "0"}]
    (plain,) = rows_of(tmp_path / "plain")
    known = choose_map(list(plain), "permits")
    assert (known.map_id, known.unknown, plain["permit_kind"]) == ("generic-permits", (), "其他-备案")
    batch = await one(database, "SELECT mapping FROM feed_batch WHERE feed_id = 'own'")
    assert batch.mapping == "our-city/3"
    await open_source(database)
    back = f'id = "back"\ndirection = "in"\nevery_seconds = 0\n[transport]\ntype = "directory"\npath = "{tmp_path / "plain"}"\n'
    back += '[incoming]\nkind = "permits"\nauthority = "district"\nsource = "city-site"\nsettle_seconds = -999999999\n'
    define(tmp_path / "feeds", "back", back)
    await night(database, tmp_path, clock)
    taken = await one(database, "SELECT state, counts -> 'outcomes' AS told FROM data_import ORDER BY id DESC LIMIT 1")
    assert tuple(taken) == ("finished", {"new": 1}), "another Xinyong reads it as it is"
    define(tmp_path / "in", "back", f"{back}complete = true\n")
    with pytest.raises(BadFeed, match="permits are shown to nobody else"):
        load_definitions(tmp_path / "in")
    await end(database, code, head)
    clock.move(days=2)
    await turn(database, tmp_path / "feeds", clock)
    (gone,) = rows_of(tmp_path / "city")
    assert (gone["CF_ZT"], set(gone)) == ("1", {"CF_CFJGDM", "CF_WSH", "CF_XDR_SHXYM", "CF_ZT"})
    assert rows_of(tmp_path / "own") == [{"BH": str(record["id"]), "ZT": "1"}], (
        "a window ends with the permit's last day"
    )
    assert rows_of(tmp_path / "plain")[0] == {"external_id": str(record["id"]), "ended_on": "2026-11-26"}
    for wrong, words in (
        ('value = "nothing"', "no value secret"),
        ('"credit_record"', "record is"),
        ("version = 3", "no version"),
    ):
        changed = OWN.replace(
            wrong, {"version = 3": "", '"credit_record"': '"person"'}.get(wrong, 'value = "secret"'), 1
        )
        define(tmp_path / "wrong", "own", f'{CITY}path = "x"\n{changed}')
        with pytest.raises(BadFeed, match=words):
            load_definitions(tmp_path / "wrong")

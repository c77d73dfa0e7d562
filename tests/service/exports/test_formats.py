"""The same rows in every format, as other people's readers see them."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import python_calamine
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import driver
from service.exports.files import Compression
from service.exports.queries import Extent
from service.exports.rules import Selection
from service.exports.selects import ORIGINS, column_value
from service.exports.shapes import BY_NAME, TABLES
from service.exports.writers import write_csv, write_lines, write_parquet, write_workbook
from service.reading.names import is_sole_trader_without_trade_name
from tests.factories import make_entry, make_penalty, make_registration, make_uscc, number_changes
from tests.service.exports.support import World, read_rows

DAY = date(2026, 11, 24)
PENALTIES = BY_NAME["penalties"]
TEXTS = [
    "=1+1", "+86", "-1", "@SUM(A1)", "\t缩进", "＝全角", '引号"与,逗号', "两\n行", "回车\r\n行", "反斜杠\\n \\t \\", "<b>&amp;]]>", "\x01控制\x1f",
    "𠮷野家", "长" * 40000, "'撇号", "普通文本",
]  # fmt: skip


async def fill(session: AsyncSession) -> Extent:
    for number, text in enumerate(TEXTS):
        await make_penalty(
            session, make_uscc(), violation_facts=text, document_no=f"文号{number:02d}", kinds=["fine", "warning"]
        )
    await make_penalty(
        session, make_uscc(), violation_facts=None, document_no="文号99", kinds=[], fine_fen=None, decided_on=None
    )
    return Extent(await number_changes(session), DAY)


def neutral(text: str | None) -> str | None:
    return f"'{text}" if text and text[0] in "=+-@\t\n\r＝＋－＠" else text


async def test_every_format_holds_the_same_rows(session: AsyncSession, tmp_path: Path) -> None:
    extent = await fill(session)
    connection = await driver(session)
    await write_lines(connection, extent, PENALTIES, tmp_path / "p.jsonl", guarded=False)
    rows = sorted(map(json.loads, (tmp_path / "p.jsonl").read_bytes().splitlines()), key=lambda row: row["document_no"])
    assert [row["violation_facts"] for row in rows] == [*TEXTS, None]
    assert list(rows[0]) == list(PENALTIES.names)

    await write_parquet(connection, extent, PENALTIES, tmp_path / "p.parquet")
    frame = pl.read_parquet(tmp_path / "p.parquet").sort("document_no")
    assert frame.schema["fine_fen"] == pl.Int64
    assert frame.schema["decided_on"] == pl.Date
    assert frame["violation_facts"].to_list() == [*TEXTS, None]
    assert frame["kinds"].to_list() == [["fine", "warning"]] * len(TEXTS) + [None]

    for packed in Compression:
        path = tmp_path / f"p.csv{packed.suffix}"
        written = await write_csv(
            connection, extent, PENALTIES, path, compression=packed, bom=packed is Compression.NONE
        )
        assert (written.rows, written.size) == (len(TEXTS) + 1, path.stat().st_size)
        content = path.read_bytes()
        if packed is Compression.GZIP:
            content = gzip.decompress(content)
        elif packed is Compression.ZSTD:
            content = zstandard.ZstdDecompressor().stream_reader(content).read()
        assert content.startswith(b"\xef\xbb\xbf") == (packed is Compression.NONE)
        table = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        found = {row["document_no"]: row["violation_facts"] for row in table}
        assert [found[key] for key in sorted(found)] == [neutral(text) for text in TEXTS] + [""]


def without_controls(text: str | None) -> str | None:
    return None if text is None else "".join(char for char in text if char >= " " or char in "\t\n\r")[:32767]


async def test_a_workbook_is_read_alike_by_two_readers_and_split_at_the_row_limit(
    session: AsyncSession, tmp_path: Path
) -> None:
    extent = await fill(session)
    path = tmp_path / "p.xlsx"
    about = (("数据 <Data>", "a & b"),)
    written = await write_workbook(await driver(session), extent, PENALTIES, path, about=about, sheet_rows=7)
    assert written.rows == len(TEXTS) + 1
    wanted = {f"文号{number:02d}": without_controls(neutral(text)) for number, text in enumerate(TEXTS)} | {
        "文号99": None
    }
    book: Any = load_workbook(path, read_only=True)
    assert book.sheetnames == ["说明 About", "行政处罚信息", "行政处罚信息 (2)", "行政处罚信息 (3)"]
    first = [[cell.value for cell in row] for row in book["说明 About"].iter_rows()]
    assert first == [["数据 <Data>", "a & b"]]
    titles = [column.zh for column in PENALTIES.columns]
    seen: dict[str, Any] = {}
    days = set()
    for name in book.sheetnames[1:]:
        header, *rows = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert header == titles
        assert len(rows) <= 6
        for row in rows:
            seen[row[3]] = row[10]
            days.add(row[13].date() if row[13] else None)
    assert {key: value and value.replace("_x000D_", "\r") for key, value in seen.items()} == wanted
    assert days == {date(2026, 1, 5), None}
    other = python_calamine.CalamineWorkbook.from_path(str(path))
    again: dict[Any, Any] = {}
    for name in other.sheet_names[1:]:
        _, *cells = other.get_sheet_by_name(name).to_python()
        again |= {row[3]: row[10] or None for row in cells}
    assert again == wanted


async def test_selections_of_regions_and_lists(session: AsyncSession, tmp_path: Path) -> None:
    here, there = make_uscc(division_code="500105"), make_uscc(division_code="310101")
    for code in (here, there):
        await make_registration(session, code)
        await make_entry(session, code)
        await make_entry(session, code, list_id="test-other")
    position = await number_changes(session)
    connection = await driver(session)

    async def codes(table: str, **chosen: tuple[str, ...]) -> list[tuple[str, str | None]]:
        path = tmp_path / "out.jsonl"
        path.unlink(missing_ok=True)
        extent = Extent(position, DAY, selection=Selection(**chosen))
        await write_lines(connection, extent, BY_NAME[table], path)
        return sorted((row["uscc"], row.get("list")) for row in map(json.loads, path.read_bytes().splitlines()))

    assert await codes("subjects", regions=("50",)) == [(here, None)]
    assert await codes("blacklist_entries", regions=("50", "3101"), lists=("test-other",)) == sorted(
        [(here, "test-other"), (there, "test-other")]
    )
    assert await codes("blacklist_entries", regions=("500199",)) == []


# A process of its own: the tool leaves files open.
CHECK = """
import sys
from frictionless import Package
package = Package(sys.argv[1])
package.resources = [one for one in package.resources if one.format == "csv"]
report = package.validate()
print("valid" if report.valid and report.stats["tasks"] >= 5 else report.flatten(["name", "type", "message"]))
"""


def check_package(folder: Path) -> str:
    arguments = [sys.executable, "-c", CHECK, "datapackage.json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=folder)
    return done.stdout.strip() or done.stderr


NAMES = [
    "张小三",
    "欧阳明",
    "渝中区山雀食品经营部",
    "个体工商户王五",
    "李某",
    "张三（个体工商户）",
    "阿里木·买买提",
    "重庆市渝北区好又多百货店",
    "山雀",
    "",
]


async def test_a_shown_name_of_a_sole_trader_is_never_its_owners(session: AsyncSession) -> None:
    connection = await driver(session)
    value = column_value(BY_NAME["subjects"], "name")
    rows = await connection.fetch(
        f"SELECT v.name, {value} AS shown"  # noqa: S608 - our own columns
        " FROM unnest($1::text[]) AS n, LATERAL (SELECT n AS name, '92500105XY00000012' AS uscc) v",
        [*NAMES, *(name * 2 for name in NAMES)],
    )
    for row in rows:
        assert row["shown"] is None or not is_sole_trader_without_trade_name(row["name"], "92500105XY00000012"), row
    assert {row["shown"] for row in rows} >= {"渝中区山雀食品经营部", "重庆市渝北区好又多百货店"}


@given(st.text(alphabet="张王李欧阳小三某·*（）个体工商户店部食品山雀a ", max_size=14))
def test_names_of_six_characters_and_more_are_no_persons(name: str) -> None:
    plain = re.sub(r"[（(][^）)]*[）)]|[^㐀-鿿]", "", name)
    if len(plain) >= 6 and not re.search("[·*某]|个体|经营者|字号", name):
        assert not is_sole_trader_without_trade_name(name, "92500105XY00000012")


async def test_the_package_passes_the_standards_own_check(world: World) -> None:
    code = make_uscc()
    async with world.database.transaction() as session:
        await make_registration(session, code)
        await make_penalty(session, code, violation_facts='两\n行,"引号"')
        await make_entry(session, code)
    await world.tick("2026-11-24T09:30")
    for slot in ("full", "delta-8h"):
        folder = world.releases / (await world.present(slot)).id
        assert check_package(folder) == "valid"
    assert {table.name for table in TABLES} == set(ORIGINS)
    assert len(read_rows(world.releases / (await world.present()).id, "penalties")) == 1


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_published_columns_are_all_explained_in_both_languages(name: str) -> None:
    for column in BY_NAME[name].columns:
        assert column.en.endswith(".")
        assert any("一" <= char <= "鿿" for char in column.zh)

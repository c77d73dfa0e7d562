import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
import xlwt

from service.tables.chunk import Limits
from service.tables.problems import (
    NotATable,
    PasswordProtected,
    SheetTooLarge,
    TableProblem,
    Truncated,
    UnknownEncoding,
    UnknownSheet,
    UnsupportedFormat,
    ZipBomb,
)
from service.tables.reader import open_table
from tests.service.tables.test_text import read, written

HEADER = ["企业名称", "统一社会信用代码", "处罚决定日期", "罚款金额"]
NS = "urn:schemas-microsoft-com:office:spreadsheet"


def xlsx(folder: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    path = folder / "book.csv"
    book.save(path)
    return path


def xls(folder: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, dt.date):
                    sheet.write(at, column, value, day)
                elif value is not None:
                    sheet.write(at, column, value)
    path = folder / "book.xlsx"
    book.save(str(path))
    return path


def xml_rows(*rows: Sequence[str]) -> str:
    return "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in rows
    )


def xml(folder: Path, body: str, prolog: str = "") -> Path:
    content = f'<?xml version="1.0"?>{prolog}<Workbook xmlns="{NS}" xmlns:ss="{NS}">{body}</Workbook>'
    return written(folder, content, "book.xls")


Writer = Callable[[Path, dict[str, Sequence[Sequence[object]]]], Path]


@pytest.mark.parametrize(("write", "kind"), [(xlsx, "xlsx"), (xls, "xls")])
def test_cells_become_text(tmp_path: Path, write: Writer, kind: str) -> None:
    path = write(
        tmp_path,
        {
            "表": [
                HEADER,
                [" 虚构甲 ", "91500000MA5ABCDE0X", dt.date(2024, 5, 1), 5000],
                [None, None, None, None],
                ["虚构乙", 915000001234567890, dt.datetime(2024, 5, 1, 8, 30), 0.1],  # noqa: DTZ001 - cells have no zone
                ["虚构丙", 500000000012345.0, True, 5000.0],
                ["虚构丁", 1e15, 12345678.25, 0],
            ]
        },
    )
    with open_table(path) as table:
        rows, rejects = read(table)
    assert (table.format, table.sheet, table.encoding, table.header) == (kind, "表", None, tuple(HEADER))
    assert rows == [
        (2, (" 虚构甲 ", "91500000MA5ABCDE0X", "2024-05-01", "5000")),
        (4, ("虚构乙", "915000001234568000", "2024-05-01 08:30:00", "0.1")),
        (5, ("虚构丙", "500000000012345", "true", "5000")),
        (6, ("虚构丁", "1000000000000000", "12345678.25", "0")),
    ]
    assert table.blank_rows == 1
    assert rejects == []


@pytest.mark.parametrize("write", [xlsx, xls])
def test_the_sheet_with_known_columns_is_chosen(tmp_path: Path, write: Writer) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "说明": [["项目", "含义", "备注"], ["甲", "乙", "丙"]],
        "空": [],
        "名单": [["虚构市名单"], [None, None], HEADER, ["虚构甲", "x", "", 1]],
    }
    path = write(tmp_path, sheets)
    with open_table(path) as table:
        assert (table.sheet, table.header_line) == ("名单", 3)
        assert table.notes == ("虚构市名单", "another table is on sheet 说明")
        assert [line for line, _ in read(table)[0]] == [4]
    with open_table(path, sheet="说明") as table:
        assert table.header == ("项目", "含义", "备注")
    with pytest.raises(UnknownSheet, match="说明, 空, 名单"):
        open_table(path, sheet="无")


def test_rows_with_content_beyond_the_header_are_rejected(tmp_path: Path) -> None:
    many = [["虚构甲", "x", "", 1]] * 40
    path = xlsx(tmp_path, {"表": [HEADER, *many, ["虚构乙", "x", "", 2, None, "多"], HEADER]})
    with open_table(path) as table:
        assert table.header == tuple(HEADER)
        rows, rejects = read(table)
    assert len(rows) == 40
    assert [(one.line, one.reason) for one in rejects] == [(42, "field_count"), (43, "header_repeated")]
    assert rejects[0].content == "虚构乙\tx\t\t2\t\t多"


def test_formulas_give_no_text_of_their_own(tmp_path: Path) -> None:
    path = xlsx(tmp_path, {"表": [HEADER, ["虚构甲", '=HYPERLINK("http://example.invalid/x")', "", 1]]})
    with open_table(path) as table:
        rows, _ = read(table)
    assert rows[0][1] == ("虚构甲", None, None, "1")


def test_a_cell_in_the_last_corner_is_refused_before_it_costs_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADER)
    book.worksheets[0].cell(1_048_576, 16_384, "x")
    book.save(tmp_path / "corner.xlsx")
    with pytest.raises(SheetTooLarge, match="1048576 rows x 16384 columns") as caught:
        open_table(tmp_path / "corner.xlsx")
    assert caught.value.code == "sheet_too_large"
    old = xls(tmp_path, {f"表{n}": [HEADER] for n in range(3)})
    book_xls = xlwt.Workbook()
    for number in range(3):
        sheet = book_xls.add_sheet(f"表{number}")
        sheet.write(0, 0, "企业名称")
        sheet.write(65_535, 255, "x")
    book_xls.save(str(old))
    with pytest.raises(SheetTooLarge):
        open_table(old)


def test_formatted_empty_rows_far_below_do_not_count(tmp_path: Path) -> None:
    path = xlsx(tmp_path, {"表": [HEADER, ["虚构甲", "x", "", 1]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", b'<row r="1048576"><c r="B1048576" s="0"/></row></sheetData>')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with open_table(path) as table:
        rows, _ = read(table)
    assert len(rows) == 1


def test_a_workbook_that_unpacks_beyond_the_limit(tmp_path: Path) -> None:
    path = xlsx(tmp_path, {"表": [HEADER, *[["虚构甲", "x" * 100, "", 1]] * 2000]})
    with pytest.raises(ZipBomb):
        open_table(path, limits=Limits(unpacked=20_000))


@pytest.mark.parametrize(("write", "share"), [(xlsx, 0.6), (xls, 0.3), (xlsx, 0.01)])
def test_truncated_workbooks(tmp_path: Path, write: Writer, share: float) -> None:
    path = write(tmp_path, {"表": [HEADER, *[[f"虚构{n}", "x", "", n] for n in range(500)]]})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Truncated) as caught:
        open_table(path)
    assert caught.value.code == "truncated"


@pytest.mark.parametrize("write", [xlsx, xls])
def test_damaged_workbooks_never_end_in_another_error(tmp_path: Path, write: Writer) -> None:
    path = write(tmp_path, {"表": [HEADER, *[[f"虚构{n}", "x", "", n] for n in range(20)]]})
    content = path.read_bytes()
    refused = 0
    for at in range(0, len(content), max(1, len(content) // 150)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xA5, 0xFF]) + content[at + 2 :])
        try:
            with open_table(path, limits=Limits(cells=200_000)) as table:
                read(table)
        except TableProblem:
            refused += 1
    assert refused > 0


def test_a_protected_workbook(tmp_path: Path) -> None:
    # The compound file that Office writes round an encrypted workbook, as far as its directory.
    entry = "EncryptedPackage".encode("utf-16-le")
    root = "Root Entry".encode("utf-16-le")

    def directory(name: bytes, kind: int) -> bytes:
        head = name.ljust(64, b"\0") + (len(name) + 2).to_bytes(2, "little") + bytes([kind, 1]) + b"\xff" * 12
        return head.ljust(116, b"\0") + b"\xfe\xff\xff\xff" + bytes(8)

    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    head[24:34] = b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0"
    head[44:76] = (
        b"\x01\0\0\0"
        b"\x01\0\0\0" + bytes(4) + b"\0\x10\0\0" + b"\xfe\xff\xff\xff" + bytes(4) + b"\xfe\xff\xff\xff" + bytes(4)
    )
    head[76:512] = bytes(4) + b"\xff" * 432
    fat = (b"\xfd\xff\xff\xff" + b"\xfe\xff\xff\xff").ljust(512, b"\xff")
    content = bytes(head) + fat + (directory(root, 5) + directory(entry, 2)).ljust(512, b"\0")
    with pytest.raises(PasswordProtected) as caught:
        open_table(written(tmp_path, content))
    assert caught.value.code == "password_protected"


def test_spreadsheetml_cells_gaps_and_types(tmp_path: Path) -> None:
    body = (
        f'<Worksheet ss:Name="空"><Table/></Worksheet><Worksheet ss:Name="表"><Table>{xml_rows(HEADER)}'
        '<Row ss:Index="5"><Cell><Data ss:Type="String">虚构甲</Data></Cell>'
        '<Cell ss:Index="3"><Data ss:Type="DateTime">2024-05-01T00:00:00.000</Data></Cell>'
        '<Cell><Data ss:Type="Number">9.15E+17</Data></Cell></Row>'
        '<Row><Cell><Data ss:Type="String">虚构<B>乙</B></Data></Cell><Cell/><Cell ss:MergeAcross="1"/>'
        '<Cell><Data ss:Type="String">多</Data></Cell></Row></Table></Worksheet>'
    )
    path = xml(tmp_path, body)
    with open_table(path) as table:
        assert (table.format, table.sheet, table.header) == ("spreadsheetml", "表", tuple(HEADER))
        rows, rejects = read(table)
    assert rows == [(5, ("虚构甲", None, "2024-05-01", "915000000000000000"))]
    assert [(one.line, one.reason) for one in rejects] == [(6, "field_count")]
    with pytest.raises(UnknownSheet):
        open_table(path, sheet="无")


@pytest.mark.parametrize(
    ("body", "prolog", "problem"),
    [
        ("<Worksheet><Table>", "", Truncated),
        ("", '<!DOCTYPE w [<!ENTITY a "aaaa">]>', UnsupportedFormat),
        ("", "", NotATable),
        ('<Worksheet ss:Name="表"><Table><Row ss:Index="x"/></Table></Worksheet>', "", Truncated),
        (
            '<Worksheet ss:Name="表"><Table><Row><Cell ss:MergeAcross="999999"/></Row></Table></Worksheet>',
            "",
            SheetTooLarge,
        ),
    ],
)
def test_spreadsheetml_problems(tmp_path: Path, body: str, prolog: str, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        open_table(xml(tmp_path, body, prolog))


def test_spreadsheetml_in_an_encoding_that_the_parser_lacks(tmp_path: Path) -> None:
    content = f'<?xml version="1.0" encoding="gbk"?><Workbook xmlns="{NS}" xmlns:ss="{NS}"><!--表--></Workbook>'
    with pytest.raises((UnknownEncoding, Truncated)):
        open_table(written(tmp_path, content.encode("gbk")))


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "HTML"),
        (b"<?xml version='1.0'?><records/>", "XML"),
        (b'[{"a": 1}]', "JSON array"),
        (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "Word"),
        (bytes(range(1, 9)) * 200, "binary"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(UnsupportedFormat, match=found) as caught:
        open_table(written(tmp_path, content, "table.csv"))
    assert caught.value.detail_zh

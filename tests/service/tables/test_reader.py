import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
import xlwt

from service.tables.chunk import Limits
from service.tables.columns import choose_map, load_maps
from service.tables.problems import TableProblem
from service.tables.reader import open_table

HEADER = ["企业名称", "统一社会信用代码", "注册日期"]
ROWS = [[f"示例{n}有限公司", f"9150000000000000{n:02d}", "2020-01-02"] for n in range(1, 6)]
TEXT = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"
SPREADSHEETML = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table>{}</Table></Worksheet></Workbook>'
)


def read(path: Path, **options: object) -> tuple[tuple[str, ...], list[list[str | None]], list[tuple[int, str]]]:
    with open_table(path, **options) as table:  # type: ignore[arg-type] # the test names the options
        chunks = list(table.chunks())
        rows = [list(row) for chunk in chunks for row in zip(*chunk.columns, strict=True)]
        return table.header, rows, [(one.line, one.reason) for chunk in chunks for one in chunk.rejects]


def xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def xls(rows: Sequence[Sequence[str]]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            sheet.write(r, c, value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def xml() -> bytes:
    cells = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{value}</Data></Cell>' for value in row) + "</Row>"
        for row in [HEADER, *ROWS]
    )
    return SPREADSHEETML.format(cells).encode()


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", content)
    return target.getvalue()


SAME: dict[str, bytes] = {
    "utf-8": TEXT.encode(),
    "utf-8 with mark": TEXT.encode("utf-8-sig"),
    "gb18030": TEXT.encode("gb18030"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 without mark": TEXT.encode("utf-16-le"),
    "windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "tabs": TEXT.replace(",", "\t").encode(),
    "semicolons": TEXT.replace(",", ";").encode(),
    "xlsx": xlsx([HEADER, *ROWS]),
    "xls": xls([HEADER, *ROWS]),
    "SpreadsheetML": xml(),
    "gzip": gzip.compress(TEXT.encode()),
    "zip": zipped(TEXT.encode()),
    "zip of xlsx": zipped(xlsx([HEADER, *ROWS])),
    "json lines": "\n".join(
        json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in ROWS
    ).encode(),
    "notes above": ("全市企业名录,,\n制表：示例局,,\n" + TEXT).encode(),
    "line break in a name": TEXT.replace("统一社会信用代码", '"统一社会\n信用代码"', 1).encode(),
    "trailing empty columns": "\n".join(line + ",," for line in TEXT.splitlines()).encode(),
    "blank rows": TEXT.replace("\n", "\n\n").encode(),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_table_in_every_form(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(content)
    header, rows, rejects = read(path)
    assert list(header) == HEADER
    assert rows == ROWS
    assert rejects == []


def test_rows_that_do_not_fit_are_rejected_whole_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    lines = TEXT.splitlines()
    lines.insert(2, "one,two,three,four")
    lines.insert(4, "only one")
    lines.append(",".join(HEADER))
    lines.append("合计,5,")
    path.write_text("\n".join(lines), encoding="utf-8")
    _, rows, rejects = read(path)
    assert rows == ROWS
    assert sorted(rejects) == [(3, "field_count"), (5, "field_count"), (9, "header_repeated"), (10, "totals_row")]


def test_single_bad_bytes_reject_their_line_only(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    many = TEXT + "".join(f"示例{n}厂,{n:018d},2020-01-02\n" for n in range(4000))
    path.write_bytes(many.encode() + b"\xff\xfe bad,x,y\n")
    _, rows, rejects = read(path)
    assert len(rows) == 4005
    assert rejects == [(4007, "bad_encoding")]


def test_physical_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text('企业名称,统一社会信用代码\n"示例\n甲",1\n示例乙,2\n', encoding="utf-8")
    with open_table(path) as table:
        assert [line for chunk in table.chunks() for line in chunk.lines] == [2, 4]


def test_numbers_and_days_of_a_workbook_come_as_people_see_them(tmp_path: Path) -> None:
    from datetime import datetime  # noqa: PLC0415 - this test only

    path = tmp_path / "file.xlsx"
    path.write_bytes(xlsx([HEADER, ["示例有限公司", 915000001234567890, datetime(2020, 1, 2)]]))  # noqa: DTZ001
    _, rows, _ = read(path)
    assert rows == [["示例有限公司", "915000001234568000", "2020-01-02"]]


BOMB = zipped(b"0" * 80_000_000)
PROBLEMS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_file"),
    "blanks": (b" \n \n", "empty_file"),
    "a PDF": (b"%PDF-1.7 ...", "unsupported_format"),
    "a web page": (b"<!DOCTYPE html><html><table></table></html>", "unsupported_format"),
    "prose": ("这是一段说明文字。\n没有表头。\n".encode(), "not_a_table"),
    "half a workbook": (xlsx([HEADER, *ROWS])[:3000], "truncated"),
    "half a gzip": (gzip.compress(TEXT.encode() * 50)[:-20], "truncated"),
    "a bomb": (BOMB, "zip_bomb"),
    "an archive in an archive": (zipped(zipped(TEXT.encode())), "nested_archive"),
    "entities": (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>' + SPREADSHEETML.format("&a;").encode()[21:],
        "unsupported_format",
    ),
    "too many columns": (",".join(f"列{n}" for n in range(600)).encode() + b"\n", "too_many_columns"),
    "binary": (bytes(range(256)) * 20, "unsupported_format"),
}


@pytest.mark.parametrize(("content", "code"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_is_no_table_is_a_problem_with_words(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(TableProblem) as problem:
        read(path)
    assert problem.value.code == code
    assert problem.value.detail
    assert problem.value.detail_zh


def test_a_sheet_over_the_stated_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    path.write_bytes(xlsx([HEADER, *ROWS]))
    with pytest.raises(TableProblem) as problem:
        read(path, limits=Limits(cells=10))
    assert problem.value.code == "sheet_too_large"


def test_party_codes_are_mapped_by_their_label_and_else_by_edition() -> None:
    labelled = choose_map(["行政相对人名称", "行政相对人代码_3(统一社会信用代码)"], "penalties")
    assert labelled.fields["uscc"] == 1
    newer = choose_map(["CF_XDR_MC", "CF_XDR_SHXYM", "CF_XDR_GSZC", "CF_XDR_ZZJG", "CF_WSH"], "penalties")
    assert (newer.fields["reg_no"], newer.fields["org_code"]) == (2, 3)
    older = choose_map(["CF_XDR_MC", "CF_XDR_SHXYM", "CF_XDR_ZDM", "CF_XDR_GSDJ", "CF_WSH", "CF_JG"], "penalties")
    assert (older.fields["org_code"], older.fields["reg_no"]) == (2, 3)


def test_amounts_of_the_exchange_format_are_ten_thousands_of_yuan() -> None:
    assert choose_map(["CF_XDR_MC", "CF_WSH", "CF_NR_FK"], "penalties").units["fine"] == "wan"
    assert choose_map(["企业名称", "罚款"], "penalties").units["fine"] == "yuan"


def test_every_map_states_its_source() -> None:
    assert all(one.citation and one.grade for one in load_maps())

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from service.tables.chunk import Limits, Reject
from service.tables.problems import CellTooLarge, EmptyFile, NotATable, NulBytes, TooManyColumns, UnknownEncoding
from service.tables.reader import Table, open_table

HEADER = "行政相对人名称,统一社会信用代码,处罚决定日期,罚款金额"
ROW = "虚构甲有限公司,91500000MA5ABCDE0X,2024-05-01,5000"


def written(folder: Path, content: str | bytes, name: str = "table.dat") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(table: Table, size: int = 20_000) -> tuple[list[tuple[int, tuple[str | None, ...]]], list[Reject]]:
    rows: list[tuple[int, tuple[str | None, ...]]] = []
    rejects: list[Reject] = []
    for chunk in table.chunks(size):
        assert len(chunk.columns) == len(table.header)
        assert all(len(column) == len(chunk.lines) for column in chunk.columns)
        rows.extend(zip(chunk.lines, zip(*chunk.columns, strict=True), strict=True))
        rejects.extend(chunk.rejects)
    return rows, rejects


def test_plain_csv_gives_header_lines_and_cells(tmp_path: Path) -> None:
    with open_table(written(tmp_path, f"{HEADER}\n{ROW}\n虚构乙厂,,,\n")) as table:
        rows, rejects = read(table)
    assert (table.format, table.encoding, table.delimiter, table.header_line) == ("csv", "utf-8", ",", 1)
    assert table.header == tuple(HEADER.split(","))
    assert rows == [(2, tuple(ROW.split(","))), (3, ("虚构乙厂", None, None, None))]
    assert rejects == []


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, newline: str) -> None:
    content = newline.join(line.replace(",", delimiter) for line in (HEADER, ROW, ROW)) + newline
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert table.delimiter == delimiter
    assert table.format == ("tsv" if delimiter == "\t" else "csv")
    assert [line for line, _ in rows] == [2, 3]
    assert rows[0][1] == tuple(ROW.split(","))
    assert rejects == []


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings_are_found(tmp_path: Path, codec: str, found: str) -> None:
    content = "\n".join([HEADER, *[ROW] * 50]).encode(codec)
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert table.encoding == found
    assert table.header == tuple(HEADER.split(","))
    assert (len(rows), rejects) == (50, [])
    assert rows[-1] == (51, tuple(ROW.split(",")))


def test_rare_characters_of_gb18030_survive(tmp_path: Path) -> None:
    content = "\n".join([HEADER, *["虚构㐂𠮷有限公司,,,1"] * 3, *[ROW] * 20]).encode("gb18030")
    with open_table(written(tmp_path, content)) as table:
        rows, _ = read(table)
    assert rows[0][1][0] == "虚构㐂𠮷有限公司"


def test_one_bad_line_in_a_thousand_is_a_reject_and_not_another_encoding(tmp_path: Path) -> None:
    lines = [HEADER.encode(), *[ROW.encode()] * 1500]
    lines[700] = "虚构丙".encode("gbk") + b"\xff,,,"
    with open_table(written(tmp_path, b"\n".join(lines))) as table:
        rows, rejects = read(table)
    assert table.encoding == "utf-8"
    assert len(rows) == 1499
    assert [(one.line, one.reason) for one in rejects] == [(701, "bad_encoding")]
    rejects[0].content.encode()


def test_text_that_fits_no_encoding_is_refused(tmp_path: Path) -> None:
    mixed = b"\n".join([HEADER.encode(), *[ROW.encode(), ROW.encode("gbk"), b"\xff\xfe\x80,,,"] * 20])
    with pytest.raises(UnknownEncoding) as caught:
        open_table(written(tmp_path, mixed))
    assert caught.value.code == "unknown_encoding"
    assert "gb18030" in caught.value.detail_zh


@pytest.mark.parametrize("name", ["no-such", "rot13", "idna", "undefined", "a\0b"])
def test_a_named_encoding_that_is_none_is_a_problem(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownEncoding):
        open_table(written(tmp_path, "\n".join([HEADER, *[ROW] * 5])), encoding=name)


def test_a_named_encoding_wins(tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEADER}\n{ROW}".encode("big5", "ignore"))
    with open_table(path, encoding="big5") as table:
        assert table.encoding == "big5"
        assert table.header[1] == "一社信用代"  # Big5 has no simplified characters: the writer above left them out


def test_quotes_line_breaks_and_line_numbers(tmp_path: Path) -> None:
    content = (
        f'{HEADER}\n"虚构""甲""厂","a,b","第一行\n第二行",1\n{ROW}\n\n ,,,\n"  虚构丙 ",,,\n'  # line 2-3, 4, blanks, 7
    )
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert rows[0] == (2, ('虚构"甲"厂', "a,b", "第一行\n第二行", "1"))
    assert [line for line, _ in rows] == [2, 4, 7]
    assert rows[2][1][0] == "  虚构丙 "
    assert table.blank_rows == 2
    assert rejects == []


def test_a_valid_quoted_text_full_of_commas_is_one_row(tmp_path: Path) -> None:
    content = f'{HEADER}\n虚构甲,"x,x,x\ny,y,y,y\nz,z,z",2024-05-01,1\n{ROW}\n'
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert [line for line, _ in rows] == [2, 5]
    assert rows[0][1][1] == "x,x,x\ny,y,y,y\nz,z,z"
    assert rejects == []


def test_rows_of_another_width_are_rejected_whole(tmp_path: Path) -> None:
    content = f"{HEADER}\n{ROW}\n虚构乙,x\n虚构丙,1,2,3,4\n{ROW},,\n"
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert [line for line, _ in rows] == [2, 5]
    assert rejects == [
        Reject(3, "field_count", "虚构乙,x"),
        Reject(4, "field_count", "虚构丙,1,2,3,4"),
    ]


def test_a_stray_quote_does_not_swallow_the_rows_below(tmp_path: Path) -> None:
    wide = ",".join(["企业名称", "统一社会信用代码", *[f"列{n}" for n in "甲乙丙丁戊己庚辛"]])
    plain = ",".join(["虚构厂", *"123456789"])
    broken = ",".join(['"虚构厂', *"123456789"])
    content = "\n".join([wide, plain, broken, *[plain] * 300])
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert len(rows) + len(rejects) == 302
    assert [line for line, _ in rows] == list(range(2, 304))
    assert rows[1][1][0] == '"虚构厂'


def test_two_stray_quotes_in_one_column_do_not_hide_the_rows_between(tmp_path: Path) -> None:
    wide = ",".join(["企业名称", "统一社会信用代码", *[f"列{n}" for n in "甲乙丙丁戊己庚辛"]])
    plain = ",".join(["虚构厂", *"123456789"])
    content = "\n".join([wide, plain.replace("虚", '"虚'), plain, plain, plain.replace("厂", '厂"'), plain])
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert sorted([line for line, _ in rows] + [one.line for one in rejects]) == [2, 3, 4, 5, 6]


def test_header_below_notes_and_blank_lines(tmp_path: Path) -> None:
    content = f"虚构市行政处罚信息公示表,,,\n填报单位：虚构局,,,\n\n{HEADER}\n{ROW}\n{HEADER}\n合 计：,,,5000\n{ROW}\n"
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert table.header_line == 4
    assert table.notes == ("虚构市行政处罚信息公示表", "填报单位：虚构局")
    assert [line for line, _ in rows] == [5, 8]
    assert [(one.line, one.reason) for one in sorted(rejects, key=lambda one: one.line)] == [
        (6, "header_repeated"),
        (7, "totals_row"),
    ]


def test_header_names_are_cleaned_and_empty_columns_at_the_end_left_out(tmp_path: Path) -> None:
    content = (
        ' 企业名称\u3000,"统一社会\n信用代码",,"decision\ndate",,\n虚构甲,1,2,3,,\n虚构乙,1,2,3,,9\n虚构丙,1,2,3\n'
    )
    with open_table(written(tmp_path, content)) as table:
        assert table.header_line == 1
        assert table.header == ("企业名称", "统一社会信用代码", "", "decision date", "", "")
        rows, rejects = read(table)
    assert [line for line, _ in rows] == [4, 5, 6]  # the header takes three lines
    assert rows[1][1] == ("虚构乙", "1", "2", "3", None, "9")
    assert rows[2][1] == ("虚构丙", "1", "2", "3", None, None)
    assert rejects == []


def test_content_that_turns_up_late_in_a_column_without_name_is_a_reject(tmp_path: Path) -> None:
    content = "\n".join([f"{HEADER},,", *[f"{ROW},,"] * 60, f"{ROW},,x"])
    with open_table(written(tmp_path, content)) as table:
        assert table.header == tuple(HEADER.split(","))
        rows, rejects = read(table)
    assert len(rows) == 60
    assert rejects == [Reject(62, "field_count", f"{ROW},,x")]


def test_sixteen_thousand_padded_columns_shrink(tmp_path: Path) -> None:
    padding = "," * 16_380
    content = "\n".join([HEADER + padding, *[ROW + padding] * 30])
    with open_table(written(tmp_path, content)) as table:
        assert table.header == tuple(HEADER.split(","))
        rows, rejects = read(table)
    assert (len(rows), rejects) == (30, [])


def test_too_many_named_columns(tmp_path: Path) -> None:
    content = ",".join([HEADER, *[f"附加{n}" for n in range(600)]]) + "\n"
    with pytest.raises(TooManyColumns, match="604 columns; at most 512") as caught:
        open_table(written(tmp_path, content))
    assert "512" in caught.value.detail_zh


def test_an_oversized_cell_is_a_reject_with_its_beginning(tmp_path: Path) -> None:
    content = f"{HEADER}\n{ROW}\n虚构乙,{'x' * 10_000_000},,\n{ROW}\n"
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert [line for line, _ in rows] == [2, 4]
    assert [(one.line, one.reason) for one in rejects] == [(3, "cell_too_large")]
    assert rejects[0].content.endswith("[10000006 characters]")
    assert len(rejects[0].content) < 21_000


def test_a_line_beyond_memory_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "\n" + "x" * 3_000_000)
    with pytest.raises(CellTooLarge) as caught:
        open_table(path, limits=Limits(line=1_000_000))
    assert caught.value.code == "cell_too_large"


def test_nul_bytes_reject_single_lines_and_refuse_binary(tmp_path: Path) -> None:
    few = "\n".join([HEADER, *[ROW] * 20, "虚构\0乙,,,", *[ROW] * 20])
    with open_table(written(tmp_path, few)) as table:
        rows, rejects = read(table)
    assert len(rows) == 40
    assert [(one.line, one.reason, "\0" in one.content) for one in rejects] == [(22, "nul_bytes", False)]
    many = "\n".join([HEADER, *[ROW.replace("虚", "\0")] * 50])
    with pytest.raises(NulBytes):
        open_table(written(tmp_path, many))


@pytest.mark.parametrize("content", [b"", b" \r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(EmptyFile) as caught:
        open_table(written(tmp_path, content))
    assert caught.value.code == "empty_file"


@pytest.mark.parametrize("content", ["一段没有表格的文字。\n另一段文字。\n", "20240101,1234567\n20240102,7654321\n"])
def test_text_without_a_header_is_no_table(tmp_path: Path, content: str) -> None:
    with pytest.raises(NotATable):
        open_table(written(tmp_path, content))


def test_the_way_in_chunks_does_not_change_what_is_read(tmp_path: Path) -> None:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    for number in range(3000):
        writer.writerow(
            [f"虚构{number}", 'a"b' if number % 700 == 0 else "x,y", "两\n行" if number % 500 == 0 else "", 1]
        )
    path = written(tmp_path, target.getvalue())
    with open_table(path) as table:
        whole = read(table)
    with open_table(path) as table:
        sizes = [len(chunk.lines) for chunk in table.chunks(7)]
        assert read(table, 7) == whole
    assert max(sizes) <= 7
    assert len(whole[0]) == 3000


FIELDS = st.text(alphabet="重庆甲 \u3000a1-,;|\t\x0b\x85\u2028", max_size=6)


@example([("甲\u2028\x85", "乙", "")], "\n")
@given(st.lists(st.tuples(FIELDS, FIELDS, FIELDS), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_regular_lines_read_as_by_the_csv_module(rows: list[tuple[str, str, str]], ending: str) -> None:
    lines = [
        ",".join(field.replace(",", "") for field in row)
        for row in rows
        if any(field.replace(",", "").strip() for field in row)
    ]
    text = "企业名称,统一社会信用代码,备注" + ending + "".join(line + ending for line in ["首行,1,2", *lines])
    # A character that stands more often than the commas would be taken for the delimiter.
    assume(all(text.count(mark) < 2 * (len(lines) + 2) for mark in ";|\t"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(text.encode())
        with open_table(path) as table:
            chunks = list(table.chunks())
    read = [list(row) for chunk in chunks for row in zip(*chunk.columns, strict=True)]
    assert [reject for chunk in chunks for reject in chunk.rejects] == []
    assert read == [[cell or None for cell in row] for row in csv.reader(["首行,1,2", *lines])]

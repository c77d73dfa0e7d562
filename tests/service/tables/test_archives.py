import gzip
import io
import zipfile
from pathlib import Path

import pytest

from service.tables.chunk import Limits
from service.tables.problems import (
    EmptyFile,
    NestedArchive,
    PasswordProtected,
    SeveralFilesInArchive,
    TableProblem,
    Truncated,
    ZipBomb,
)
from service.tables.reader import open_table
from tests.service.tables.test_text import HEADER, ROW, read, written
from tests.service.tables.test_workbooks import xlsx, zipped

TABLE = f"{HEADER}\n{ROW}\n".encode()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TABLE),
        zipped({"a.csv": TABLE}),
        zipped({"folder/": b"", "folder/a.csv": TABLE, "__MACOSX/folder/._a.csv": b"x", "folder/.DS_Store": b"x"}),
    ],
)
def test_one_file_in_an_archive_is_unpacked(tmp_path: Path, content: bytes) -> None:
    with open_table(written(tmp_path, content)) as table:
        rows, rejects = read(table)
    assert (table.format, len(rows), rejects) == ("csv", 1, [])


def test_a_workbook_in_an_archive(tmp_path: Path) -> None:
    book = xlsx(tmp_path, {"表": [HEADER.split(","), ROW.split(",")]}).read_bytes()
    with open_table(written(tmp_path, zipped({"book": book}))) as table:
        assert (table.format, len(read(table)[0])) == ("xlsx", 1)


def encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": TABLE}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def with_bad_checksum() -> bytes:
    content = bytearray(zipped({"a.csv": TABLE}))
    content[content.rindex(b"PK\x01\x02") + 16] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "problem", "code"),
    [
        (zipped({}), EmptyFile, "empty_file"),
        (zipped({"a.csv": b""}), EmptyFile, "empty_file"),
        (zipped({"a.csv": TABLE, "b.csv": TABLE}), SeveralFilesInArchive, "several_files_in_archive"),
        (zipped({"a.zip": zipped({"a.csv": TABLE})}), NestedArchive, "nested_archive"),
        (gzip.compress(gzip.compress(TABLE)), NestedArchive, "nested_archive"),
        (encrypted(), PasswordProtected, "password_protected"),
        (with_bad_checksum(), Truncated, "truncated"),
        (gzip.compress(TABLE)[:-9], Truncated, "truncated"),
        (gzip.compress(TABLE)[:5], Truncated, "truncated"),
        (zipped({"a.csv": TABLE})[:-30], Truncated, "truncated"),
    ],
)
def test_archive_problems(tmp_path: Path, content: bytes, problem: type[TableProblem], code: str) -> None:
    with pytest.raises(problem) as caught:
        open_table(written(tmp_path, content))
    assert caught.value.code == code
    assert caught.value.detail
    assert caught.value.detail_zh


@pytest.mark.parametrize("limits", [Limits(unpacked=1_000_000), Limits(ratio=100, ratio_from=1_000_000)])
def test_bombs_are_stopped_by_what_is_met_and_not_by_what_is_stated(tmp_path: Path, limits: Limits) -> None:
    for content in (gzip.compress(bytes(5_000_000)), zipped({"a.csv": bytes(5_000_000)})):
        with pytest.raises(ZipBomb) as caught:
            open_table(written(tmp_path, content), limits=limits)
        assert caught.value.code == "zip_bomb"


def test_names_in_code_page_936_are_shown_right(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("aa.csv", "bb.csv"):
            archive.writestr(name, TABLE)
    content = target.getvalue().replace(b"aa.csv", "甲".encode("gbk") + b".csv")
    with pytest.raises(SeveralFilesInArchive, match=r"甲\.csv"):
        open_table(written(tmp_path, content))

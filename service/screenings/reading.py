"""The rows of a file that was handed in: which column holds the code, which the name and which the platform's own reference.

Files are opened as those of imports are. They need no heading: where the first row holds a code, it is a row like the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import polars as pl

from service.screenings.rules import LONGEST_TEXT
from service.tables.chunk import Chunk, Limits
from service.tables.columns import choose_map
from service.tables.headers import Header, HeadRow, find_header
from service.tables.names import clean_name
from service.tables.problems import UnknownColumn
from service.tables.reader import Table, open_table
from service.uscc.rules import check

#: Headings that are understood besides those of the column maps.
HEADINGS: Final = {
    "code": ("uscc", "code", "credit_code", "统一社会信用代码"),
    "name": ("name", "company", "merchant", "名称", "企业名称", "商户名称"),
    "reference": ("reference", "ref", "id", "merchant_id", "编号", "商户编号"),
}
_SEEN_ROWS: Final = 30
SCHEMA: Final = {"line": pl.Int64, "code": pl.String, "name": pl.String, "reference": pl.String, "fault": pl.String}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file hold what, from 0; None: none does."""

    code: int
    name: int | None = None
    reference: int | None = None


class RowFile:
    """An opened file of codes, a context manager. `share` says how much of it was read, in percent."""

    def __init__(self, path: Path, *, encoding: str | None, sheet: str | None, limits: Limits) -> None:
        self._first: Sequence[HeadRow] = ()
        self._table: Table = open_table(path, encoding=encoding, sheet=sheet, limits=limits, find=self._find)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._table.__exit__(None, None, None)

    @property
    def share(self) -> int:
        """How much of the rows was read so far, in percent."""
        return self._table.share

    def frames(self, size: int, *, named: dict[str, str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield all rows in the order of the file (`SCHEMA`), about `size` at a time; `named` says by its heading what a column holds.

        A row that cannot be read has its `fault` and nothing else.

        Raises:
            UnknownColumn: no column has the heading that `named` gives.
            Truncated: the file breaks off.
        """
        columns = self._columns(named or {})
        for chunk in self._table.chunks(size):
            yield _frame(chunk, columns)

    def _find(self, rows: Sequence[HeadRow]) -> Header | None:
        self._first = rows
        if not rows:
            return None
        known = {name for names in HEADINGS.values() for name in names}
        if not any(_is_code(cell) for cell in rows[0].cells):
            found = find_header(rows)
            if found is not None:
                return found
            if any(clean_name(cell).lower() in known for cell in rows[0].cells):
                return Header(rows[0], tuple(clean_name(cell) for cell in rows[0].cells), 0, ())
        width = max(len(row.cells) for row in rows)
        names = ("column 1", *[""] * (width - 1))  # a row may leave out what has no name
        before = rows[0].line - 1
        return Header(HeadRow(before, before, names), names, 0, ())

    def _columns(self, named: dict[str, str]) -> Columns:
        header = self._table.header
        found = {what: header.index(clean_name(name)) for what, name in named.items() if clean_name(name) in header}
        for what, name in named.items():
            if what not in found:
                raise UnknownColumn(name, header)
        for what, names in HEADINGS.items():
            at = next(
                (at for at, name in enumerate(header) if name.lower() in names and at not in found.values()), None
            )
            if at is not None:
                found.setdefault(what, at)
        maps = choose_map(header, "subjects").fields
        for what, fields in (("code", ("uscc", "uscc_or_old")), ("name", ("name",))):
            at = next((maps[one] for one in fields if one in maps and maps[one] not in found.values()), None)
            if at is not None:
                found.setdefault(what, at)
        rows = [row for row in self._first if row.line > self._table.header_line][:_SEEN_ROWS]
        if "code" not in found:
            counts = [sum(_is_code(cell) for cell in column) for column in _by_column(rows, len(header))]
            found["code"] = max(range(len(header)), key=lambda at: (counts[at], -at))
        if self._table.header_line < (self._first[0].line if self._first else 1):
            self._add_unnamed(found, _by_column(rows, len(header)))
        return Columns(found["code"], found.get("name"), found.get("reference"))

    def _add_unnamed(self, found: dict[str, int], columns: Sequence[Sequence[str | None]]) -> None:
        """Without a heading the first other column with Chinese texts is the name, and the first of the rest the reference."""
        for at, cells in enumerate(columns):
            if at in found.values():
                continue
            is_text = any(cell and any("\u4e00" <= char <= "\u9fff" for char in cell) for cell in cells)
            found.setdefault("name" if is_text and "name" not in found else "reference", at)


def read_codes(path: Path) -> Iterator[str]:
    """Yield the codes of a file in its order, as they stand there.

    Raises:
        TableProblem: the file is none that can be read.
    """
    with RowFile(path, encoding=None, sheet=None, limits=Limits()) as file:
        for frame in file.frames(50_000):
            yield from (code for code in frame["code"] if code)


def _is_code(cell: str | None) -> bool:
    return bool(cell) and check(str(cell)).code is not None


def _by_column(rows: Sequence[HeadRow], width: int) -> list[list[str | None]]:
    return [[row.cells[at] if at < len(row.cells) else None for row in rows] for at in range(width)]


def _frame(chunk: Chunk, columns: Columns) -> pl.DataFrame:
    def column(name: str, at: int | None) -> pl.Series:
        if at is None:
            return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(chunk.lines))
        return pl.Series(name, chunk.columns[at], dtype=pl.String)

    frame = pl.DataFrame(
        [
            pl.Series("line", chunk.lines, dtype=pl.Int64),
            column("code", columns.code),
            column("name", columns.name),
            column("reference", columns.reference),
        ]
    ).with_columns(
        pl.col("name", "reference").str.strip_chars().str.slice(0, LONGEST_TEXT), fault=pl.lit(None, pl.String)
    )
    if chunk.rejects:
        bad = {"line": [one.line for one in chunk.rejects], "fault": [one.reason for one in chunk.rejects]}
        frame = pl.concat([frame, pl.DataFrame(bad, {"line": pl.Int64, "fault": pl.String})], how="diagonal").sort(
            "line", maintain_order=True
        )
    return frame.select(SCHEMA.keys())

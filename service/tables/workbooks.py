from collections.abc import Iterator, Sequence
from itertools import compress, islice, zip_longest
from typing import BinaryIO, Protocol

import polars as pl
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from service.tables import ole
from service.tables.cells import CellValue, cell_text, text_series
from service.tables.chunk import Chunk, Limits, Reject, cut
from service.tables.headers import HeaderFinder, HeadRow
from service.tables.problems import (
    NotATable,
    PasswordProtected,
    SheetTooLarge,
    Truncated,
    UnknownSheet,
)
from service.tables.sheet_size import check_workbook
from service.tables.source import Format
from service.tables.word_formats import worded_numbers


class WorkbookSource:
    """One sheet of an XLSX or XLS workbook. Formulas give their stored value; links to outside are never followed.

    The sheet is the one asked for, else the visible one whose header row names most known columns. The used area of a
    sheet is held in memory while the source is open: `Limits.cells` bounds it.

    Raises:
        UnknownSheet: there is no sheet of that name.
        SheetTooLarge, ZipBomb, Truncated, PasswordProtected, UnsupportedFormat, NotATable: see those.
    """

    encoding = None
    delimiter = None

    def __init__(self, file: BinaryIO, kind: Format, sheet: str | None, limits: Limits, find: HeaderFinder) -> None:
        self.format: Format = kind
        self._limits = limits
        self.blank_rows = 0
        if kind == "xlsx":
            check_workbook(file, limits)
        else:
            _check_xls(file, limits)
        file.seek(0)
        try:
            self._workbook = CalamineWorkbook.from_filelike(file)
            self.sheet: str | None
            self.notes: Sequence[str]
            self.sheet, self._sheet, self.notes = self._choose(sheet, find)
        except PasswordError as error:
            raise PasswordProtected("workbook", "工作簿") from error
        except CalamineError as error:
            raise Truncated("workbook", "工作簿") from error
        self.last_line = self._sheet.total_height
        self._worded = worded_numbers(file, self.sheet) if kind == "xlsx" else {}
        self._file = file

    def close(self) -> None:
        """Drop the sheet and close the file."""
        del self._sheet
        self._workbook.close()
        self._file.close()

    def _choose(self, asked: str | None, find: HeaderFinder) -> tuple[str, CalamineSheet, tuple[str, ...]]:
        metadata = [one for one in self._workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        if asked is not None:
            if asked not in [one.name for one in metadata]:
                raise UnknownSheet(asked, [one.name for one in metadata])
            return asked, self._workbook.get_sheet_by_name(asked), ()
        best: tuple[tuple[int, bool, int], str, CalamineSheet] | None = None
        others = []
        for position, one in enumerate(metadata):
            sheet = self._workbook.get_sheet_by_name(one.name)
            header = find(head_rows(enumerate(sheet.iter_rows(), start=1), self._limits.header_rows))
            if header is None:
                continue
            rank = (header.known, one.visible == SheetVisibleEnum.Visible, -position)
            others.append(one.name)
            if best is None or rank > best[0]:
                best = rank, one.name, sheet
        if best is None:
            raise NotATable("no sheet has a header row", "没有任何工作表带有表头")
        notes = tuple(f"another table is on sheet {name}" for name in others if name != best[1])
        return best[1], best[2], notes

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank."""
        return head_rows(self._numbered_rows(), self._limits.header_rows)

    def _numbered_rows(self) -> Iterator[tuple[int, Sequence[CellValue]]]:
        rows: Iterator[tuple[int, Sequence[CellValue]]] = enumerate(self._sheet.iter_rows(), start=1)
        if not self._worded:
            return rows
        return ((line, self._in_words(line, row)) for line, row in rows)

    def _in_words(self, line: int, row: Sequence[CellValue]) -> Sequence[CellValue]:
        words = self._worded.get(line)
        return [words.get(at, cell) for at, cell in enumerate(row)] if words else row

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below sheet row `after_line`."""
        del named
        rows = islice(self._numbered_rows(), after_line, None)
        return sheet_chunks(rows, width, size, self._limits, self)


def _check_xls(file: BinaryIO, limits: Limits) -> None:
    try:
        compound = ole.CompoundFile(file)
        name = "Workbook" if "Workbook" in compound.entries else "Book"
        areas = list(ole.sheet_areas(compound.stream(name)))
    except ole.BrokenCompoundFile as error:
        raise Truncated("workbook", "工作簿") from error
    total = sum(rows * columns for rows, columns in areas)
    if total > limits.cells:
        rows, columns = max(areas, key=lambda area: area[0] * area[1])
        raise SheetTooLarge(f"1-{len(areas)}", rows, columns, limits.cells)


def head_rows(rows: Iterator[tuple[int, Sequence[CellValue]]], count: int) -> list[HeadRow]:
    """Return the first `count` rows that have a cell with content."""
    found = []
    for line, row in rows:
        cells = [cell_text(value) for value in row]
        if any(cell and cell.strip() for cell in cells):
            found.append(HeadRow(line, line, [cut(cell, 1000) if cell else None for cell in cells]))
            if len(found) >= count:
                break
    return found


def sheet_chunks(
    rows: Iterator[tuple[int, Sequence[CellValue]]], width: int, size: int, limits: Limits, counts: "Counts"
) -> Iterator[Chunk]:
    """Turn numbered rows of cells into chunks of `width` columns; blank rows are counted and left out."""
    while batch := list(islice(rows, size)):
        lines = [line for line, _ in batch]
        found = [text_series(column) for column in zip_longest(*(row for _, row in batch))]
        filled = pl.select(
            pl.any_horizontal([column.is_not_null() for column in found] or pl.lit(value=False))
        ).to_series()
        if not filled.all():
            kept = list(compress(lines, filled)) if found else []
            counts.blank_rows += len(lines) - len(kept)
            lines = kept
            found = [column.filter(filled) for column in found]
        if lines and _is_plain(found, width, limits):
            missing = pl.repeat(None, len(lines), dtype=pl.String, eager=True)
            yield Chunk(lines, [*found[:width], *[missing] * (width - len(found))])
        elif lines:
            yield _without_misfits(lines, [column.to_list() for column in found], width, limits)


def _is_plain(columns: Sequence[pl.Series], width: int, limits: Limits) -> bool:
    """Return whether no row is to be rejected."""
    if any((column.str.strip_chars() != "").any() for column in columns[width:]):
        return False
    # No character takes more than four bytes, nor less than one.
    suspects = [column for column in columns if (column.str.len_bytes() > limits.cell).any()]
    if any((column.str.len_chars() > limits.cell).any() for column in suspects):
        return False
    return not any(column.str.contains("\0", literal=True).any() for column in columns)


def _without_misfits(lines: list[int], columns: list[list[str | None]], width: int, limits: Limits) -> Chunk:
    rejects: list[Reject] = []
    if len(columns) > width:
        _reject_rows(lines, columns, rejects, limits, "field_count", _beyond(columns, width))
        del columns[width:]
    _reject_rows(lines, columns, rejects, limits, "cell_too_large", _oversized(columns, limits.cell))
    _reject_rows(lines, columns, rejects, limits, "nul_bytes", _with_nul(columns))
    columns.extend([None] * len(lines) for _ in range(width - len(columns)))
    return Chunk(lines, columns, rejects)


class Counts(Protocol):
    """What counts the blank rows."""

    blank_rows: int


def _beyond(columns: Sequence[Sequence[str | None]], width: int) -> set[int]:
    """Return the places of rows that have a cell with content beyond the header."""
    return {at for column in columns[width:] for at, cell in enumerate(column) if cell and cell.strip()}


def _oversized(columns: Sequence[Sequence[str | None]], limit: int) -> set[int]:
    return {at for column in columns for at, cell in enumerate(column) if cell and len(cell) > limit}


def _with_nul(columns: Sequence[Sequence[str | None]]) -> set[int]:
    suspect = [column for column in columns if "\0" in "".join(filter(None, column))]
    return {at for column in suspect for at, cell in enumerate(column) if cell and "\0" in cell}


def _reject_rows(
    lines: list[int],
    columns: list[list[str | None]],
    rejects: list[Reject],
    limits: Limits,
    reason: str,
    places: set[int],
) -> None:
    for at in sorted(places, reverse=True):
        content = "\t".join(cut(column[at] or "", limits.content) for column in columns)
        rejects.append(Reject(lines.pop(at), reason, cut(content, limits.content)))
        for column in columns:
            del column[at]

"""Opening a file as a table: what it is, where its header stands, and its rows by column."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import polars as pl

from service.tables import archives
from service.tables.chunk import Chunk, Column, Limits, Reject, cut
from service.tables.encoding import survey
from service.tables.headers import HeaderFinder, HeadRow, find_header
from service.tables.jsonlines import JsonLinesSource
from service.tables.names import clean_name
from service.tables.problems import NestedArchive, NotATable, TooManyColumns
from service.tables.sniff import Content, classify, is_json_lines
from service.tables.source import Source
from service.tables.spreadsheetml import SpreadsheetmlSource
from service.tables.text import TextSource
from service.tables.workbooks import WorkbookSource

_TOTALS = frozenset(("合计", "总计", "小计", "共计"))
_TOTALS_COLUMNS = 3
_WRAPPING = 8  # blanks and line breaks that a repeated header name may carry


class Table:
    """An opened table; a context manager that closes its file.

    `header` has the cleaned column names ("" where a column has none), `header_line` its 1-based line (0 for JSON
    Lines, which have keys and no header line), `notes` what stands above it. `blank_rows` is known once the rows were
    read. Columns without a name at the end belong to the header only where one of the first rows has content there;
    later rows that do are rejects.
    """

    def __init__(self, source: Source, limits: Limits, find: HeaderFinder) -> None:
        self._source = source
        self._limits = limits
        rows = source.head()
        found = find(rows)
        if found is None:
            raise NotATable("no row looks like a header", "没有一行像表头")
        if sum(map(bool, found.names)) > limits.columns:
            raise TooManyColumns(sum(map(bool, found.names)), limits.columns)
        named = max((at for at, name in enumerate(found.names, start=1) if name), default=0)
        below = [row for row in rows if row.line > found.row.line]
        used = min(max((_last_content(row) for row in below), default=0), len(found.names), named + limits.columns)
        self.header: tuple[str, ...] = found.names[: max(named, used)]
        self.header_line = found.row.line
        self.notes: tuple[str, ...] = (*found.notes, *source.notes)
        self.format = source.format
        self.encoding = source.encoding
        self.delimiter = source.delimiter
        self.sheet = source.sheet
        self._after = found.row.last_line
        self._at = found.row.last_line
        self._named = named

    @property
    def blank_rows(self) -> int:
        """How many blank rows were passed over so far."""
        return self._source.blank_rows

    @property
    def share(self) -> int:
        """How much of the rows was read so far, in percent."""
        return min(100, 100 * self._at // max(self._source.last_line, 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._source.close()

    def chunks(self, size: int = 20_000) -> Iterator[Chunk]:
        """Yield all rows below the header by column, about `size` rows at a time.

        Rows that repeat the header and rows that are a total are rejects, like rows that cannot be read.

        Raises:
            Truncated: the file breaks off; the chunks before the break have been yielded.
        """
        for chunk in self._source.rows(self._after, len(self.header), self._named, size):
            for at, reason in sorted(self._no_records(chunk).items(), reverse=True):
                content = "\t".join(column[at] or "" for column in chunk.columns)
                chunk.rejects.append(Reject(chunk.lines.pop(at), reason, cut(content, self._limits.content)))
                chunk.columns = [_without(column, at) for column in chunk.columns]
            self._at = max([self._at, *chunk.lines[-1:], *(reject.line for reject in chunk.rejects[-1:])])
            yield chunk

    def _no_records(self, chunk: Chunk) -> dict[int, str]:
        """Return the places of rows that are a total or the header again, with the reason."""
        places: dict[int, str] = {}
        for position, column in enumerate(chunk.columns[:_TOTALS_COLUMNS]):
            for at, cell in _suspects(column, _WRAPPING - 1, "计"):
                if _is_total(cell):
                    before = chunk.columns[:position]
                    if not any(other[at] and str(other[at]).strip() for other in before):
                        places[at] = "totals_row"
        lead = next(at for at, name in enumerate(self.header) if name)
        name = self.header[lead]
        for at, cell in _suspects(chunk.columns[lead], len(name) + _WRAPPING, name[0] + name[-1]):
            if clean_name(cell) == name and self._is_header(chunk, at):
                places[at] = "header_repeated"
        return places

    def _is_header(self, chunk: Chunk, at: int) -> bool:
        return all(clean_name(column[at]) == name for name, column in zip(self.header, chunk.columns, strict=True))


def _without(column: Column, at: int) -> Column:
    if isinstance(column, pl.Series):
        return column.slice(0, at).append(column.slice(at + 1))
    del column[at]
    return column


def _suspects(column: Column, longest: int, needed: str) -> list[tuple[int, str]]:
    """Return places and texts of the cells of at most `longest` characters that hold all characters of `needed`."""
    if isinstance(column, pl.Series):
        found = column.str.len_chars() <= longest
        for char in needed:
            found &= column.str.contains(char, literal=True)
        places = found.fill_null(value=False).arg_true()
        return list(zip(places, column.gather(places), strict=True))
    return [
        (at, cell)
        for at, cell in enumerate(column)
        if cell is not None and len(cell) <= longest and all(char in cell for char in needed)
    ]


def _is_total(cell: str) -> bool:
    return "".join(cell.split()).rstrip(":：") in _TOTALS


def _last_content(row: HeadRow) -> int:
    cells: Sequence[str | None] = row.cells
    return max((at for at, cell in enumerate(cells, start=1) if cell and cell.strip()), default=0)


def open_table(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    limits: Limits | None = None,
    find: HeaderFinder = find_header,
) -> Table:
    """Open a file as a table, by its content and never by its name; `.zip` and `.gz` around one file are unpacked.

    `encoding` overrides what would be found for text; `sheet` names the sheet of a workbook. `find` says which of the first rows
    is the header; it may say that the rows begin at once, by a header that stands before them.

    Raises:
        TableProblem: one of its kinds says what the file is instead, and what to do.
        OSError: the file cannot be opened.
    """
    bounds = limits or Limits()
    file = cast("BinaryIO", path.open("rb"))
    try:
        content = classify(file)
        if content == "zip" or content == "gz":  # noqa: PLR1714 - narrows the literal type
            packed, file = file, archives.unpack(file, content, bounds)
            packed.close()
            content = classify(file)
            if content in {"zip", "gz"}:
                raise NestedArchive
        source = _source(file, content, encoding, sheet, bounds, find)
    except BaseException:
        file.close()
        raise
    try:
        return Table(source, bounds, find)
    except BaseException:
        source.close()
        raise


def _source(
    file: BinaryIO, content: Content, encoding: str | None, sheet: str | None, limits: Limits, find: HeaderFinder
) -> Source:
    if content == "xlsx" or content == "xls":  # noqa: PLR1714 - narrows the literal type
        return WorkbookSource(file, content, sheet, limits, find)
    if content == "spreadsheetml":
        return SpreadsheetmlSource(file, sheet, limits)
    found = survey(file, encoding, limits)
    if found.file is not file:
        file.close()
    try:
        found.file.seek(found.start)
        if is_json_lines(found.file.read(4096)):
            return JsonLinesSource(found, limits)
        return TextSource(found, limits)
    except BaseException:
        found.file.close()
        raise

"""Opening a file as a table: what it is, where its header stands, and its rows by column."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from service.tables import archives
from service.tables.chunk import Chunk, Limits, Reject
from service.tables.encoding import survey
from service.tables.headers import find_header
from service.tables.jsonlines import JsonLinesSource
from service.tables.names import clean_name
from service.tables.problems import NestedArchive, NotATable, TooManyColumns
from service.tables.sniff import Content, classify, is_json_lines
from service.tables.source import Source
from service.tables.spreadsheetml import SpreadsheetmlSource
from service.tables.text import TextSource
from service.tables.workbooks import WorkbookSource

_TOTALS = ("合计", "总计", "小计", "共计")


class Table:
    """An opened table; a context manager that closes its file.

    `header` has the cleaned column names ("" where a column has none), `header_line` its 1-based line, `notes` what
    stands above it. `blank_rows` is known once the rows were read.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        found = find_header(source.head())
        if found is None:
            raise NotATable("no row looks like a header", "没有一行像表头")
        names = list(found.names)
        while names and not names[-1]:
            names.pop()
        if sum(map(bool, names)) > limits.columns:
            raise TooManyColumns(len(names), limits.columns)
        self.header: tuple[str, ...] = tuple(names)
        self.header_line = found.row.line
        self.notes: tuple[str, ...] = (*found.notes, *source.notes)
        self.format = source.format
        self.encoding = source.encoding
        self.delimiter = source.delimiter
        self.sheet = source.sheet
        self._after = found.row.last_line
        self._width = len(found.names)

    @property
    def blank_rows(self) -> int:
        """How many blank rows were passed over so far."""
        return self._source.blank_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._source.close()

    def chunks(self, size: int = 20_000) -> Iterator[Chunk]:
        """Yield all rows below the header by column, about `size` rows at a time.

        Rows that repeat the header and rows that are a total are rejects, like rows that cannot be read.
        """
        width = len(self.header)
        for chunk in self._source.rows(self._after, self._width, width, size):
            surplus = any(any(column) for column in chunk.columns[width:])
            columns = chunk.columns if surplus else chunk.columns[:width]
            chunk.columns[:] = columns[:width]
            self._reject_repeats(chunk)
            yield chunk

    def _reject_repeats(self, chunk: Chunk) -> None:
        places = [
            (at, "header_repeated")
            for at, cell in enumerate(self._lead(chunk))
            if cell and clean_name(cell) in self.header and self._is_header(chunk, at)
        ]
        places += [
            (at, "totals_row")
            for at, cell in enumerate(chunk.columns[0] if chunk.columns else ())
            if cell and cell.strip().rstrip(":：") in _TOTALS
        ]
        for at, reason in sorted(set(places), reverse=True):
            content = "\t".join(column[at] or "" for column in chunk.columns)
            chunk.rejects.append(Reject(chunk.lines[at], reason, content))
            del chunk.lines[at]
            for column in chunk.columns:
                del column[at]

    def _lead(self, chunk: Chunk) -> Sequence[str | None]:
        """Return the first column that has a name; a repeated header shows there."""
        at = next((at for at, name in enumerate(self.header) if name), 0)
        return chunk.columns[at] if chunk.columns else ()

    def _is_header(self, chunk: Chunk, at: int) -> bool:
        return all(clean_name(column[at]) == name for name, column in zip(self.header, chunk.columns, strict=True))


def open_table(
    path: Path, *, encoding: str | None = None, sheet: str | None = None, limits: Limits | None = None
) -> Table:
    """Open a file as a table, by its content and never by its name; `.zip` and `.gz` around one file are unpacked.

    `encoding` overrides what would be found for text; `sheet` names the sheet of a workbook.

    Raises:
        TableProblem: one of its kinds says what the file is instead, and what to do.
        OSError: the file cannot be opened.
    """
    bounds = limits or Limits()
    file = cast("BinaryIO", path.open("rb"))
    try:
        content = classify(file)
        if content in {"zip", "gz"}:
            packed, file = file, archives.unpack(file, content, bounds)
            packed.close()
            content = classify(file)
            if content in {"zip", "gz"}:
                raise NestedArchive
        return Table(_source(file, content, encoding, sheet, bounds), bounds)
    except BaseException:
        file.close()
        raise


def _source(file: BinaryIO, content: Content, encoding: str | None, sheet: str | None, limits: Limits) -> Source:
    if content == "xlsx" or content == "xls":  # noqa: PLR1714 - narrows the literal type
        return WorkbookSource(file, content, sheet, limits)
    if content == "spreadsheetml":
        return SpreadsheetmlSource(file, sheet, limits)
    found = survey(file, encoding, limits)
    if found.file is not file:
        file.close()  # a transcoded copy stands in for it
    found.file.seek(found.start)
    if is_json_lines(found.file.read(4096)):
        return JsonLinesSource(found, limits)
    return TextSource(found, limits)

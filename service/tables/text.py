"""CSV and its kin: records with exact line numbers, and nothing lost when quoting is broken."""

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from service.tables.chunk import Chunk, Limits, Reject, cut
from service.tables.encoding import Survey
from service.tables.headers import HeadRow
from service.tables.source import Format

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 1024 * 1024
_LONGEST_RECORD = 200  # lines; a quote that is still open after so many was never meant to open
_CHUNK_CHARACTERS = 16 * 1024 * 1024


class _OpenQuote(Exception):
    pass


class TextSource:
    """A delimited text file that has been surveyed."""

    sheet: str | None = None
    notes: Sequence[str] = ()

    def __init__(self, survey: Survey, limits: Limits) -> None:
        self._survey = survey
        self._limits = limits
        self.encoding: str | None = survey.encoding
        self.blank_rows = 0
        # One limit for the whole process, so it only ever grows; the limit of cells is looked at here.
        csv.field_size_limit(max(csv.field_size_limit(), limits.line))
        self.delimiter: str | None = self._find_delimiter()
        self.format: Format = "tsv" if self.delimiter == "\t" else "csv"

    def close(self) -> None:
        """Close the file."""
        self._survey.file.close()

    def _text(self) -> io.TextIOWrapper:
        survey = self._survey
        survey.file.seek(survey.start)
        return io.TextIOWrapper(survey.file, survey.codec, "surrogateescape", newline=survey.newline)

    def _lines(self, skip: int) -> Iterator[str]:
        text = self._text()
        try:
            yield from islice(text, skip, None)
        finally:
            if not self._survey.file.closed:
                text.detach()

    def _find_delimiter(self) -> str:
        lines: list[str] = []
        size = 0
        for line in self._lines(0):
            if line.strip():
                lines.append(line)
            size += len(line)
            if len(lines) >= _SAMPLE_LINES or size > _SAMPLE_CHARACTERS:
                break
        scores = {}
        for delimiter in _DELIMITERS:
            widths = Counter(len(next(csv.reader([line], delimiter=delimiter), ())) for line in lines)
            scores[delimiter] = max(((width - 1) * count for width, count in widths.items()), default=0)
        return max(_DELIMITERS, key=lambda delimiter: scores[delimiter])

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank."""
        rows = []
        for line, raw, cells in self._records(0, 0):
            if cells is not None and any(cell.strip() for cell in cells):
                shown = [cut(cell, 1000) for cell in cells]
                rows.append(HeadRow(line, line + len(raw) - 1, shown))
            if len(rows) >= self._limits.header_rows:
                break
        return rows

    def _records(self, skip: int, width: int) -> Iterator[tuple[int, list[str], list[str] | None]]:
        """Yield (first line, raw lines, cells) of every record; cells None where the quoting is broken.

        The list of raw lines is reused. `width` 0: not known yet.
        """
        delimiter = cast("str", self.delimiter)
        lines = self._lines(skip)
        raw: list[str] = []
        again: deque[str] = deque()

        def feed() -> Iterator[str]:
            while True:
                line = again.popleft() if again else next(lines, None)
                if line is None:
                    return
                raw.append(line)
                if len(raw) > _LONGEST_RECORD:
                    raise _OpenQuote
                yield line

        number = skip + 1
        while True:
            try:
                for cells in csv.reader(feed(), delimiter=delimiter, strict=True):
                    if len(raw) > 1 and _swallows(raw, delimiter, width):
                        raise _OpenQuote
                    yield number, raw, cells
                    number += len(raw)
                    raw.clear()
            except (csv.Error, _OpenQuote):
                again.extendleft(reversed(raw[1:]))
                del raw[1:]
                # A stray quote is part of the text when the line then has as many fields as the header.
                parts = raw[0].rstrip("\r\n").split(delimiter)
                yield number, raw, parts if width in {0, len(parts)} else None
                number += 1
                raw.clear()
            else:
                return

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below `after_line`; a row that does not fit is rejected whole, with its raw text."""
        limits, flagged = self._limits, self._survey.flagged
        lines: list[int] = []
        rows: list[list[str]] = []
        rejects: list[Reject] = []
        characters = 0
        for line, raw, cells in self._records(after_line, width):
            length = len(raw[0]) if len(raw) == 1 else sum(map(len, raw))
            reason = self._fault(line, raw, cells, length) if flagged or cells is None or length > limits.cell else None
            if reason is None and cells is not None:
                if not any(cells) or (not cells[0] and not "".join(cells).strip()):
                    self.blank_rows += 1
                    continue
                if len(cells) != width:
                    reason = _fit(cells, width, named)
            if reason is None and cells is not None:
                lines.append(line)
                rows.append(cells)
            else:
                rejects.append(Reject(line, reason or "field_count", cut("".join(raw).rstrip("\r\n"), limits.content)))
                length = min(length, limits.content)
            characters += length
            if len(rows) >= size or len(rejects) >= size or characters > _CHUNK_CHARACTERS:
                yield Chunk(lines, by_column(rows, width), rejects)
                lines, rows, rejects, characters = [], [], [], 0
        if rows or rejects:
            yield Chunk(lines, by_column(rows, width), rejects)

    def _fault(self, line: int, raw: Sequence[str], cells: Sequence[str] | None, length: int) -> str | None:
        flagged = self._survey.flagged
        if flagged:
            reason = next((flagged[at] for at in range(line, line + len(raw)) if at in flagged), None)
            if reason:
                return reason
        if length > self._limits.cell and (cells is None or max(map(len, cells)) > self._limits.cell):
            return "cell_too_large"
        return "broken_quote" if cells is None else None


def _swallows(raw: Sequence[str], delimiter: str, width: int) -> bool:
    # A record over several lines that by themselves have as many fields as a row: a stray quote joined rows.
    if width < 4:
        return False
    counts = [line.count(delimiter) for line in raw]
    return any(count >= width - 1 for count in counts[1:-1]) or counts[0] == counts[-1] == width - 1


def _fit(cells: list[str], width: int, named: int) -> str | None:
    # Empty cells beyond the header, and left-out columns that have no name, are no loss.
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        del cells[width:]
    elif named <= len(cells) < width:
        cells.extend("" for _ in range(width - len(cells)))
    return None if len(cells) == width else "field_count"


def by_column(rows: Sequence[Sequence[str]], width: int) -> list[list[str | None]]:
    """Turn rows of equal width into columns; an empty text becomes None."""
    if not rows:
        return [[] for _ in range(width)]
    return [[cell or None for cell in column] if "" in column else list(column) for column in zip(*rows, strict=True)]

"""CSV and its kin: records with exact line numbers, and nothing lost when quoting is broken."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Self, cast

import polars as pl

from service.tables.chunk import Chunk, Limits, Reject, cut
from service.tables.encoding import Survey
from service.tables.headers import HeadRow
from service.tables.source import Format

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 1024 * 1024
_LONGEST_RECORD = 200  # lines; a quote that is still open after so many was never meant to open
_NARROW, _WIDE = 4, 8
_BATCH_LINES = 5_000
_BLOCK_CHARACTERS = 256 * 1024
_FEW_QUOTED = 10  # one line of so many may hold quotes for the others to be read natively
_BATCH_CHARACTERS = 4 * 1024 * 1024
_CHUNK_CHARACTERS = 16 * 1024 * 1024


class _OpenQuote(Exception):
    pass


class _Lines:
    # The lines still to be read; some may be given back.

    def __init__(self, blocks: Iterator[list[str]]) -> None:
        self._blocks = blocks
        self._block: list[str] = []
        self._at = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._at == len(self._block):
            self._block, self._at = next(self._blocks), 0
        self._at += 1
        return self._block[self._at - 1]

    def give_back(self, lines: Sequence[str]) -> None:
        self._block[: self._at] = lines
        self._at = 0

    def take(self, count: int) -> list[str]:
        taken: list[str] = []
        while len(taken) < count and sum(map(len, taken)) <= _BATCH_CHARACTERS:
            if self._at == len(self._block):
                self._block, self._at = next(self._blocks, []), 0
                if not self._block:
                    break
            more = self._block[self._at : self._at + count - len(taken)]
            self._at += len(more)
            taken += more
        return taken


@dataclass(slots=True)
class _Gathered:
    # What goes into the next chunk, a batch of rows at a time.
    width: int
    parts: list[pl.DataFrame] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    characters: int = 0

    def add(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        if rows:
            columns = [[cell or None for cell in column] for column in zip(*rows, strict=True)]
            self.add_frame(
                lines, pl.DataFrame(dict(zip(_names(self.width), columns, strict=True)), _schema(self.width))
            )

    def add_frame(self, lines: Sequence[int], frame: pl.DataFrame) -> None:
        self.lines.extend(lines)
        self.parts.append(frame)

    def chunk(self) -> Chunk:
        frame = pl.concat(self.parts) if self.parts else pl.DataFrame(schema=_schema(self.width))
        return Chunk(self.lines, frame.get_columns(), self.rejects)


def _names(width: int) -> list[str]:
    return [f"x{at}" for at in range(width)]


def _schema(width: int) -> dict[str, type[pl.String]]:
    return dict.fromkeys(_names(width), pl.String)


class TextSource:
    """A delimited text file that has been surveyed."""

    sheet = None
    notes: Sequence[str] = ()

    def __init__(self, survey: Survey, limits: Limits) -> None:
        self._survey = survey
        self._limits = limits
        self.encoding: str | None = survey.encoding
        self.blank_rows = 0
        self.last_line = survey.lines
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

    def _blocks(self, skip: int) -> Iterator[list[str]]:
        text = self._text()
        try:
            for _ in islice(text, skip):
                pass
            while block := text.readlines(_BLOCK_CHARACTERS):
                yield block
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
            # A carriage return within a line is content here; the reader would take it for the end of a file's line.
            rows = (csv.reader([line.replace("\r", " ")], delimiter=delimiter) for line in lines)
            widths = Counter(len(next(row, ())) for row in rows)
            scores[delimiter] = max(((width - 1) * count for width, count in widths.items()), default=0)
        return max(_DELIMITERS, key=lambda delimiter: scores[delimiter])

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank."""
        rows = []
        for line, raw, cells in self._records(_Lines(self._blocks(0)), 1, 0):
            if cells is not None and any(cell.strip() for cell in cells):
                shown = [cut(cell, 1000) for cell in cells]
                rows.append(HeadRow(line, line + len(raw) - 1, shown))
            if len(rows) >= self._limits.header_rows:
                break
        return rows

    def _records(self, lines: "_Lines", number: int, width: int) -> Iterator[tuple[int, list[str], list[str] | None]]:
        """Yield (first line, raw lines, cells) of every record; cells None where the quoting is broken.

        The list of raw lines is reused. `number` is that of the first line; `width` 0: not known yet.
        """
        delimiter = cast("str", self.delimiter)
        raw: list[str] = []

        def feed() -> Iterator[str]:
            for line in lines:
                raw.append(line)
                if len(raw) > _LONGEST_RECORD:
                    raise _OpenQuote
                yield line

        while True:
            try:
                for cells in csv.reader(feed(), delimiter=delimiter, strict=True):
                    if len(raw) > 1 and _swallows(raw, delimiter, width, len(cells)):
                        raise _OpenQuote
                    yield number, raw, cells
                    number += len(raw)
                    raw.clear()
            except (csv.Error, _OpenQuote):
                lines.give_back(raw[1:])
                del raw[1:]
                # A stray quote is part of the text when the line then has as many fields as the header.
                parts = raw[0].rstrip("\r\n").split(delimiter)
                fits = width in {0, len(parts)} or (0 < width < len(parts) and not any(parts[width:]))
                yield number, raw, parts if fits else None
                number += 1
                raw.clear()
            else:
                return

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below `after_line`; a row that does not fit is rejected whole, with its raw text."""
        lines = _Lines(self._blocks(after_line))
        number = after_line + 1
        gathered = _Gathered(width)
        while batch := lines.take(min(size - len(gathered.lines), _BATCH_LINES)):
            # Plain lines go through a parser many at a time; what is not plain is read record by record.
            regular = self._regular_rows(number, batch, width)
            plain = None if regular is not None else self._plain_rows(number, batch, width)
            if regular is not None:
                gathered.add_frame(range(number, number + len(batch)), regular)
                gathered.characters += sum(map(len, batch))
                number += len(batch)
            elif plain is not None:
                gathered.add(range(number, number + len(batch)), plain)
                gathered.characters += sum(map(len, batch))
                number += len(batch)
            else:
                lines.give_back(batch)
                good: list[tuple[int, list[str]]] = []
                end = number + len(batch)
                for line, raw, cells in self._records(lines, number, width):
                    if self._sort(line, raw, cells, (width, named), gathered) and cells is not None:
                        good.append((line, cells))
                    number = line + len(raw)
                    if number >= end:
                        break
                gathered.add([line for line, _ in good], [cells for _, cells in good])
            if max(len(gathered.lines), len(gathered.rejects)) >= size or gathered.characters > _CHUNK_CHARACTERS:
                yield gathered.chunk()
                gathered = _Gathered(width)
        if gathered.lines or gathered.rejects:
            yield gathered.chunk()

    def _regular_rows(self, number: int, batch: Sequence[str], width: int) -> pl.DataFrame | None:
        """Return one row per line by the native parser; None unless each line is a whole row, and few hold a quote.

        Without quotes there is nothing to interpret: a field is what stands between two delimiters. The few lines with quotes
        are read apart and put in their places.
        """
        delimiter = cast("str", self.delimiter)
        if width < 2 or self._survey.newline != "\n" or self._is_flagged(number, len(batch)):
            return None
        if max(map(len, batch)) > self._limits.cell:
            return None
        text = "".join(batch)
        quoted = [at for at, line in enumerate(batch) if '"' in line] if '"' in text else []
        apart: list[list[str]] = []
        if quoted:
            rows = _whole_rows([batch[at] for at in quoted], delimiter, width) if _are_few(quoted, batch) else None
            if rows is None:
                return None
            apart, batch = rows, list(batch)
            for at in quoted:
                batch[at] = delimiter * (width - 1) + "\n"
            text = "".join(batch)
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if "\r" in text or {line.count(delimiter) for line in batch} != {width - 1}:
            return None
        frame = pl.read_csv(
            text.encode(),
            has_header=False,
            separator=delimiter,
            quote_char=None,
            schema=_schema(width),
            raise_if_empty=False,
        )
        if quoted:
            cells = zip(*apart, strict=True)
            frame = pl.DataFrame(
                [
                    column.scatter(quoted, pl.Series([cell or None for cell in told], dtype=pl.String))
                    for column, told in zip(frame.get_columns(), cells, strict=True)
                ]
            )
        first = frame.get_column("x0")
        bare = (first.is_null() | (first.str.strip_chars() == "")).arg_true()
        return None if any(_is_blank([cell or "" for cell in frame.row(at)]) for at in bare) else frame

    def _is_flagged(self, number: int, count: int) -> bool:
        flagged = self._survey.flagged
        return bool(flagged) and any(number <= at < number + count for at in flagged)

    def _plain_rows(self, number: int, batch: Sequence[str], width: int) -> list[list[str]] | None:
        """Return one row per line; None when a line is flagged, blank, too long, of another width or part of a record."""
        if self._is_flagged(number, len(batch)):
            return None
        if len(max(batch, key=len)) > self._limits.cell:
            return None
        rows = _whole_rows(batch, cast("str", self.delimiter), width)
        return None if rows is None or any(_is_blank(cells) for cells in rows) else rows

    def _sort(
        self, line: int, raw: Sequence[str], cells: list[str] | None, widths: tuple[int, int], gathered: _Gathered
    ) -> bool:
        # Whether the record is a row; if not, it has been counted as blank or put among the rejects.
        reason = self._fault(line, raw, cells)
        if reason is None and cells is not None:
            if _is_blank(cells):
                self.blank_rows += 1
                return False
            reason = _fit(cells, *widths)
            if reason is None:
                gathered.characters += sum(map(len, raw))
                return True
        content = cut("".join(raw).rstrip("\r\n"), self._limits.content)
        gathered.rejects.append(Reject(line, reason or "broken_quote", content))
        gathered.characters += len(content)
        return False

    def _fault(self, line: int, raw: Sequence[str], cells: Sequence[str] | None) -> str | None:
        flagged = self._survey.flagged
        if flagged:
            reason = next((flagged[at] for at in range(line, line + len(raw)) if at in flagged), None)
            if reason:
                return reason
        if max(map(len, raw if cells is None else cells), default=0) > self._limits.cell:
            return "cell_too_large"
        return "broken_quote" if cells is None else None


def _are_few(quoted: Sequence[int], batch: Sequence[str]) -> bool:
    return len(quoted) * _FEW_QUOTED <= len(batch)


def _whole_rows(lines: Sequence[str], delimiter: str, width: int) -> list[list[str]] | None:
    """Return the cells of each line; None unless every line is a record by itself, of this width."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) and set(map(len, rows)) == {width} else None


def _is_blank(cells: Sequence[str]) -> bool:
    return not cells or (not cells[0].strip() and not "".join(cells).strip())


def _swallows(raw: Sequence[str], delimiter: str, width: int, fields: int) -> bool:
    # Every line of the record has the delimiters of a whole row: a stray quote joined rows. In a narrow table a text
    # may have so many commas of its own; a record that fits is taken at its word there.
    if width < _NARROW or (width < _WIDE and fields == width):
        return False
    return all(line.count(delimiter) >= width - 1 for line in raw)


def _fit(cells: list[str], width: int, named: int) -> str | None:
    # Empty cells beyond the header, and left-out columns that have no name, are no loss.
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        del cells[width:]
    elif named <= len(cells) < width:
        cells.extend("" for _ in range(width - len(cells)))
    return None if len(cells) == width else "field_count"

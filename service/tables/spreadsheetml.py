"""SpreadsheetML 2003: an Excel workbook as one XML file, under whatever name; read with entities refused."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from service.tables.chunk import Chunk, Limits
from service.tables.headers import HeadRow, find_header
from service.tables.problems import NotATable, SheetTooLarge, Truncated, UnknownSheet, UnsupportedFormat
from service.tables.source import Format
from service.tables.workbooks import head_rows, sheet_chunks

_NS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_Row = tuple[int, list[str]]


class SpreadsheetmlSource:
    """One sheet of a SpreadsheetML 2003 file, streamed: the sheet asked for, else the one with most known columns."""

    format: Format = "spreadsheetml"
    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, file: BinaryIO, sheet: str | None, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self.blank_rows = 0
        heads: dict[str, list[HeadRow]] = {}
        for name, rows in self._sheets(limits.header_rows):
            heads[name] = head_rows(iter(rows), limits.header_rows)
        if sheet is not None and sheet not in heads:
            raise UnknownSheet(sheet, list(heads))
        found = {name: header for name, rows in heads.items() if (header := find_header(rows)) is not None}
        if sheet is None and not found:
            raise NotATable("no sheet has a header row", "没有任何工作表带有表头")
        self._name: str = sheet or max(found, key=lambda name: found[name].known)
        self.sheet: str | None = self._name
        self._head = heads[self._name]
        self.notes: Sequence[str] = tuple(f"another table is on sheet {name}" for name in found if name != self._name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank."""
        return self._head

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below sheet row `after_line`."""
        del named
        rows = (row for row in self._rows(self._name) if row[0] > after_line)
        return sheet_chunks(_padded(rows, width), width, size, self._limits, self)

    def _sheets(self, count: int) -> Iterator[tuple[str, list[_Row]]]:
        for name in self._names():
            rows = []
            for row in self._rows(name):
                rows.append(row)
                if len(rows) >= count:
                    break
            yield name, rows

    def _names(self) -> list[str]:
        return [
            element.get(f"{_NS}Name", f"sheet {at}")
            for at, element in enumerate(self._elements("start", f"{_NS}Worksheet"), start=1)
        ]

    def _elements(self, event: str, tag: str) -> Iterator[Element]:
        self._file.seek(0)
        try:
            for _, element in iterparse(self._file, events=(event,), forbid_dtd=True):
                if element.tag == tag:
                    yield element
        except ParseError as error:
            raise Truncated("workbook", "工作簿") from error
        except DefusedXmlException as error:
            raise UnsupportedFormat("XML with a document type or entities", "带有 DOCTYPE 或实体的 XML") from error

    def _rows(self, wanted: str) -> Iterator[_Row]:
        self._file.seek(0)
        name, line, cells = "", 0, 0
        try:
            for event, element in iterparse(self._file, events=("start", "end"), forbid_dtd=True):
                if event == "start" and element.tag == f"{_NS}Worksheet":
                    name, line = element.get(f"{_NS}Name", ""), 0
                elif event == "end" and element.tag == f"{_NS}Row":
                    line = int(element.get(f"{_NS}Index", line + 1))
                    if name == wanted:
                        row = _cells(element)
                        cells += len(row)
                        if cells > self._limits.cells:
                            raise SheetTooLarge(wanted, line, len(row), self._limits.cells)
                        yield line, row
                    element.clear()
        except ParseError as error:
            raise Truncated("workbook", "工作簿") from error
        except DefusedXmlException as error:
            raise UnsupportedFormat("XML with a document type or entities", "带有 DOCTYPE 或实体的 XML") from error


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_NS}Cell"):
        at = int(cell.get(f"{_NS}Index", len(cells) + 1))
        if len(cells) < at - 1 <= 16_384:
            cells.extend([""] * (at - 1 - len(cells)))
        data = cell.find(f"{_NS}Data")
        cells.append("" if data is None else _text(data))
        cells.extend([""] * min(int(cell.get(f"{_NS}MergeAcross", 0)), 16_384))
    return cells


def _text(data: Element) -> str:
    text = "".join(data.itertext())
    if data.get(f"{_NS}Type") == "DateTime":
        return text.removesuffix("T00:00:00.000").replace("T", " ")
    return text


def _padded(rows: Iterator[_Row], width: int) -> Iterator[_Row]:
    for line, row in rows:
        yield line, [*row, *[""] * (width - len(row))]

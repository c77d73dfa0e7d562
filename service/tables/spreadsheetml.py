"""SpreadsheetML 2003: an Excel workbook as one XML file, under whatever name; read with entities refused."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from service.tables.chunk import Chunk, Limits
from service.tables.headers import HeadRow, find_header
from service.tables.problems import (
    NotATable,
    SheetTooLarge,
    TableProblem,
    Truncated,
    UnknownEncoding,
    UnknownSheet,
    UnsupportedFormat,
)
from service.tables.source import Format
from service.tables.workbooks import head_rows, sheet_chunks

_NS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_WIDEST = 16_384  # columns of a sheet, by the format


class SpreadsheetmlSource:
    """One sheet of a SpreadsheetML 2003 file, streamed: the sheet asked for, else the one with most known columns."""

    format: Format = "spreadsheetml"
    encoding: str | None = None
    delimiter = None

    def __init__(self, file: BinaryIO, sheet: str | None, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self.blank_rows = 0
        heads: dict[str, list[tuple[int, list[str]]]] = {}
        last: dict[str, int] = {}
        for name, line, row in self._all_rows():
            rows = heads.setdefault(name, [])
            last[name] = line
            if len(rows) < limits.header_rows and any(cell.strip() for cell in row):
                rows.append((line, row))
        if sheet is not None and sheet not in heads:
            raise UnknownSheet(sheet, list(heads))
        shown = {name: head_rows(iter(rows), limits.header_rows) for name, rows in heads.items()}
        found = {name: header for name, rows in shown.items() if (header := find_header(rows)) is not None}
        if sheet is None and not found:
            raise NotATable("no sheet has a header row", "没有任何工作表带有表头")
        self.sheet: str = max(found, key=lambda name: found[name].known) if sheet is None else sheet
        self._head = shown[self.sheet]
        self.last_line = last[self.sheet]
        self.notes: Sequence[str] = (
            ()
            if sheet is not None
            else tuple(f"another table is on sheet {name}" for name in found if name != self.sheet)
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank."""
        return self._head

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below sheet row `after_line`."""
        del named
        rows = ((line, row) for name, line, row in self._all_rows() if name == self.sheet and line > after_line)
        return sheet_chunks(rows, width, size, self._limits, self)

    def _all_rows(self) -> Iterator[tuple[str, int, list[str]]]:
        """Yield (sheet name, sheet row, cells) of the whole file; an empty sheet gives one empty row 0."""
        self._file.seek(0)
        try:
            yield from self._parse()
        except TableProblem:
            raise
        except ParseError as error:
            raise Truncated("workbook", "工作簿") from error
        except DefusedXmlException as error:
            raise UnsupportedFormat("XML with a document type or entities", "带有 DOCTYPE 或实体的 XML") from error
        except (ValueError, LookupError) as error:
            raise UnknownEncoding("the XML is in an encoding that is not read", "XML 采用了无法读取的编码") from error

    def _parse(self) -> Iterator[tuple[str, int, list[str]]]:
        name, line, cells = "", 0, 0
        table: Element | None = None
        for event, element in iterparse(self._file, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                if element.tag == f"{_NS}Worksheet":
                    name, line, cells = element.get(f"{_NS}Name", ""), 0, 0
                    yield name, 0, []
                elif element.tag == f"{_NS}Table":
                    table = element
            elif element.tag == f"{_NS}Row":
                line = _number(element, "Index", line + 1)
                row = _cells(element)
                cells += len(row)
                if len(row) > _WIDEST or cells > self._limits.cells:
                    raise SheetTooLarge(name, line, len(row), self._limits.cells)
                yield name, line, row
                if table is not None:
                    table.clear()  # the rows seen, so that the tree stays small


def _number(element: Element, attribute: str, default: int) -> int:
    text = element.get(f"{_NS}{attribute}", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Truncated("workbook", "工作簿")
    return int(text)


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_NS}Cell"):
        at = _number(cell, "Index", len(cells) + 1)
        across = _number(cell, "MergeAcross", 0)
        if at + across > _WIDEST:
            return [""] * (_WIDEST + 1)
        cells.extend([""] * (at - 1 - len(cells)))
        data = cell.find(f"{_NS}Data")
        cells.append("" if data is None else _text(data))
        cells.extend([""] * across)
    return cells


def _text(data: Element) -> str:
    text = "".join(data.itertext())
    kind = data.get(f"{_NS}Type")
    if kind == "DateTime":
        return text.removesuffix(".000").removesuffix("T00:00:00").replace("T", " ")
    if kind == "Boolean":
        return {"1": "true", "0": "false"}.get(text, text)
    if kind == "Number" and "E" in text.upper() and len(text) < 40:
        return _plain(text)
    return text


def _plain(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 40 else text

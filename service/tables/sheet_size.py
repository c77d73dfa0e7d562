"""How large the used area of a sheet of an XLSX workbook is, before all of it is laid out in memory.

The workbook reader lays out the whole rectangle that the cells with a value span: one stray cell in the last corner of a
sheet of some kilobytes would ask for 17 thousand million cells. So the sheet's XML is looked through first, in a stream,
which also unpacks it once under the limits and checks its checksum.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from service.tables.archives import Meter
from service.tables.chunk import Limits
from service.tables.problems import PasswordProtected, SheetTooLarge, Truncated, UnsupportedFormat

_BLOCK = 1024 * 1024
_SHEET = re.compile(r"xl/(?:worksheets|dialogsheets|chartsheets|macrosheets)/[^/]+\.xml")
_ROW = re.compile(rb'<row [^>]*?\br="(\d{1,7})"')
# Cells beyond column Z that have content: an element that is not closed at once.
_FAR_CELL = re.compile(rb'<c r="([A-Z]{2,3})[0-9]+"(?:[^>/]|/(?!>))*>')
_PLAIN_CELL = b'<c r="'
_ANY_CELL = re.compile(rb"<(?:[A-Za-z0-9]+:)?c[\s/>]")
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)$")


def check_workbook(file: IO[bytes], limits: Limits) -> None:
    """Look through a whole XLSX archive: sizes, checksums and the area of every sheet.

    Raises:
        ZipBomb: the parts are together larger than the limits.
        Truncated: a part is missing its end or does not fit its checksum.
        SheetTooLarge: a sheet spans more than `Limits.cells` cells.
        PasswordProtected: a part is encrypted.
        UnsupportedFormat: a part is packed by a method that is not read, or refers to outside entities.
    """
    file.seek(0, 2)
    meter = Meter(file.tell(), limits)
    try:
        with zipfile.ZipFile(file) as archive:
            for part in archive.infolist():
                if part.flag_bits & 0x1:
                    raise PasswordProtected("workbook", "工作簿")
                is_sheet = _SHEET.fullmatch(part.filename) is not None
                with archive.open(part) as stream:
                    area = _area(_metered(stream, meter), part.filename if is_sheet else None)
                if area is None or area[0] * area[1] > limits.cells:
                    with archive.open(part) as stream:
                        area = _exact_area(stream)
                rows, columns = area
                if rows * columns > limits.cells:
                    raise SheetTooLarge(part.filename.rsplit("/", 1)[-1], rows, columns, limits.cells)
    except (NotImplementedError, DefusedXmlException) as error:
        raise UnsupportedFormat("a workbook with parts that are not read", "含有无法读取部分的工作簿") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ParseError, ValueError) as error:
        raise Truncated("workbook", "工作簿") from error


def _metered(stream: IO[bytes], meter: Meter) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        meter.add(len(block))
        yield block


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _area(blocks: Iterator[bytes], sheet: str | None) -> tuple[int, int] | None:
    # Fast way, by patterns. None: the XML is written in an unusual way, look exactly.
    last_row, first_row, columns, rest = 0, 0, 26, b""
    letters: set[bytes] = set()
    usual = True
    for block in blocks:
        if sheet is None or not usual:
            continue
        data = rest + block
        cut = data.rfind(b"<")
        data, rest = (data[:cut], data[cut:]) if cut > 0 else (b"", data)
        rows = _ROW.findall(data)
        if rows:
            numbers = [int(number) for number in rows]
            first_row, last_row = min(first_row or numbers[0], *numbers), max(last_row, *numbers)
        letters.update(_FAR_CELL.findall(data))
        usual = data.count(_PLAIN_CELL) == _count_cells(data) and (bool(rows) or b"<c " not in data)
    if not usual:
        return None
    if letters:
        columns = max(_column(one.decode()) for one in letters)
    return last_row - first_row + 1 if last_row else 0, columns


def _count_cells(data: bytes) -> int:
    if b":c" in data:  # a cell's name may have a prefix
        return len(_ANY_CELL.findall(data))
    return sum(data.count(b"<c" + end) for end in (b" ", b">", b"/", b"\n", b"\r", b"\t"))


def _exact_area(stream: IO[bytes]) -> tuple[int, int]:
    first_row = last_row = first_column = last_column = row = column = 0
    sheet: Element | None = None
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        tag = element.tag.rsplit("}", 1)[-1]
        if tag == "sheetData" and event == "start":
            sheet = element
        elif tag == "row" and event == "start":
            row = int(element.get("r", row + 1))
            column = 0
        elif tag == "c" and event == "end":
            match = _REFERENCE.match(element.get("r", ""))
            column = _column(match[1]) if match else column + 1
            if len(element):
                first_row, last_row = min(first_row or row, row), max(last_row, row)
                first_column = min(first_column or column, column)
                last_column = max(last_column, column)
        if event == "end" and tag == "row" and sheet is not None:
            sheet.clear()  # the rows seen, so that the tree stays small
    if not last_row:
        return 0, 0
    return last_row - first_row + 1, last_column - first_column + 1

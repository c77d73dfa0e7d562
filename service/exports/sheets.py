"""Workbooks whose rows come ready-made: a stream into a zip, with as many sheets as the row limit asks for."""

import re
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.exports.files import Sink

#: Rows of a worksheet, its header included (ECMA-376, and what Excel opens).
SHEET_ROWS: Final = 1_048_576
#: A sheet's XML stays below 2 GiB, beyond which readers of zip archives differ.
SHEET_BYTES: Final = 1_500_000_000

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
# A fixed instant: the same rows give the same file.
_INSTANT: Final = (1980, 1, 1, 0, 0, 0)

# COPY in text form writes these characters as two; what XML cannot hold goes.
_ESCAPED: Final = re.compile(rb"\\(.)")
_MEANT: Final = {b"\\": b"\\", b"n": b"&#10;", b"r": b"&#13;", b"t": b"&#9;"}
_NOT_XML: Final = bytes(code for code in range(32) if code not in (9, 10, 13))


class Workbook:
    """A workbook for one table. Rows are `<row>…</row>` elements in the text form of COPY, one a line.

    `titles` are the column headings, `about` rows of a sheet that says what this is.
    """

    def __init__(
        self,
        sink: Sink | BytesIO,
        *,
        name: str,
        titles: tuple[str, ...],
        about: tuple[tuple[str, str], ...],
        sheet_rows: int = SHEET_ROWS,
    ) -> None:
        self._zip = ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=1)  # type: ignore[call-overload] # of a file only `write` is needed
        self._name = name
        self._titles = titles
        self._sheet_rows = sheet_rows
        self._names: list[str] = []
        self._open_sheet("说明 About")
        for label, text in about:
            self._sheet.write(row_xml((label, text)))
        self._close_sheet()
        self._next_sheet()

    def write(self, lines: bytes) -> None:
        """Append whole lines."""
        plain = lines.translate(None, _NOT_XML)
        if b"\\" in plain:
            plain = _ESCAPED.sub(lambda found: _MEANT.get(found[1], b""), plain)
        count = plain.count(b"\n")
        if self._rows + count > self._sheet_rows or self._bytes > SHEET_BYTES:
            rows = plain.splitlines(keepends=True)
            while rows:
                room = self._sheet_rows - self._rows
                if room == 0 or self._bytes > SHEET_BYTES:
                    self._close_sheet()
                    self._next_sheet()
                    continue
                self._add(b"".join(rows[:room]), len(rows[:room]))
                rows = rows[room:]
            return
        self._add(plain, count)

    def close(self) -> None:
        """Write what the sheets are called and finish the archive."""
        self._close_sheet()
        numbers = range(1, len(self._names) + 1)
        sheets = "".join(f'<sheet name="{escape(self._names[n - 1])}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        first = 1 if len(self._names) > 1 else 0
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        types = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
        )
        parts = {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews>'
            f'<workbookView activeTab="{first}"/></bookViews><sheets>{sheets}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
            f'<Relationship Id="styles" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>',
        }
        for path, content in parts.items():
            self._put(path, _HEAD + content)
        self._put("xl/styles.xml", _STYLES)
        self._zip.close()

    def _put(self, path: str, content: str) -> None:
        self._zip.writestr(_info(path), content)

    def _open_sheet(self, name: str, *, frozen: bool = False) -> None:
        self._names.append(name)
        self._sheet = self._zip.open(_info(f"xl/worksheets/sheet{len(self._names)}.xml"), "w")
        view = (
            '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"'
            ' state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultColWidth="20"/>'
            if frozen
            else '<sheetFormatPr defaultColWidth="40"/>'
        )
        self._sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">{view}<sheetData>'.encode())

    def _next_sheet(self) -> None:
        number = len(self._names)
        self._open_sheet(self._name if number == 1 else f"{self._name} ({number})", frozen=True)
        header = row_xml(self._titles, style=2)
        self._sheet.write(header)
        self._rows, self._bytes = 1, len(header)

    def _add(self, rows: bytes, count: int) -> None:
        self._sheet.write(rows)
        self._rows += count
        self._bytes += len(rows)

    def _close_sheet(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()


def _info(path: str) -> ZipInfo:
    info = ZipInfo(path, _INSTANT)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def row_xml(cells: tuple[str, ...], *, style: int = 0) -> bytes:
    """Return a row of texts, as a workbook takes it."""
    styled = f' s="{style}"' if style else ""
    return ("<row>" + "".join(f'<c t="str"{styled}><v>{escape(cell)}</v></c>' for cell in cells) + "</row>\n").encode()

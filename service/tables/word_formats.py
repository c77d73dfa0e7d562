"""Numbers of an XLSX workbook that stand in words: `0"万元"` shows 5 as 5万元, `"警告"` shows any number as 警告.

The workbook reader gives the number alone, which is not what the people who wrote it see. Only formats with Chinese characters
of their own count, and none that writes days.
"""

import re
import zipfile
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from service.tables.cells import cell_text

_LARGEST: Final = 16 * 1024 * 1024  # bytes of a part that is read whole: styles, names of sheets
_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[[^\]]*\]|[_*].'
    r"|(?P<number>General|[#0?][#0?,.]*)|(?P<sign>[%;])|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_DAY: Final = re.compile("[ymdhs]|上午|下午", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"([A-Z]+)([0-9]+)")

Places = dict[int, dict[int, str]]


def worded_numbers(file: IO[bytes], sheet: str) -> Places:
    """Return what the numbers of a sheet show that stand in words: by sheet row (from 1), by column (from 0)."""
    try:
        with zipfile.ZipFile(file) as archive:
            formats = _formats(archive)
            part = _part_of(archive, sheet) if formats else None
            if part is None:
                return {}
            found: Places = {}
            with archive.open(part) as stream:
                for _, element in iterparse(stream, events=("end",), forbid_dtd=True):
                    if _tag(element) == "c":
                        _keep(element, formats, found)
                    elif _tag(element) == "row":
                        element.clear()
            return found
    except (KeyError, ValueError, ParseError, DefusedXmlException, zipfile.BadZipFile):
        return {}  # whatever else is wrong with the workbook is said by those who read the rest of it


def shown(code: str, value: float) -> str | None:
    """Return how a number format in Excel's writing shows a number, digits as they stand; None for a negative one."""
    if value < 0:
        return None
    text = ""
    for token in _TOKEN.finditer(code):
        kind = token.lastgroup
        if token["sign"] == ";":
            break
        if kind == "number":
            places = len(token[0].partition(".")[2])
            percent = "%" in code
            text += f"{value * (100 if percent else 1):.{places}f}" if places or percent else cell_text(value) or ""
        elif kind is not None:
            text += token[kind]
    return text


def _formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """The formats with words of their own, by the number of the cell style that uses them."""
    styles = _whole(archive, "xl/styles.xml")
    codes = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter() if _tag(one) == "numFmt"}
    used = next((one for one in styles if _tag(one) == "cellXfs"), ())
    told = {f"{at}": codes.get(style.get("numFmtId"), "") for at, style in enumerate(used)}
    return {style: code for style, code in told.items() if _has_words(code)}


def _has_words(code: str) -> bool:
    first: list[re.Match[str]] = []
    for token in _TOKEN.finditer(code):
        if token["sign"] == ";":
            break
        first.append(token)
    words = "".join(token["quoted"] or token["escaped"] or token["plain"] or "" for token in first)
    return _HAN.search(words) is not None and not any(_DAY.match(token["plain"] or "") for token in first)


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    named = (one for one in _whole(archive, "xl/workbook.xml").iter() if _tag(one) == "sheet")
    link = next(
        (value for one in named if one.get("name") == sheet for key, value in one.items() if key[-2:] == "id"), None
    )
    links = _whole(archive, "xl/_rels/workbook.xml.rels")
    target = next((one.get("Target", "") for one in links if one.get("Id") == link), None)
    return None if target is None else target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _whole(archive: zipfile.ZipFile, name: str) -> Element:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(name)
    return fromstring(archive.read(name), forbid_dtd=True)


def _keep(cell: Element, formats: dict[str, str], found: Places) -> None:
    place, code = _REFERENCE.fullmatch(cell.get("r", "")), formats.get(cell.get("s", ""))
    value = next((part.text for part in cell if _tag(part) == "v"), None)
    if code is None or place is None or value is None or cell.get("t", "n") != "n":
        return
    text = shown(code, float(value))
    if text is not None:
        column = 0
        for letter in place[1]:
            column = column * 26 + ord(letter) - 64
        found.setdefault(int(place[2]), {})[column - 1] = text


def _tag(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1]

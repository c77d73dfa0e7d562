"""What a file is, by its first bytes and its directory, never by its name."""

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO, Literal

from service.tables import ole
from service.tables.problems import EmptyFile, PasswordProtected, Truncated, UnsupportedFormat

Content = Literal["zip", "gz", "xlsx", "xls", "spreadsheetml", "text"]

_HEAD = 64 * 1024
_FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", "PDF 文档"),
    (b"\x89PNG", "a picture (PNG)", "图片（PNG）"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "图片（JPEG）"),
    (b"GIF8", "a picture (GIF)", "图片（GIF）"),
    (b"Rar!\x1a\x07", "a RAR archive", "RAR 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z 压缩包"),
    (b"BZh", "a bzip2 archive", "bzip2 压缩包"),
    (b"\xfd7zXZ\x00", "an xz archive", "xz 压缩包"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "zstd 压缩包"),
    (b"PAR1", "a Parquet file", "Parquet 文件"),
    (b"SQLite format 3\x00", "a SQLite database", "SQLite 数据库"),
    (b"\x7fELF", "a program", "程序文件"),
    (b"MZ\x90\x00", "a program", "程序文件"),
    (b"{\\rtf", "an RTF document", "RTF 文档"),
)
_SPREADSHEETML = b"urn:schemas-microsoft-com:office:spreadsheet"
_XML = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|[A-Za-z])", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|table|meta|head|body)\b", re.IGNORECASE)
_WIDE_XML = tuple("<?xml".encode(name) for name in ("utf-16-le", "utf-16-be"))
_JSON_ARRAY = re.compile(rb"\[\s*\{")
_JSON_OBJECT = re.compile(rb'\{\s*(?:"|\})')


@dataclass(frozen=True, slots=True)
class _Office:
    needle: str
    found: str
    found_zh: str


_OFFICE_ZIP = (
    _Office("xl/workbook.bin", "a binary workbook (XLSB)", "二进制工作簿（XLSB）"),
    _Office("word/document.xml", "a Word document", "Word 文档"),
    _Office("ppt/presentation.xml", "a PowerPoint document", "PowerPoint 文档"),
    _Office("content.xml", "an OpenDocument file (ODS, ODT)", "OpenDocument 文件（ODS、ODT）"),
)


def classify(file: BinaryIO) -> Content:
    """Return what the content is; the position in `file` is lost.

    Raises:
        EmptyFile: no byte but blanks.
        UnsupportedFormat: a known kind of file that is no table here, with its name.
        PasswordProtected: an encrypted workbook.
        Truncated: an archive or workbook whose directory is missing.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if not head.strip(b" \t\r\n\xef\xbb\xbf") and not file.read(1):
        raise EmptyFile
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _classify_zip(file)
    if head.startswith(ole.MAGIC):
        return _classify_ole(file)
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    for magic, found, found_zh in _FOREIGN:
        if head.startswith(magic):
            raise UnsupportedFormat(found, found_zh)
    if head[257:262] == b"ustar":
        raise UnsupportedFormat("a tar archive", "tar 归档文件")
    return _classify_text(head)


def _classify_text(head: bytes) -> Content:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and head[2:12] in _WIDE_XML:
        return "spreadsheetml"
    if _XML.match(head):
        if _SPREADSHEETML in head:
            return "spreadsheetml"
        if _HTML.search(head):
            raise UnsupportedFormat("a web page (HTML)", "网页（HTML）")
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<!")):
            raise UnsupportedFormat("XML, but no Excel 2003 spreadsheet", "XML，但不是 Excel 2003 表格")
    return "text"


def is_json_lines(head: bytes) -> bool:
    """Whether text (in UTF-8 or any other superset of ASCII, without byte order mark) starts with a JSON object.

    Raises:
        UnsupportedFormat: it starts as an array of objects.
    """
    start = head.lstrip()
    if _JSON_ARRAY.match(start):
        raise UnsupportedFormat(
            "one JSON array (JSON Lines has one object per line, without brackets round them)",
            "单个 JSON 数组（JSON Lines 每行一个对象，外层不加方括号）",
        )
    return _JSON_OBJECT.match(start) is not None


def _classify_zip(file: BinaryIO) -> Content:
    try:
        with zipfile.ZipFile(file) as archive:
            names = frozenset(archive.namelist())
    except zipfile.BadZipFile as error:
        raise Truncated("archive or workbook", "压缩包或工作簿") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    is_office = "[Content_Types].xml" in names or "mimetype" in names
    for office in _OFFICE_ZIP:
        if is_office and office.needle in names:
            raise UnsupportedFormat(office.found, office.found_zh)
    return "zip"


def _classify_ole(file: BinaryIO) -> Content:
    try:
        entries = ole.CompoundFile(file).entries
    except ole.BrokenCompoundFile as error:
        raise Truncated("workbook", "工作簿") from error
    if "EncryptedPackage" in entries:
        raise PasswordProtected("workbook", "工作簿")
    if "Workbook" in entries or "Book" in entries:
        return "xls"
    if "WordDocument" in entries:
        raise UnsupportedFormat("a Word document", "Word 文档")
    raise UnsupportedFormat("an old Office document without a workbook", "不含工作簿的旧版 Office 文档")

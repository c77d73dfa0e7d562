"""Which encoding a text file has, and which of its lines do not fit it. One pass over the file, flat memory.

The order: byte order mark; UTF-16 without one; UTF-8 when at most `Limits.bad_share` of the lines fail; else GB18030
when as few lines fail and the text is plausible Chinese. What is neither is refused, not guessed.
"""

import codecs
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from service.tables.chunk import Limits
from service.tables.problems import CellTooLarge, NulBytes, UnknownEncoding, UnsupportedFormat

_BLOCK = 1024 * 1024
_HEAD = 64 * 1024
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CONTROL = bytes(range(0x01, 0x09)) + bytes(range(0x0E, 0x1A)) + bytes(range(0x1C, 0x20))
# The commonest 3,755 characters (GB 2312-80 level 1) and the punctuation of its rows 1 to 9.
_COMMON = frozenset(
    "".join(
        bytes((lead, trail)).decode("gb2312", "ignore")
        for lead in (*range(0xA1, 0xAA), *range(0xB0, 0xD8))
        for trail in range(0xA1, 0xFF)
    )
)
_COMMON_SHARE = 0.7
_PRIVATE_SHARE = 0.01
_NAMED_BAD_SHARE = 0.5
_MARK = "tables.mark_undecodable"


def _mark(error: UnicodeError) -> tuple[str, int]:
    # 0xFF can never be part of UTF-8: the survey of the transcoded text finds the line again.
    if not isinstance(error, UnicodeDecodeError):
        raise error
    kept = "".join(chr(0xDC00 + byte) if byte >= 0x80 else chr(byte) for byte in error.object[error.start : error.end])
    return "\udcff" + kept, error.end


codecs.register_error(_MARK, _mark)


@dataclass(slots=True)
class Survey:
    """What one pass over a text file found.

    `file` is readable by `codec` (utf-8 or gb18030) from byte `start` on; it is a transcoded temporary copy when
    `encoding`, the one that the file really has, is neither. `newline` ends its lines. `flagged` maps the 1-based
    numbers of lines that are not usable to bad_encoding or nul_bytes. `lines` counts all lines.
    """

    file: BinaryIO
    encoding: str
    codec: str
    start: int
    newline: str
    lines: int = 0
    flagged: dict[int, str] = field(default_factory=dict)


def survey(file: BinaryIO, encoding: str | None, limits: Limits) -> Survey:
    """Find the encoding of `file`, or check the one that is named.

    A named encoding may fail on up to half of the lines; they become rejects. GBK, GB 2312 and code page 936 are read
    as their superset GB18030.

    Raises:
        UnknownEncoding: no encoding fits, the named one is not known or does not fit.
        NulBytes: NUL bytes in many lines.
        CellTooLarge: a line is longer than `Limits.line` bytes.
        UnsupportedFormat: binary data.
    """
    file.seek(0)
    head = file.read(_HEAD)
    bom, marked = next(((bom, name) for bom, name in _BOMS if head.startswith(bom)), (b"", None))
    named = _named(encoding) if encoding is not None else None
    chosen: str | None
    if named is not None:
        if named == "utf-16":
            named = marked if marked and marked.startswith("utf-16") else _guess_utf16(head) or "utf-16-le"
        chosen, start, share = named, len(bom) if marked == named else 0, _NAMED_BAD_SHARE
    else:
        chosen, start, share = marked or _guess_utf16(head), len(bom), limits.bad_share
    if chosen is None:
        _refuse_binary(head)
        found = _check(file, "utf-8", 0, limits, share) or _check(file, "gb18030", 0, limits, share)
        if found is None:
            raise UnknownEncoding("neither UTF-8 nor GB18030 fits", "既不符合 UTF-8 也不符合 GB18030")
        return found
    if chosen in {"utf-8", "gb18030"}:
        # A byte order mark is as good as a name: what fails are single lines.
        result = _check(file, chosen, start, limits, _NAMED_BAD_SHARE if marked else share, plausible=named is None)
    else:
        copy = _transcode(file, chosen, start)
        try:
            result = _check(copy, "utf-8", 0, limits, _NAMED_BAD_SHARE)
        except BaseException:
            copy.close()
            raise
        if result is None:
            copy.close()
    if result is None:
        raise UnknownEncoding(f"most lines are not {chosen}", f"多数行不符合 {chosen}")
    result.encoding = chosen
    return result


def _named(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        b"x".decode(name, "replace")  # tells text encodings from other codecs
    except (LookupError, UnicodeError, ValueError) as error:
        raise UnknownEncoding(f"{encoding!r} is not a known encoding", f"不认识编码“{encoding}”") from error
    if name in {"gbk", "gb2312", "hz", "cp936"}:
        return "gb18030"
    return {"utf-8-sig": "utf-8", "ascii": "utf-8", "utf-32": "utf-32-le"}.get(name, name)


def _guess_utf16(head: bytes) -> str | None:
    if b"\0" not in head:
        return None
    even = head[: len(head) // 2 * 2]
    best, best_share = None, 0.95
    for name in ("utf-16-le", "utf-16-be"):
        text = even.decode(name, "replace")
        good = sum(_is_everyday(character) for character in text)
        if text and good / len(text) > best_share:
            best, best_share = name, good / len(text)
    return best


def _is_everyday(character: str) -> bool:
    return (
        " " <= character <= "~"
        or character in "\r\n\t\u00a0\u00b7"
        or "\u4e00" <= character <= "\u9fff"
        or "\u2010" <= character <= "\u203f"
        or "\u3000" <= character <= "\u303f"
        or "\uff00" <= character <= "\uffef"
    )


def _refuse_binary(head: bytes) -> None:
    if len(head.translate(None, _CONTROL)) < 0.95 * len(head):
        raise UnsupportedFormat("binary data of an unknown kind", "未知类型的二进制数据")
    if head.count(0) > 0.1 * len(head):
        raise NulBytes(sum(b"\0" in line for line in head.split(b"\n")))


def _transcode(file: BinaryIO, encoding: str, start: int) -> BinaryIO:
    target = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - lives as long as the table
    try:
        decoder = codecs.getincrementaldecoder(encoding)(_MARK)
        file.seek(start)
        while block := file.read(_BLOCK):
            target.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
        target.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
    except UnicodeError as error:
        target.close()
        raise UnknownEncoding(f"the content is not {encoding}", f"内容不符合 {encoding}") from error
    return target


def _whole_lines(file: BinaryIO, start: int, newline: bytes, limit: int) -> Iterator[bytes]:
    file.seek(start)
    rest = b""
    while block := file.read(_BLOCK):
        end = block.rfind(newline) + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
            if len(rest) > limit:
                raise CellTooLarge(len(rest), limit)
    if rest:
        yield rest


class _Plausibility:
    """Counts, in the first million characters beyond ASCII, how many are common Chinese."""

    def __init__(self) -> None:
        self.seen = self.common = self.private = 0

    def add(self, text: str) -> None:
        if self.seen < 1_000_000 and not text.isascii():
            beyond = [character for character in text if character > "\x7f"]
            self.seen += len(beyond)
            self.common += sum(character in _COMMON for character in beyond)
            self.private += sum("\ue000" <= character <= "\uf8ff" for character in beyond)

    def holds(self) -> bool:
        return self.common >= _COMMON_SHARE * self.seen and self.private <= _PRIVATE_SHARE * self.seen


def _check(
    file: BinaryIO, codec: str, start: int, limits: Limits, share: float, *, plausible: bool = True
) -> Survey | None:
    """Return the survey when at most `share` of the lines fail, None when more do or the text is not plausible."""
    file.seek(start)
    newline = "\r" if b"\n" not in (first := file.read(_BLOCK)) and b"\r" in first else "\n"
    result = Survey(file, codec, codec, start, newline)
    end = newline.encode()
    chinese = _Plausibility() if codec == "gb18030" and plausible else None
    bad = nul = 0
    for block in _whole_lines(file, start, end, limits.line):
        here = result.lines
        result.lines += block.count(end) + (not block.endswith(end))
        has_nul = b"\0" in block
        try:
            text = block.decode(codec)
        except UnicodeDecodeError:
            text = None
        if text is not None and chinese:
            chinese.add(text)
        if text is not None and not has_nul:
            continue
        for number, line in enumerate(block.split(end), start=here + 1):
            if has_nul and b"\0" in line:
                result.flagged[number] = "nul_bytes"
                nul += 1
            if text is None and not _decodes(line, codec, chinese):
                result.flagged[number] = "bad_encoding"
                bad += 1
        if bad > 1000 and bad > 0.5 * result.lines:
            return None
    if bad > share * result.lines or (chinese and not chinese.holds()):
        return None
    if nul > 10 and nul > 0.05 * result.lines:
        raise NulBytes(nul)
    return result


def _decodes(line: bytes, codec: str, chinese: _Plausibility | None) -> bool:
    try:
        text = line.decode(codec)
    except UnicodeDecodeError:
        return False
    if chinese:
        chinese.add(text)
    return True

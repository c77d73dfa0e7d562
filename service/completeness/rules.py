"""Completeness against the case system: gaps in an authority's series of document numbers, and numbers that one side lacks."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from service.errors import Forbidden, Invalid
from service.reading.document_numbers import read_document_no


class NotYourNumbers(Forbidden):
    """Document numbers are compared by the authority itself, those above it, and who supervises it."""

    code = "not_your_numbers"


class NoNumbers(Invalid):
    """The file holds no text (UTF-8 or GB18030) with a document number in the first cell of a line."""

    code = "no_numbers"


class SeriesTooWide(Invalid):
    """A series reaches over more numbers than can be listed; one of its numbers is probably mistyped. `series` names it."""

    code = "series_too_wide"


_SERIES: Final = re.compile(r"(?P<office>.*)〔(?P<year>[0-9]{4})[^〕]*〕第?(?P<serial>[0-9]{1,9})号")
#: Most numbers that one series may miss: more than that is a mistyped number and no gap.
MOST_MISSING: Final = 10_000


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one office and year; `missing` are those between the lowest (at most 1) and the highest that are not there."""

    office: str
    year: int
    first: int
    last: int
    known: int
    missing: tuple[int, ...]


def read_series(number: str) -> tuple[str, int, int] | None:
    """Return office, year and serial number of a normalised document number, or None where it has no plain serial."""
    match = _SERIES.fullmatch(number)
    return None if match is None else (match["office"], int(match["year"]), int(match["serial"]))


def gaps(numbers: Iterable[str]) -> list[Series]:
    """Return every series of normalised document numbers, by office and year. A series begins with 1.

    Raises:
        SeriesTooWide: more than 10,000 numbers of a series are missing.
    """
    series: dict[tuple[str, int], set[int]] = {}
    for number in numbers:
        read = read_series(number)
        if read is not None:
            series.setdefault(read[:2], set()).add(read[2])
    return [_series(office, year, serials) for (office, year), serials in sorted(series.items())]


def _series(office: str, year: int, serials: set[int]) -> Series:
    last = max(serials)
    if last - len(serials) > MOST_MISSING:
        raise SeriesTooWide(
            f"{office}〔{year}〕 reaches to {last} with {len(serials)} numbers known; is {last} mistyped?",
            detail_zh="文号序列跨度过大，请核对最大号码。",
            series=f"{office}〔{year}〕",
        )
    missing = tuple(one for one in range(1, last) if one not in serials)
    return Series(office, year, min(serials), last, len(serials), missing)


@dataclass(frozen=True, slots=True)
class Compared:
    """A file of case numbers against the records here; `unreadable` are lines that hold no document number."""

    in_file: int
    in_both: int
    missing_here: tuple[str, ...]
    missing_there: tuple[str, ...]
    unreadable: tuple[tuple[int, str], ...]


def read_numbers(content: bytes) -> list[tuple[int, str]]:
    """Return line and first cell of every line of a CSV or plain text that is not blank.

    Raises:
        NoNumbers: it is no text, or empty.
    """
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise NoNumbers(
            "Send text in UTF-8 or GB18030, one document number a line.", detail_zh="请提交文本文件，每行一个文号。"
        )
    try:
        rows = list(csv.reader(StringIO(text, newline=None)))
    except csv.Error as error:
        raise NoNumbers(
            f"The file cannot be read as CSV: {error}. Send one document number a line.",
            detail_zh="文件不是可读的 CSV，请提交每行一个文号的文本文件。",
        ) from error
    lines = [(at, row[0].strip()) for at, row in enumerate(rows, 1) if row and row[0].strip()]
    if not lines:
        raise NoNumbers("The file is empty.", detail_zh="文件为空。")
    return lines


def compare(lines: Sequence[tuple[int, str]], here: Iterable[str]) -> Compared:
    """Compare the numbers of a file with those here, in the one spelling that is compared; a first line that is none is a header.

    Numbers here of offices and years of which the file holds nothing are left out: the file does not speak of them.

    Raises:
        NoNumbers: no line begins with a document number.
    """
    read = [(at, cell, read_document_no(cell).normalised) for at, cell in lines]
    told = {number for _, _, number in read if number is not None}
    if not told:
        at, cell = lines[0]
        raise NoNumbers(
            f"No line begins with a document number; line {at} begins with {cell[:60]!r}. Send one number a line, such as"
            " 渝示罚〔2026〕1号.",
            detail_zh="没有一行以文号开头，请提交每行一个文号的文本文件。",
        )
    known = set(here)
    spoken_of = {series[:2] for series in map(read_series, told) if series is not None}
    there = {
        number for number in known - told if (series := read_series(number)) is not None and series[:2] in spoken_of
    }
    unreadable = [(at, cell) for at, cell, number in read if number is None]
    if unreadable and unreadable[0][0] == lines[0][0]:
        unreadable = unreadable[1:]
    return Compared(len(told), len(told & known), tuple(sorted(told - known)), tuple(sorted(there)), tuple(unreadable))

"""JSON Lines: one object a line; its keys are the column names."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

import orjson

from service.tables.cells import cell_text
from service.tables.chunk import Chunk, Limits, Reject, cut
from service.tables.encoding import Survey
from service.tables.headers import HeadRow
from service.tables.source import Format

_KEY = re.compile(r'"\s*:')
_LONG_NUMBER = re.compile(r"\d{19}")


class _DuplicateKey(Exception):
    pass


class JsonLinesSource:
    """A text file whose lines are JSON objects. The header is the union of the keys of all lines, in order of first use.

    Whole numbers keep all their digits, others become plain decimals; booleans and nested values become their JSON text;
    null is an empty cell. A line that gives one key twice is a reject: neither value is the right one. The keys are gathered in a first
    pass over the file, so that no later line has a key without a column.
    """

    format: Format = "jsonl"
    delimiter = None
    sheet = None
    notes: Sequence[str] = ()

    def __init__(self, survey: Survey, limits: Limits) -> None:
        self._survey = survey
        self.last_line = survey.lines
        self._limits = limits
        self.encoding: str | None = survey.encoding
        self.blank_rows = 0
        self._keys: dict[str, int] = {}
        for _, _, value in self._values():
            if isinstance(value, dict):
                for name in value:
                    if len(self._keys) <= limits.columns:
                        self._keys.setdefault(name, len(self._keys))

    def close(self) -> None:
        """Close the file."""
        self._survey.file.close()

    def head(self) -> list[HeadRow]:
        """Return the keys as a header that stands before the first line."""
        return [HeadRow(0, 0, list(self._keys))]

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the lines by column; a line that is no object is rejected with its text."""
        del after_line, named
        self.blank_rows = 0
        values = self._values()
        keys, beyond = list(self._keys)[:width], list(self._keys)[width:]
        while batch := list(islice(values, size)):
            lines: list[int] = []
            rejects: list[Reject] = []
            columns: list[list[str | None]] = [[] for _ in range(width)]
            for line, text, value in batch:
                if value is None:
                    self.blank_rows += 1
                elif isinstance(value, str):
                    rejects.append(Reject(line, value, cut(text, self._limits.content)))
                elif any(_cell(value.get(name)) for name in beyond):
                    rejects.append(Reject(line, "field_count", cut(text, self._limits.content)))
                else:
                    lines.append(line)
                    for name, column in zip(keys, columns, strict=True):
                        column.append(_cell(value.get(name)))
            yield Chunk(lines, columns, rejects)

    def _values(self) -> Iterator[tuple[int, str, dict[str, Any] | str | None]]:
        """Yield line number, text, and the object, the reason why there is none, or None for a blank line."""
        survey = self._survey
        survey.file.seek(survey.start)
        text = io.TextIOWrapper(survey.file, survey.codec, "surrogateescape", newline=survey.newline)
        try:
            for number, line in enumerate(text, start=1):
                yield number, line.rstrip("\r\n"), self._value(number, line)
        finally:
            if not survey.file.closed:
                text.detach()

    def _value(self, number: int, line: str) -> dict[str, Any] | str | None:
        if not line.strip():
            return None
        if reason := self._survey.flagged.get(number):
            return reason
        if len(line) > self._limits.cell:
            return "cell_too_large"
        try:
            value = orjson.loads(line)
            if not isinstance(value, dict):
                return "not_an_object"
            if len(_KEY.findall(line)) > len(value) or _LONG_NUMBER.search(line):
                value = json.loads(line, object_pairs_hook=_pairs)
        except _DuplicateKey:
            return "duplicate_key"
        except (ValueError, RecursionError):
            return "bad_json"
        if "\\u0000" in line and "\0" in "".join(map(str, (*value, *value.values()))):
            return "nul_bytes"
        return cast("dict[str, Any]", value)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _DuplicateKey
    return value


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return cell_text(value)
    return json.dumps(value, ensure_ascii=False)

"""Rows as bytes and back: CSV and JSON Lines, the same rows always as the same bytes."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Cells = Mapping[str, str]


def encode_rows(rows: Sequence[Cells], columns: Sequence[str], *, format_: str, bom: bool = False) -> bytes:
    """Return rows as a file with the columns in this order."""
    if format_ == "jsonl":
        return b"".join(orjson.dumps({name: row[name] for name in columns}) + b"\n" for row in rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def decode_rows(content: bytes, *, name: str) -> list[dict[str, str]]:
    """Return the rows of a small file of theirs (receipts, their list): JSON Lines, a JSON array, or CSV with a header.

    Raises:
        ValueError: it is none of these, or breaks off in the middle.
    """
    if content.lstrip()[:1] in {b"{", b"["}:
        found: Any = (
            orjson.loads(content)
            if content.lstrip().startswith(b"[")
            else [orjson.loads(line) for line in content.splitlines() if line.strip()]
        )
        if not all(isinstance(row, dict) for row in found):
            raise ValueError(f"{name}: not every item is an object")
        return [{key: _text(value) for key, value in row.items()} for row in found]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    lines = list(csv.reader(io.StringIO(text), strict=True))
    if not lines:
        return []
    header, rows = lines[0], [line for line in lines[1:] if line]
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"{name}: a row has another number of cells than the header")
    return [dict(zip(header, row, strict=True)) for row in rows]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def join_key(cells: Mapping[str, str], columns: Sequence[str]) -> str:
    """Return the key under which the other side knows a row: the cells of its key columns."""
    return "|".join(cells.get(column, "").strip() for column in columns)

"""Cells of a workbook as text: digits as they stand, days as ISO dates, texts verbatim."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

import polars as pl

CellValue = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta | None

_EXACT = 1e15  # whole numbers below have all their digits in a double


def _number(value: float) -> str:
    if value == value // 1 and abs(value) < _EXACT:
        return str(int(value))
    text = repr(value)
    if "e" not in text and not text.endswith(".0"):
        return text
    # Beyond 15 digits a code stored as a number has lost its tail; the digits that Excel shows end in zeros.
    return format(Decimal(text), "f").removesuffix(".0")


def _moment(value: dt.datetime) -> str:
    if value.time() == dt.time.min:
        return value.date().isoformat()
    return value.isoformat(sep=" ")


_READERS: dict[type, Callable[..., str]] = {
    float: _number,
    int: str,
    bool: lambda value: "true" if value else "false",
    dt.datetime: _moment,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: str,
}


def cell_text(value: CellValue) -> str | None:
    """Return a cell's value as text, None for an empty one.

    Numbers are plain decimals without exponent, whole ones without a point; dates are YYYY-MM-DD, with a time
    `YYYY-MM-DD HH:MM:SS` where there is one; booleans are true and false; strings are left as they are.
    """
    if isinstance(value, str):
        return value or None
    return None if value is None else _READERS[type(value)](value)


def text_series(column: Sequence[CellValue]) -> pl.Series:
    """Return a whole column by `cell_text`, the common case of all texts without a call per cell."""
    if set(map(type, column)) <= {str, type(None)}:
        texts = pl.Series(column, dtype=pl.String)
        return texts.set((texts == "").fill_null(value=False), None)
    return pl.Series([cell_text(value) for value in column], dtype=pl.String)

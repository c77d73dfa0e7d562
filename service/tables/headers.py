"""Where the header row is: among the first rows of a file, below notes and empty rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.tables.columns import is_known_name
from service.tables.names import clean_name

_DATA_LIKE = re.compile(r"\d{4}")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One of the first rows: its first and last line (1-based) and its cells."""

    line: int
    last_line: int
    cells: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Header:
    """The header row, cleaned, with the number of its known names and the notes above it."""

    row: HeadRow
    names: tuple[str, ...]
    known: int
    notes: tuple[str, ...]


#: How the header is found among the first rows; None where they have none.
HeaderFinder = Callable[[Sequence[HeadRow]], Header | None]


def find_header(rows: Sequence[HeadRow]) -> Header | None:
    """Return the row that names most known columns, else the first that looks most like names; None if none does.

    Two known names are needed, one where the row has only one or two cells. Without known names, the row with the most
    different short texts wins when it has at least two of them and no cell with a run of four digits, which would be
    data (codes, dates, amounts).
    """
    best: HeadRow | None = None
    best_known = 0
    for row in rows:
        filled = [name for cell in row.cells if (name := clean_name(cell))]
        known = sum(is_known_name(name) for name in filled)
        if known > best_known and (known > 1 or len(filled) <= 2):
            best, best_known = row, known
    if best is None:
        best = max(rows, key=_distinct_names, default=None)
        if best is None or _distinct_names(best) < 2:
            return None
    notes = tuple(note for row in rows if row.line < best.line and (note := _note(row)))
    return Header(best, tuple(clean_name(cell) for cell in best.cells), best_known, notes)


def _distinct_names(row: HeadRow) -> int:
    filled = [name for cell in row.cells if (name := clean_name(cell))]
    if any(_DATA_LIKE.search(name) or len(name) > _LONGEST_NAME for name in filled):
        return 0
    return len(set(filled))


def _note(row: HeadRow) -> str:
    return " ".join(text for cell in row.cells if (text := clean_name(cell)))

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

Column = list[str | None] | pl.Series


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused; every limit can be set by the caller.

    `columns` counts named columns. `cell` is in characters, `content` the characters kept of a rejected row. `cells`
    is rows x columns of a sheet's used area. `unpacked` is in bytes; `ratio` (unpacked to packed) is looked at only
    once `ratio_from` bytes have been unpacked, because small repetitive files compress very well. `line` is in bytes.
    `bad_share` is the share of undecodable lines up to which an encoding still counts as the right one.
    """

    columns: int = 512
    cell: int = 1_000_000
    content: int = 20_000
    cells: int = 20_000_000
    unpacked: int = 4 * 1024**3
    ratio: int = 250
    ratio_from: int = 64 * 1024**2
    line: int = 64 * 1024**2
    bad_share: float = 0.001
    header_rows: int = 30


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that is not handed on, with its first line (1-based, of the file or sheet) and its content as text.

    `reason` is one of field_count, broken_quote, bad_encoding, nul_bytes, cell_too_large, header_repeated, totals_row,
    bad_json, not_an_object, duplicate_key. `content` has no NUL and no lone surrogate, so that any store takes it; it
    is cut at `Limits.content` with a note of its full length. It may hold personal data.
    """

    line: int
    reason: str
    content: str


@dataclass(slots=True)
class Chunk:
    """A run of rows, by column.

    `lines` has the 1-based first line (or sheet row) of each row; `columns` has one list or series per header column, each
    as long as `lines`; an empty cell is None, any other cell is its text as written. `rejects` are rows met on the way.
    """

    lines: list[int]
    columns: Sequence[Column]
    rejects: list[Reject] = field(default_factory=list)


def cut(content: str, limit: int) -> str:
    """Return `content` fit for storing: no NUL, no lone surrogate, at most `limit` characters and a note if cut."""
    length = len(content)
    if length > limit:
        content = f"{content[:limit]}… [{length} characters]"
    if not content.isascii():
        content = content.encode("utf-8", "backslashreplace").decode("utf-8")
    return content.replace("\0", "\\x00")

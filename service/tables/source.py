"""What every format gives the reader: the first rows, and then all rows below the header as chunks."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from service.tables.chunk import Chunk
from service.tables.headers import HeadRow

Format = Literal["csv", "tsv", "xlsx", "xls", "spreadsheetml", "jsonl"]


class Source(Protocol):
    """An opened file of one format."""

    format: Format
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    notes: Sequence[str]
    blank_rows: int

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank, at most `Limits.header_rows` of them."""

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below line `after_line` by column, `size` rows at a time.

        `width` is the number of columns, `named` of those up to the last one with a name: a row may leave out the rest.
        """

    def close(self) -> None:
        """Give back files and memory."""

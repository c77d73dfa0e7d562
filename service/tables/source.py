"""What every format gives the reader: the first rows, and then all rows below the header as chunks."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from service.tables.chunk import Chunk
from service.tables.headers import HeadRow

Format = Literal["csv", "tsv", "xlsx", "xls", "spreadsheetml", "jsonl"]


class Source(Protocol):
    """An opened file of one format."""

    @property
    def format(self) -> Format:
        """What the content is."""

    @property
    def encoding(self) -> str | None:
        """The encoding of a text file."""

    @property
    def delimiter(self) -> str | None:
        """What separates the fields of a text file."""

    @property
    def sheet(self) -> str | None:
        """The name of the sheet of a workbook."""

    @property
    def notes(self) -> Sequence[str]:
        """What else was found in the file."""

    @property
    def blank_rows(self) -> int:
        """How many blank rows were passed over so far."""

    @property
    def last_line(self) -> int:
        """The last line (or sheet row) of the file."""

    def head(self) -> list[HeadRow]:
        """Return the first rows that are not blank, at most `Limits.header_rows` of them."""

    def rows(self, after_line: int, width: int, named: int, size: int) -> Iterator[Chunk]:
        """Yield the rows below line `after_line` by column, `size` rows at a time.

        `width` is the number of columns to yield, `named` of those up to the last one with a name: a row may leave out
        the rest. A row with content beyond `width` is a reject.
        """

    def close(self) -> None:
        """Give back files and memory."""

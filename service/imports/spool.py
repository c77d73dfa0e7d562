"""The cells of a file as they were read, kept on disk until it is known which of them have to be shown."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import polars as pl

from service.tables.chunk import Chunk


class Spool:
    """A nameless temporary file of chunks; a context manager. What it holds ends with the process, however that ends."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by the block
        self._parts: list[tuple[int, int, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, chunk: Chunk, first_n: int) -> None:
        """Keep the rows of a chunk, numbered from `first_n`."""
        if not chunk.lines:
            return
        begin = self._file.seek(0, 2)
        columns = [pl.Series(f"{at}", column, dtype=pl.String) for at, column in enumerate(chunk.columns)]
        pl.DataFrame(columns).write_ipc(self._file, compression="lz4")
        self._parts.append((first_n, first_n + len(chunk.lines), begin, self._file.seek(0, 2) - begin))

    def rows(self, wanted: Sequence[int]) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        """Yield number and cells of the rows whose ascending numbers are `wanted`."""
        numbers = pl.Series(wanted, dtype=pl.Int64)
        for first, end, begin, size in self._parts:
            here = numbers.filter((numbers >= first) & (numbers < end))
            if here.is_empty():
                continue
            self._file.seek(begin)
            frame = pl.read_ipc(BytesIO(self._file.read(size)))
            yield from zip(here, frame[(here - first).to_list()].iter_rows(), strict=True)

"""Rows of a table into files: JSON Lines, CSV, Parquet and workbooks, each by one COPY and with flat memory."""

import asyncio
import queue
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl
from asyncpg import Connection
from polars.io.plugins import register_io_source

from service.exports.digests import SetDigest
from service.exports.files import Compression, Sink, WrittenFile
from service.exports.queries import CSV, LINES, TEXT, Extent, copy_rows
from service.exports.rules import PersonalDataFound
from service.exports.selects import joined_columns, plain_columns, sheet_row
from service.exports.shapes import ColumnKind, Table
from service.exports.sheets import SHEET_ROWS, Workbook
from service.personal_data.bulk import scan_series

#: What is packed, digested or parsed at once, in bytes.
BLOCK: Final = 2 * 1024**2
_TYPES: Final = {ColumnKind.INTEGER: pl.Int64, ColumnKind.DATE: pl.Date}


class Blocks:
    """Puts the pieces that COPY hands over together to blocks of whole records."""

    def __init__(self, size: int = BLOCK) -> None:
        self._size = size
        self._parts: list[bytes] = []
        self._held = 0

    def add(self, piece: bytes) -> bytes | None:
        """Take a piece; return a block when there is enough for one that ends with a record.

        In CSV a line end inside quotation marks ends no record: up to the end of one, they are even in number.
        """
        self._parts.append(piece)
        self._held += len(piece)
        if self._held < self._size or not piece.endswith(b"\n"):
            return None
        block = b"".join(self._parts)
        self._parts, self._held = [block], len(block)
        return self.rest() if block.count(b'"') % 2 == 0 else None

    def rest(self) -> bytes:
        """Return what is left."""
        block = b"".join(self._parts)
        self._parts, self._held = [], 0
        return block


class Tripwire:
    """Looks for personal data in the texts of a table before a release appears."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._texts = table.of_kind(ColumnKind.TEXT)
        self._schema = {
            column.name: pl.List(pl.String) if column.kind is ColumnKind.LIST else pl.String for column in table.columns
        }

    def check(self, lines: bytes) -> None:
        """Refuse lines in which the scan finds something; the refusal names the records and not what was found.

        Raises:
            PersonalDataFound: a text holds personal data.
        """
        frame = pl.read_ndjson(BytesIO(lines), schema=self._schema)
        for name in self._texts:
            found = frame.filter(scan_series(frame[name]))
            if len(found):
                keys = found[self._table.key].head(20).to_list()
                raise PersonalDataFound(
                    f"The column {name} of {self._table.name} holds personal data in {len(found)} or more records:"
                    f" {', '.join(keys)}. Hold these texts back or correct them; the release is built again by itself.",
                    detail_zh="待发布文件中发现个人信息，已停止发布，请核查所列记录。",
                    table=self._table.name,
                    column=name,
                    records=keys,
                )


async def write_lines(
    connection: Connection,
    extent: Extent,
    table: Table,
    path: Path,
    *,
    compression: Compression = Compression.NONE,
    digest: SetDigest | None = None,
    guarded: bool = True,
) -> WrittenFile:
    """Write JSON Lines; `digest` takes the lines in, and where `guarded` each is looked through for personal data.

    Raises:
        PersonalDataFound: a text holds personal data.
    """
    tripwire = Tripwire(table)
    blocks = _LineBlocks()

    def digested(block: bytes) -> None:
        if guarded and block:
            tripwire.check(block)
        if digest is not None:
            digest.add(block.splitlines())

    with Sink(path, compression=compression) as sink:

        async def take(piece: bytes) -> None:
            sink.write(piece)
            block = blocks.add(piece)
            if block is not None:
                digested(block)

        query = f"row_to_json((SELECT r FROM (SELECT {plain_columns(table)}) r))"  # noqa: S608 - names of columns
        rows = await copy_rows(connection, extent, table, query, take, form=LINES)
        digested(blocks.rest())
    return sink.written(table=table.name, form="jsonl", rows=rows)


class _LineBlocks(Blocks):
    """Blocks of lines: in JSON no record holds a line end."""

    def add(self, piece: bytes) -> bytes | None:
        self._parts.append(piece)
        self._held += len(piece)
        return self.rest() if self._held >= self._size and piece.endswith(b"\n") else None


async def write_csv(
    connection: Connection,
    extent: Extent,
    table: Table,
    path: Path,
    *,
    compression: Compression = Compression.NONE,
    bom: bool = False,
) -> WrittenFile:
    """Write CSV in UTF-8 with a header; `bom` puts the mark before it by which Excel knows the encoding."""
    with Sink(path, compression=compression) as sink:
        sink.write((b"\xef\xbb\xbf" if bom else b"") + ",".join(table.names).encode() + b"\n")

        async def take(piece: bytes) -> None:
            sink.write(piece)

        columns = joined_columns(table, neutral=True)
        rows = await copy_rows(connection, extent, table, columns, take, form=CSV)
    return sink.written(table=table.name, form="csv", rows=rows)


async def write_workbook(
    connection: Connection,
    extent: Extent,
    table: Table,
    path: Path,
    *,
    about: tuple[tuple[str, str], ...] = (),
    sheet_rows: int = SHEET_ROWS,
) -> WrittenFile:
    """Write a workbook with Chinese headings, in as many sheets as are needed."""
    blocks = _LineBlocks(1 << 18)
    with Sink(path) as sink:
        titles = tuple(column.zh for column in table.columns)
        book = Workbook(sink, name=table.title_zh, titles=titles, about=about, sheet_rows=sheet_rows)

        async def take(piece: bytes) -> None:
            block = blocks.add(piece)
            if block is not None:
                book.write(block)

        rows = await copy_rows(connection, extent, table, sheet_row(table), take, form=TEXT)
        book.write(blocks.rest())
        book.close()
    return sink.written(table=table.name, form="xlsx", rows=rows)


async def write_parquet(connection: Connection, extent: Extent, table: Table, path: Path) -> WrittenFile:
    """Write Parquet with typed columns, packed by zstd. Rows come as CSV; a thread reads and packs them meanwhile."""
    blocks = Blocks()
    handed: queue.Queue[bytes | None] = queue.Queue(maxsize=2)
    with Sink(path) as sink:
        packing = asyncio.create_task(asyncio.to_thread(_pack, table, handed.get, sink))

        async def take(piece: bytes) -> None:
            block = blocks.add(piece)
            if block is not None:
                await asyncio.to_thread(handed.put, block)

        columns = joined_columns(table, neutral=False)
        try:
            rows = await copy_rows(connection, extent, table, columns, take, form=CSV)
            await asyncio.to_thread(handed.put, blocks.rest())
        finally:
            await asyncio.to_thread(handed.put, None)
            await packing
    return sink.written(table=table.name, form="parquet", rows=rows)


def _pack(table: Table, get: Callable[[], bytes | None], sink: Sink) -> None:
    read = {column.name: _TYPES.get(column.kind, pl.String) for column in table.columns}
    lists = table.of_kind(ColumnKind.LIST)
    schema: dict[str, Any] = read | {name: pl.List(pl.String) for name in lists}

    def source(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=schema)
        while (block := get()) is not None:
            if block:
                frame = pl.read_csv(block, has_header=False, schema=read)
                yield frame.with_columns(pl.col(name).str.split(";") for name in lists)

    try:
        register_io_source(source, schema=schema).sink_parquet(
            sink,  # type: ignore[call-overload] # of a file only `write` is needed
            compression="zstd",
            compression_level=1,
            row_group_size=50_000,
        )
    except BaseException:
        while get() is not None:  # so that nobody waits for room in the queue
            pass
        raise

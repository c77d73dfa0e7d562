"""Results as files. Rows are kept aside until all are answered, since the sums and what all rows are true of come first.

CSV: a first line that begins with `#` and holds the top as JSON. JSON Lines: the top is the first line. Parquet: it is the value `xinyong` of
the file's own metadata. A workbook: the sheet 说明 About.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Final, Self

import orjson
import polars as pl
from polars.io.plugins import register_io_source

from service.exports.files import Sink
from service.exports.sheets import Workbook
from service.screenings.rules import COLUMNS, LISTS, NUMBERS, Format

#: What spreadsheets would compute.
_FORMULA: Final = r"^[=+\-@\t\r]"
_XML: Final = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ("\\", "\\\\"),
    ("\n", "\\n"),
    ("\r", "\\r"),
    ("\t", "\\t"),
)
_LONGEST_CELL: Final = 32_767


class KeptRows:
    """Frames on disk in a file without a name, which ends with the process, however that ends. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by the block
        self._parts: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Keep a frame."""
        begin = self._file.seek(0, 2)
        frame.write_ipc(self._file, compression="lz4")
        self._parts.append((begin, self._file.tell() - begin))

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for begin, size in self._parts:
            self._file.seek(begin)
            yield pl.read_ipc(BytesIO(self._file.read(size)))


def write_result(rows: KeptRows, path: Path, *, form: Format, top: dict[str, Any]) -> tuple[int, str]:
    """Write a result to `path`; return its size in bytes and its SHA-256."""
    path.unlink(missing_ok=True)
    with Sink(path) as sink:
        _WRITERS[form](rows, sink, top)
    written = sink.written()
    return written.size, written.sha256


def _csv(rows: KeptRows, sink: Sink, top: dict[str, Any]) -> None:
    sink.write(b"# " + orjson.dumps(top) + b"\n" + ",".join(COLUMNS).encode() + b"\n")
    for frame in rows:
        sink.write(frame.with_columns(_neutral("name")).write_csv(include_header=False).encode())


def _neutral(name: str) -> pl.Expr:
    """Put an apostrophe before a registered name that a spreadsheet would compute."""
    column = pl.col(name)
    return pl.when(column.str.contains(_FORMULA)).then("'" + column).otherwise(column).alias(name)


def _json_lines(rows: KeptRows, sink: Sink, top: dict[str, Any]) -> None:
    sink.write(orjson.dumps(top) + b"\n")
    for frame in rows:
        sink.write(_with_lists(frame).write_ndjson().encode())


def _with_lists(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col("positions").str.split(";").list.eval(pl.element().cast(pl.Int64)),
        *(pl.col(name).str.split(";") for name in LISTS if name != "positions"),
    )


def _parquet(rows: KeptRows, sink: Sink, top: dict[str, Any]) -> None:
    kinds: dict[str, Any] = {name: pl.Int64 if name in NUMBERS else pl.String for name in COLUMNS}
    kinds |= {name: pl.List(pl.Int64 if name == "positions" else pl.String) for name in LISTS}

    def source(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield pl.DataFrame(schema=kinds)
        yield from map(_with_lists, rows)

    register_io_source(source, schema=kinds).sink_parquet(
        sink,  # type: ignore[call-overload] # of a file only `write` is needed
        compression="zstd",
        compression_level=1,
        row_group_size=50_000,
        metadata={"xinyong": orjson.dumps(top).decode()},
    )


def _workbook(rows: KeptRows, sink: Sink, top: dict[str, Any]) -> None:
    about = tuple(
        (name, value if isinstance(value, str) else orjson.dumps(value).decode()) for name, value in top.items()
    )
    book = Workbook(sink, name="筛查结果", titles=tuple(COLUMNS), about=about)
    for frame in rows:
        lines = frame.select(pl.concat_str(pl.lit("<row>"), *map(_cell, COLUMNS), pl.lit("</row>\n"))).to_series()
        book.write(lines.str.join("").item().encode())
    book.close()


def _cell(name: str) -> pl.Expr:
    if name in NUMBERS:
        text, opening = pl.col(name).cast(pl.String), "<c><v>"
    else:
        column = _neutral(name).str.slice(0, _LONGEST_CELL)
        text, opening = (
            column.str.replace_many([one for one, _ in _XML], [other for _, other in _XML]),
            '<c t="str"><v>',
        )
    return pl.when(text.is_not_null()).then(opening + text + "</v></c>").otherwise(pl.lit("<c/>"))


_WRITERS: Final[dict[Format, Callable[[KeptRows, Sink, dict[str, Any]], None]]] = {
    Format.CSV: _csv,
    Format.JSON_LINES: _json_lines,
    Format.PARQUET: _parquet,
    Format.WORKBOOK: _workbook,
}

"""Files of a release: written once, front to back, with the SHA-256 of what is stored taken on the way."""

import os
import zlib
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import zstandard


class Compression(StrEnum):
    """How a text file is packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"

    @property
    def suffix(self) -> str:
        """What the file's name ends in."""
        return {"none": "", "gzip": ".gz", "zstd": ".zst"}[self.value]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file as a manifest lists it; `rows` are the records in it, None for a file about the release.

    `columns` are those of a table that it has, None for all.
    """

    path: str
    size: int
    sha256: str
    table: str | None = None
    format: str | None = None
    compression: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] | None = None


class Packer(Protocol):
    """What both packers have in common."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what is packed so far."""

    def flush(self) -> bytes:
        """Return the rest."""


class Sink:
    """A new file that can only be written to the end; use it in a `with`, after which `written` describes it."""

    def __init__(self, path: Path, *, compression: Compression = Compression.NONE) -> None:
        self.path = path
        self.compression = compression
        self.size = 0
        self._digest = sha256()
        self._packer: Packer | None = None
        if compression is Compression.GZIP:
            self._packer = zlib.compressobj(level=1, wbits=31)
        elif compression is Compression.ZSTD:
            self._packer = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
        self._file = path.open("xb", buffering=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._packer is not None:
            self._store(self._packer.flush())
        if error is None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - bytes or a view of them, as file objects take
        """Append; returns how many bytes were taken, as a file object does."""
        self._store(data if self._packer is None else self._packer.compress(bytes(data)))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is nothing to be read before the end. Zip archives ask for it."""

    def _store(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        self._file.write(data)

    def written(self, *, table: str | None = None, form: str | None = None, rows: int | None = None) -> WrittenFile:
        """Return the description of the finished file."""
        packed = None if self.compression is Compression.NONE else self.compression.value
        return WrittenFile(self.path.name, self.size, self._digest.hexdigest(), table, form, packed, rows)


def write_file(path: Path, content: bytes) -> WrittenFile:
    """Write a whole file at once."""
    with Sink(path) as sink:
        sink.write(content)
    return sink.written()


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Just enough of the compound file format ([MS-CFB]) to tell what an old Office file holds before it is opened.

The reader of XLS files loads every sheet at once and believes the positions that cells state. A file of some kilobytes
can therefore claim 65,536 x 256 cells on every sheet; `sheet_areas` finds that out from the records ([MS-XLS]).
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFF0  # free, end of chain and the table's own sectors are all above
_BOF, _EOF = 0x0809, 0x000A
_CELLS = frozenset((0x0006, 0x00FD, 0x00D6, 0x0203, 0x0204, 0x0205, 0x027E))
_CELL_RUNS = frozenset((0x00BD,))


class BrokenCompoundFile(Exception):
    """A chain of sectors leads out of the file or in a circle."""


class CompoundFile:
    """The directory of a compound file and its streams.

    Raises:
        BrokenCompoundFile: from the constructor and `stream`, when sectors are missing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        head = file.read(512)
        if len(head) < 512 or not head.startswith(MAGIC):
            raise BrokenCompoundFile
        self._sector = 1 << int(struct.unpack_from("<H", head, 30)[0])
        if self._sector not in (512, 4096):
            raise BrokenCompoundFile
        directory, self._cutoff = struct.unpack_from("<I4xI", head, 48)
        mini_table, _, more, more_count = struct.unpack_from("<4I", head, 60)
        table_sectors = [at for at in struct.unpack_from("<109I", head, 76) if at < _END]
        per_sector = self._sector // 4
        sectors = file.seek(0, 2) // self._sector + 1
        for _ in range(more_count):
            if more >= _END:
                break
            if len(table_sectors) > sectors:
                raise BrokenCompoundFile
            entries = struct.unpack(f"<{per_sector}I", self._read(more))
            table_sectors.extend(at for at in entries[:-1] if at < _END)
            more = entries[-1]
        self._next: list[int] = []
        for at in table_sectors:
            self._next.extend(struct.unpack(f"<{per_sector}I", self._read(at)))
        raw = b"".join(self._read(at) for at in self._chain(directory))
        self.entries = {name: (start, size) for name, start, size, _ in _directory(raw)}
        self._mini_start = next((start for _, start, _, kind in _directory(raw) if kind == 5), _END)
        self._mini_table = mini_table

    def _read(self, sector: int) -> bytes:
        self._file.seek((sector + 1) * self._sector)
        data = self._file.read(self._sector)
        if len(data) < self._sector:
            # Writers may leave out the tail of the very last sector.
            if not data:
                raise BrokenCompoundFile
            data = data.ljust(self._sector, b"\0")
        return data

    def _chain(self, sector: int) -> Iterator[int]:
        for _ in range(len(self._next) + 1):
            if sector >= _END:
                return
            if sector >= len(self._next):
                raise BrokenCompoundFile
            yield sector
            sector = self._next[sector]
        raise BrokenCompoundFile

    def stream(self, name: str) -> bytes:
        """Return a stream's bytes; it must be in `entries`."""
        start, size = self.entries[name]
        if size >= self._cutoff:
            return b"".join(self._read(at) for at in self._chain(start))[:size]
        small = b"".join(self._read(at) for at in self._chain(self._mini_start))
        table = b"".join(self._read(at) for at in self._chain(self._mini_table))
        following = struct.unpack(f"<{len(table) // 4}I", table)
        pieces: list[bytes] = []
        while start < _END:
            if start >= len(following) or len(pieces) > len(following):
                raise BrokenCompoundFile
            pieces.append(small[start * 64 : start * 64 + 64])
            start = following[start]
        return b"".join(pieces)[:size]


def _directory(raw: bytes) -> Iterator[tuple[str, int, int, int]]:
    for at in range(0, len(raw) - 127, 128):
        name_length, kind = struct.unpack_from("<HB", raw, at + 64)
        if kind:
            name = raw[at : at + min(max(name_length - 2, 0), 62)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", raw, at + 116)
            yield name, start, size, kind


def sheet_areas(workbook: bytes) -> Iterator[tuple[int, int]]:
    """Yield (rows, columns) of the rectangle that the cells of each sheet span, from the records of a BIFF8 stream."""
    at, depth = 0, 0
    first_row = last_row = first_column = last_column = -1
    while at + 4 <= len(workbook):
        kind, length = struct.unpack_from("<HH", workbook, at)
        body = at + 4
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth == 0 and last_row >= 0:
                yield last_row - first_row + 1, last_column - first_column + 1
                first_row = last_row = first_column = last_column = -1
        elif (kind in _CELLS or kind in _CELL_RUNS) and length >= 6 and body + length <= len(workbook):
            row, column = struct.unpack_from("<HH", workbook, body)
            end = struct.unpack_from("<H", workbook, body + length - 2)[0] if kind in _CELL_RUNS else column
            first_row = row if first_row < 0 else min(first_row, row)
            first_column = column if first_column < 0 else min(first_column, column)
            last_row, last_column = max(last_row, row), max(last_column, end)
        at = body + length

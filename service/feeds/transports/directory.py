"""A directory that both sides see: files appear whole, by a rename; what begins with a dot or ends with .part is unfinished."""

import asyncio
import errno
import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Self

from service.feeds.definitions import Definition
from service.feeds.formats import decode_rows
from service.feeds.rules import TransportFailure
from service.feeds.shapes import Shape
from service.feeds.transports import Answers, Found, Parcel

UNFINISHED = (".part", ".tmp", ".filepart")


def is_finished(name: str) -> bool:
    """Return whether a file of this name is one that its writer has finished."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def newest(names: Sequence[str], pattern: str) -> str | None:
    """Return the last of the finished names that fit a pattern; lists bear their day in the name."""
    return max((name for name in names if is_finished(name) and fnmatch(name, pattern)), default=None)


def failure(error: OSError) -> TransportFailure:
    """Return what an error of the file system means for a feed."""
    if isinstance(error, PermissionError):
        return TransportFailure("credentials", f"may not: {error}")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return TransportFailure("no_room", f"no room left: {error}")
    return TransportFailure("unreachable", str(error))


class DirectoryTransport:
    """Files in `path`; receipts and their list in folders below it."""

    def __init__(self, definition: Definition, shape: Shape) -> None:
        del shape
        self._definition = definition
        self._path = Path(str(definition.transport["path"]))

    async def __aenter__(self) -> Self:
        if not self._path.is_dir():
            raise TransportFailure("unreachable", f"there is no directory {self._path}")
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def send(self, parcel: Parcel) -> Answers:
        """Write the file beside, and give it its name when its bytes are on the disk."""
        try:
            await asyncio.to_thread(_place, self._path / parcel.file_name, parcel.content)
        except OSError as error:
            raise failure(error) from error
        return Answers()

    async def receipts(self, outstanding: Sequence[str]) -> Answers:
        """Return the finished files in the folder of receipts, by name."""
        del outstanding
        folder = self._path / self._definition.receipts.folder
        try:
            return Answers(files=await asyncio.to_thread(_files, folder))
        except OSError as error:
            raise failure(error) from error

    async def shown(self) -> list[dict[str, str]] | None:
        """Return the rows of the newest file of their list."""
        shown = self._definition.shown
        if not shown:
            return None
        folder = self._path / str(shown.get("folder", "shown"))
        try:
            name = newest(_names(folder), str(shown.get("pattern", "*"))) if folder.is_dir() else None
            if name is None:
                raise TransportFailure("unreachable", f"no list of theirs in {folder}")
            return decode_rows(await asyncio.to_thread((folder / name).read_bytes), name=name)
        except OSError as error:
            raise failure(error) from error


def _place(target: Path, content: bytes) -> None:
    draft = target.with_name(f".{target.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _files(folder: Path) -> list[Found]:
    if not folder.is_dir():
        return []
    names = sorted(name for name in _names(folder) if is_finished(name))
    return [Found(name, (folder / name).read_bytes()) for name in names if (folder / name).is_file()]


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]

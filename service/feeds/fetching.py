"""Files of other systems picked up: from a directory, by SFTP or HTTPS; a broken download goes on where it stopped.

A file is known by its name and a mark (size and time, or ETag): what was picked up once is not picked up again. It is kept
below the data directory until its import has ended. A table of a front-end database is a file too: all its rows, marked by
their digest.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from posixpath import join
from typing import Protocol

import asyncpg
import asyncssh
import httpx

from service.feeds.definitions import Definition
from service.feeds.rules import TransportFailure
from service.feeds.transports import database, https, sftp
from service.feeds.transports.directory import failure, is_finished

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that is there to be picked up."""

    name: str
    mark: str
    size: int | None = None


class Pickup(Protocol):
    """An open way to files. At `one_address` the same file is offered anew whenever it changes, back to what it was as well."""

    one_address: bool

    async def offered(self, known: Sequence[str]) -> list[Offered]:
        """Return the files there are, by name; `known` are the marks of those that were picked up, oldest first."""

    async def fetch(self, offered: Offered, target: Path) -> None:
        """Bring a file to `target`, from where an earlier try broke off."""


@asynccontextmanager
async def open_pickup(definition: Definition, *, now: datetime) -> AsyncIterator[Pickup]:
    """Open the way that a definition asks for.

    Raises:
        TransportFailure: the other side cannot be reached, or files cannot be picked up this way.
    """
    kind = definition.transport.get("type")
    if not definition.connected:
        raise TransportFailure("not_connected", "the definition says that this system is not connected")
    if kind == "directory":
        yield _Directory(definition, now)
    elif kind == "sftp":
        async with sftp.connected(definition.transport) as client:
            yield _Sftp(definition, client)
    elif kind == "https":
        async with _https(definition) as client:
            yield _Https(definition, client)
    else:
        async with _snapshot(definition) as connection:
            yield _Table(definition, connection)


class _Directory:
    one_address = False

    def __init__(self, definition: Definition, now: datetime) -> None:
        self._folder = Path(str(definition.transport["path"]))
        self._pattern = str(definition.incoming.get("pattern", "*"))
        self._settled = now.timestamp() - float(definition.incoming.get("settle_seconds", 60))

    async def offered(self, known: Sequence[str]) -> list[Offered]:
        """Files whose last change lies some time back: one that is still being written is left alone."""
        del known
        try:
            paths = [path for path in self._folder.iterdir() if path.is_file()]
            states = [(path.name, path.stat()) for path in paths]
        except OSError as error:
            raise failure(error) from error
        return sorted(
            (
                Offered(name, f"{state.st_size}-{state.st_mtime_ns}", state.st_size)
                for name, state in states
                if is_finished(name) and fnmatch(name, self._pattern) and state.st_mtime <= self._settled
            ),
            key=lambda one: one.name,
        )

    async def fetch(self, offered: Offered, target: Path) -> None:
        """Copy the file."""
        try:
            await asyncio.to_thread(_copy, self._folder / offered.name, target)
        except OSError as error:
            raise failure(error) from error


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as one, target.open("wb") as other:
        while piece := one.read(_PIECE):
            other.write(piece)


class _Sftp:
    one_address = False

    def __init__(self, definition: Definition, client: asyncssh.SFTPClient) -> None:
        self._client = client
        self._folder = str(definition.transport.get("folder", "."))
        self._pattern = str(definition.incoming.get("pattern", "*"))

    async def offered(self, known: Sequence[str]) -> list[Offered]:
        """Finished files that fit."""
        del known
        with sftp.told():
            entries = await self._client.readdir(self._folder)
        return sorted(
            (
                Offered(str(one.filename), f"{one.attrs.size}-{one.attrs.mtime}", one.attrs.size)
                for one in entries
                if is_finished(str(one.filename)) and fnmatch(str(one.filename), self._pattern)
            ),
            key=lambda one: one.name,
        )

    async def fetch(self, offered: Offered, target: Path) -> None:
        """Read on behind what is there already."""
        done = target.stat().st_size if target.exists() else 0
        with sftp.told():
            async with self._client.open(join(self._folder, offered.name), "rb") as source:
                with target.open("ab") as file:
                    while piece := await source.read(_PIECE, done):
                        file.write(piece)  # type: ignore[arg-type] # bytes: the file is opened as such
                        file.flush()
                        done += len(piece)
        if offered.size is not None and done != offered.size:
            raise TransportFailure("unreachable", f"{offered.name} has {done} bytes, {offered.size} were announced")


@asynccontextmanager
async def _https(definition: Definition) -> AsyncIterator[httpx.AsyncClient]:
    transport = definition.transport
    if not str(transport.get("url", "")).startswith("https://"):
        raise TransportFailure("misconfigured", "only https:// is spoken")
    with https.told():
        client = https.client_of(transport)
    async with client:
        yield client


class _Https:
    one_address = True

    def __init__(self, definition: Definition, client: httpx.AsyncClient) -> None:
        self._url = str(definition.transport["url"])
        self._client = client

    async def offered(self, known: Sequence[str]) -> list[Offered]:
        """The one file at the address, unless it is the one that was picked up: ETag, else Last-Modified, tell."""
        headers = {}
        if known:
            is_etag = known[-1].startswith(('"', "W/"))
            headers = {"If-None-Match" if is_etag else "If-Modified-Since": known[-1]}
        with https.told():
            answer = await self._client.head(self._url, headers=headers)
        if answer.status_code == 304:
            return []
        https.check(answer)
        mark = answer.headers.get("etag") or answer.headers.get("last-modified")
        if mark is None:
            raise TransportFailure("misconfigured", "the address gives neither ETag nor Last-Modified")
        length = answer.headers.get("content-length")
        return [Offered(self._url.rsplit("/", 1)[-1] or "file", mark, int(length) if length else None)]

    async def fetch(self, offered: Offered, target: Path) -> None:
        """Ask for what is not there yet; a file that changed meanwhile begins anew."""
        done = target.stat().st_size if target.exists() else 0
        if offered.size is not None and done == offered.size:
            return
        # As it lies there: positions in a compressed answer are others than those in the file.
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers |= {"Range": f"bytes={done}-", "If-Range": offered.mark}
        with https.told():
            async with self._client.stream("GET", self._url, headers=headers) as answer:
                await self._take(answer, offered, target, done)
        size = target.stat().st_size
        if offered.size is not None and size != offered.size:
            raise TransportFailure("unreachable", f"{offered.name} has {size} bytes, {offered.size} were announced")

    async def _take(self, answer: httpx.Response, offered: Offered, target: Path, done: int) -> None:
        mark = answer.headers.get("etag" if offered.mark.startswith(('"', "W/")) else "last-modified", offered.mark)
        if answer.status_code in {200, 206} and mark != offered.mark:
            target.unlink(missing_ok=True)
            raise TransportFailure("unreachable", f"{offered.name} changed while it was fetched")
        if answer.status_code == 416:
            # Nothing lies behind what is there: it is whole where that is its length, else it is not this file's beginning.
            if answer.headers.get("content-range", "").rpartition("/")[2] == str(done):
                return
            target.unlink(missing_ok=True)
            raise TransportFailure("unreachable", f"{offered.name} ends before byte {done}")
        if answer.status_code != 206:
            await _full(answer)
        with target.open("ab" if answer.status_code == 206 else "wb") as file:
            async for piece in answer.aiter_raw():  # each as it comes: what arrived before a cut is kept
                file.write(piece)
                file.flush()


async def _full(answer: httpx.Response) -> None:
    if answer.status_code != 200:
        await answer.aread()
        https.check(answer)


@asynccontextmanager
async def _snapshot(definition: Definition) -> AsyncIterator[asyncpg.Connection]:
    """One look at their database: what is fetched is what was marked, whoever writes meanwhile."""
    with database.told():
        connection = await database.connect(definition)
    try:
        with database.told():
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
        yield connection
    finally:
        await connection.close(timeout=5)


class _Table:
    """The rows of one table as a CSV file; `[transport]` may name the `columns` that are read, and `mark` what is withdrawn."""

    one_address = True

    def __init__(self, definition: Definition, connection: asyncpg.Connection) -> None:
        transport = definition.transport
        self._connection = connection
        self._name = f"{transport['table']}.csv"
        mark = transport.get("mark")
        columns = ", ".join(f"t.{database.quoted(str(name))}" for name in transport.get("columns", ())) or "t.*"
        self._rows = f"SELECT {columns} FROM {database.quoted(str(transport['table']))} t"  # noqa: S608 - names are quoted
        self._values: list[str] = []
        if mark is not None:
            self._rows += f" WHERE t.{database.quoted(str(mark['column']))} IS DISTINCT FROM $1"
            self._values = [str(mark["withdraw"])]

    async def offered(self, known: Sequence[str]) -> list[Offered]:
        """The table as it stands, unless it is as it was when it was last picked up."""
        with database.told():
            digest = await self._connection.fetchval(
                f"SELECT count(*) || '-' || coalesce(md5(string_agg(d, '' ORDER BY d)), '')"  # noqa: S608 - put together above
                f" FROM (SELECT md5(r::text) AS d FROM ({self._rows}) r) AS m",
                *self._values,
            )
        return [] if known and known[-1] == digest else [Offered(self._name, digest)]

    async def fetch(self, offered: Offered, target: Path) -> None:
        """Copy the rows into the file."""
        del offered
        with database.told():
            await self._connection.copy_from_query(
                self._rows, *self._values, output=str(target), format="csv", header=True
            )

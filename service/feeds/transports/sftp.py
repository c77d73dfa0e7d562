"""SFTP: the server's key must be a known one; an upload goes on where it broke off, and gets its name when it is whole."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from posixpath import join
from typing import Any, Final, Self

import asyncssh

from service.feeds.definitions import Definition, secret
from service.feeds.formats import decode_rows
from service.feeds.rules import BadFeed, TransportFailure
from service.feeds.shapes import Shape
from service.feeds.transports import Answers, Found, Parcel
from service.feeds.transports.directory import is_finished, newest

#: Written one after the other, so that what a broken connection leaves behind has no holes.
PIECE: Final = 256 * 1024


@contextmanager
def told() -> Iterator[None]:
    """Turn what SSH and its server say into what it means for a feed."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise TransportFailure("credentials", f"the server's key is not the known one: {error}") from error
    except (asyncssh.PermissionDenied, asyncssh.SFTPPermissionDenied, asyncssh.KeyImportError) as error:
        raise TransportFailure("credentials", str(error) or "permission denied") from error
    except asyncssh.SFTPNoSuchFile as error:
        raise TransportFailure("misconfigured", f"no such folder or file there: {error}") from error
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise TransportFailure("unreachable", str(error) or type(error).__name__) from error
    except BadFeed as error:
        raise TransportFailure(error.code, error.detail) from error


@asynccontextmanager
async def connected(transport: Mapping[str, Any]) -> AsyncIterator[asyncssh.SFTPClient]:
    """Open a session with the server that a definition names.

    Raises:
        TransportFailure: it cannot be reached, is not the known one, or does not let us in.
    """
    if "known_hosts" not in transport:
        raise TransportFailure("misconfigured", "known_hosts is missing: a server with any key is not trusted")
    key_file = transport.get("key_file")
    with told():
        connection = await asyncssh.connect(
            str(transport["host"]),
            port=int(transport.get("port", 22)),
            username=str(transport["user"]),
            known_hosts=str(transport["known_hosts"]),
            client_keys=[str(key_file)] if key_file else [],
            passphrase=secret(transport, "passphrase"),
            password=secret(transport, "password"),
            agent_path=None,
            config=None,
            connect_timeout=float(transport.get("timeout_s", 20)),
            login_timeout=float(transport.get("timeout_s", 20)),
            keepalive_interval=15,
        )
        client = await connection.start_sftp_client()
    try:
        yield client
    finally:
        connection.abort()


class SftpTransport:
    """Files in `folder` of an SFTP server; `known_hosts` names the file with its key, `key_file` or a password lets us in."""

    def __init__(self, definition: Definition, shape: Shape) -> None:
        del shape
        self._definition = definition
        self._transport = definition.transport
        self._folder = str(definition.transport.get("folder", "."))

    async def __aenter__(self) -> Self:
        self._way = connected(self._transport)
        self._sftp = await self._way.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._way.__aexit__(None, None, None)

    async def send(self, parcel: Parcel) -> Answers:
        """Upload under another name, from where an earlier try broke off, and rename when every byte is there."""
        target = join(self._folder, parcel.file_name)
        draft = join(self._folder, f".{parcel.file_name}.part")
        with told():
            if await self._sftp.exists(target) and await self._read(target) == parcel.content:
                return Answers()
            done = await self._done(draft, parcel.content)
            async with self._sftp.open(draft, "r+b" if done else "wb") as file:
                for at in range(done, len(parcel.content), PIECE):
                    await file.write(parcel.content[at : at + PIECE], at)
                await file.truncate(len(parcel.content))
            if await self._sftp.getsize(draft) != len(parcel.content):
                raise TransportFailure("unreachable", f"{draft} has not the size that was written")
            try:
                await self._sftp.posix_rename(draft, target)
            except asyncssh.SFTPOpUnsupported:
                await self._sftp.rename(draft, target)
        return Answers()

    async def receipts(self, outstanding: Sequence[str]) -> Answers:
        """Return the finished files in the folder of receipts, by name."""
        del outstanding
        with told():
            folder = join(self._folder, self._definition.receipts.folder)
            if not await self._sftp.isdir(folder):
                return Answers()
            names = sorted(str(name) for name in await self._sftp.listdir(folder) if is_finished(str(name)))
            return Answers(files=[Found(name, await self._read(join(folder, name))) for name in names])

    async def shown(self) -> list[dict[str, str]] | None:
        """Return the rows of the newest file of their list."""
        shown = self._definition.shown
        if not shown:
            return None
        with told():
            folder = join(self._folder, str(shown.get("folder", "shown")))
            names = [str(name) for name in await self._sftp.listdir(folder)]
            name = newest(names, str(shown.get("pattern", "*")))
            if name is None:
                raise TransportFailure("unreachable", f"no list of theirs in {folder}")
            content = await self._read(join(folder, name))
        return decode_rows(content, name=name)

    async def _read(self, path: str) -> bytes:
        async with self._sftp.open(path, "rb") as file:
            content: bytes = await file.read()
            return content

    async def _done(self, draft: str, content: bytes) -> int:
        """How many bytes of an earlier try are there and right; what lies behind them is written again."""
        if not await self._sftp.exists(draft):
            return 0
        there = await self._read(draft)
        if content.startswith(there):
            return len(there)
        return next((at for at, (one, other) in enumerate(zip(there, content, strict=False)) if one != other), 0)

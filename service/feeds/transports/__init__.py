"""How rows reach another system and its answers come back. Each transport does the same three things over another protocol.

`send` delivers a parcel whole or not at all; the same parcel sent twice is one. `receipts` gives what the other side has
answered, `shown` what it shows now. Whatever goes wrong is a `TransportFailure` (tried again) or `ContentRefused` (these rows
will not be taken).
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from service.feeds.definitions import Definition
from service.feeds.formats import Cells
from service.feeds.rules import Operation, Receipt, TransportFailure
from service.feeds.shapes import Shape


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch ready to leave: its rows, and the same rows as the bytes of a file."""

    batch_id: UUID
    file_name: str
    operation: Operation
    columns: tuple[str, ...]
    rows: Sequence[Cells]
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file of theirs."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: files to be read, or receipts that the protocol gave as such."""

    files: Sequence[Found] = ()
    receipts: Sequence[Receipt] = ()


class Transport(Protocol):
    """An open way to another system."""

    async def send(self, parcel: Parcel) -> Answers:
        """Deliver a parcel; whatever the other side answers at once comes back."""

    async def receipts(self, outstanding: Sequence[str]) -> Answers:
        """Return what the other side has answered; `outstanding` are the keys of rows that wait for an answer."""

    async def shown(self) -> list[dict[str, str]] | None:
        """Return the rows that the other side shows now, or None where it tells nobody."""


def open_transport(definition: Definition, shape: Shape) -> AbstractAsyncContextManager[Transport]:
    """Return the transport that a definition asks for, to be opened by `async with`.

    Raises:
        TransportFailure: the definition says that the system is not connected.
    """
    # Imported when needed: a process that serves requests opens none of them.
    from service.feeds.transports.database import DatabaseTransport  # noqa: PLC0415
    from service.feeds.transports.directory import DirectoryTransport  # noqa: PLC0415
    from service.feeds.transports.https import HttpsTransport  # noqa: PLC0415
    from service.feeds.transports.sftp import SftpTransport  # noqa: PLC0415

    if not definition.connected:
        raise TransportFailure("not_connected", "the definition says that this system is not connected")
    kinds: dict[str, Callable[[Definition, Shape], AbstractAsyncContextManager[Transport]]] = {
        "directory": DirectoryTransport,
        "sftp": SftpTransport,
        "https": HttpsTransport,
        "database": DatabaseTransport,
    }
    return kinds[definition.transport["type"]](definition, shape)

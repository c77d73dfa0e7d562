"""A case file as one ZIP archive, written piece by piece, so that no more than one document is in memory."""

from datetime import datetime
from hashlib import sha256
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson


class _Sink:
    """What the archive writes into: it only ever grows at its end, and hands over what it has."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Package:
    """A ZIP archive in the making. Every method returns the bytes that are ready to be sent.

    The last member is `SHA256SUMS`, in the form that `sha256sum --check` reads.
    """

    def __init__(self, *, at: datetime) -> None:
        """Begin an archive whose members bear the instant `at` (its wall clock)."""
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w")  # type: ignore[call-overload] # of a file only `write` is needed
        self._at = at.timetuple()[:6]
        self._sums: list[str] = []

    def add(self, name: str, content: bytes) -> bytes:
        """Add a member as it is: documents are packed already."""
        self._sums.append(f"{sha256(content).hexdigest()}  {name}\n")
        return self._put(name, content, ZIP_STORED)

    def add_json(self, name: str, content: object) -> bytes:
        """Add a member in JSON, days and instants in ISO 8601."""
        return self._add_text(
            name, orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        )

    def add_lines(self, name: str, items: list[dict[str, object]]) -> bytes:
        """Add a member in JSON Lines."""
        return self._add_text(name, b"".join(orjson.dumps(item, default=str) + b"\n" for item in items))

    def _add_text(self, name: str, content: bytes) -> bytes:
        self._sums.append(f"{sha256(content).hexdigest()}  {name}\n")
        return self._put(name, content, ZIP_DEFLATED)

    def finish(self) -> bytes:
        """Add the sums and close the archive."""
        self._put("SHA256SUMS", "".join(self._sums).encode(), ZIP_DEFLATED, take=False)
        self._zip.close()
        return self._sink.take()

    def _put(self, name: str, content: bytes, packing: int, *, take: bool = True) -> bytes:
        info = ZipInfo(name, self._at)
        info.compress_type = packing
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w") as member:
            member.write(content)
        return self._sink.take() if take else b""

"""An HTTPS download that is cut wherever it may be: it goes on behind the last byte that came, or begins anew."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from service.feeds.definitions import Definition, read_definition
from service.feeds.fetching import Offered, open_pickup
from service.feeds.rules import TransportFailure
from tests.clients import NOW
from tests.service.feeds.test_transports import certificate

BYTES = Random(7).randbytes(40_000)  # noqa: S311 - no secret


@dataclass
class Site:
    """A server of one file over TLS that breaks off after so many bytes of the content; what was asked is kept."""

    content: bytes = BYTES
    etag: str | None = '"one"'
    ranges: bool = True
    announces: bool = True
    cut: int | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        method, fields = head.split(" ", 1)[0], dict(line.split(": ", 1) for line in head.splitlines()[1:-1])
        first = int(fields["range"][6:].rstrip("-")) if "range" in fields else 0
        known = fields.get("if-range") in {None, self.etag, "tue, 24 nov 2026 00:00:00 gmt"}
        first = first if self.ranges and known else 0
        self.asked.append((method, first))
        size = len(self.content)
        status = "416 No" if first >= size > 0 else "206 Part" if first else "200 OK"
        mark = f"ETag: {self.etag}" if self.etag else "Last-Modified: Tue, 24 Nov 2026 00:00:00 GMT"
        lines = [f"HTTP/1.1 {status}", mark, "Connection: close"]
        if first:
            lines.append(f"Content-Range: bytes {'*' if status[0] == '4' else f'{first}-{size - 1}'}/{size}")
        if self.announces:
            lines.append(f"Content-Length: {0 if status[0] == '4' else size - first}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        if method == "get" and status[0] == "2":
            body = self.content[first:]
            writer.write(body if self.cut is None else body[: self.cut])
        await writer.drain()
        if self.cut is None or method == "head":
            writer.close()
        else:
            writer.transport.abort() if self.cut == 0 else writer.close()


@asynccontextmanager
async def served(site: Site, folder: Path) -> AsyncIterator[Definition]:
    ca = certificate(folder, "ca")
    certificate(folder, "server", ca)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield read_definition(
            {
                "id": "web-in",
                "direction": "in",
                "transport": {"type": "https", "url": f"https://127.0.0.1:{port}/list.csv", "ca_file": f"{folder}/ca.pem"},
                "incoming": {"kind": "penalties", "authority": "district", "source": "city-site"},
            },
            where="test",
        )  # fmt: skip


async def fetch(definition: Definition, target: Path, *, offered: Offered | None = None) -> Offered:
    async with open_pickup(definition, now=NOW) as pickup:
        (found,) = [offered] if offered else await pickup.offered([])
        await pickup.fetch(found, target)
        return found


async def test_it_goes_on_behind_the_last_byte_wherever_it_was_cut(tmp_path: Path) -> None:
    site, target = Site(), tmp_path / "part"
    async with served(site, tmp_path) as definition:
        for cut in (0, 1, 2, 3, 499, 1024, 4095, 4096, 4097, 9000, 16384):
            before = target.stat().st_size if target.exists() else 0
            site.cut = cut
            with pytest.raises(TransportFailure) as failure:
                await fetch(definition, target)
            assert failure.value.code == "unreachable"
            have = target.read_bytes() if target.exists() else b""
            assert BYTES.startswith(have), "never a byte of another place"
            assert len(have) == before + cut
            assert site.asked[-1] == ("get", before)
        site.cut = None
        done = target.stat().st_size
        offered = await fetch(definition, target)
        assert target.read_bytes() == BYTES
        assert offered.mark == '"one"'
        assert 0 < done == site.asked[-1][1]
        asked = len(site.asked)
        await fetch(definition, target)
        assert [method for method, _ in site.asked[asked:]] == ["head"], "what is whole is not asked for again"


async def test_a_file_that_changed_in_between_begins_anew(tmp_path: Path) -> None:
    site, target = Site(), tmp_path / "part"
    other = bytes(reversed(BYTES))
    async with served(site, tmp_path) as definition:
        site.cut = 5000
        with pytest.raises(TransportFailure):
            await fetch(definition, target)
        async with open_pickup(definition, now=NOW) as pickup:
            (offered,) = await pickup.offered([])
        site.content, site.etag, site.cut = other, '"two"', None
        with pytest.raises(TransportFailure, match="changed"):
            await fetch(definition, target, offered=offered)
        assert not target.exists(), "no byte of the new file stands behind bytes of the old one"
        assert (await fetch(definition, target)).mark == '"two"'
        assert target.read_bytes() == other


@pytest.mark.parametrize(
    "site", [Site(ranges=False), Site(etag=None), Site(announces=False)], ids=["whole", "day", "size"]
)
async def test_servers_that_say_less(tmp_path: Path, site: Site) -> None:
    """One that gives no ranges, only a day, or no size: what comes is whole all the same."""
    target = tmp_path / "part"
    async with served(site, tmp_path) as definition:
        if site.announces:
            site.cut = 5000
            with pytest.raises(TransportFailure):
                await fetch(definition, target)
            site.cut = None
        offered = await fetch(definition, target)
        assert target.read_bytes() == BYTES
        if not site.announces:
            assert offered.size is None
            await fetch(definition, target)  # it was whole, and nobody knew
            assert target.read_bytes() == BYTES
            target.write_bytes(BYTES + b"x")
            with pytest.raises(TransportFailure, match="ends before"):
                await fetch(definition, target)
            assert not target.exists()

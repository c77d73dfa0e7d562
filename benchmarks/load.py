"""A bounded load on a server of this machine: plain HTTP/1.1 over kept connections, so that the client costs little."""

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter

HOST = "127.0.0.1"


def get(path: str, *, key: str | None = None) -> bytes:
    """Return a request for `path`, with a key where one is given."""
    head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n"
    return f"{head}Authorization: Bearer {key}\r\n\r\n".encode() if key else f"{head}\r\n".encode()


def post(path: str, body: bytes, *, key: str) -> bytes:
    """Return a request that sends a JSON body with a key."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def send(port: int, requests: Sequence[bytes], *, connections: int = 1) -> tuple[float, list[float], int]:
    """Send all requests once, over so many connections; return seconds, each answer's milliseconds, and bytes of bodies.

    Raises:
        RuntimeError: an answer is not 200.
    """
    waiting = iter(requests)
    times: list[float] = []
    began = perf_counter()
    sizes = await asyncio.gather(*(_client(port, waiting, times) for _ in range(connections)))
    return perf_counter() - began, times, sum(sizes)


async def _client(port: int, waiting: Iterator[bytes], times: list[float]) -> int:
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**20)
    size = 0
    try:
        for request in waiting:
            began = perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:")
            body = await reader.readexactly(length)
            times.append((perf_counter() - began) * 1000)
            size += len(body)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the server answered {head[:40]!r} {body[:300]!r}")
    finally:
        writer.close()
        await writer.wait_closed()
    return size

"""Calling an endpoint: the address is looked at when it is connected to, nothing is followed, and little is read."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpcore

from service.webhooks.addresses import is_allowed
from service.webhooks.rules import Outcome

#: Seconds for connecting, and for the whole call.
CONNECTING: Final = 5.0
CALLING: Final = 15.0
#: Bytes of an answer, and seconds, that are read before the connection is dropped. The status has been said by then.
MOST_READ: Final = 64 * 1024
READING: Final = 2.0

AGENT: Final = "Xinyong-Webhooks/1"


class AddressRefused(httpcore.ConnectError):
    """The name leads to an address that is not called."""


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses. The address that was looked at is the one that is connected to, whatever the name says next."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the addresses of `host`.

        Raises:
            AddressRefused: one of them is not public.
            httpcore.ConnectError: none of them answers, or there is none.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:  # the second of a name that is none: an empty or a too long part
            raise httpcore.ConnectError("unknown_host") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not addresses or not all(is_allowed(one, loopback=self._loopback) for one in addresses):
            raise AddressRefused("address_not_public")
        refused: Exception = httpcore.ConnectError("no_address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
        raise refused

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to nothing: there are no endpoints on sockets of this machine.

        Raises:
            AddressRefused: always.
        """
        del path, timeout, socket_options
        raise AddressRefused("address_not_public")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Caller:
    """Makes the calls of one sender; as a context it ends its connections with the block."""

    def __init__(
        self, *, loopback: bool = False, seconds: float = CALLING, context: ssl.SSLContext | None = None
    ) -> None:
        self._seconds = seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context or ssl.create_default_context(),
            max_connections=256,
            max_keepalive_connections=64,
            keepalive_expiry=15,
            network_backend=PublicOnly(loopback=loopback),
        )

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def call(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        """Send one message and say how that ended; nothing the other side does is raised."""
        began = time.monotonic()
        status: int | None = None
        problem: str | None = None
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._post(url, body, headers)
        except TimeoutError:
            problem = "timed_out"
        except AddressRefused:
            problem = "address_not_public"
        except httpcore.TimeoutException:
            problem = "timed_out"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, ssl.SSLError) as error:
            problem = _words(error)
        return Outcome(status, problem, round((time.monotonic() - began) * 1000))

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        sent = {**headers, "content-type": "application/json", "user-agent": AGENT, "content-length": str(len(body))}
        limits = {"connect": CONNECTING, "read": self._seconds, "write": self._seconds, "pool": self._seconds}
        async with self._pool.stream(
            "POST",
            url,
            headers=list(sent.items()),
            content=body,
            extensions={"timeout": limits},
        ) as answer:
            with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
                async with asyncio.timeout(READING):
                    await _drop(answer.aiter_stream())
            return int(answer.status)


async def _drop(parts: AsyncIterable[bytes]) -> None:
    read = 0
    async for part in parts:
        read += len(part)
        if read > MOST_READ:
            return


def _words(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls_failed"
        cause = cause.__cause__ or cause.__context__
    if str(error) == "unknown_host":
        return "unknown_host"
    return "connection_failed" if isinstance(error, httpcore.ConnectError) else "connection_lost"

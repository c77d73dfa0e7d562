"""HTTP/1.1 as uvicorn speaks it, with an end to connections that only take up room.

The server itself waits for ever for the headers of a request, however long they get, and for a client to read.
"""

import asyncio
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of a request line with its headers.
MOST_HEADERS: Final = 64 * 1024


def _answer(status: bytes, code: str, detail: str) -> bytes:
    number = int(status.split(b" ")[0])
    title = code.replace("_", " ").capitalize()
    problem = {"type": f"/docs/problems#{code}", "title": title, "status": number, "code": code, "detail": detail}
    body = orjson.dumps(problem)
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncache-control: no-store\r\n"
        b"content-length: %d\r\n\r\n%b" % (status, len(body), body)
    )


_TOO_LARGE: Final = _answer(
    b"431 Request Header Fields Too Large",
    "headers_too_large",
    "The request line and the headers have more than 64 KiB together.",
)
_NO_HTTP: Final = _answer(b"400 Bad Request", "malformed_http", "What was sent is no request of HTTP/1.1.")


class PatientProtocol(HttpToolsProtocol):
    """Ends a connection whose request has not come within `patience` seconds, or whose client does not read for as long."""

    patience: float = 20

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the server's own
        super().__init__(*args, **options)
        self._in_headers = False
        self._header_bytes = 0
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait("request")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        for reason in tuple(self._waiting):
            self._come(reason)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the headers."""
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._wait("request")

    def on_headers_complete(self) -> None:
        """The request is here; its body is the application's business."""
        self._in_headers = False
        self._come("request")
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it makes the headers too long."""
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADERS and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP."""
        del msg
        self.transport.write(_NO_HTTP)
        self.transport.close()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._wait("reading")

    def resume_writing(self) -> None:
        """The client reads."""
        self._come("reading")
        super().resume_writing()

    def _wait(self, reason: str) -> None:
        if reason not in self._waiting:
            self._waiting[reason] = self.loop.call_later(self.patience, self._give_up)

    def _come(self, reason: str) -> None:
        timer = self._waiting.pop(reason, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self) -> None:
        # Not `close()`, which would wait for what is still to be sent.
        self.transport.abort()

"""What every answer says to browsers and caches; an answer that says something of its own keeps that."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """The outermost layer, so that no answer goes without `HEADERS`, not even that to an error nobody expected."""

    def __init__(self, app: ASGIApp, *, open_to_others: bool) -> None:
        self.app = app
        #: Where other origins may read answers, `Cross-Origin-Resource-Policy` must not forbid it.
        self.headers = {
            name: "cross-origin" if open_to_others and name == "Cross-Origin-Resource-Policy" else value
            for name, value in HEADERS.items()
        }
        self._raw = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to its answer what it does not say itself."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [pair for pair in self._raw if pair[0] not in present]
                if b"cache-control" not in present:
                    # What has a tag may be kept and asked about; nothing else is kept by anybody who is not told that he may.
                    added.append((b"cache-control", b"no-cache" if b"etag" in present else b"no-store"))
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, send_with_headers)

"""A limit on the size of request bodies, whether they state their length or not.

FastAPI's own `max_body_size` answers in plain text; here a body that is too large is a problem document like any other.
"""

from collections.abc import Mapping

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import BodyTooLarge, refused


def check_stated(length: str | None, limit: int) -> None:
    """Refuse a body by the length that its header states.

    Raises:
        BodyTooLarge: it is more than `limit` bytes.
    """
    if length is not None and length.isdecimal() and int(length) > limit:
        raise BodyTooLarge(
            f"The body has {length} bytes; this operation takes {limit} at most. Send it in parts.",
            detail_zh="请求内容过大，请分批提交。",
            limit=limit,
        )


class BodyLimit:
    """Middleware that refuses bodies of more than `limit` bytes; `larger` are path prefixes with a limit of their own."""

    def __init__(self, app: ASGIApp, *, limit: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it: at once where it states too great a length, else as soon as it has it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        try:
            check_stated(Request(scope).headers.get("content-length"), limit)
        except BodyTooLarge as refusal:
            await refused(Request(scope), refusal)(scope, receive, send)
            return
        read = 0

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(413)  # the one exception that FastAPI lets out of its reading of a body
            return message

        await self.app(scope, receive_counted, send)

    def _limit(self, path: str) -> int:
        return next((limit for prefix, limit in self.larger.items() if path.startswith(prefix)), self.limit)

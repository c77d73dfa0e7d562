"""How many requests a process works on at a time, and how long one may take."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import DeadlinePassed, Overloaded, refused

#: What operators ask to see how the process fares; never turned away.
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})

#: Marks the request by which this service reads a location for the answer to a repeated one; it counts as part of that one.
WITHIN: Final = "xinyong.within"


class Capacity:
    """Middleware that works on `most` requests at a time and ends one after `deadline` seconds.

    Uploads and streams take as long as they take. They have places of their own, as many again, so that slow ones do not keep
    the others out.
    """

    def __init__(self, app: ASGIApp, *, most: int, deadline: float) -> None:
        self.app = app
        self.most = most
        self.deadline = deadline
        self.working = {"short": 0, "long": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it where all places are taken."""
        if scope["type"] != "http" or scope["path"] in ALWAYS or WITHIN in scope:
            await self.app(scope, receive, send)
            return
        kind = "long" if _takes_long(Request(scope)) else "short"
        if self.working[kind] >= self.most:
            refusal = Overloaded(
                "This process works on as many requests as it takes at a time. Ask again in a second.",
                detail_zh="服务繁忙，请稍后再试。",
            )
            await refused(Request(scope), refusal, {"Retry-After": "1"})(scope, receive, send)
            return
        self.working[kind] += 1
        try:
            if kind == "long":
                await self.app(scope, receive, send)
            else:
                await self._in_time(scope, receive, send)
        finally:
            self.working[kind] -= 1

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self.deadline) as deadline:
                await self.app(scope, receive, send_noted)
        except TimeoutError:
            if started or not deadline.expired():
                raise
            refusal = DeadlinePassed(
                f"The request took longer than {self.deadline:g} seconds and was ended. Ask for less at a time.",
                detail_zh="请求处理超时，已终止。",
            )
            await refused(Request(scope), refusal)(scope, receive, send)


def _takes_long(request: Request) -> bool:
    is_upload = request.method == "POST" and request.url.path == "/v1/imports"
    return is_upload or "text/event-stream" in request.headers.get("accept", "")

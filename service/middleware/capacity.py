"""How many requests a process works on at a time, and how long one may take."""

import asyncio
import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import DeadlinePassed, Overloaded, refused

#: What operators ask to see how the process fares; never turned away.
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})

#: What an answer says that had no place.
OFTEN: Final = {"Retry-After": "1"}

#: Operations that take as long as their files are.
LONG: Final = frozenset(
    {("POST", path) for path in ("/v1/imports", "/v1/screenings", "/console/imports", "/en/console/imports")}
    | {("GET", "/v1/changes/snapshot")}
)
LONG_OF_A_LIST: Final = re.compile(r"/v1/watchlists/[^/]+(/(codes|differences|listed))?|/v1/screenings/[^/]+/result")

#: Marks the request by which this service reads a location for the answer to a repeated one; it counts as part of that one.
WITHIN: Final = "xinyong.within"


class Places:
    """The requests that one process works on, by whichever door: `most` short ones at a time, as many uploads, and `streams`."""

    def __init__(self, most: int, *, streams: int) -> None:
        self.most = {"short": most, "long": most, "stream": streams}
        self.working = dict.fromkeys(self.most, 0)

    def take(self, kind: str) -> None:
        """Take a place.

        Raises:
            Overloaded: all are taken.
        """
        if self.working[kind] >= self.most[kind]:
            raise Overloaded(
                "This process works on as many requests as it takes at a time. Ask again in a second.",
                detail_zh="服务繁忙，请稍后再试。",
            )
        self.working[kind] += 1

    def leave(self, kind: str) -> None:
        """Give a place back."""
        self.working[kind] -= 1


class Capacity:
    """Middleware that works on as many requests as there are `places` and ends one after `deadline` seconds.

    Uploads and streams take as long as they take. They have places of their own, as many again, so that slow ones do not keep
    the others out.
    """

    def __init__(self, app: ASGIApp, *, places: Places, deadline: float) -> None:
        self.app = app
        self.places = places
        self.deadline = deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it where all places are taken."""
        if scope["type"] != "http" or scope["path"] in ALWAYS or WITHIN in scope:
            await self.app(scope, receive, send)
            return
        kind = _kind(Request(scope))
        try:
            self.places.take(kind)
        except Overloaded as refusal:
            await refused(Request(scope), refusal, OFTEN)(scope, receive, send)
            return
        try:
            if kind == "short":
                await self._in_time(scope, receive, send)
            else:
                await self.app(scope, receive, send)
        finally:
            self.places.leave(kind)

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
            await refused(Request(scope), deadline_passed(self.deadline))(scope, receive, send)


def deadline_passed(seconds: float) -> DeadlinePassed:
    """Return the refusal of a request that took longer than it may."""
    return DeadlinePassed(
        f"The request took longer than {seconds:g} seconds and was ended. Ask for less at a time.",
        detail_zh="请求处理超时，已终止。",
    )


def _kind(request: Request) -> str:
    path = request.url.path
    if (request.method, path) in LONG or LONG_OF_A_LIST.fullmatch(path):
        return "long"
    return "stream" if "text/event-stream" in request.headers.get("accept", "") else "short"

"""A client that sends its body too slowly, or does not read its answer, is let go: it would hold a place for others."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: After this many times the patience for one part, a body must have come at `LEAST_RATE` on average.
GRACE: Final = 2

#: Bytes a second.
LEAST_RATE: Final = 1024


class ClientTooSlow(ConnectionAbortedError):
    """The client does not read; whoever sends to it is ended by this."""


class Pace:
    """Middleware that waits `patience` seconds at most for the next part of a body, and for a client to read.

    A body is also refused when it comes at less than `LEAST_RATE` bytes a second for more than `GRACE` times the patience.
    Only time in which the client is waited for counts. `clock` is a monotonic clock in seconds.
    """

    def __init__(self, app: ASGIApp, *, patience: float, clock: Callable[[], float]) -> None:
        self.app = app
        self.patience = patience
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a limit on every wait for the client."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        whole = False
        waited, received = 0.0, 0

        async def receive_in_time() -> Message:
            nonlocal whole, waited, received
            if whole:  # what follows is the end of the connection, which may take as long as the answer
                return await receive()
            began = self.clock()
            try:
                async with asyncio.timeout(self.patience):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            waited += self.clock() - began
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if not whole and waited > GRACE * self.patience and received < waited * LEAST_RATE:
                raise HTTPException(408)
            return message

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self.patience):
                    await send(message)
            except TimeoutError:
                raise ClientTooSlow("the client does not read its answer") from None

        await self.app(scope, receive_in_time, send_in_time)

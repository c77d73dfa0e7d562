"""The change log as it grows, for any number of readers of one process: one connection listens, and all are told.

A reader that has come to the head waits without a connection of its own. What is new is read and rendered once, as it may be seen at
that moment, and handed to everybody who waits at the position before it; who is further behind reads pages by himself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from service.changes.actions import ChangePage, read_changes
from service.changes.queries import CHANNEL
from service.clock import Clock, legal_day
from service.db import Database
from service.outages import CONNECTION_ERRORS, outage_reason

#: How often the log is looked at where nobody says that it moved, in seconds.
LOOK_SECONDS: Final = 1.0

#: By how much a look may be late, on a busy machine, before the log counts as lost, in seconds.
GRACE_SECONDS: Final = 5.0

#: Changes of one page.
PAGE: Final = 1_000

log: structlog.stdlib.BoundLogger = structlog.get_logger("changes")


@dataclass(frozen=True, slots=True)
class Step:
    """What a reader is given next: changes behind the position it had, which may be none, and the position it has now."""

    log_id: UUID
    items: list[dict[str, Any]]
    position: int
    head_position: int


class ChangeFeed:
    """Follows the log for the readers of one process; it works while there are any. `close()` it at the end."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._latest: Step | None = None
        self._before = 0
        self._confirmed_at = 0.0
        self._closed = False
        self.readers = 0

    async def close(self) -> None:
        """Let all readers end."""
        self._closed = True
        self._tell()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def follow(self, *, after: int, heartbeat: float, lasting: float) -> AsyncIterator[Step]:
        """Yield what happens behind the position `after`, in order and without a gap.

        Where nothing happens, a step without changes comes every `heartbeat` seconds, as long as the log can be read: a reader
        who hears nothing for longer has lost the feed. It ends after `lasting` seconds, or when the database is lost.
        """
        self.readers += 1
        try:
            ends_at, position = monotonic() + lasting, after
            while not self._closed and monotonic() < ends_at:
                self._start()
                moved, latest = self._moved, self._latest
                if latest is not None and self._before == position < latest.position:
                    step = latest
                elif latest is None or position < latest.position:
                    step = _step(await self._page(position), position)
                else:
                    try:
                        await asyncio.wait_for(moved.wait(), min(heartbeat, max(0.0, ends_at - monotonic())))
                    except TimeoutError:
                        if monotonic() - self._confirmed_at > heartbeat + GRACE_SECONDS:
                            return
                        yield Step(latest.log_id, [], position, latest.head_position)
                    continue
                position = step.position
                if step.items:
                    yield step
                elif latest is None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(moved.wait(), LOOK_SECONDS)
        finally:
            self.readers -= 1

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        connection: asyncpg.Connection | None = None
        told = asyncio.Event()
        try:
            connection = await asyncpg.connect(
                self._database.url.replace("+asyncpg", ""),
                timeout=10,
                server_settings={"application_name": "xinyong changes"},
            )
            await connection.add_listener(CHANNEL, lambda *_: told.set())
            while self.readers:
                told.clear()
                await self._look()
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), LOOK_SECONDS)
        except CONNECTION_ERRORS as error:
            log.warning("changes.lost_database", reason=outage_reason(error))
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._latest = None
            if connection is not None:
                with suppress(*CONNECTION_ERRORS):
                    await connection.close(timeout=2)

    async def _look(self) -> None:
        latest = self._latest
        if latest is None:  # only the head is asked for: what lies before it is everybody's own business
            page = await self._page(0, limit=0)
            self._latest = Step(page.log_id, [], page.head_position, page.head_position)
            self._before = page.head_position
            self._confirmed_at = monotonic()
            self._tell()
            return
        page = await self._page(latest.position)
        self._confirmed_at = monotonic()
        if page.items:
            self._before, self._latest = latest.position, _step(page, latest.position)
            self._tell()

    def _tell(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _page(self, after: int, *, limit: int = PAGE) -> ChangePage:
        async with self._database.reading() as session:
            return await read_changes(session, after=after, log_id=None, limit=limit, today=legal_day(self._clock()))


def _step(page: ChangePage, after: int) -> Step:
    position = page.items[-1]["position"] if page.items else after
    return Step(page.log_id, page.items, position, page.head_position)

"""When a key was last used: noted in memory, written once a minute, and at an orderly stop."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.access.keys.queries import write_last_use
from service.db import Database
from service.outages import CONNECTION_ERRORS

#: A key's last use is written at most this often by one process.
EVERY: Final = timedelta(minutes=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger("access")


class LastUse:
    """Last uses that wait to be written. A process that is killed loses at most a minute of them."""

    def __init__(self, database: Database, *, every: timedelta = EVERY) -> None:
        self._database = database
        self._every = every
        self._noted: dict[UUID, datetime] = {}
        self._waiting: dict[UUID, datetime] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def mark(self, key_id: UUID, now: datetime) -> None:
        """Note that the key was used at the instant `now`."""
        noted = self._noted.get(key_id)
        if noted is not None and now - noted < self._every:
            return
        self._noted[key_id] = self._waiting[key_id] = now
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every.total_seconds(), self._start)

    def _start(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self.write())

    async def write(self) -> None:
        """Write down what waits; what cannot be written now waits for the next time."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            async with self._database.transaction() as session:
                await write_last_use(session, waiting)
        except (SQLAlchemyError, *CONNECTION_ERRORS) as error:
            self._waiting = waiting | self._waiting
            log.warning("access.last_use_not_written", keys=len(waiting), reason=type(error).__name__)

    async def close(self) -> None:
        """Write down what waits, and stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self.write()

"""The group commit of the audit: what waits while one commit runs goes out together with the next.

Under load the commits of many answers become one; without load an entry is written at once. No timer is involved, so
waiting costs nothing that a commit of its own would not cost.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final, cast

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.queries import insert_entries
from service.audit.rules import AuditUnavailable, Entry
from service.db import Database
from service.outages import CONNECTION_ERRORS, outage_reason

#: Entries of one statement, and how many may wait before new ones are refused: an audit that hangs must not fill the memory.
MOST_AT_ONCE: Final = 512
MOST_WAITING: Final = 20_000
#: How long a commit may take, in seconds, before its answers are refused.
LONGEST_COMMIT: Final = 10.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("audit")


class AuditWriter:
    """Writes the entries of one process that are not part of a transaction of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Entry, asyncio.Future[None] | None]] = []
        self._working: asyncio.Task[None] | None = None
        self.counts: Counter[str] = Counter()
        self.lost = 0

    @property
    def queue_depth(self) -> int:
        """How many entries wait for their commit."""
        return len(self._waiting)

    async def write(self, entry: Entry) -> None:
        """Return when `entry` is committed.

        Raises:
            AuditUnavailable: it could not be; whether it is in the audit all the same is not known.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(entry, done)
        await done

    def write_soon(self, entry: Entry) -> None:
        """Write `entry` without anybody waiting for it; one that cannot be written is logged and counted in `lost`.

        Raises:
            AuditUnavailable: too many wait already.
        """
        self._add(entry, None)

    async def drained(self) -> None:
        """Return when everything that was given has been written or given up."""
        while self._working is not None and not self._working.done():
            await asyncio.shield(self._working)

    def _add(self, entry: Entry, done: asyncio.Future[None] | None) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise _unavailable()
        self._waiting.append((entry, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                async with asyncio.timeout(LONGEST_COMMIT):
                    await self._write([entry for entry, _ in group])
            except CONNECTION_ERRORS as error:
                log.warning("audit.not_written", entries=len(group), reason=outage_reason(error))
                self._settle(group, failed=True)
            except BaseException:
                self._settle(group, failed=True)
                raise
            else:
                self._settle(group, failed=False)

    def _settle(self, group: Sequence[tuple[Entry, asyncio.Future[None] | None]], *, failed: bool) -> None:
        for _, done in group:
            if done is None:
                self.lost += failed
            elif not done.done():  # an asker that went away has cancelled its own
                if failed:
                    done.set_exception(_unavailable())
                else:
                    done.set_result(None)

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with self._database.audit_engine.connect() as connection:
            try:
                await insert_entries(await _driver(connection), entries)
            except BaseException:
                await connection.invalidate()  # whatever it was, the next group gets a fresh connection
                raise


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    # Beneath SQLAlchemy, where a single statement is its own transaction and needs no BEGIN and COMMIT of its own.
    return cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)


def _unavailable() -> AuditUnavailable:
    return AuditUnavailable(
        "The answer is ready, and the audit could not record that it leaves. Ask again in some seconds.",
        detail_zh="审计记录暂时无法写入，请稍后再试。",
    )

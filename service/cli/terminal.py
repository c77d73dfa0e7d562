"""What the commands share: the two consoles, settings at the door, and a database for the time of one command."""

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uuid_utils.compat
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncSession

from service.audit.queries import insert_entries
from service.audit.rules import command_entry
from service.clock import system_clock
from service.connection import database_url
from service.db import Database, driver
from service.settings import Settings

T = TypeVar("T")

#: Wide where nobody looks: what is piped on is not cut.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False)


@asynccontextmanager
async def commanded(database: Database, command: str) -> AsyncIterator[AsyncSession]:
    """One transaction of a command that changes something, with its audit entry: by which account of this machine."""
    async with database.transaction() as session:
        yield session
        entry = command_entry(
            command=command, account=getpass.getuser(), at=system_clock(), entry_id=uuid_utils.compat.uuid7()
        )
        await insert_entries(await driver(session), [entry])


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do `work` on the configured database: the one that is named, that runs already, or that is started for it."""

    async def on(url: str) -> T:
        database = Database(url, application="xinyong cli", pool_size=4)
        try:
            return await work(database)
        finally:
            await database.dispose()

    with database_url(settings) as url:
        return run(on(url))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)

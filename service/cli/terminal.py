"""What the commands share: the two consoles, settings at the door, and a database for the time of one command."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from rich.console import Console

from service.connection import database_url
from service.db import Database
from service.settings import Settings

T = TypeVar("T")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


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

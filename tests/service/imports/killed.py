"""One import in a process that may be killed at any statement; see `tests.killing`."""

import asyncio
from uuid import UUID

from service.db import Database
from service.imports.runner import run_import
from tests.killing import serve
from tests.service.imports.support import clock


async def run_one(database: Database, what: str) -> None:
    """Run the import of this id; wait while the server has not seen yet that the one before is dead."""
    for _ in range(2000):
        if await run_import(database, UUID(what), clock=clock):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the claim of a dead process is still held")


if __name__ == "__main__":
    serve(run_one)

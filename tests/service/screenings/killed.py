"""One screening in a process that may be killed at any statement; see `tests.killing`."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from service.db import Database
from service.screenings.actions import watch_results
from service.screenings.files import folder_below
from tests.killing import serve
from tests.service.screenings.support import screener_of
from tests.service.store.support import NOW

#: When everything has been kept long enough.
LATER = timedelta(days=8)


async def run_one(database: Database, what: str) -> None:
    """Run the screening `id folder`, or the job `watch_screenings folder`; wait while the server has not seen yet that the one before is dead."""
    screening_id, folder = what.split(" ", 1)
    if screening_id == "watch_screenings":
        await watch_results(database, folder_below(Path(folder)), now=NOW + LATER)
        return
    screener = screener_of(database, Path(folder))
    for _ in range(2000):
        if await screener.run(UUID(screening_id)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the claim of a dead process is still held")


if __name__ == "__main__":
    serve(run_one)

"""One job in a process that may be killed at any statement; see `tests.killing`."""

import asyncio
from datetime import datetime

from jobs.registry import JOBS
from jobs.run import JobRunsElsewhere, run_now
from service.db import Database
from tests.killing import serve


async def run_one(database: Database, what: str) -> None:
    """Run the job `name instant`; wait while the server has not seen yet that the one before is dead."""
    name, instant = what.split(" ")
    job = next(one for one in JOBS if one.name == name)
    at = datetime.fromisoformat(instant)
    for _ in range(2000):
        try:
            await run_now(job, database, as_of=at, now=at)
        except JobRunsElsewhere:
            await asyncio.sleep(0.02)
        else:
            return
    raise AssertionError("the lock of a dead process is still held")


if __name__ == "__main__":
    serve(run_one)

"""The worker of screenings, as a process of its own: reading and packing would hold up the sequencer beside them.

`python -m jobs.screenings` is that process. It works off what waits, and what a killed one left running, oldest first, and ends.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from service.cli.owned import end_with_owner
from service.clock import system_clock
from service.db import Database
from service.logs import log_to_stderr
from service.outages import CONNECTION_ERRORS, is_outage
from service.screenings.files import Files, folder_below
from service.screenings.queries import find_open_screenings
from service.screenings.runner import Screener
from service.settings import Settings
from service.store.files import store_folder
from service.store.reader import StoreReader
from service.tables.chunk import Limits

#: How long a worker that ended with an error, or whose screenings another one has, is left alone, in seconds.
AGAIN_SECONDS: Final = 2.0
LONGEST_STOP: Final = 10.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("screenings")


async def run_screenings(database: Database, stop: asyncio.Event, *, settings: Settings) -> None:
    """Have screenings worked off until `stop` is set; a worker that is killed is followed by another."""
    names = {"XINYONG_DATABASE_URL": database.url, "XINYONG_DATA_DIR": str(settings.data_dir)}
    while not stop.is_set():
        waiting = False
        with suppress(*CONNECTION_ERRORS):
            async with database.reading() as session:
                waiting = bool(await find_open_screenings(session))
        if waiting:
            # The pipe to its standard input tells it that its owner is gone, however that went.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "jobs.screenings"), stdin=PIPE, env=os.environ | names, start_new_session=True
            )
            if await _ended(process, stop):
                log.warning("screenings.worker_ended", exit_code=process.returncode)
            await _sleep(stop, AGAIN_SECONDS if process.returncode else 0)
        await _sleep(stop, settings.job_poll_ms / 1000)


async def _ended(process: Process, stop: asyncio.Event) -> bool:
    """Wait until the worker ends, and end it when told to stop; return whether it failed by itself."""
    stopping = asyncio.create_task(stop.wait())
    ending = asyncio.create_task(process.wait())
    await asyncio.wait({stopping, ending}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if process.returncode is not None:
        return process.returncode != 0
    process.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(ending), LONGEST_STOP)
    if process.returncode is None:
        process.kill()
        await ending
    return False


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def work_off(settings: Settings) -> bool:
    """Run every screening that waits, in turn; return whether all of them came to an end."""
    database = Database(settings.sqlalchemy_url() or "", application="xinyong screenings", pool_size=4)
    store = StoreReader(store_folder(settings), database, max_staleness=settings.max_staleness)
    folder = folder_below(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    screener = Screener(database, partial(Files, folder), store, system_clock, Limits(cells=settings.max_sheet_cells))
    whole = True
    try:
        async with database.reading() as session:
            waiting = await find_open_screenings(session)
        for screening_id in waiting:
            try:
                whole = await screener.run(screening_id) and whole
            except CONNECTION_ERRORS as error:
                log.warning("screening.interrupted", error=type(error).__name__, outage=is_outage(error))
                return False
            except Exception:  # one that breaks must not keep the others from being worked on
                log.exception("screening.broke", screening=str(screening_id))
                whole = False
    finally:
        store.close()
        await database.dispose()
    return whole


def main() -> int:
    """Work off what waits; the exit code is 0 where all of it came to an end."""
    settings = Settings()
    log_to_stderr(settings)
    os.nice(5)  # who asks comes first on this machine
    return 0 if asyncio.run(work_off(settings)) else 1


if __name__ == "__main__":
    end_with_owner()
    sys.exit(main())

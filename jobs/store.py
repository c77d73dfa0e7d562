"""The updater of the status store, as a process of its own beside the jobs: a large import must not hold it up."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Final

import structlog

from service.settings import Settings

#: How long an updater that ended by itself is left alone, in seconds.
AGAIN_SECONDS: Final = 1.0
LONGEST_STOP: Final = 10.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("store")


async def run_store(url: str, settings: Settings, stop: asyncio.Event) -> None:
    """Keep an updater running until `stop` is set; one that ends by itself, or is killed, is started again."""
    environment = os.environ | {"XINYONG_DATABASE_URL": url, "XINYONG_DATA_DIR": str(settings.data_dir)}
    while not stop.is_set():
        # The pipe to its standard input tells it that its owner is gone, however that went.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "store", "serve", "--owned"),
            stdin=PIPE,
            env=environment,
            start_new_session=True,
        )
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, asyncio.create_task(process.wait())}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if process.returncode is None:
            await _end(process)
            return
        log.warning("store.updater_ended", exit_code=process.returncode)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_SECONDS)


async def _end(process: Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), LONGEST_STOP)
    except TimeoutError:
        process.kill()
        await process.wait()

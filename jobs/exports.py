"""Releases are built in a process of their own: packing and digesting would hold up the sequencer beside them.

`python -m jobs.exports INSTANT` is that process. It works on what the settings name, as every other command does.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from datetime import datetime
from typing import Final

from service.cli.owned import end_with_owner
from service.db import Database
from service.exports.actions import build_due, list_due, withhold_ended
from service.exports.pacing import Pace
from service.exports.rules import PersonalDataFound
from service.logs import log_to_stderr
from service.selections.actions import count_due, deliver_due
from service.settings import Settings
from service.signing.keys import SigningKeys

#: What the process answers when the scan for personal data stopped a release.
STOPPED: Final = 3


class BuildFailed(RuntimeError):
    """The process that builds releases ended with an error; its own words stand in the log."""


async def run(database: Database, as_of: datetime) -> int:
    """Withhold what may not be shown any more and build what is due; returns how many series and selections were worked on."""
    withheld = await withhold_ended(database, now=as_of)
    due = len(await list_due(database, now=as_of)) + await count_due(database, now=as_of)
    if not due:
        return withheld
    environment = os.environ | {"XINYONG_DATABASE_URL": database.url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jobs.exports", as_of.isoformat()), env=environment, stdin=PIPE
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        raise BuildFailed(
            "a release was stopped by the scan for personal data" if code == STOPPED else f"exit code {code}"
        )
    return due


async def _build(as_of: datetime) -> int:
    settings = Settings()
    log_to_stderr(settings)
    os.nice(10)  # who asks comes first on this machine
    database = Database(settings.sqlalchemy_url() or "", application="xinyong exports", pool_size=3)
    keys, pace = SigningKeys.of(settings), Pace(settings.export_share)
    try:
        await build_due(database, settings.data_dir / "exports", keys, now=as_of, pace=pace)
        await deliver_due(database, settings.data_dir / "selections", keys, now=as_of, pace=pace)
    except PersonalDataFound:
        return STOPPED
    finally:
        await database.dispose()
    return 0


if __name__ == "__main__":
    end_with_owner()
    sys.exit(asyncio.run(_build(datetime.fromisoformat(sys.argv[1]))))

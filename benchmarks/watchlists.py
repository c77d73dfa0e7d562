"""A watch list of a million codes against an upload of a million, one in a hundred different; beside `comm` of the sorted files."""

import os
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.steps import Figure, figure, step
from service.access.keys.actions import create_key
from service.access.rules import Actor, Role
from service.clock import system_clock
from service.db import Database
from service.samples import sample_code
from service.versions import ANY_VERSION
from service.watching.actions import create_watchlist, upload
from service.watching.rules import Compared

CODES: Final = 1_000_000
CHANGED: Final = CODES // 100


async def measure(database_url: str) -> list[Figure]:
    """Return the seconds of the comparison, beside those of `comm`."""
    database = Database(database_url, application="benchmark", pool_size=2)
    with tempfile.TemporaryDirectory() as name, step("a million made-up codes"):
        folder = Path(name)
        before = [sample_code(number) for number in range(CODES)]
        new = [sample_code(number, prefix="91500103") for number in range(CHANGED)]
        _write(folder / "before", before)
        _write(folder / "after", [code for n, code in enumerate(before) if n % (CODES // CHANGED)] + new)
        try:
            return await _measure(database, folder)
        finally:
            await database.dispose()


async def _measure(database: Database, folder: Path) -> list[Figure]:
    now = system_clock()
    async with database.transaction() as session:
        key = await create_key(session, name="bench", roles=frozenset({Role.PLATFORM}), authority_code=None, now=now)
        actor = Actor(key.principal_id, "bench", frozenset())
        watchlist = await create_watchlist(session, name="bench", actor=actor, now=now)
    seconds, done = {}, {}
    for part in ("before", "after", "again"):
        path = folder / ("after" if part == "again" else part)
        with step(f"upload of {CODES:,} codes: {part}"), path.open("rb") as file:
            began = perf_counter()
            async with database.transaction() as session:
                _, _, done[part] = await upload(
                    session,
                    watchlist_id=watchlist.id,
                    file=file,
                    signed=False,
                    expected=ANY_VERSION,
                    actor=actor,
                    now=now,
                )
            seconds[part] = perf_counter() - began
    expected = Compared(CHANGED, CHANGED, CODES - CHANGED, 0, 0)
    if done["after"] != expected:
        raise AssertionError(f"{done['after']} and not {expected}")
    with step("comm of the sorted files"):
        yardstick = _comm(folder)
    return [
        figure("watch list of 1 M codes, first upload", seconds["before"], "s", yardstick=yardstick),
        figure("watch list, difference of 1 M against 1 M (below 5 s)", seconds["after"], "s", yardstick=yardstick),
        figure("watch list, the same 1 M again", seconds["again"], "s", yardstick=yardstick),
    ]


def _comm(folder: Path) -> float:
    began = perf_counter()
    subprocess.run(  # noqa: S603 - our own files
        ["comm", "-3", str(folder / "before"), str(folder / "after")],  # noqa: S607 - the one that PATH names, and that is the system's
        stdout=subprocess.DEVNULL,
        env={"LC_ALL": "C", "PATH": os.defpath},
        check=True,
    )
    return perf_counter() - began


def _write(path: Path, codes: list[str]) -> None:
    path.write_text("\n".join(sorted(codes)) + "\n", "utf-8")

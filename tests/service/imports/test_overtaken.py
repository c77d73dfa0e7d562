"""Imports of one source side by side: what another one took in meanwhile is seen, whatever the clocks say."""

from datetime import timedelta
from pathlib import Path

from service.db import Database
from service.imports.queries import get_import
from service.imports.runner import run_import
from service.imports.take import Progress
from tests.conftest import run_apart
from tests.service.imports.support import NOW, bring_in, clock, penalty, queue, seed, write_csv


async def test_an_import_that_ended_by_a_faster_clock_is_no_reason_to_read_for_ever(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    ahead = await queue(database, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2)]))
    assert await run_import(database, ahead, clock=lambda: NOW + timedelta(hours=3))
    job = await bring_in(database, write_csv(tmp_path / "b.csv", [penalty(1), penalty(3)]))
    assert job.counts is not None
    assert job.counts["outcomes"] == {"new": 1, "duplicate": 1}


async def test_what_another_import_took_in_while_a_file_was_read_is_not_taken_for_new(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    slow = await queue(database, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2), penalty(3)]))
    quick = await queue(database, write_csv(tmp_path / "b.csv", [penalty(1), penalty(2, content="罚款人民币9000元")]))
    phases: list[str] = []

    async def other_process() -> None:
        beside = Database(database.url, application="beside")
        assert await run_import(beside, quick, clock=lambda: NOW - timedelta(hours=3))
        await beside.dispose()

    def report(progress: Progress) -> None:
        if progress.phase == "deciding" and "deciding" not in phases:
            run_apart(other_process())
        phases.append(progress.phase)

    assert await run_import(database, slow, clock=clock, report=report)
    async with database.transaction() as session:
        job = await get_import(session, slow)
    assert phases.count("deciding") == 2
    assert job.counts is not None
    assert job.counts["outcomes"] == {"new": 1, "changed": 1, "duplicate": 1}

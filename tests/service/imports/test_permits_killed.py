"""An import of permits whose process dies before its k-th statement, for one k after another: the next one ends it alike."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from service.changes.actions import drain
from service.db import Database
from tests.killing import Killer
from tests.service.imports.killed import run_one
from tests.service.imports.support import bring_in, clock, queue, rows_of, seed, write_csv
from tests.service.imports.test_permits import HEADER, permit

#: What is compared of an import, its id put in; nothing of it holds an id or a time.
STATE = (
    "SELECT state, phase, rows_read, counts FROM data_import WHERE id = '{id}'",
    "SELECT n, line, outcome, reasons, version_no, content IS NULL FROM import_row WHERE import_id = '{id}' ORDER BY n",
    """SELECT v.import_row, v.version_no, v.state, v.command, v.valid_until, v.superseded_at IS NULL, h.version_no = v.version_no,
        (SELECT count(*) FROM change c WHERE (c.uscc, c.record_id, c.version_no) = (v.uscc, v.id, v.version_no))
    FROM credit_record_version v JOIN credit_record h USING (uscc, id) WHERE v.import_id = '{id}' ORDER BY 1""",
    "SELECT kind, count(*) FROM subject_name WHERE import_id = '{id}' GROUP BY 1",
)


async def trial(database: Database, folder: Path, killer: Killer, number: int, *, before: int) -> tuple[bool, Any]:
    """Take permits in, then a file that repeats, changes, adds and spoils some, killed before a statement, and end it."""
    at = number * 20
    rows = [permit(at + n) for n in range(1, 5)]
    await bring_in(database, write_csv(folder / f"{number}a.csv", rows, HEADER), kind="permits", source=None)
    rows[0] = permit(at + 1, last="2032-11-19")
    new = [permit(at + n) for n in (5, 6, 7, 7)]
    spoilt = [
        permit(at + 8, decided=""),
        permit(at + 9),
        permit(at + 9, content="餐饮服务"),
        permit(at + 10, code="", name="张三"),
    ]
    file = write_csv(folder / f"{number}b.csv", [*rows, *new, *spoilt], HEADER)
    import_id = await queue(database, file, kind="permits", source=None)
    survived = await killer.run(database.url, str(import_id), before=before)
    if not survived:
        await run_one(database, str(import_id))
    await drain(database, clock)
    return survived, await state(database, import_id)


async def state(database: Database, import_id: UUID) -> list[Any]:
    return [await rows_of(database, sql.format(id=import_id)) for sql in STATE]


async def converge(database: Database, folder: Path, *, first: int, step: int) -> int:
    """Kill before the statements `first`, `first` + `step` … until one run survives; return how many were killed."""
    await seed(database)
    async with Killer("tests.service.imports.killed") as killer:
        survived, expected = await trial(database, folder, killer, 0, before=0)
        assert survived
        assert expected[0][0].counts["outcomes"] == {
            "changed": 1, "duplicate": 4, "natural_person": 1, "new": 3, "quarantined": 3,
        }  # fmt: skip
        assert len(expected[2]) == 4
        for number in range(1, 1000):
            survived, found = await trial(database, folder, killer, number, before=first + (number - 1) * step)
            assert found == expected, f"killed before statement {first + (number - 1) * step}"
            if survived:
                break
    assert await rows_of(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == [(0,)]
    return number - 1


async def test_permits_killed_at_some_statements_end_like_undisturbed_ones(database: Database, tmp_path: Path) -> None:
    assert await converge(database, tmp_path, first=11, step=29) > 1


@pytest.mark.proof
async def test_permits_killed_at_every_statement_end_like_undisturbed_ones(database: Database, tmp_path: Path) -> None:
    assert await converge(database, tmp_path, first=1, step=1) > 30

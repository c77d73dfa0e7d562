"""What one source says over several files: columns that a newer file lacks, whole files again, authorities that come later."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from service.catalog.actions import add_authority
from service.catalog.queries import load_catalog
from service.db import Database
from service.imports.actions import take_in_waiting
from service.imports.queries import count_outcomes
from tests.service.imports.support import (
    AUTHORITY,
    PENALTY_HEADER,
    bring_in,
    clock,
    outcomes,
    penalty,
    reasons,
    rows_of,
    seed,
    write_csv,
)

ORPHANS = """SELECT 'version without head', v.uscc FROM penalty_version v
    WHERE NOT EXISTS (SELECT FROM penalty h WHERE h.uscc = v.uscc AND h.id = v.id)
    UNION ALL SELECT 'entry version without head', v.uscc FROM blacklist_entry_version v
    WHERE NOT EXISTS (SELECT FROM blacklist_entry h WHERE h.uscc = v.uscc AND h.id = v.id)
    UNION ALL SELECT 'head without current version', h.uscc FROM penalty h
    WHERE NOT EXISTS (SELECT FROM penalty_version v WHERE v.uscc = h.uscc AND v.id = h.id AND v.superseded_at IS NULL)
    UNION ALL SELECT 'head without subject', h.uscc FROM penalty h WHERE NOT EXISTS (SELECT FROM subject s WHERE s.uscc = h.uscc)
    UNION ALL SELECT 'name without subject', m.uscc FROM subject_name m
    WHERE NOT EXISTS (SELECT FROM subject s WHERE s.uscc = m.uscc)
    UNION ALL SELECT 'row without import', r.n::text FROM import_row r
    WHERE NOT EXISTS (SELECT FROM data_import d WHERE d.id = r.import_id)"""
ACCOUNT = """SELECT n, line, outcome, reasons, uscc, record_id, version_no, content FROM import_row r
    JOIN data_import d ON d.id = r.import_id WHERE d.id = (SELECT max(id::text)::uuid FROM data_import) ORDER BY n"""


@pytest.fixture
async def seeded(database: Database) -> Database:
    await seed(database)
    return database


def without(row: list[str], *places: int) -> list[str]:
    return [cell for at, cell in enumerate(row) if at not in places]


def odd_rows() -> list[list[str]]:
    return [
        *(penalty(n) for n in range(1, 30)),
        penalty(3),
        penalty(31, content="罚款人民币1元"),
        penalty(31, content="罚款人民币2元"),
        penalty(40, code=""),
        penalty(41, code="", name="张三"),
        penalty(42, decided="昨天"),
        [*penalty(43), "one field too many"],
        penalty(44, number="渝示市监罚（2026）44号"),
    ]


async def test_no_row_points_nowhere_after_all_kinds_of_outcomes(seeded: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", odd_rows())
    await bring_in(seeded, file)
    await bring_in(seeded, write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币9元"), penalty(50)]))
    await bring_in(seeded, file, source="other-site")
    assert await rows_of(seeded, ORPHANS) == []
    assert await rows_of(seeded, "SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == [(0,)]


async def test_a_whole_file_again_is_accounted_for_as_by_a_full_reading(seeded: Database, tmp_path: Path) -> None:
    rows = odd_rows()
    first = await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))
    quick = await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))
    account = await rows_of(seeded, ACCOUNT)
    # Another file of the same rows has another digest as a whole, and is read.
    longer = tmp_path / "b.csv"
    longer.write_bytes((tmp_path / "a.csv").read_bytes() + b"\r\n")
    full = await bring_in(seeded, longer)
    assert (first.file_sha256, quick.counts) == (quick.file_sha256, full.counts)
    assert full.file_sha256 != quick.file_sha256
    assert await rows_of(seeded, ACCOUNT) == account
    assert outcomes(quick) == {"duplicate": 31, "quarantined": 5, "natural_person": 1}
    assert quick.table_info is not None
    assert quick.table_info["header"] == list(PENALTY_HEADER)


async def test_a_whole_file_again_is_read_where_a_record_has_moved_since(seeded: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1), penalty(2)])
    await bring_in(seeded, file)
    await bring_in(seeded, write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币9元")]))
    again = await bring_in(seeded, file)
    assert (outcomes(again), reasons(again)) == ({"duplicate": 2}, {"old_file": 1})


async def test_a_column_that_a_newer_file_lacks_is_no_change(seeded: Database, tmp_path: Path) -> None:
    rows = [penalty(1), penalty(2)]
    await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))
    shorter = write_csv(tmp_path / "b.csv", [without(row, 5, 6) for row in rows], without(list(PENALTY_HEADER), 5, 6))
    for _ in range(2):
        assert outcomes(await bring_in(seeded, shorter)) == {"duplicate": 2}
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "c.csv", [*rows, penalty(3)]))) == {
        "duplicate": 2,
        "new": 1,
    }


async def test_a_change_keeps_what_the_newer_file_does_not_speak_of_and_its_window(
    seeded: Database, tmp_path: Path
) -> None:
    facts = "经查，当事人电话13800138000"
    header = (*PENALTY_HEADER, "违法事实")
    await bring_in(seeded, write_csv(tmp_path / "a.csv", [[*penalty(1), facts]], header))
    told = "decided_on, published_on, public_from, public_until, fine_fen, held_texts"
    current = f"SELECT {told} FROM penalty_version WHERE superseded_at IS NULL"  # noqa: S608 - constant
    before = (await rows_of(seeded, current))[0]
    assert before.held_texts == ["violation_facts"]
    row = without(penalty(1, content="罚款人民币7000元；没收违法所得100元"), 5, 6)
    await bring_in(seeded, write_csv(tmp_path / "b.csv", [row], without(list(PENALTY_HEADER), 5, 6)))
    after = (await rows_of(seeded, current))[0]
    assert after == (*before[:4], 700_000, ["violation_facts"])
    # An empty cell of a column that is there is a statement: the value is gone.
    emptied = penalty(1, content="罚款人民币7000元；没收违法所得100元", published="")
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "c.csv", [emptied]))) == {"changed": 1}
    assert (await rows_of(seeded, current))[0].published_on is None


async def test_a_row_waits_for_its_authority_and_is_taken_in_under_its_imports_own(
    seeded: Database, tmp_path: Path
) -> None:
    header = (*PENALTY_HEADER, "处罚机关")
    rows = [[*penalty(1), "示例县市场监督管理局"], [*penalty(2), "另一无名局"], [*penalty(3), ""]]
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", rows, header))
    assert (outcomes(job), reasons(job)) == ({"new": 1, "quarantined": 2}, {"waiting_authority": 2})
    assert await take_in_waiting(seeded, clock=clock) == 0
    async with seeded.transaction() as session:
        known = (await load_catalog(session)).authority_by_code[AUTHORITY]
        added = replace(
            known, code="example-county", name="示例县市场监督管理局", aliases=(), parent_code=AUTHORITY, uscc=None
        )
        await add_authority(session, added)
    assert await take_in_waiting(seeded, clock=clock) == 1
    assert await take_in_waiting(seeded, clock=clock) == 0
    async with seeded.transaction() as session:
        sums = await count_outcomes(session, job.id)
    assert sums == {"outcomes": {"new": 2, "quarantined": 1}, "reasons": {"waiting_authority": 1}}
    written = "SELECT authority_code, import_id FROM penalty_version ORDER BY authority_code"
    assert await rows_of(seeded, written) == [(AUTHORITY, job.id), ("example-county", job.id)]


@pytest.mark.parametrize(
    ("content", "column", "until", "rule", "flags"),
    [
        ("责令改正；限制从业至2027年6月1日", "", date(2027, 6, 1), "R45-3", ["restriction_from_text"]),
        ("责令改正；四年内不得从事食品生产经营", "", date(2027, 6, 1), "R45-3", ["restriction_from_text"]),
        ("责令改正；限制从业", "2027-06-01", date(2027, 6, 1), "R45-3", []),
        ("责令改正；限制从业至2026年6月1日", "", date(2026, 6, 1), "R45-2", ["restriction_from_text"]),
        ("责令改正；限制从业", "", None, "R45-2", []),
        ("责令改正；终身限制从业", "", None, "R45-2", ["restriction_for_life"]),
    ],
    ids=["end in the text", "length in the text", "column", "exactly three years", "not stated", "for life"],
)
async def test_the_end_of_a_restriction_decides_the_rule(
    seeded: Database, tmp_path: Path, content: str, column: str, until: date | None, rule: str, flags: list[str]
) -> None:
    row = [*penalty(1, kinds="限制从业", content=content, decided="2023-06-01", published="2023-06-09"), column]
    await bring_in(seeded, write_csv(tmp_path / "a.csv", [row], (*PENALTY_HEADER, "限制从业截止日期")))
    told = await rows_of(seeded, "SELECT restriction_until, gsxt_rule, gsxt_until, flags FROM penalty_version")
    assert [(one.restriction_until, one.gsxt_rule) for one in told] == [(until, rule)]
    assert [flag for flag in told[0].flags if flag.startswith("restriction")] == flags
    if rule == "R45-3":
        assert told[0].gsxt_until == until

"""What becomes of rows: new, changed, disputed, duplicate, quarantined, natural person; reverted, resubmitted, waiting."""

from datetime import date
from pathlib import Path

import pytest

from service.catalog.queries import load_catalog
from service.changes.rules import ChangeKind
from service.db import Database
from service.imports.actions import resubmit_row, revert_import, take_in_waiting
from service.imports.queries import count_outcomes, get_import
from service.imports.rules import REASONS, ListClosed, MayNotImport, NotQuarantined, NotRevertible
from service.records.queries import Event, append_version, lock_current
from service.samples import sample_code
from tests.service.imports.support import (
    NOW,
    PENALTY_HEADER,
    bring_in,
    clock,
    outcomes,
    penalty,
    queue,
    reasons,
    rows_of,
    seed,
    write_csv,
)


@pytest.fixture
async def seeded(database: Database) -> Database:
    await seed(database)
    return database


async def test_the_same_file_again_changes_nothing(seeded: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(n) for n in range(1, 8)])
    assert outcomes(await bring_in(seeded, file)) == {"new": 7}
    before = await rows_of(seeded, "SELECT head_position FROM change_log")
    assert outcomes(await bring_in(seeded, file)) == {"duplicate": 7}
    assert await rows_of(seeded, "SELECT head_position FROM change_log") == before


async def test_the_same_content_in_another_writing_is_a_duplicate(seeded: Database, tmp_path: Path) -> None:
    await bring_in(seeded, write_csv(tmp_path / "a.csv", [penalty(1)]))
    other = penalty(1, decided="2026年10月8日", number="渝示市监罚（2026）1号", code=sample_code(1).lower())
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "b.csv", [other]))) == {
        "changed": 1
    }  # the number is shown
    spaced = penalty(1, decided="2026/10/08", number="渝示市监罚（2026）1号")
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "c.csv", [spaced]))) == {"duplicate": 1}


async def test_a_changed_row_makes_a_version_and_an_old_file_undoes_nothing(seeded: Database, tmp_path: Path) -> None:
    old = write_csv(tmp_path / "a.csv", [penalty(1), penalty(2)])
    await bring_in(seeded, old)
    newer = write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币9000元"), penalty(2)])
    assert outcomes(await bring_in(seeded, newer)) == {"changed": 1, "duplicate": 1}
    again = await bring_in(seeded, old)
    assert outcomes(again) == {"duplicate": 2}
    assert reasons(again) == {"old_file": 1}
    resaved = write_csv(tmp_path / "c.csv", [penalty(2), penalty(1)])
    later = await bring_in(seeded, resaved)
    assert outcomes(later) == {"duplicate": 1, "quarantined": 1}
    assert reasons(later) == {"earlier_statement": 1}
    current = await rows_of(
        seeded, "SELECT fine_fen, version_no FROM penalty_version WHERE superseded_at IS NULL ORDER BY fine_fen"
    )
    assert current == [(200_000, 1), (900_000, 2)]


async def test_rows_of_one_key_with_different_content_are_all_quarantined_with_their_cells(
    seeded: Database, tmp_path: Path
) -> None:
    file = write_csv(
        tmp_path / "a.csv", [penalty(1), penalty(1, content="罚款人民币7000元"), penalty(2), penalty(2), penalty(3)]
    )
    job = await bring_in(seeded, file)
    assert outcomes(job) == {"duplicate": 1, "new": 2, "quarantined": 2}
    assert reasons(job) == {"conflict_in_file": 2, "repeated_in_file": 1}
    kept = await rows_of(
        seeded, "SELECT line, content->>'处罚内容' FROM import_row WHERE outcome = 'quarantined' ORDER BY n"
    )
    assert kept == [(2, "罚款人民币1000元；没收违法所得100元"), (3, "罚款人民币7000元")]


async def test_a_subject_is_found_by_its_name_whatever_became_of_the_row_that_brought_it_first(
    seeded: Database, tmp_path: Path
) -> None:
    rows = [penalty(1), penalty(1, content="罚款人民币8元"), penalty(1, number="渝示市监罚〔2026〕99号"), penalty(2)]
    rows += [penalty(2, content="罚款人民币8元"), penalty(3), penalty(3)]
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))) == {
        "new": 2,
        "quarantined": 4,
        "duplicate": 1,
    }
    found = await rows_of(seeded, "SELECT name, kind FROM subject_name ORDER BY uscc")
    assert found == [("重庆示例1贸易有限公司", "record"), ("重庆示例3贸易有限公司", "record")]
    assert await rows_of(seeded, "SELECT count(*) FROM change") == [(2,)]
    header = ("企业名称", "统一社会信用代码", "注册日期")
    firm = ["重庆示例5贸易有限公司", sample_code(5)]
    file = write_csv(tmp_path / "b.csv", [[*firm, "不是日期"], [*firm, "2019-01-05"]], header)
    known = await bring_in(seeded, file, kind="subjects", source="registry")
    assert outcomes(known) == {"new": 1, "quarantined": 1}


async def test_another_source_agrees_or_contradicts_and_the_record_stays(seeded: Database, tmp_path: Path) -> None:
    await bring_in(seeded, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2)]))
    other = write_csv(tmp_path / "b.csv", [penalty(1), penalty(2, content="罚款人民币8000元")])
    job = await bring_in(seeded, other, source="other-site")
    assert outcomes(job) == {"disputed": 1, "duplicate": 1}
    assert reasons(job) == {"other_source_agrees": 1, "source_conflict": 1}
    statements = await rows_of(seeded, "SELECT status, differs FROM source_statement ORDER BY status")
    assert statements[0] == ("agrees", [])
    assert statements[1][0] == "open"
    assert "fine_fen" in statements[1][1]
    assert outcomes(await bring_in(seeded, other, source="other-site")) == {"duplicate": 2}
    assert await rows_of(seeded, "SELECT max(version_no) FROM penalty_version") == [(1,)]


async def test_codes_and_people(seeded: Database, tmp_path: Path) -> None:
    damaged = "915000006911111000"
    rows = [
        penalty(1),
        penalty(2, code=""),
        penalty(3, code=sample_code(3)[:17] + "0"),
        penalty(4, code=damaged),
        penalty(5, code="无此代码吧"),
        penalty(6, code="", name="王小明"),
        penalty(7, code="500000000000011"),
        penalty(8, number="", kinds="", content=""),
        penalty(9, decided="昨天"),
        penalty(10, decided="2027-01-05", published=""),
        penalty(11, published="2026-10-01"),
    ]
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))
    found = reasons(job)
    assert outcomes(job)["natural_person"] == 1
    assert outcomes(job)["new"] == 1
    expected = {
        "missing_code",
        "suspect_check18",
        "malformed_code",
        "no_penalty_stated",
        "unreadable_decided_on",
        "decided_on_in_future",
        "published_before_decided",
    }
    assert expected <= set(found)
    assert set(found) <= set(REASONS), "every reason has its words"
    people = await rows_of(seeded, "SELECT uscc, content, row_digest FROM import_row WHERE outcome = 'natural_person'")
    assert people == [(None, None, None)]


async def test_personal_data_is_blanked_before_it_is_stored_and_the_text_is_held_back(
    seeded: Database, tmp_path: Path
) -> None:
    rows = [
        penalty(1, content="罚款人民币1000元，负责人电话13800138000"),
        penalty(2, code="", content="联系手机13900139000，罚款2000元"),
    ]
    await bring_in(seeded, write_csv(tmp_path / "a.csv", rows))
    stored = await rows_of(seeded, "SELECT penalty_content, held_texts FROM penalty_version")
    assert stored == [("罚款人民币1000元，负责人电话[已隐去:电话]", ["penalty_content"])]
    everything = await rows_of(seeded, "SELECT content::text FROM import_row WHERE content IS NOT NULL")
    assert everything
    assert not any("139001" in row[0] for row in everything)


async def test_a_row_known_by_an_old_number_waits_and_is_taken_in_when_one_subject_holds_it(
    seeded: Database, tmp_path: Path
) -> None:
    waiting = penalty(1, code="330200400070010", name="重庆示例一贸易有限公司")
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", [waiting]))
    assert reasons(job) == {"waiting_subject": 1}
    header = ("企业名称", "统一社会信用代码", "工商注册号")
    registry = write_csv(tmp_path / "r.csv", [["重庆示例一贸易有限公司", sample_code(1), "330200400070010"]], header)
    await bring_in(seeded, registry, kind="subjects", source="registry")
    assert await take_in_waiting(seeded, clock=clock) == 1
    assert await take_in_waiting(seeded, clock=clock) == 0
    async with seeded.transaction() as session:
        assert (await count_outcomes(session, job.id))["outcomes"] == {"new": 1}
    assert await rows_of(seeded, "SELECT uscc FROM penalty") == [(sample_code(1),)]
    assert await rows_of(seeded, "SELECT event, was, became FROM import_event") == [("taken_in", "quarantined", "new")]


async def test_a_number_with_another_name_is_ambiguous(seeded: Database, tmp_path: Path) -> None:
    header = ("企业名称", "统一社会信用代码", "工商注册号")
    registry = write_csv(tmp_path / "r.csv", [["重庆示例一贸易有限公司", sample_code(1), "330200400070010"]], header)
    await bring_in(seeded, registry, kind="subjects", source="registry")
    job = await bring_in(
        seeded, write_csv(tmp_path / "a.csv", [penalty(1, code="330200400070010", name="成都他家有限公司")])
    )
    assert reasons(job) == {"ambiguous_subject": 1}


async def test_a_corrected_row_is_taken_in_and_the_move_is_logged(seeded: Database, tmp_path: Path) -> None:
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2, code="")]))
    async with seeded.transaction() as session:
        row = await resubmit_row(
            session,
            import_id=job.id,
            n=2,
            cells=dict(zip(PENALTY_HEADER, penalty(2), strict=True)),
            actor="test",
            catalog=await load_catalog(session),
            clock=clock,
        )
    assert (row.outcome, row.content) == ("new", None)
    async with seeded.transaction() as session:
        assert (await get_import(session, job.id)).counts == {"outcomes": {"new": 2}, "reasons": {}}
        with pytest.raises(NotQuarantined):
            await resubmit_row(
                session, import_id=job.id, n=2, cells={}, actor="test", catalog=await load_catalog(session), clock=clock
            )


async def test_a_reverted_import_leaves_nothing_and_its_keys_are_free_again(seeded: Database, tmp_path: Path) -> None:
    first = write_csv(tmp_path / "a.csv", [penalty(1), penalty(2)])
    await bring_in(seeded, first)
    mistaken = await bring_in(
        seeded, write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币9000元"), penalty(3), penalty(2)])
    )
    assert outcomes(mistaken) == {"changed": 1, "new": 1, "duplicate": 1}
    async with seeded.transaction() as session:
        await revert_import(session, import_id=mistaken.id, actor="test", now=NOW)
    current = await rows_of(
        seeded, "SELECT fine_fen, state, version_no FROM penalty_version WHERE superseded_at IS NULL ORDER BY fine_fen"
    )
    assert current == [(100_000, "published", 3), (200_000, "published", 1), (300_000, "void", 2)]
    assert outcomes(await bring_in(seeded, write_csv(tmp_path / "c.csv", [penalty(3)]))) == {"new": 1}
    async with seeded.transaction() as session:
        with pytest.raises(NotRevertible):
            await revert_import(session, import_id=mistaken.id, actor="test", now=NOW)


async def test_what_people_filled_in_a_draft_survives_a_file_and_its_revert(seeded: Database, tmp_path: Path) -> None:
    await bring_in(seeded, write_csv(tmp_path / "a.csv", [penalty(1)]), source=None)
    ((uscc, record_id),) = await rows_of(seeded, "SELECT uscc, id FROM penalty")
    edited = Event("edit", "draft", "a person", "recorded", NOW)
    async with seeded.transaction() as session:
        row = await lock_current(session, ChangeKind.PENALTY, uscc=uscc, record_id=record_id)
        changes = {"served_on": NOW.date(), "recorders": [*row["recorders"], "a person"]}
        await append_version(session, ChangeKind.PENALTY, current=row, changes=changes, event=edited)
    again = write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币9000元")])
    changed = await bring_in(seeded, again, source=None)
    assert outcomes(changed) == {"changed": 1}
    asked = "SELECT fine_fen, served_on::text, recorders FROM penalty_version WHERE superseded_at IS NULL"
    ((fine, served_on, recorders),) = await rows_of(seeded, asked)
    assert (fine, served_on) == (900_000, "2026-11-24")
    # Whoever wrote a part of it is not the one who reviews it.
    assert "a person" in recorders
    async with seeded.transaction() as session:
        await revert_import(session, import_id=changed.id, actor="test", now=NOW)
    ((fine, served_on, recorders),) = await rows_of(seeded, asked)
    assert (fine, served_on) == (100_000, "2026-11-24")
    assert "a person" in recorders


async def test_own_rows_are_drafts_and_a_foreign_authority_is_a_mismatch(seeded: Database, tmp_path: Path) -> None:
    header = (*PENALTY_HEADER, "处罚机关")
    rows = [[*penalty(1), "重庆市市场监督管理局"], [*penalty(2), "重庆市生态环境局"], [*penalty(3), "某某局"]]
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", rows, header), source=None)
    assert outcomes(job) == {"new": 1, "quarantined": 2}
    assert reasons(job) == {"authority_mismatch": 1, "waiting_authority": 1}
    assert await rows_of(seeded, "SELECT state FROM penalty") == [("draft",)]


async def test_a_dry_run_writes_nothing_of_record(seeded: Database, tmp_path: Path) -> None:
    job = await bring_in(seeded, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2, code="")]), dry_run=True)
    assert outcomes(job) == {"new": 1, "quarantined": 1}
    assert job.table_info is not None
    assert job.table_info["first_rows"][0]["uscc"] == sample_code(1)
    assert await rows_of(seeded, "SELECT count(*) FROM penalty") == [(0,)]
    assert await rows_of(seeded, "SELECT count(*) FROM import_row") == [(0,)]


async def test_days_of_listing_given_at_import_are_stated_with_a_basis_and_assumed_without(
    seeded: Database, tmp_path: Path
) -> None:
    header = ("企业名称", "统一社会信用代码")
    file = write_csv(tmp_path / "a.csv", [["重庆示例一有限公司", sample_code(1)]], header)
    listed = {"kind": "blacklist", "source": "lists", "list": "penalised-firms"}
    assert reasons(await bring_in(seeded, file, **listed)) == {"no_listed_on": 1}
    await bring_in(seeded, file, **listed, listed_on=date(2026, 3, 2))
    await bring_in(seeded, file, **listed, listed_on=date(2026, 4, 1), basis="示例公告第1号")
    found = await rows_of(
        seeded, "SELECT listed_on, listed_on_grade, public_reason FROM blacklist_entry_version ORDER BY listed_on"
    )
    assert found == [(date(2026, 3, 2), "assumed", "assumed_date"), (date(2026, 4, 1), "stated", None)]


async def test_what_the_catalogue_does_not_allow_is_refused(seeded: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1)])
    with pytest.raises(MayNotImport):
        await queue(seeded, file, authority="cq-environment")
    with pytest.raises(ListClosed):
        await queue(
            seeded, file, kind="blacklist", source="lists", list="ecommerce-historic", listed_on=date(2026, 1, 1)
        )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"%PDF-1.7 no table", "unsupported_format"),
        (b"hello\n", "not_a_table"),
        ("天气,温度\n晴,21\n".encode(), "wrong_kind"),
    ],
)
async def test_a_file_that_is_none_fails_with_words_and_leaves_nothing(
    seeded: Database, tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    job = await bring_in(seeded, tmp_path / "x.csv")
    assert job.state == "failed"
    assert job.problem is not None
    assert job.problem["code"] == code
    assert job.file_path is None
    assert list(tmp_path.iterdir()) == [tmp_path / "x.csv"]


async def test_rows_that_cannot_be_read_are_kept(seeded: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1), [*penalty(2), "one", "two"], penalty(3)[:3], penalty(4)])
    job = await bring_in(seeded, file)
    assert outcomes(job) == {"new": 2, "quarantined": 2}
    assert reasons(job) == {"field_count": 2}
    assert await rows_of(seeded, "SELECT line FROM import_row WHERE outcome = 'quarantined' ORDER BY line") == [
        (3,),
        (4,),
    ]

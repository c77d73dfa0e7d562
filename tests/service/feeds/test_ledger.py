"""From the log to the other side and back: what is sent, in which order, and what receipts make of it."""

from datetime import date
from pathlib import Path

import pytest

from service.db import Database
from service.feeds.actions import try_items_again
from tests.factories import make_uscc
from tests.service.feeds.setting import Clock, OtherSide, credit_china, end, items, one, publish, turn


@pytest.fixture
async def other(tmp_path: Path) -> OtherSide:
    credit_china(tmp_path / "feeds", tmp_path / "cc")
    return OtherSide(tmp_path / "cc")


async def test_a_penalty_is_reported_accepted_and_its_deadline_met(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    (row,) = other.collect()
    assert (row["CF_XDR_SHXYM"], row["CF_NR_FK"], row["CF_XDR_LB"]) == (code, "0.500001", "法人及非法人组织")
    assert (row["CF_FRDB"], row["CF_FR_ZJHM"], row["CF_GSJZQ"]) == ("示例人", "", "2027-11-18")
    assert await items(database) == {code: ("report", "sent")}
    assert await turn(database, tmp_path / "feeds", clock) == 0, "a second turn sends nothing"
    assert other.collect() == []
    other.answer([row], 日期="2026-11-24")
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "accepted")}
    met = await one(database, "SELECT state, met_on FROM deadline WHERE deadline = 'D01' AND record_id = :id", id=head)
    assert tuple(met) == ("met", date(2026, 11, 24))
    other.answer([row], 日期="2026-11-24")
    other.answer([row], "已接收")
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "accepted")}, "doubled and late receipts change nothing"


async def test_drafts_other_sources_and_summary_procedure_are_not_sent(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    await publish(database, make_uscc(), state="draft", command="draft")
    await publish(database, make_uscc(), state="withheld", reason="涉密", withheld_until=date(2027, 1, 1))
    await publish(database, make_uscc(), source_code="a-source")
    await publish(database, make_uscc(), procedure="summary")
    await turn(database, tmp_path / "feeds", Clock())
    assert other.collect() == []
    assert await items(database) == {}


async def test_a_penalty_that_is_reported_and_not_displayed_says_so(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    await publish(
        database, make_uscc(), credit_china_from=None, credit_china_until=None, credit_china_reason="not_published"
    )
    await turn(database, tmp_path / "feeds", Clock())
    (row,) = other.collect()
    assert (row["CF_GSJZQ"], row["BZ"]) == ("", "不予公示")


async def test_the_most_urgent_go_first_and_withdrawals_before_all(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    credit_china(tmp_path / "feeds", tmp_path / "cc", extra="rows = 1")
    clock = Clock()
    ended = make_uscc()
    head = await publish(database, ended)
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    late, soon = make_uscc(), make_uscc()
    await publish(database, late, decided_on=date(2026, 11, 20))
    await publish(database, soon, decided_on=date(2026, 11, 17))
    await end(database, ended, head)
    await turn(database, tmp_path / "feeds", clock)
    names = sorted((tmp_path / "cc").glob("*.csv"))[1:]
    assert "withdraw" in names[0].name
    assert [row["CF_XDR_SHXYM"] for row in other.collect()] == [ended, soon, late]


async def test_a_repair_leaves_no_content_and_is_asked_for_until_it_is_confirmed(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    await turn(database, tmp_path / "feeds", clock)
    await end(database, code, head)
    await turn(database, tmp_path / "feeds", clock)
    (row,) = other.collect()
    assert row["BZ"] == "终止公示"
    assert "示例事实" not in "".join(row.values())
    assert other.rows == {}
    assert await items(database) == {code: ("withdraw", "withdrawn_sent")}
    clock.move(minutes=30)
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == []
    for _ in range(3):
        clock.move(hours=13)
        await turn(database, tmp_path / "feeds", clock)
        (row,) = other.collect()
    other.answer([row])
    clock.move(hours=13)
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("withdraw", "withdrawn_confirmed")}


async def test_what_was_never_sent_is_not_withdrawn(database: Database, other: OtherSide, tmp_path: Path) -> None:
    code, clock = make_uscc(), Clock()
    (tmp_path / "cc").rmdir()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "queued")}
    trouble = await one(database, "SELECT failures, trouble ->> 'code' FROM feed")
    assert tuple(trouble) == (1, "unreachable")
    await end(database, code, head)
    (tmp_path / "cc").mkdir()
    clock.move(minutes=1)
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == []
    assert await items(database) == {}


async def test_a_rejection_has_words_and_try_again_works(database: Database, other: OtherSide, tmp_path: Path) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    rows = other.collect()
    other.answer(rows, "失败", 错误码="1001")
    await turn(database, tmp_path / "feeds", clock)
    found = await one(database, "SELECT state, dead, reason FROM feed_item")
    assert tuple(found) == ("rejected", True, "未查询到主体或查询到的主体信息不匹配")
    due = await one(
        database, "SELECT state, rejections FROM deadline WHERE deadline = 'D01' AND record_id = :i", i=head
    )
    assert tuple(due) == ("open", 1)
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == [], "a dead letter is not sent by itself"
    async with database.transaction() as session:
        assert await try_items_again(session, feed_id="cc", record_id=None, now=clock()) == 1
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "accepted")}


async def test_a_row_that_cannot_be_sent_is_set_aside_and_the_rest_goes(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    good, bad, held = make_uscc(), make_uscc(), make_uscc()
    await publish(database, good)
    await publish(database, bad, violation_facts=None)
    await publish(database, held, held_texts=["penalty_content"])
    await turn(database, tmp_path / "feeds", Clock())
    assert [row["CF_XDR_SHXYM"] for row in other.collect()] == [good]
    why = await one(database, "SELECT reason FROM feed_item WHERE uscc = :code", code=bad)
    assert why.reason == "CF_SY (违法事实) is empty and may not be"
    why = await one(database, "SELECT reason FROM feed_item WHERE uscc = :code", code=held)
    assert "personal data" in why.reason


async def test_a_correction_goes_again_and_the_same_content_does_not(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    await turn(database, tmp_path / "feeds", clock)
    await publish(database, code, head=head, remark="内部备注")
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == []
    await publish(database, code, head=head, penalty_content="罚款六千元", fine_fen=600_000)
    await turn(database, tmp_path / "feeds", clock)
    (row,) = other.collect()
    assert row["CF_NR_FK"] == "0.600000"
    assert len(other.rows) == 1


async def test_another_document_number_takes_the_old_row_away_first(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    await turn(database, tmp_path / "feeds", clock)
    await publish(database, code, head=head, document_no="渝示罚〔2026〕改号")
    for _ in range(3):
        await turn(database, tmp_path / "feeds", clock)
        if rows := other.collect():
            other.answer(rows)
    await turn(database, tmp_path / "feeds", clock)
    assert [row["CF_WSH"] for row in other.rows.values()] == ["渝示罚〔2026〕改号"]
    assert await items(database) == {code: ("report", "accepted")}


async def test_a_receipt_from_a_clock_that_is_ahead_counts_for_the_day_it_came(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    clock = Clock()
    await publish(database, make_uscc())
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect(), 日期="2031-01-01")
    await turn(database, tmp_path / "feeds", clock)
    assert (await one(database, "SELECT accepted_on FROM feed_item")).accepted_on == date(2026, 11, 24)


async def test_a_window_that_ends_by_the_clock_is_withdrawn(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    await publish(database, code, credit_china_until=date(2026, 11, 25))
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect())
    clock.move(days=1)
    await turn(database, tmp_path / "feeds", clock)
    assert other.collect() == []
    clock.move(days=1)
    await turn(database, tmp_path / "feeds", clock)
    assert len(other.collect()) == 1
    assert other.rows == {}


async def test_a_broken_file_of_receipts_is_read_when_it_is_whole(
    database: Database, other: OtherSide, tmp_path: Path
) -> None:
    code, clock = make_uscc(), Clock()
    await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    other.answer(other.collect(), name="r.csv")
    whole = (tmp_path / "cc" / "receipts" / "r.csv").read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 12):
        (tmp_path / "cc" / "receipts" / "r.csv").write_bytes(whole[:cut])
        await turn(database, tmp_path / "feeds", clock)
    (tmp_path / "cc" / "receipts" / "r.csv").write_bytes(whole)
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "accepted")}


@pytest.mark.usefixtures("other")
async def test_silence_is_told_and_counts_only_where_the_definition_says_so(database: Database, tmp_path: Path) -> None:
    code, clock = make_uscc(), Clock()
    head = await publish(database, code)
    await turn(database, tmp_path / "feeds", clock)
    clock.move(days=10)
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "sent")}
    silent = '[receipts]\nkind = "none"\ndays = 3\nsilence = "accepts"\n'
    credit_china(tmp_path / "feeds", tmp_path / "cc", receipts=silent)
    await turn(database, tmp_path / "feeds", clock)
    assert await items(database) == {code: ("report", "accepted")}
    met = await one(database, "SELECT met_on FROM deadline WHERE deadline = 'D01' AND record_id = :id", id=head)
    assert met.met_on == date(2026, 11, 27)

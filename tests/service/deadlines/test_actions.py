import asyncio
from datetime import date
from typing import Any

import pytest
from asyncpg import CheckViolationError
from sqlalchemy import text

from service.catalog.calendar.actions import load_notice
from service.catalog.calendar.notices import Notice
from service.db import Database
from service.working_days.rules import CalendarDay
from tests.clients import NOW
from tests.factories import make_registration, make_uscc, number_changes
from tests.service.deadlines.setting import SEED, events, open_law, record, standing, track

NEW_YEAR = Notice(
    2027,
    "2027年示例通知",
    None,
    tuple(
        CalendarDay(date.fromisoformat(day), False, "示例")
        for day in ("2027-01-01", "2027-01-04", "2027-01-05", "2027-05-01", "2027-10-01")
    ),
)


async def test_deadlines_come_from_the_log_and_a_second_run_changes_nothing(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code)
    assert await track(database) == 4
    expected = {
        "D01": ("open", "2026-09-29", False),
        "D02": ("open", "2026-10-22", False),
        "D18": ("open", "2026-10-22", False),
        "D19": ("open", "2026-10-22", False),
    }
    assert await standing(database, code) == expected
    assert await track(database) == 0
    assert await standing(database, code) == expected
    assert await events(database, code, "D02") == [("opened", "", "2026-10-22", "record")]


@pytest.mark.parametrize(
    ("changes", "deadlines"),
    [
        pytest.param({"source_code": "a-source"}, "", id="a source has published it"),
        pytest.param({"authority_code": "environment", "source_code": "own:environment"}, "D01 D19", id="environment"),
        pytest.param({"procedure": "summary"}, "D19", id="summary procedure"),
        pytest.param({"kinds": ["warning"]}, "D01 D19", id="a warning alone"),
        pytest.param({"decided_on": None}, "", id="no day of decision"),
        pytest.param({"state": "void"}, "", id="void from the first look"),
    ],
)
async def test_which_records_bring_which(database: Database, changes: dict[str, Any], deadlines: str) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code, **changes)
    await track(database)
    assert list(await standing(database, code)) == deadlines.split()


async def test_a_corrected_decision_moves_them_and_an_ended_one_drops_them(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    head = await record(database, code)
    await track(database)
    await record(database, code, head=head, decided_on=date(2026, 9, 21))
    assert await track(database) == 4
    assert (await standing(database, code))["D01"] == ("open", "2026-10-08", False)
    assert await events(database, code, "D01") == [
        ("opened", "", "2026-09-29", "record"),
        ("moved", "2026-09-29", "2026-10-08", "record"),
    ]
    await record(database, code, head=head, decided_on=date(2026, 9, 21), state="void")
    assert await track(database) == 4
    assert {state for state, _, _ in (await standing(database, code)).values()} == {"dropped"}
    await record(database, code, head=head, decided_on=date(2026, 9, 21))
    assert await track(database) == 4
    assert {state for state, _, _ in (await standing(database, code)).values()} == {"open"}


async def test_a_registration_says_who_has_to_publish(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code)
    await track(database)
    async with database.transaction() as session:
        await make_registration(session, code, division_code="510100")
        await number_changes(session)
    await track(database)
    assert {name: state for name, (state, _, _) in (await standing(database, code)).items()} == {
        "D01": "open",
        "D02": "dropped",
        "D03": "open",
        "D18": "dropped",
        "D19": "open",
    }


async def test_without_a_notice_days_are_provisional_and_move_when_it_comes(database: Database) -> None:
    await open_law(database)
    late, early = make_uscc(), make_uscc()
    await record(database, late, decided_on=date(2026, 12, 4))
    await record(database, early)
    await track(database)
    assert (await standing(database, late))["D02"] == ("open", "2027-01-01", True)
    assert (await standing(database, late))["D01"] == ("open", "2026-12-15", False)
    async with database.transaction() as session:
        await load_notice(session, NEW_YEAR, actor="keeper", now=NOW)
    assert await track(database) == 3, "D02, D18 and D19 of the late one"
    assert (await standing(database, late))["D02"] == ("open", "2027-01-06", False)
    assert await events(database, late, "D02") == [
        ("opened", "", "2027-01-01", "record"),
        ("moved", "2027-01-01", "2027-01-06", "law"),
    ]
    assert [event for event, _, _, _ in await events(database, early, "D02")] == ["opened"]
    assert await track(database) == 0


async def test_a_review_of_all_records_goes_on_where_it_was_interrupted(database: Database) -> None:
    await open_law(database)
    codes = sorted(make_uscc() for _ in range(5))
    for code in codes:
        await record(database, code, decided_on=date(2026, 12, 4))
    await track(database)
    async with database.transaction() as session:
        await load_notice(session, NEW_YEAR, actor="keeper", now=NOW)
    fault = f"CHECK (uscc <> '{codes[-1]}' OR due_on < '2027-01-02')"
    async with database.transaction() as session:
        await session.execute(text(f"ALTER TABLE deadline ADD CONSTRAINT ck_deadline_fault {fault}"))
    with pytest.raises(CheckViolationError):
        await track(database, batch=2)
    async with database.transaction() as session:
        await session.execute(text("ALTER TABLE deadline DROP CONSTRAINT ck_deadline_fault"))
    days = [(await standing(database, code))["D02"][1] for code in codes]
    assert days == ["2027-01-06"] * 4 + ["2027-01-01"], "two batches are in, the third left nothing"
    assert await track(database, batch=2) == 3
    assert [(await standing(database, code))["D02"][1] for code in codes] == ["2027-01-06"] * 5
    for code in codes:
        assert len(await events(database, code, "D02")) == 2, "nothing was moved twice"


async def test_two_runs_at_once_take_turns(database: Database) -> None:
    await open_law(database)
    codes = [make_uscc() for _ in range(6)]
    for code in codes:
        await record(database, code)
    counts = await asyncio.gather(*(track(database, batch=2) for _ in range(3)))
    assert sum(counts) == 24
    for code in codes:
        assert len(await events(database, code, "D01")) == 1


async def test_a_restored_database_has_a_new_log_which_is_read_from_its_beginning(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code)
    await track(database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE change_log SET log_id = gen_random_uuid()"))
        await session.execute(text("DELETE FROM deadline_event"))
        await session.execute(text("DELETE FROM deadline"))
    assert await track(database) == 4
    assert len(await standing(database, code)) == 4


async def test_the_shipped_law_is_what_is_tracked(database: Database) -> None:
    tracked = [rule.id for rule in SEED.rules if rule.kind == "deadline" and "duty" in rule.body]
    assert tracked == ["D01", "D02", "D03", "D04", "D18", "D19"]
    await open_law(database)
    assert await track(database) == 0

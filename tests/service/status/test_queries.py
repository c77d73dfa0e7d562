from datetime import UTC, date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.db import driver
from service.status.queries import Facts, find_facts, find_facts_at, find_position_at, list_registered_names, read_log
from tests.factories import make_entry, make_import, make_penalty, make_registration, make_source, number_changes

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


async def facts_now(session: AsyncSession, *codes: str, first: date = TODAY, last: date = TODAY) -> Facts:
    connection = await driver(session)
    log = await read_log(connection, list(codes), delivered_by=NOW)
    return await find_facts(connection, list(codes), pending=log.pending, first=first, last=last)


async def test_facts_are_registration_and_public_records_newest_first(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    older = await make_penalty(session, uscc, decided_on=date(2025, 5, 1))
    newer = await make_penalty(session, uscc, decided_on=date(2026, 5, 1))
    entry = await make_entry(session, uscc)
    await number_changes(session)
    facts = await facts_now(session, uscc)
    assert facts.subjects[uscc]["name"] == "重庆市示例商贸有限公司"
    assert [row["id"] for row in facts.penalties[uscc]] == [str(newer), str(older)]
    assert [(row["id"], row["list_name"], row["severity"]) for row in facts.entries[uscc]] == [
        (str(entry), "示例严重失信名单", "serious")
    ]


async def test_both_days_of_a_window_are_shown_and_no_other(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, public_from=date(2026, 2, 28), public_until=date(2026, 5, 28))
    await number_changes(session)
    shown = {
        day: uscc in (await facts_now(session, uscc, first=day, last=day)).penalties
        for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 5, 28), date(2026, 5, 29))
    }
    assert list(shown.values()) == [False, True, True, False]


async def test_a_window_without_an_end_stays_open(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_entry(session, uscc, public_until=None)
    await number_changes(session)
    assert uscc in (await facts_now(session, uscc, first=date(2099, 1, 1), last=date(2099, 1, 1))).entries


async def test_what_is_not_public_is_not_seen(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, state="draft")
    await make_penalty(session, uscc, state="ended")
    await make_penalty(session, uscc, state="void")
    await make_penalty(session, uscc, public_from=None, public_until=None, public_reason="no_date")
    await make_entry(session, uscc, state="draft")
    await number_changes(session)
    facts = await facts_now(session, uscc)
    assert facts.penalties == {}
    assert facts.entries == {}


async def test_a_past_day_needs_a_window_that_covers_today_too(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, public_from=date(2026, 1, 1), public_until=date(2026, 6, 1))
    still = await make_penalty(session, uscc, public_from=date(2026, 1, 1), public_until=date(2027, 1, 1))
    await make_penalty(session, uscc, public_from=date(2026, 8, 1), public_until=date(2027, 1, 1))
    await number_changes(session)
    facts = await facts_now(session, uscc, first=date(2026, 3, 1), last=TODAY)
    assert [row["id"] for row in facts.penalties[uscc]] == [str(still)]


async def test_pending_versions_are_not_known_yet(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="旧名有限公司")
    changed = await make_penalty(session, uscc, fine_fen=100)
    ended = await make_entry(session, uscc)
    await number_changes(session)
    await make_registration(session, uscc, name="新名有限公司")
    await make_penalty(session, uscc, head=changed, fine_fen=200)
    await make_penalty(session, uscc, fine_fen=300)
    await make_entry(session, uscc, head=ended, state="ended")
    before = await facts_now(session, uscc)
    assert before.subjects[uscc]["name"] == "旧名有限公司"
    assert [row["fine_fen"] for row in before.penalties[uscc]] == [100]
    assert len(before.entries[uscc]) == 1
    await number_changes(session)
    after = await facts_now(session, uscc)
    assert after.subjects[uscc]["name"] == "新名有限公司"
    assert sorted(row["fine_fen"] for row in after.penalties[uscc]) == [200, 300]
    assert after.entries == {}


async def test_pending_changes_of_one_code_do_not_disturb_another(session: AsyncSession) -> None:
    calm, stirred = await make_registration(session), await make_registration(session)
    await number_changes(session)
    await make_penalty(session, stirred)
    facts = await facts_now(session, calm, stirred)
    assert set(facts.subjects) == {calm, stirred}
    assert facts.penalties == {}


async def test_a_registration_that_is_void_or_no_registry_s_is_none(session: AsyncSession) -> None:
    void = await make_registration(session)
    await make_registration(session, void, state="void", registered=False)
    unregistered = await make_registration(session, registered=False)
    await number_changes(session)
    assert (await facts_now(session, void, unregistered)).subjects == {}


async def test_the_position_at_an_instant(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    first = await number_changes(session, at=datetime(2026, 2, 1, tzinfo=UTC))
    await make_penalty(session, uscc)
    await make_penalty(session, uscc)
    second = await number_changes(session, at=datetime(2026, 3, 1, tzinfo=UTC))
    await make_penalty(session, uscc)
    third = await number_changes(session, at=datetime(2026, 4, 1, tzinfo=UTC))
    connection = await driver(session)
    asked = [
        datetime(2026, 1, 31, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 3, 31, tzinfo=UTC),
        NOW,
    ]
    assert [await find_position_at(connection, at) for at in asked] == [0, first, second, third]


async def test_a_past_position_shows_what_was_known_then_of_what_is_public_now(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="旧名有限公司")
    corrected = await make_penalty(session, uscc, fine_fen=100)
    withdrawn = await make_entry(session, uscc)
    position = await number_changes(session, at=datetime(2026, 2, 1, tzinfo=UTC))
    await make_registration(session, uscc, name="新名有限公司")
    await make_penalty(session, uscc, head=corrected, fine_fen=200)
    await make_penalty(session, uscc, fine_fen=300)
    await make_entry(session, uscc, head=withdrawn, state="ended")
    await number_changes(session, at=datetime(2026, 3, 1, tzinfo=UTC))
    connection = await driver(session)
    public = [row["id"] for row in (await facts_now(session, uscc)).penalties[uscc]]
    past = await find_facts_at(connection, [uscc], position=position, day=date(2026, 2, 2), shown=public)
    assert past.subjects[uscc]["name"] == "旧名有限公司"
    assert [row["fine_fen"] for row in past.penalties[uscc]] == [100]
    assert past.entries == {}


async def test_all_names_that_registries_gave_by_a_position(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="甲有限公司", former_names=["更早有限公司"])
    first = await number_changes(session)
    await make_registration(session, uscc, name="乙有限公司")
    second = await number_changes(session)
    await make_registration(session, uscc, name="丙有限公司")
    connection = await driver(session)
    assert set(await list_registered_names(connection, uscc, position=first)) == {"甲有限公司", "更早有限公司"}
    assert set(await list_registered_names(connection, uscc, position=second)) == {
        "甲有限公司",
        "更早有限公司",
        "乙有限公司",
    }


async def test_the_last_delivery_of_a_source_counts_up_to_the_instant_asked(session: AsyncSession) -> None:
    await make_source(session, "zz-test", delivered_at=datetime(2026, 2, 1, tzinfo=UTC))
    await make_import(session, source_code="zz-test", finished_at=datetime(2026, 5, 1, tzinfo=UTC))
    await make_import(session, source_code="zz-test", finished_at=datetime(2026, 6, 1, tzinfo=UTC), state="failed")
    connection = await driver(session)
    now = await read_log(connection, [], delivered_by=NOW)
    then = await read_log(connection, [], delivered_by=datetime(2026, 3, 1, tzinfo=UTC))
    assert '"2026-05-01T' in now.sources
    assert '"2026-02-01T' in then.sources
    assert "2026-05-01" not in then.sources

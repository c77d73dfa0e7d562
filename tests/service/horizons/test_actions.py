"""Windows that open and close by the clock come into the log once, in order, whenever the job gets to run."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from service.changes.actions import drain
from service.db import Database
from service.horizons.actions import log_clock_edges
from service.horizons.queries import find_horizon
from tests.factories import make_entry, make_penalty, make_uscc, number_changes


def at(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+08:00").astimezone(UTC)


async def penalty(database: Database, *, known: str, **changes: Any) -> UUID:
    async with database.transaction() as session:
        record = await make_penalty(session, changes.pop("uscc", None) or make_uscc(), **changes)
        await number_changes(session, at=at(known))
    return record


async def edges(database: Database) -> list[tuple[str, UUID, str]]:
    async with database.reading() as session:
        rows = await session.execute(
            text(
                """SELECT event, record_id, kind FROM change WHERE event IN ('opened', 'ended')
                ORDER BY position"""
            )
        )
        return [(row.event, row.record_id, row.kind) for row in rows]


async def horizons(database: Database) -> list[tuple[datetime, int]]:
    async with database.reading() as session:
        return [(row.at, row.position) for row in await session.execute(text("SELECT * FROM horizon ORDER BY at"))]


async def test_a_window_is_told_on_its_first_day_and_on_the_day_after_its_last(database: Database) -> None:
    record = await penalty(
        database, known="2026-11-20T10:00", public_from=date(2026, 11, 22), public_until=date(2026, 11, 23)
    )
    assert await log_clock_edges(database, now=at("2026-11-21T23:59:59")) == 0
    assert await log_clock_edges(database, now=at("2026-11-22T00:00:20")) == 1
    assert await log_clock_edges(database, now=at("2026-11-23T12:00")) == 0
    assert await edges(database) == [("opened", record, "penalty")]
    assert await log_clock_edges(database, now=at("2026-11-24T00:00:20")) == 1
    assert await log_clock_edges(database, now=at("2026-11-24T00:00:40")) == 0
    assert await edges(database) == [("opened", record, "penalty"), ("ended", record, "penalty")]
    assert (at("2026-11-24T00:00"), 3) in await horizons(database)


async def test_a_stop_of_weeks_is_made_good_in_one_run_and_in_the_order_of_the_days(database: Database) -> None:
    first = await penalty(
        database, known="2026-10-01T10:00", public_from=date(2026, 10, 3), public_until=date(2026, 11, 1)
    )
    async with database.transaction() as session:
        second = await make_entry(session, make_uscc(), public_from=date(2026, 9, 1), public_until=date(2026, 10, 20))
        await number_changes(session, at=at("2026-10-01T11:00"))
    await log_clock_edges(database, now=at("2026-10-02T09:00"))
    assert await log_clock_edges(database, now=at("2026-11-24T09:00")) == 3
    assert await edges(database) == [
        ("opened", first, "penalty"),
        ("ended", second, "blacklist_entry"),
        ("ended", first, "penalty"),
    ]
    async with database.reading() as session:
        found = await find_horizon(session, at=at("2026-11-24T08:30"))
    assert found is not None
    assert (found.at, found.position) == (at("2026-11-24T08:00"), 5)


async def test_what_was_open_or_over_when_it_came_to_be_known_is_not_told_again(database: Database) -> None:
    await penalty(database, known="2026-11-23T10:00", public_from=date(2026, 11, 23), public_until=None)
    await penalty(database, known="2026-11-23T10:00", public_from=date(2026, 1, 1), public_until=date(2026, 11, 22))
    await penalty(database, known="2026-11-23T10:00", public_from=date(2026, 11, 24), state="draft")
    await penalty(
        database,
        known="2026-11-23T10:00",
        public_from=None,
        public_until=None,
        public_reason="no_date",
        public_rule=None,
    )
    await penalty(database, known="2026-11-23T10:00", public_from=date(2026, 11, 24), public_until=date(2026, 11, 23))
    assert await log_clock_edges(database, now=at("2026-11-25T09:00")) == 0


async def test_the_first_run_tells_what_passed_since_the_log_began(database: Database) -> None:
    record = await penalty(
        database, known="2026-03-01T10:00", public_from=date(2026, 2, 1), public_until=date(2026, 5, 1)
    )
    assert await log_clock_edges(database, now=at("2026-11-24T09:00")) == 1
    assert await edges(database) == [("ended", record, "penalty")]


async def test_a_version_that_waits_for_its_number_opens_and_ends_nothing(database: Database) -> None:
    code = make_uscc()
    record = await penalty(
        database, known="2026-11-20T10:00", uscc=code, public_from=date(2026, 11, 1), public_until=date(2026, 11, 23)
    )
    await log_clock_edges(database, now=at("2026-11-23T09:00"))
    async with database.transaction() as session:  # extended, but nobody knows of it yet
        await make_penalty(session, code, head=record, public_from=date(2026, 11, 1), public_until=date(2026, 12, 31))
        await make_penalty(session, code, public_from=date(2026, 11, 24))
    assert await log_clock_edges(database, now=at("2026-11-24T00:00:20")) == 1
    assert await edges(database) == [("ended", record, "penalty")]
    await drain(database, lambda: at("2026-11-24T00:00:30"))
    assert await log_clock_edges(database, now=at("2026-11-24T00:00:40")) == 0


async def test_what_is_numbered_behind_a_midnight_is_known_on_the_new_day(database: Database) -> None:
    await penalty(database, known="2026-11-20T10:00")
    await log_clock_edges(database, now=at("2026-11-23T23:00"))
    await log_clock_edges(database, now=at("2026-11-24T00:00:20"))
    async with database.transaction() as session:
        await make_penalty(session, make_uscc(), public_from=date(2026, 11, 24))
    await drain(database, lambda: at("2026-11-23T23:59:59"))  # its instant was read before it waited for the log
    async with database.reading() as session:
        known = await session.scalar(text("SELECT max(sequenced_at) FROM change"))
    assert at("2026-11-24T00:00:20") <= known < at("2026-11-24T00:00:21")


async def test_two_at_once_tell_an_edge_once(database: Database) -> None:
    for _ in range(20):
        await penalty(database, known="2026-11-20T10:00", public_until=date(2026, 11, 23))
    await log_clock_edges(database, now=at("2026-11-23T10:00"))
    now = at("2026-11-24T00:00:20")
    counts = await asyncio.gather(*(log_clock_edges(database, now=now) for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, 20]
    async with database.reading() as session:
        positions = list(await session.scalars(text("SELECT position FROM change ORDER BY position")))
        head = await session.scalar(text("SELECT head_position FROM change_log"))
    assert positions == list(range(1, 41))
    assert head == 40


async def test_horizons_that_are_no_marks_are_forgotten_after_a_while(database: Database) -> None:
    await penalty(database, known="2026-01-02T10:00")
    await log_clock_edges(database, now=at("2026-01-03T08:30"))
    await log_clock_edges(database, now=at("2026-04-03T08:30"))
    assert [one for one, _ in await horizons(database)] == [
        at("2026-01-03T00:00"),
        at("2026-01-03T08:00"),
        at("2026-04-03T00:00"),
        at("2026-04-03T08:00"),
        at("2026-04-03T08:30"),
    ]

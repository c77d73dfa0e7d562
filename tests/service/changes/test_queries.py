import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.changes.actions import drain
from service.changes.queries import sequence_batch
from service.db import Database, driver
from service.status.queries import find_position_at
from tests.clients import NOW, at
from tests.factories import make_penalty, make_registration, make_uscc

PENDING = """INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
    VALUES ($1, 'subject', NULL, 1, 'registered', now())"""


async def positions(session: AsyncSession) -> list[tuple[int, str]]:
    rows = await session.execute(text("SELECT position, uscc FROM change ORDER BY position"))
    return [(row.position, row.uscc) for row in rows]


async def test_a_batch_takes_the_oldest_and_counts_on_from_the_head(session: AsyncSession) -> None:
    codes = [await make_registration(session) for _ in range(5)]
    assert await sequence_batch(session, limit=3, now=NOW) == 3
    assert await positions(session) == list(enumerate(codes[:3], 1))
    assert await sequence_batch(session, limit=3, now=NOW) == 2
    assert await sequence_batch(session, limit=3, now=NOW) == 0
    assert await positions(session) == list(enumerate(codes, 1))
    head = (await session.execute(text("SELECT head_position, head_at FROM change_log"))).one()
    assert (head.head_position, head.head_at) == (5, NOW + timedelta(microseconds=1))


async def test_a_change_keeps_what_its_writer_said(session: AsyncSession) -> None:
    uscc = make_uscc()
    penalty = await make_penalty(session, uscc, event="corrected", recorded_at=NOW - timedelta(hours=1))
    await sequence_batch(session, limit=1, now=NOW)
    row = (await session.execute(text("SELECT * FROM change"))).one()
    assert (row.uscc, row.kind, row.record_id, row.version_no, row.event) == (uscc, "penalty", penalty, 1, "corrected")
    assert (row.recorded_at, row.sequenced_at) == (NOW - timedelta(hours=1), NOW)


async def test_every_batch_becomes_known_later_than_the_one_before(session: AsyncSession) -> None:
    for instant in (NOW, NOW - timedelta(days=1), NOW, NOW + timedelta(seconds=1)):
        await make_registration(session)
        await sequence_batch(session, limit=10, now=instant)
    told = (await session.scalars(text("SELECT sequenced_at FROM change ORDER BY position"))).all()
    tick = timedelta(microseconds=1)
    assert told == [NOW, NOW + tick, NOW + 2 * tick, NOW + timedelta(seconds=1)]


async def test_between_two_batches_of_one_instant_there_is_a_moment_to_ask_about(session: AsyncSession) -> None:
    for _ in range(5):
        await make_registration(session)
    while await sequence_batch(session, limit=2, now=NOW):
        pass
    connection = await driver(session)
    tick = timedelta(microseconds=1)
    asked = [NOW - tick, NOW, NOW + tick, NOW + 2 * tick, NOW + timedelta(days=1)]
    assert [await find_position_at(connection, moment) for moment in asked] == [0, 2, 4, 5, 5]


async def test_nothing_pending_moves_nothing(session: AsyncSession) -> None:
    before = (await session.execute(text("SELECT * FROM change_log"))).one()
    assert await sequence_batch(session, limit=10, now=NOW) == 0
    assert (await session.execute(text("SELECT * FROM change_log"))).one() == before


async def test_an_id_that_is_committed_late_is_numbered_late_and_not_lost(
    database: Database, database_url: str
) -> None:
    late, early = make_uscc(), make_uscc()
    writer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute(PENDING, late)
    other = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await other.execute(PENDING, early)
    assert await drain(database, at(NOW)) == 1
    await transaction.commit()
    assert await drain(database, at(NOW)) == 1
    for connection in (writer, other):
        await connection.close()
    async with database.reading() as session:
        assert await positions(session) == [(1, early), (2, late)]


async def test_sequencers_that_do_not_know_of_each_other_take_turns(database: Database) -> None:
    async with database.transaction() as session:
        codes = [await make_registration(session) for _ in range(2)]

    async def number_one() -> int:
        async with database.transaction() as session:
            return await sequence_batch(session, limit=1, now=NOW)

    async with database.transaction() as first:
        assert await sequence_batch(first, limit=1, now=NOW) == 1
        second = asyncio.create_task(number_one())
        await asyncio.sleep(0.2)
        assert not second.done(), "the second waits until the first has committed"
    assert await second == 1, "and then sees what the first has left"
    async with database.reading() as session:
        assert await positions(session) == list(enumerate(codes, 1))


@pytest.mark.parametrize("limit", [1, 7, 10, 1000])
async def test_draining_numbers_everything_in_batches_of_any_size(database: Database, limit: int) -> None:
    async with database.transaction() as session:
        codes = [await make_registration(session) for _ in range(10)]
    assert await drain(database, at(NOW), limit=limit) == 10
    assert await drain(database, at(NOW), limit=limit) == 0
    async with database.reading() as session:
        assert await positions(session) == list(enumerate(codes, 1))


async def test_a_full_backlog_is_numbered_in_seconds(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                """INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
                SELECT 'X', 'subject', NULL, 1, 'registered', now() FROM generate_series(1, 50000)"""
            )
        )
    began = datetime.now(UTC)  # noqa: TID251 - how long it takes is what is measured
    assert await drain(database, at(NOW)) == 50_000
    seconds = (datetime.now(UTC) - began).total_seconds()  # noqa: TID251 - likewise
    print(f"sequencer: {50_000 / seconds:,.0f} changes a second")  # noqa: T201 - a figure for the log
    assert seconds < 20

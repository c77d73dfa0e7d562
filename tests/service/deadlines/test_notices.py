"""Reminders before long holidays and escalation to the supervisor: outbox items, each once."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import text

from service.clock import day_start
from service.db import Database
from service.deadlines.actions import notify_deadlines
from tests.factories import make_uscc
from tests.service.deadlines.setting import events, open_law, record, track
from tests.service.working_days.days import day


async def notify(database: Database, on: date, *, batch: int = 2000) -> int:
    return await notify_deadlines(database, now=day_start(on) + timedelta(hours=9), batch=batch)


async def items(database: Database) -> list[tuple[str, str, str | None, str]]:
    """Return topic, subject, channel and last day of all outbox items about deadlines."""
    async with database.reading() as session:
        rows = await session.execute(
            text(
                "SELECT topic, uscc, channel, due_on FROM outbox_item WHERE topic LIKE 'deadline%' ORDER BY due_on, id"
            )
        )
        return [(row.topic, row.uscc, row.channel, str(row.due_on)) for row in rows]


async def test_what_falls_due_round_a_long_holiday_is_called_to_mind_once(database: Database) -> None:
    await open_law(database)
    near, far = make_uscc(), make_uscc()
    await record(database, near, decided_on=date(2026, 9, 23))
    await record(database, far, decided_on=date(2026, 9, 28))
    await track(database)
    assert await notify(database, day("Tue 2026-09-22")) == 0, "the holiday is not near"
    assert await notify(database, day("Wed 2026-09-30")) == 1
    assert await items(database) == [("deadline_reminder", near, "credit_china", "2026-10-10")]
    assert await notify(database, day("Wed 2026-09-30")) == 0, "and not again"
    assert (await events(database, near, "D01"))[-1] == ("reminded", "", "2026-10-10", None)


async def test_what_is_overdue_goes_to_the_supervisor_once_and_never_what_the_subject_owes(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code, decided_on=date(2026, 11, 2))
    await track(database)
    assert await notify(database, day("Wed 2026-11-11")) == 0, "the last day is not over"
    assert await notify(database, day("Thu 2026-11-12")) == 1
    assert await notify(database, day("Fri 2026-12-25")) == 2, "D02 and D18; D19 is for information"
    assert await items(database) == [
        ("deadline_overdue", code, "credit_china", "2026-11-11"),
        ("deadline_overdue", code, "gsxt", "2026-11-30"),
        ("deadline_overdue", code, "gsxt", "2026-11-30"),
    ]
    assert await notify(database, day("Mon 2026-12-28")) == 0


async def test_two_runs_at_once_tell_each_once(database: Database) -> None:
    await open_law(database)
    for _ in range(7):
        await record(database, make_uscc(), decided_on=date(2026, 6, 1))
    await track(database)
    counts = await asyncio.gather(*(notify(database, day("Tue 2026-11-24"), batch=3) for _ in range(3)))
    assert sum(counts) == 21
    assert len(await items(database)) == 21

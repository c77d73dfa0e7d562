"""What reports need without a request: reminders, what is overdue, and an end to what was kept long enough.

Every item is one transaction that says it was done; who dies in between has the rest done by the next run.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from asyncpg import Connection

from service.catalog.queries import load_catalog
from service.clock import legal_day
from service.db import Database, driver
from service.reports.measures.rules import KEEP as KEEP_MEASURES
from service.reports.queries import insert_notice
from service.reports.requests.rules import OVERDUE_TOPIC, due, remind_on
from service.reports.rules import KEEP, KEEP_SETTLED
from service.working_days.rules import Calendar

BATCH: Final = 500
#: Further ahead than this nobody is reminded: the longest holiday and the working days before it.
_AHEAD: Final = timedelta(days=20)
_NOTICE: Final = """
INSERT INTO webhook_notice (endpoint_id, address, reason, made_at, next_at)
SELECT DISTINCT ON (contact) id, contact, $2, $3, $3 FROM webhook_endpoint
WHERE principal_id = $1 AND contact IS NOT NULL ORDER BY contact, id"""
#: In this order: what refers goes before what is referred to.
_FORGET: Final = (
    (
        """UPDATE platform_report SET sealed = NULL, erased_at = $1, version_no = version_no + 1 WHERE id IN (
            SELECT id FROM platform_report WHERE sealed IS NOT NULL AND settled_at <= $2 LIMIT $3 FOR UPDATE SKIP LOCKED)""",
        KEEP_SETTLED,
    ),
    (
        """DELETE FROM platform_report WHERE $1::timestamptz IS NOT NULL AND id IN (
            SELECT id FROM platform_report WHERE received_at <= $2 LIMIT $3 FOR UPDATE SKIP LOCKED)""",
        KEEP,
    ),
    (
        """DELETE FROM report_request WHERE $1::timestamptz IS NOT NULL AND id IN (
            SELECT id FROM report_request r WHERE ended_at <= $2
            AND NOT EXISTS (SELECT FROM platform_report p WHERE p.request_id = r.id) LIMIT $3 FOR UPDATE SKIP LOCKED)""",
        KEEP,
    ),
    (
        """DELETE FROM platform_measure WHERE $1::timestamptz IS NOT NULL AND id IN (
            SELECT id FROM platform_measure WHERE taken_down_on <= ($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date LIMIT $3 FOR UPDATE SKIP LOCKED)""",
        KEEP_MEASURES,
    ),
)


async def tend_reports(database: Database, *, now: datetime) -> int:
    """Remind platforms of requests, tell authorities of overdue ones, and erase what was kept long enough; return how many.

    Where the calendar of a year has become known, days that could still move are reckoned again.
    """
    today = legal_day(now)
    async with database.reading() as session:
        catalog = await load_catalog(session)
        waiting = await (await driver(session)).fetch(
            """SELECT id, principal_id, made_at, working_days, due_on, due_provisional, reminded_at, overdue_at
            FROM report_request WHERE state = 'open' AND overdue_at IS NULL
            AND (due_on <= $1 OR due_provisional) ORDER BY id""",
            today + _AHEAD,
        )
    done = 0
    for one in waiting:
        async with database.transaction() as session:
            done += await _tend(await driver(session), one, catalog.calendar, today=today, now=now)
    return done + await _forget(database, now=now)


async def _tend(connection: Connection, one: Any, calendar: Calendar, *, today: date, now: datetime) -> int:  # noqa: ANN401
    due_on, moved = one["due_on"], 0
    if one["due_provisional"]:
        due_on, provisional = due(legal_day(one["made_at"]), one["working_days"], calendar)
        if (due_on, provisional) != (one["due_on"], True):
            moved = _count(
                await connection.execute(
                    """UPDATE report_request SET due_on = $2, due_provisional = $3, version_no = version_no + 1
                    WHERE id = $1 AND state = 'open' AND due_provisional""",
                    one["id"],
                    due_on,
                    provisional,
                )
            )
    if today > due_on:
        if not await _mark(connection, "overdue_at", one["id"], now):
            return moved
        await connection.execute(_NOTICE, one["principal_id"], "report_overdue", now)
        await insert_notice(
            connection, topic=OVERDUE_TOPIC, kind="report_request", about=one["id"], now=now, due_on=due_on
        )
    elif one["reminded_at"] is None and today >= remind_on(due_on, calendar):
        if not await _mark(connection, "reminded_at", one["id"], now):
            return moved
        await connection.execute(_NOTICE, one["principal_id"], "report_due", now)
    else:
        return moved
    return moved + 1


async def _mark(connection: Connection, column: str, request_id: object, now: datetime) -> int:
    # Only what is still open, and of two at once only one.
    return _count(
        await connection.execute(
            f"UPDATE report_request SET {column} = $2 WHERE id = $1 AND state = 'open' AND {column} IS NULL",  # noqa: S608 - ours
            request_id,
            now,
        )
    )


async def _forget(database: Database, *, now: datetime) -> int:
    done = 0
    for statement, kept in _FORGET:
        count = BATCH
        while count == BATCH:
            async with database.transaction() as session:
                count = _count(await (await driver(session)).execute(statement, now, now - kept, BATCH))
            done += count
    return done


def _count(tag: str) -> int:
    words: Sequence[str] = tag.split()
    return int(words[-1])

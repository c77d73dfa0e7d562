"""Operators are told once of what is overdue, failed or stopped, and once when it is over, whatever breaks off in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from asyncpg import CheckViolationError
from sqlalchemy import text

from jobs.run import put_registry
from service.alerting.actions import Hooks, tell_alerts
from service.alerting.rules import wait_after
from service.db import Database
from service.job_runs.rules import RunOutcome
from service.mail.actions import Post, hand_over
from tests.clients import NOW
from tests.service.feeds.setting import fault
from tests.service.mail.test_mail import mail_server


@dataclass
class Hook:
    """A web server that takes alerts, or answers `status`."""

    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        if self.status == 200:
            self.taken += json.loads(body)["alerts"]
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(hook: Hook) -> AsyncIterator[str]:
    server = await asyncio.start_server(hook.answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alerts"


async def note_run(database: Database, job: str, outcome: RunOutcome, at: datetime) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                """INSERT INTO job_run (job_name, as_of, started_at, outcome, duration_ms, missed_count, count, problem)
                VALUES (:job, :at, :at, CAST(:o AS text), 1, 0, CASE WHEN :o = 'done' THEN 0 END, CASE WHEN :o = 'failed' THEN 'x: y' END)"""
            ),
            {"job": job, "at": at, "o": outcome.value},
        )


async def hold(database: Database, decide_by: str) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                """INSERT INTO feed (id, name, direction, definition, digest, state, version_no, changed_at, failures, trouble)
                VALUES ('city-in', 'x', 'in', '{}', 'x', 'active', 1, now(), 5, '{"code": "unreachable"}')
                ON CONFLICT DO NOTHING"""
            )
        )
        await session.execute(text("DELETE FROM feed_delivery"))
        await session.execute(
            text(
                """INSERT INTO feed_delivery (id, feed_id, name, mark, size, sha256, state, version_no, fetched_at, held_at, decide_by)
                VALUES ('0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c04', 'city-in', 'a', 'a', 1, 'x', 'held', 1, now(), now(), CAST(:d AS date))"""
            ),
            {"d": datetime.fromisoformat(decide_by).date()},
        )


def told(hook: Hook) -> list[tuple[str, str]]:
    found = [(one["kind"], one["state"]) for one in hook.taken]
    hook.taken.clear()
    return sorted(found)


async def test_each_alert_is_told_when_it_is_found_and_when_it_is_over(database: Database) -> None:
    await put_registry(database)
    now = NOW
    await note_run(database, "work_feeds", RunOutcome.DONE, now - timedelta(hours=3))
    await note_run(database, "fetch_feeds", RunOutcome.DONE, now)
    await note_run(database, "fetch_feeds", RunOutcome.FAILED, now)
    await hold(database, "2026-11-25")
    hook = Hook(status=503)
    async with listening(hook) as url, mail_server() as post:
        deliver = partial(hand_over, Post("127.0.0.1", post.port, "none", None, None, "x@credit.example"))
        hooks = Hooks(webhook=url, loopback=True, mail=["a@ops.example"], sender="x@credit.example", deliver=deliver)
        tell = partial(tell_alerts, database, hooks=hooks, own="tell_alerts")
        assert await tell(now=now) == 0, "the other side does not take it"
        hook.status = 200
        assert await tell(now=now) == 0, "it is tried again after a minute"
        now += timedelta(seconds=61)
        await fault(database, "alert", "attempts < 2")
        with pytest.raises(CheckViolationError):
            await tell(now=now)
        await fault(database, "alert", None)
        assert len(told(hook)) == 4, "sent, and not noted"
        assert await tell(now=now) == 4
        assert told(hook) == [
            ("feed_broken_off", "found"), ("file_held", "found"), ("job_failed", "found"), ("job_overdue", "found"),
        ]  # fmt: skip
        assert await tell(now=now) == 0, "once"
        await note_run(database, "fetch_feeds", RunOutcome.DONE, now)
        await hold(database, "2026-11-23")
        assert await tell(now=now) == 2
        assert told(hook) == [("file_overdue", "found"), ("job_failed", "over")]
        assert post.taken[-1]["To"] == "a@ops.example"
        ids = [message["Message-ID"] for message in post.taken]
        assert ids[0] == ids[1] == ids[2], "a repeated mail is known for one"
        inside = Hooks(webhook=url)
        await hold(database, "2026-11-26")
        assert await tell_alerts(database, hooks=inside, own="tell_alerts", now=now) == 0
        async with database.reading() as session:
            problem = await session.scalar(text("SELECT problem FROM alert WHERE problem IS NOT NULL"))
        assert problem == "webhook: address_not_public", "this machine is no place for alerts unless a setting says so"
        assert told(hook) == []


def test_patience() -> None:
    assert [wait_after(n) for n in (1, 2, 99)] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(hours=1)]
    assert NOW.tzinfo is UTC

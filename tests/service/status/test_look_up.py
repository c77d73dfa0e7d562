"""One statement or several: the answer is the same, and each is of one snapshot."""

import json
from datetime import UTC, datetime

import asyncpg
from sqlalchemy import text

from service.db import Database, application_of, driver
from service.status.actions import Question, Rendered, StatusAnswer, answer_question, look_up
from service.status.answers import to_json
from service.status.queries import find_at_once
from tests.factories import (
    cover_region,
    make_entry,
    make_list,
    make_penalty,
    make_registration,
    make_uscc,
    number_changes,
)

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
NOWHERE: frozenset[str] = frozenset()


async def both(database: Database, uscc: str) -> tuple[Rendered, StatusAnswer]:
    quick = await look_up(database, Question(uscc), divisions=NOWHERE, now=NOW)
    async with database.reading() as session:
        return quick, await answer_question(session, Question(uscc), divisions=NOWHERE, now=NOW)


async def test_the_answer_is_that_of_the_several_statements(database: Database) -> None:
    async with database.transaction() as session:
        await cover_region(session)
        await make_list(session, "second")
        clear = await make_registration(session)
        rich = await make_registration(session)
        for day in (None, datetime(2026, 1, 5, tzinfo=UTC).date(), datetime(2026, 3, 5, tzinfo=UTC).date()):
            for held in ([], ["document_no"]):
                await make_penalty(session, rich, decided_on=day, held_texts=held, document_no=f"{day}{held}")
        await make_entry(session, rich)
        await make_entry(session, rich, list_id="second")
        ended = make_uscc()
        await make_penalty(session, ended, state="ended")
        taken_back = await make_registration(session, registered=False, state="void")
        await number_changes(session)
    for uscc in (clear, rich, ended, taken_back, make_uscc()):
        quick, slow = await both(database, uscc)
        assert quick.body == to_json(slow.body)
        assert quick.etag == slow.etag
    assert json.loads((await both(database, rich))[0].body)["outcome"] == "listed"


async def test_a_code_with_pending_changes_is_answered_as_of_the_head(database: Database) -> None:
    async with database.transaction() as session:
        uscc = await make_registration(session, name="重庆星屿商行有限公司")
        entry = await make_entry(session, uscc)
        await number_changes(session)
        await make_registration(session, uscc, name="重庆星屿贸易有限公司")
        await make_entry(session, uscc, head=entry, state="ended")
    async with database.statement() as connection:
        assert await find_at_once(connection, uscc, today=NOW.date(), delivered_by=NOW, application="test") is None
    quick, slow = await both(database, uscc)
    assert quick.body == to_json(slow.body)
    told = json.loads(quick.body)
    assert (told["outcome"], told["name"]) == ("listed", "重庆星屿商行有限公司")
    async with database.transaction() as session:
        await number_changes(session)
    quick, _ = await both(database, uscc)
    told = json.loads(quick.body)
    assert (told["outcome"], told["name"]) == ("not_covered", "重庆星屿贸易有限公司")


async def test_connections_that_the_server_ended_are_opened_again(database: Database, database_url: str) -> None:
    for _ in range(2):
        async with database.statement() as connection:
            pid = await connection.fetchval("SELECT pg_backend_pid()")
        killer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        ended = connection.is_closed
        await killer.execute("SELECT pg_terminate_backend($1)", pid)
        while not ended():
            await killer.execute("SELECT pg_sleep(0.01)")
        await killer.close()
        async with database.statement() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") != pid
    async with database.reading() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_the_one_statement_of_a_question_runs_under_the_request_s_name(database: Database) -> None:
    async with database.transaction() as session:
        connection = await driver(session)
        named = application_of("0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02")
        await find_at_once(connection, make_uscc(), today=NOW.date(), delivered_by=NOW, application=named)
        assert await connection.fetchval("SELECT current_setting('application_name')") == named
    async with database.statement() as outside:
        await find_at_once(outside, make_uscc(), today=NOW.date(), delivered_by=NOW, application=named)
        assert await outside.fetchval("SELECT current_setting('application_name')") == "test"

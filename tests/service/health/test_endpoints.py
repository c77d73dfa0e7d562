from datetime import timedelta

from sqlalchemy import text

from service.changes.actions import drain
from service.db import Database
from tests.clients import NOW, at, client_of, make_app
from tests.factories import make_registration


async def test_ready_means_that_the_database_answers_with_the_expected_schema(database: Database) -> None:
    async with client_of(make_app(database)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "ready"
    assert told["migrations"]["present"] == told["migrations"]["expected"]
    assert told["sequencer"] == {"head_position": 0, "pending_count": 0, "lag_seconds": 0.0, "late": False}


async def test_a_change_that_waits_for_more_than_a_minute_is_told_as_degraded(database: Database) -> None:
    async with database.transaction() as session:
        await make_registration(session, recorded_at=NOW - timedelta(seconds=61))
    async with client_of(make_app(database)) as client:
        late = (await client.get("/readyz")).json()
        await drain(database, at(NOW))
        caught_up = (await client.get("/readyz")).json()
    assert late["status"] == "degraded"
    assert late["sequencer"] == {"head_position": 0, "pending_count": 1, "lag_seconds": 61.0, "late": True}
    assert caught_up["status"] == "ready"
    assert caught_up["sequencer"]["head_position"] == 1


async def test_a_schema_of_another_version_is_a_503_that_names_both(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    async with client_of(make_app(database)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "other_schema")
    assert answer.json()["present"] == ["0000"]


async def test_an_empty_database_is_a_503_that_says_what_to_run(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("DROP TABLE alembic_version"))
    async with client_of(make_app(database)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["present"]) == (503, [])
    assert "xinyong migrate" in answer.json()["detail"]

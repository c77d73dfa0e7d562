from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.changes import ChangePage
from service.access.rules import Role
from service.changes.actions import drain, read_changes
from service.db import Database
from service.models import PendingChange
from tests.clients import NOW, at, client_of, make_app, make_key
from tests.factories import make_entry, make_penalty, make_registration, make_uscc, number_changes


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as opened:
        yield opened


async def read_all(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await client.get("/v1/changes", params={"after": after, **query})).json()
        ChangePage.model_validate(page)
        items += page["items"]
        after = page["next"]
    return items


async def test_an_empty_log_is_an_empty_page(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/changes")).json()
    assert (page["head_position"], page["items"], page["next"]) == (0, [], None)


async def test_pages_of_any_size_are_the_same_dense_log(client: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(3):
            uscc = await make_registration(session)
            await make_penalty(session, uscc)
            await make_entry(session, uscc)
            await make_penalty(session, uscc, state="draft")
    await drain(database, at(NOW), limit=5)
    whole = await read_all(client)
    assert [item["position"] for item in whole] == list(range(1, 13))
    assert [item["event"] for item in whole] == ["registered", "published", "published", "none"] * 3
    for limit in (1, 5, 12, 13):
        assert await read_all(client, limit=limit) == whole


async def test_what_is_pending_is_not_read(client: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        uscc = await make_registration(session)
        penalty = await make_penalty(session, uscc)
    await drain(database, at(NOW))
    async with database.transaction() as session:
        await make_penalty(session, uscc, head=penalty, state="ended", event="ended", recorded_at=NOW)
    assert [item["event"] for item in await read_all(client)] == ["registered", "published"]
    await drain(database, at(NOW))
    told = await read_all(client)
    assert told[1:] == [
        {"position": 2, "event": "ended", "id": str(penalty), "ended_on": "2026-11-24"},
        {"position": 3, "event": "ended", "id": str(penalty), "ended_on": "2026-11-24"},
    ]


async def test_an_entry_is_told_with_the_words_of_its_list(client: httpx.AsyncClient, database: Database) -> None:
    uscc = make_uscc()
    async with database.transaction() as session:
        entry = await make_entry(session, uscc, event="listed", grounds="某人住址", held_texts=["grounds"])
    await drain(database, at(NOW))
    assert await read_all(client) == [
        {
            "position": 1,
            "event": "listed",
            "kind": "blacklist_entry",
            "uscc": uscc,
            "id": str(entry),
            "record": {
                "id": str(entry),
                "list": "test-serious",
                "list_name": "示例严重失信名单",
                "severity": "serious",
                "grounds": None,
                "authority": "示例监管局",
                "document_no": "渝示列〔2026〕3号",
                "listed_on": "2026-01-05",
                "publish_until": "2029-01-05",
            },
        }
    ]


async def test_another_log_is_a_409_that_names_this_one(client: httpx.AsyncClient) -> None:
    here = (await client.get("/v1/changes")).json()["log_id"]
    answer = await client.get("/v1/changes", params={"log_id": str(uuid4())})
    assert (answer.status_code, answer.json()["code"], answer.json()["log_id"]) == (409, "log_changed", here)
    assert (await client.get("/v1/changes", params={"log_id": here})).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("after=1", "position_ahead"), ("after=-1", "invalid_request"), ("limit=10001", "invalid_request")],
)
async def test_a_position_that_does_not_exist_is_refused(client: httpx.AsyncClient, query: str, code: str) -> None:
    answer = await client.get(f"/v1/changes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def render(session: AsyncSession, today: date) -> list[dict[str, Any]]:
    page = await read_changes(session, after=0, log_id=None, limit=100, today=today)
    return page.items


@pytest.mark.parametrize(
    ("today", "event"),
    [("2026-01-05", "none"), ("2026-01-06", "published"), ("2029-01-05", "published"), ("2029-01-06", "ended")],
)
async def test_a_window_opens_and_ends_by_the_day_of_reading(session: AsyncSession, today: str, event: str) -> None:
    await make_penalty(session, make_uscc())
    await number_changes(session, at=datetime(2026, 1, 2, tzinfo=UTC))
    (told,) = await render(session, date.fromisoformat(today))
    assert told["event"] == event
    if event == "ended":
        assert set(told) == {"position", "event", "id", "ended_on"}
        assert told["ended_on"] == date(2029, 1, 6)


async def test_a_version_replaced_for_its_personal_data_is_read_nowhere(session: AsyncSession) -> None:
    uscc = make_uscc()
    first = await make_penalty(session, uscc, document_no="渝示罚〔2026〕身份证号")
    await number_changes(session)
    await make_penalty(session, uscc, head=first, event="corrected")
    await number_changes(session)
    told = await render(session, date(2026, 11, 24))
    assert [item["event"] for item in told] == ["published", "corrected"]
    assert {item["record"]["document_no"] for item in told} == {"渝示罚〔2026〕12号"}


async def test_two_changes_of_one_version_are_one_known_version(session: AsyncSession) -> None:
    uscc = make_uscc()
    penalty = await make_penalty(session, uscc, public_until=date(2026, 6, 30))
    await number_changes(session, at=datetime(2026, 2, 1, tzinfo=UTC))
    session.add(
        PendingChange(uscc=uscc, kind="penalty", record_id=penalty, version_no=1, event="ended", recorded_at=NOW)
    )
    await number_changes(session, at=datetime(2026, 7, 1, tzinfo=UTC))
    told = await render(session, date(2026, 11, 24))
    assert [(item["event"], item["ended_on"]) for item in told] == [("ended", date(2026, 7, 1))] * 2


async def test_a_registration_shows_its_present_name_at_all_its_positions(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆市旧名商贸有限公司")
    await make_registration(session, uscc, name="重庆市新名商贸有限公司", registration_status="cancelled")
    await number_changes(session)
    told = await render(session, date(2026, 11, 24))
    assert [item["record"] for item in told] == [
        {"name": "重庆市新名商贸有限公司", "registration_status": "cancelled", "successors": []}
    ] * 2


async def test_a_registration_that_was_taken_back_is_told(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_registration(session, uscc, registered=False, name=None, registration_status=None)
    await number_changes(session)
    told = await render(session, date(2026, 11, 24))
    assert [(item["event"], item["record"]) for item in told] == [("unregistered", None)] * 2


async def test_what_was_hidden_in_the_batch_that_told_it_leaves_no_tombstone(session: AsyncSession) -> None:
    uscc = make_uscc()
    mistake = await make_penalty(session, uscc)
    await make_penalty(session, uscc, head=mistake, state="recalled", event="ended")
    await number_changes(session, at=datetime(2026, 2, 1, tzinfo=UTC))
    assert await render(session, date(2026, 11, 24)) == [
        {"position": 1, "event": "none"},
        {"position": 2, "event": "none"},
    ]

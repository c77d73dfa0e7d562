"""The change log as a stream: real sockets, one process for all tests of the module."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import orjson
import pytest

from service.access.rules import Role
from service.changes.actions import drain
from service.clock import system_clock
from service.db import Database
from tests.clients import make_key
from tests.factories import make_entry, make_list, make_penalty, make_registration
from tests.servers import Serving, serving

Event = dict[str, str]


@pytest.fixture(scope="module")
def api(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    off = dict.fromkeys(("rate_key", "rate_address", "rate_refused"), "off")
    with serving(shared_database_url, tmp_path_factory.mktemp("data"), **off) as served:
        yield served


@pytest.fixture
async def database(shared_database_url: str) -> AsyncIterator[Database]:
    opened = Database(shared_database_url, application="test", pool_size=3)
    yield opened
    await opened.dispose()


@pytest.fixture
async def client(api: Serving, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    key = await make_key(database, Role.PLATFORM)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=120) as opened:
        yield opened


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient, *, last: str | None = None, **query: object
) -> AsyncIterator[AsyncIterator[Event]]:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    parameters = {name: str(value) for name, value in query.items()}
    async with client.stream("GET", "/v1/changes", params=parameters, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.aiter_lines())


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    event: Event = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            event[name] = value
        elif not line and "event" in event:
            yield event
            event = {}


async def head_of(client: httpx.AsyncClient) -> tuple[str, int]:
    page = (await client.get("/v1/changes", params={"limit": 1})).json()
    return page["log_id"], page["head_position"]


async def test_a_stream_tells_what_pages_tell_and_goes_on_from_the_last_event(
    client: httpx.AsyncClient, database: Database
) -> None:
    log_id, before = await head_of(client)
    async with stream(client, after=before) as told:
        async with database.transaction() as session:
            uscc = await make_registration(session)
            penalty = await make_penalty(session, uscc)
            await make_penalty(session, uscc, state="draft")
            await make_entry(session, uscc)
        await drain(database, system_clock)
        first = [event async for event in taken(told, 3)]
        async with database.transaction() as session:
            await make_penalty(session, uscc, head=penalty, state="ended", event="ended")
        await drain(database, system_clock)
        last = [event async for event in taken(told, 1)]
    page = (await client.get("/v1/changes", params={"after": before})).json()
    assert [event["event"] for event in first] == ["registered", "published", "published"]
    assert [event["id"] for event in [*first, *last]] == [f"{log_id}:{before + n}" for n in (1, 2, 4, 5)]
    assert orjson.loads(first[2]["data"]) == page["items"][3]
    assert orjson.loads(last[0]["data"]) == page["items"][4]
    assert page["items"][4]["event"] == "ended"
    async with stream(client, last=first[0]["id"]) as told:
        again = [orjson.loads(event["data"]) async for event in taken(told, 3)]
    assert again == [page["items"][n] for n in (1, 3, 4)]


async def taken(told: AsyncIterator[Event], count: int) -> AsyncIterator[Event]:
    """Yield the next changes; heartbeats are none."""
    while count:
        event = await anext(told)
        if event["event"] != "head":
            count -= 1
            yield event


async def test_silence_is_told_from_loss_by_the_head(client: httpx.AsyncClient) -> None:
    log_id, head = await head_of(client)
    async with stream(client, after=head, heartbeat=1) as told:
        event = await anext(told)
    assert (event["event"], event["id"]) == ("head", f"{log_id}:{head}")
    assert orjson.loads(event["data"]) == {"position": head, "head_position": head}


async def test_filters_leave_out_what_is_not_wanted_and_never_a_tombstone(
    client: httpx.AsyncClient, database: Database
) -> None:
    _, before = await head_of(client)
    async with database.transaction() as session:
        uscc = await make_registration(session)
        await make_list(session, "stream-list")
        await make_penalty(session, uscc)
        await make_entry(session, uscc, list_id="stream-list")
        ended = await make_penalty(session, uscc)
    await drain(database, system_clock)
    async with database.transaction() as session:
        await make_penalty(session, uscc, head=ended, state="ended", event="ended")
    await drain(database, system_clock)

    async def found(**query: str) -> list[int]:
        page = (await client.get("/v1/changes", params={"after": before, **query})).json()
        return [item["position"] - before for item in page["items"]]

    assert await found() == [1, 2, 3, 4, 5]
    assert await found(kind="penalty") == [2, 4, 5]
    assert await found(kind="subject", region="50") == [1, 4, 5]
    assert await found(region="31") == [4, 5]
    assert await found(list="stream-list") == [3, 4, 5]
    async with stream(client, after=before, list="stream-list") as told:
        ids = [event["id"].partition(":")[2] async for event in taken(told, 3)]
    assert ids == [str(before + n) for n in (3, 4, 5)]


async def test_another_log_and_ids_that_are_none_are_refused_before_the_stream(client: httpx.AsyncClient) -> None:
    for last, status, code in (
        (f"{uuid4()}:3", 409, "log_changed"),
        ("nonsense", 422, "malformed_event_id"),
        (f"{(await head_of(client))[0]}:99999", 422, "position_ahead"),
    ):
        answer = await client.get("/v1/changes", headers={"Accept": "text/event-stream", "Last-Event-ID": last})
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_many_streams_share_one_connection(client: httpx.AsyncClient, database: Database) -> None:
    _, head = await head_of(client)

    async def next_change() -> Event:
        async with stream(client, after=head, heartbeat=60) as told:
            ready.release()
            async for event in taken(told, 1):
                return event
        raise AssertionError("the stream ended")

    ready = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(next_change()) for _ in range(40)]
        for _ in readers:
            await ready.acquire()
        async with database.statement() as connection:
            listening = await connection.fetchval(
                """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'xinyong changes'"""
            )
        async with database.transaction() as session:
            await make_registration(session)
        await drain(database, system_clock)
    assert listening <= 1
    assert {reader.result()["id"].partition(":")[2] for reader in readers} == {str(head + 1)}

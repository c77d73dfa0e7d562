import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from service.access.rules import Actor, Role
from service.clock import system_clock
from service.db import Database
from service.versions import ANY_VERSION
from service.watching import reading
from service.watching.actions import delete_watchlist
from service.watching.reading import read_blocks
from service.watching.rules import NotText, Reading
from service.webhooks.calling import Caller
from tests.clients import client_of, make_key
from tests.factories import make_authority, make_entry, make_penalty, make_registration, make_uscc, number_changes
from tests.locks import until_one_waits
from tests.service.webhooks.hooks import drain, loopback_app, made_webhook, receiving, sender_of
from tests.service.webhooks.test_sending import ENDED

CODES = [make_uscc(n) for n in range(1, 8)]
IDENTITY_NUMBER = "11010519491231002X"


def read(content: bytes, *, signed: bool = False) -> tuple[list[str], Reading]:
    account = Reading()
    lines = b"".join(read_blocks(io.BytesIO(content), account, signed=signed)).decode().splitlines()
    return lines, account


def test_lines_are_read_whole_and_what_is_no_code_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = CODES[:3]
    content = (
        f"\ufeffcode,reference\r\n{a}, shop 1 \n\n {b.lower()}\r\n{IDENTITY_NUMBER},x\nnonsense\n"
        f'{c},"with, comma"\n{a},{"x" * 201}\n{c}'
    ).encode()
    lines, account = read(content)
    assert lines == [f"{a},shop 1", f"{b},", f'{c},"""with, comma"""', f"{c},"]
    assert (account.lines, account.codes, account.malformed, account.malformed_lines) == (9, 4, 3, [5, 6, 8])
    monkeypatch.setattr(reading, "BLOCK", 7)  # a size and no behaviour: lines cross the blocks
    assert read(content) == (lines, account)
    assert read(b"")[1] == Reading()
    lines, account = read(f"+{a},1\n-{b}\n{c}\n*{c}\n".encode(), signed=True)
    assert lines == [f"{a},1,+", f"{b},,-"]
    assert account.malformed_lines == [3, 4]
    for bad in (b"\xff\xfe\n", b"x" * 20_000):
        with pytest.raises(NotText):
            read(bad)


async def put(client: httpx.AsyncClient, path: str, lines: str, version: int | None = None) -> httpx.Response:
    headers = {"Content-Type": "text/plain"} | ({} if version is None else {"If-Match": f'"{version}"'})
    method = "POST" if path.endswith("differences") else "PUT"

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(lines), 50):
            yield lines[start : start + 50].encode()

    return await client.request(method, path, content=parts(), headers=headers)


def counts(answer: httpx.Response) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.text
    return tuple(
        answer.json()[name] for name in ("added", "removed", "changed", "unchanged", "duplicates", "malformed")
    )


async def test_uploads_are_compared_and_only_matches_are_told(database: Database, tmp_path: Path) -> None:
    now = system_clock()
    app = loopback_app(database, lambda: now)
    async with database.transaction() as session:
        await make_authority(session, "city", division_code="500000")
    mine, theirs = [await make_key(database, Role.PLATFORM, name=name) for name in ("shop", "other")]
    async with client_of(app, key=mine) as client, client_of(app, key=theirs) as other:
        created = await client.post("/v1/watchlists", json={"name": "all"}, headers={"Idempotency-Key": "1"})
        again = await client.post("/v1/watchlists", json={"name": "all"}, headers={"Idempotency-Key": "1"})
        assert again.headers["location"] == created.headers["location"]
        path = created.headers["location"]
        body = "".join(f"{one},r{n}\n" for n, one in enumerate(CODES[:4])) + f"{CODES[0]},r9\nnonsense\n"
        assert (await put(client, f"{path}/codes", body)).json()["code"] == "version_required"
        assert counts(await put(client, f"{path}/codes", body, 1)) == (4, 0, 0, 0, 1, 1)
        assert counts(await put(client, f"{path}/codes", body, 2)) == (
            0,
            0,
            0,
            4,
            1,
            1,
        )  # the same again is the same version
        assert counts(await put(client, f"{path}/codes", f"{CODES[1]},new\n{CODES[2]},r2\n{CODES[4]}\n", 2)) == (
            1, 2, 1, 1, 0, 0,
        )  # fmt: skip
        difference = f"+{CODES[5]},r5\n-{CODES[4]}\n-{CODES[6]}\n+{CODES[2]},r2\n"
        assert counts(await put(client, f"{path}/differences", difference, 3)) == (1, 1, 0, 2, 0, 0)
        assert counts(await put(client, f"{path}/differences", difference, 4)) == (0, 0, 0, 4, 0, 0)
        assert (await put(client, f"{path}/codes", body, 1)).json()["code"] == "version_mismatch"
        shown = (await client.get(path)).json()
        assert (shown["code_count"], shown["version_no"]) == (3, 4)
        page = (await client.get(f"{path}/codes?limit=2")).json()
        rest = (await client.get(f"{path}/codes", params={"cursor": page["next"]})).json()
        held = {one["uscc"]: one["reference"] for one in page["items"] + rest["items"]}
        assert held == {CODES[1]: "new", CODES[2]: "r2", CODES[5]: "r5"}
        for method, part in (
            ("GET", ""),
            ("GET", "/codes"),
            ("GET", "/listed"),
            ("PUT", "/codes"),
            ("POST", "/differences"),
        ):
            gone = await other.request(method, path + part, headers={"If-Match": "*"})
            assert (gone.status_code, gone.json()["code"]) == (404, "no_such_watchlist")
        assert (await other.get("/v1/watchlists")).json()["items"] == []

        # What is public of the list now, as a file; what is about others, or may not be shown, is not in it.
        async with database.transaction() as session:
            for code in (CODES[0], CODES[1]):
                await make_registration(session, code)
            penalty = await make_penalty(session, CODES[1], public_until=None)
            entry = await make_entry(session, CODES[2], public_until=None)
            await make_penalty(session, CODES[0], public_until=None)
            await make_penalty(session, CODES[2], state="draft")
            watched, unwatched = [await make_penalty(session, code, public_until=None) for code in (CODES[5], CODES[6])]
            await number_changes(session)
            await make_penalty(session, CODES[5], head=watched, **ENDED)
            await make_penalty(session, CODES[6], head=unwatched, **ENDED)
            head = await number_changes(session, at=now)
        first, *lines, last = (await client.get(f"{path}/listed")).text.splitlines()
        assert orjson.loads(first)["position"] == head
        told = {orjson.loads(one)["id"]: orjson.loads(one) for one in lines}
        assert {name: one["reference"] for name, one in told.items()} == {str(penalty): "new", str(entry): "r2"}
        assert told[str(entry)]["record"]["list"] == "test-serious"
        assert orjson.loads(last) == {"count": 2}

        with receiving(tmp_path) as receiver:
            refused = await other.post("/v1/webhooks", json={"url": receiver.url, "watchlist_id": shown["id"]})
            assert refused.json()["code"] == "no_such_watchlist"
            made = await made_webhook(client, receiver.url, watchlist_id=shown["id"])
            assert (await client.delete(path, headers={"If-Match": "*"})).json()["code"] == "watchlist_in_use"
            async with database.transaction() as session:
                await make_penalty(session, CODES[0], public_until=None)
                await make_penalty(session, CODES[1], public_until=None)
                await make_entry(session, CODES[2], head=entry, list_id="test-serious", **ENDED)
                await number_changes(session, at=now)
            async with Caller(loopback=True) as caller:
                sender = sender_of(database, lambda: now, caller)
                await drain(sender)
                kinds = [(one["type"], one["data"].get("uscc")) for one in receiver.told()]
                assert sorted(kinds, key=str) == sorted(
                    [("penalty.published", CODES[1]), ("record.ended", None)], key=str
                )
                # Set back, it hears of what its codes have now; not of what had ended before they were watched.
                receiver.forget()
                added = f"+{CODES[6]}\n+{CODES[0]}\n"
                assert counts(await put(client, f"{path}/differences", added, 4))[:2] == (2, 0)
                await client.post(f"/v1/webhooks/{made['id']}/replays", json={"after": 0})
                await drain(sender)
                by_type: dict[str, int] = {}
                for one in receiver.told():
                    by_type[one["type"]] = by_type.get(one["type"], 0) + 1
                assert by_type == {
                    "subject.registered": 2,
                    "penalty.published": 4,
                    "record.ended": 4,  # of the two records that ended while they were watched; of the third nothing
                }
        assert (await client.delete(f"/v1/webhooks/{made['id']}", headers={"If-Match": "*"})).status_code == 409
        receipts = await owed(database)
        said = await client.post(f"/v1/webhooks/{made['id']}/acknowledgements", json={"positions": receipts})
        assert said.json()["owed"] == 0
        await client.delete(f"/v1/webhooks/{made['id']}", headers={"If-Match": "*"})
        # A webhook that begins to tell by a list while it is deleted waits, and hears that there is none.
        async with database.transaction() as session:
            owner = Actor(await session.scalar(text("SELECT principal_id FROM watchlist")), "shop", frozenset())
            dropped = await delete_watchlist(session, watchlist_id=UUID(shown["id"]), expected=ANY_VERSION, actor=owner)
            assert dropped.code_count == 5
            stated = {"url": receiver.url, "watchlist_id": shown["id"]}
            late = asyncio.create_task(client.post("/v1/webhooks", json=stated))
            async with database.statement() as connection:
                await until_one_waits(connection)
        assert (await late).json()["code"] == "no_such_watchlist"
        assert (await client.delete(path, headers={"If-Match": "*"})).status_code == 404
        async with database.reading() as session:
            assert (await session.execute(text("SELECT count(*) FROM watched_code"))).scalar_one() == 0


async def owed(database: Database) -> list[int]:
    async with database.reading() as session:
        rows: Any = await session.execute(text("SELECT position FROM takedown_receipt WHERE acknowledged_at IS NULL"))
        return [row[0] for row in rows]

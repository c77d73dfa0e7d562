from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from httpx import AsyncClient
from sqlalchemy import text
from standardwebhooks import Webhook

from service.access.rules import Role
from service.clock import system_clock
from service.db import Database, driver
from service.webhooks.actions import forget_deliveries
from service.webhooks.calling import Caller
from service.webhooks.distributing import distribute
from service.webhooks.notices import deliver_notices
from service.webhooks.queries import find_next_due
from service.webhooks.sending import Sender
from tests.clients import client_of, make_key
from tests.factories import make_authority, make_penalty, number_changes
from tests.service.webhooks.hooks import (
    WITHIN,
    Receiver,
    drain,
    loopback_app,
    made_webhook,
    make_changes,
    receiving,
    sender_of,
)

ENDED: dict[str, Any] = {
    "state": "ended",
    "event": "ended",
    "public_from": None,
    "public_reason": "ended",
    "public_rule": None,
    "public_grade": None,
}


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as running:
        yield running


@dataclass
class Scene:
    """A platform on an application whose clock goes on when it is told to, and the sender beside."""

    database: Database
    client: AsyncClient = field(init=False)
    overseer: AsyncClient = field(init=False)
    sender: Sender = field(init=False)
    now: datetime = field(default_factory=system_clock)

    async def changed(self) -> dict[str, Any]:
        async with self.database.transaction() as session:
            return await make_changes(session)

    async def end(self, uscc: str, penalty: Any) -> int:
        async with self.database.transaction() as session:
            await make_penalty(session, uscc, head=penalty, **ENDED)
            return await number_changes(session, at=self.now)

    async def next_due(self) -> datetime | None:
        async with self.database.reading() as session:
            return await find_next_due(await driver(session), after=self.now)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.reading() as session:
            return [tuple(row) for row in await session.execute(text(statement))]


@asynccontextmanager
async def playing(database: Database) -> AsyncIterator[Scene]:
    scene = Scene(database)
    app = loopback_app(database, lambda: scene.now)
    async with database.transaction() as session:
        await make_authority(session, "city", division_code="500000")
    platform = await make_key(database, Role.PLATFORM, name="shop")
    overseer = await make_key(database, Role.SUPERVISOR, authority_code="city", name="overseer")
    async with (
        client_of(app, key=platform) as scene.client,
        client_of(app, key=overseer) as scene.overseer,
        Caller(loopback=True, seconds=20) as caller,
    ):
        scene.sender = sender_of(database, lambda: scene.now, caller)
        yield scene


def positions(messages: list[dict[str, Any]]) -> list[int]:
    return [one["data"]["position"] for one in messages]


async def test_changes_are_told_signed_in_order_and_as_they_may_be_seen_when_they_leave(
    database: Database, receiver: Receiver
) -> None:
    async with playing(database) as scene:
        before = await scene.changed()
        made = await made_webhook(scene.client, receiver.url)
        path = f"/v1/webhooks/{made['id']}"
        assert made["position"] == before["head"]
        things = await scene.changed()
        await drain(scene.sender)
        # Two registrations, a penalty and an entry; of a draft nothing is said.
        first = receiver.got()
        assert sorted(positions(receiver.told())) == [before["head"] + n for n in range(1, 5)]
        page = (await scene.client.get(f"/v1/changes?after={before['head']}")).json()
        shown = {item["position"]: item for item in page["items"]}
        for one in first:
            told = Webhook(made["secret"]).verify(one["body"].encode(), one["headers"])
            assert told["data"] == shown[told["data"]["position"]]
            assert one["headers"]["webhook-id"] == f"{page['log_id']}:{told['data']['position']}"
            signed = f"{one['headers']['webhook-id']}.{one['headers']['webhook-timestamp']}.{one['body']}".encode()
            (mark,) = [part[4:] for part in one["headers"]["webhook-signature"].split() if part.startswith("v1a,")]
            public = b64decode(made["secrets"][0]["public_key"].removeprefix("whpk_"))
            Ed25519PublicKey.from_public_bytes(public).verify(b64decode(mark), signed)

        # What follows of one subject waits for what comes before, and what ends meanwhile leaves as a tombstone.
        receiver.behave("fail")
        receiver.forget()
        things = await scene.changed()
        await drain(scene.sender)
        tried = {one["data"]["uscc"]: one["data"]["kind"] for one in receiver.told(mode="fail")}
        assert tried == {things["first"]: "subject", things["second"]: "subject"}
        due = await scene.next_due()
        assert due is not None
        assert due > scene.now, "what waits for the message before it keeps nobody awake"
        ended_at = await scene.end(things["first"], things["penalty"])
        receiver.behave("ok")
        receiver.forget()
        scene.now += timedelta(seconds=6)
        await drain(scene.sender)
        told = receiver.told()
        assert len(told) == 5
        tombstones = [one for one in told if one["data"].get("id") == str(things["penalty"])]
        assert [one["type"] for one in tombstones] == ["record.ended", "record.ended"]
        assert all(set(one["data"]) == {"position", "event", "id", "ended_on"} for one in tombstones)
        assert [one for one in tombstones if "acknowledge_until" in one] == [tombstones[1]]
        mine = [one for one in told if one["data"].get("uscc") == things["first"] or one in tombstones]
        assert positions(mine) == sorted(positions(mine))

        # The log says what became of which message, and nothing of what it said.
        log = (await scene.client.get(f"{path}/deliveries?limit=3")).json()
        assert len(log["items"]) == 3
        rest = (await scene.client.get(f"{path}/deliveries", params={"cursor": log["next"]})).json()
        everything = log["items"] + rest["items"]
        assert rest["next"] is None
        assert {one["state"] for one in everything} == {"delivered"}
        assert {one["attempts"] for one in everything} == {1, 2}
        assert not any(things[name] in str(everything) for name in ("first", "second"))

        # The take-down is to be confirmed, and is on the regulator's list where it is not.
        assert (await scene.client.get("/v1/overdue-acknowledgements")).status_code == 403
        assert (await scene.overseer.get("/v1/overdue-acknowledgements")).json()["items"] == []
        gone = await scene.client.delete(path, headers={"If-Match": "*"})
        assert gone.json()["code"] == "receipts_owed"
        scene.now += timedelta(hours=25)
        (late,) = (await scene.overseer.get("/v1/overdue-acknowledgements")).json()["items"]
        assert (late["platform"], late["webhook_id"], late["position"]) == ("shop", made["id"], ended_at)
        assert things["first"] not in str(late)
        assert str(things["penalty"]) not in str(late)
        unknown = {"positions": [ended_at, ended_at - 1]}
        refused = await scene.client.post(f"{path}/acknowledgements", json=unknown)
        assert (refused.json()["code"], refused.json()["positions"]) == ("no_receipt_asked", [ended_at - 1])
        for answer in ({"confirmed": 1, "before": 0, "owed": 0}, {"confirmed": 0, "before": 1, "owed": 0}):
            said = await scene.client.post(f"{path}/acknowledgements", json={"positions": [ended_at]})
            assert said.json() == answer
        assert (await scene.overseer.get("/v1/overdue-acknowledgements")).json()["items"] == []

        # Again from an earlier place: the same ids, as it may be seen now, and no second receipt.
        receiver.forget()
        assert (await scene.client.post(f"{path}/replays", json={"after": 10**9})).json()["code"] == "position_ahead"
        await scene.client.post(f"{path}/replays", json={"after": before["head"]})
        await drain(scene.sender)
        again = receiver.told()
        assert sorted(positions(again)) == sorted({*positions(told), *(n + before["head"] for n in range(1, 5))})
        assert [one["data"]["event"] for one in again if one["data"].get("id") == str(things["penalty"])] == [
            "ended"
        ] * 2
        assert not any("acknowledge_until" in one for one in again)
        receiver.forget()
        await scene.client.post(f"{path}/replays", json={"since": (scene.now - timedelta(days=2)).isoformat()})
        await drain(scene.sender)
        assert positions(receiver.told()) == [ended_at]  # all else was numbered long ago

        # A test says nothing, is sent once, and reaches nobody who does not listen.
        receiver.forget()
        receiver.behave("fail")
        test = (await scene.client.post(f"{path}/tests")).json()
        await drain(scene.sender)
        (log_entry, *_) = (await scene.client.get(f"{path}/deliveries")).json()["items"]
        assert (log_entry["message_id"], log_entry["state"], log_entry["last_status"]) == (
            f"test:{test['number']}", "given_up", 500,
        )  # fmt: skip
        assert receiver.told(mode="fail")[0]["type"] == "test"
        assert (await scene.client.delete(path, headers={"If-Match": "*"})).json()["id"] == made["id"]
        assert await scene.rows("SELECT 1 FROM webhook_delivery UNION ALL SELECT 1 FROM webhook_secret") == []
        assert len(await scene.rows("SELECT 1 FROM takedown_receipt")) == 1


async def test_an_endpoint_that_fails_is_paused_given_up_disabled_and_goes_on_where_it_stood(
    database: Database, receiver: Receiver
) -> None:
    async with playing(database) as scene:
        made = await made_webhook(scene.client, receiver.url, contact="it@shop.example")
        path = f"/v1/webhooks/{made['id']}"
        things = await scene.changed()
        receiver.kill()
        began = scene.now
        await drain(scene.sender)
        assert {row[0] for row in await scene.rows("SELECT last_problem FROM webhook_delivery WHERE attempts > 0")} == {
            "connection_failed"
        }
        # For five days nothing succeeds. Each subject's first message is given up after three, and the endpoint disabled after five.
        shown: dict[str, Any] = {}
        while scene.now - began < timedelta(days=6) and shown.get("state") != "disabled":
            scene.now += timedelta(hours=6)
            await drain(scene.sender)
            shown = (await scene.client.get(path)).json()
        assert timedelta(days=5) <= scene.now - began < timedelta(days=5, hours=9)
        assert shown["disabled_because"] == "failing"
        states = await scene.rows("SELECT state, count(*) FROM webhook_delivery GROUP BY 1 ORDER BY 1")
        assert states == [("given_up", 2), ("waiting", 2)]

        mails = []

        async def deliver(mail: Any) -> None:
            mails.append(mail)

        assert await deliver_notices(database, now=scene.now, sender="xinyong@a.example", deliver=deliver) == 1
        assert await deliver_notices(database, now=scene.now, sender="xinyong@a.example", deliver=deliver) == 0
        assert mails[0]["To"] == "it@shop.example"
        assert made["id"] in mails[0].get_content()
        assert (await scene.client.post(f"{path}/tests")).json()["code"] == "webhook_disabled"

        receiver.restart()
        assert things["head"] == shown["position"]
        await scene.changed()
        await drain(scene.sender)
        assert receiver.got() == []  # disabled: it stands still
        patched = await scene.client.patch(
            path, json={"state": "active"}, headers={"If-Match": f'"{shown["version_no"]}"'}
        )
        assert patched.status_code == 200
        await drain(scene.sender)
        assert len(receiver.told()) == 2 + 4

        receiver.behave("gone")
        receiver.forget()
        await scene.changed()
        await drain(scene.sender)
        shown = (await scene.client.get(path)).json()
        assert (shown["state"], shown["disabled_because"], shown["waiting"]) == ("disabled", "gone", 4)

        # Whoever is no platform any more is told nothing.
        receiver.behave("ok")
        receiver.forget()
        await scene.client.patch(path, json={"state": "active"}, headers={"If-Match": "*"})
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE access_grant SET revoked_at = now(), revoked_by = 'test' WHERE role = 'platform'")
            )
        await drain(scene.sender)
        assert receiver.got() == []
        assert await scene.next_due() is None
        assert await forget_deliveries(database, as_of=scene.now + timedelta(days=29)) == 2
        assert await forget_deliveries(database, as_of=scene.now + timedelta(days=31)) == 6


async def test_filters_and_rotated_secrets(database: Database, receiver: Receiver) -> None:
    async with playing(database) as scene:
        # Who wants nothing of it passes it without a pause all the same.
        quiet = await made_webhook(scene.client, receiver.url, lists=["nobody"])
        await scene.changed()
        passed = [await distribute(database, now=scene.now, receipts_within=WITHIN, batch=2) for _ in range(4)]
        assert passed == [2, 2, 1, 0]
        assert (await scene.client.get(f"/v1/webhooks/{quiet['id']}")).json()["waiting"] == 0
        await scene.client.delete(f"/v1/webhooks/{quiet['id']}", headers={"If-Match": "*"})

        wanted = {
            "penalties": {"kinds": ["penalty"]},
            "here": {"regions": ["5001"]},
            "elsewhere": {"regions": ["11", "12"]},
            "listed": {"lists": ["test-serious"]},
            "other_list": {"lists": ["another"]},
        }
        made = {name: await made_webhook(scene.client, f"{receiver.url}/{name}", **one) for name, one in wanted.items()}
        things = await scene.changed()
        ended_at = await scene.end(things["first"], things["penalty"])
        await drain(scene.sender)
        told: dict[str, list[str]] = {name: [] for name in wanted}
        bodies = zip(receiver.got(), receiver.told(), strict=True)
        for one, body in bodies:
            told[one["path"].rpartition("/")[2]].append(body["type"])
        # The tombstone of a record names nobody, so that it comes to all; also where the record was told of.
        tombstones = ["record.ended"] * 2
        assert {name: sorted(types) for name, types in told.items()} == {
            "penalties": tombstones,
            "here": sorted([*tombstones, "subject.registered", "subject.registered", "blacklist_entry.listed"]),
            "elsewhere": tombstones,
            "listed": sorted([*tombstones, "blacklist_entry.listed"]),
            "other_list": tombstones,
        }
        assert len(await scene.rows(f"SELECT 1 FROM takedown_receipt WHERE position = {ended_at}")) == 5  # noqa: S608

        path = f"/v1/webhooks/{made['here']['id']}"
        assert (await scene.client.post(f"{path}/secrets", json={})).json()["code"] == "version_required"
        rotated = await scene.client.post(f"{path}/secrets", json={"overlap_hours": 2}, headers={"If-Match": '"1"'})
        assert (rotated.status_code, rotated.json()["version_no"]) == (200, 2)
        assert len(rotated.json()["secrets"]) == 2
        for hours, signs in ((0, (True, True)), (3, (False, True))):
            scene.now += timedelta(hours=hours)
            receiver.forget()
            await scene.client.post(f"{path}/tests")
            await drain(scene.sender)
            (got,) = receiver.got()
            marks = got["headers"]["webhook-signature"].split()
            for secret, is_valid in zip((made["here"]["secret"], rotated.json()["secret"]), signs, strict=True):
                at = datetime.fromtimestamp(int(got["headers"]["webhook-timestamp"]), scene.now.tzinfo)
                mark = Webhook(secret).sign(got["headers"]["webhook-id"], at, got["body"])
                assert (mark in marks) is is_valid
        for number in range(6):
            last = await scene.client.post(f"{path}/secrets", json={}, headers={"If-Match": "*"})
            assert last.status_code == (200 if number < 4 else 409), number
        assert last.json()["code"] == "too_many_secrets"

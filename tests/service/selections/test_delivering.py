"""Selections are entered by their exporter, delivered once a period to every kind of place, and tried again where that failed."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import select, text

from service.access.actions import set_blocked
from service.access.rules import Role
from service.db import Database, driver
from service.exports.pacing import Pace
from service.exports.verifying import verify_release
from service.feeds.definitions import load_definitions, read_definition
from service.feeds.queries import sync_feeds
from service.feeds.rules import BadFeed
from service.models import ExportSelection
from service.selections.actions import count_due, deliver_due
from service.selections.rules import Every, period_of
from service.signing.keys import SigningKeys
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_penalty, make_registration, make_uscc, number_changes
from tests.service.feeds.setting import define
from tests.service.feeds.test_transports import certificate, https_server, sftp_server
from tests.service.working_days.days import day

ASKED: dict[str, Any] = {
    "name": "重庆",
    "tables": ["penalties"],
    "regions": ["50"],
    "columns": {"penalties": ["uscc", "document_no"]},
    "bom": True,
}


async def open_places(database: Database, folder: Path, **places: str) -> None:
    for name, way in places.items():
        define(folder / "feeds", name, f'id = "{name}"\ndirection = "exports"\n[transport]\n{way}\n')
    async with database.transaction() as session:
        await sync_feeds(await driver(session), load_definitions(folder / "feeds"), now=NOW)


async def test_selections_reach_every_kind_of_place_and_replace_what_was_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = certificate(tmp_path, "ca")
    certificate(tmp_path, "server", ca)
    certificate(tmp_path, "client", ca)
    monkeypatch.setenv("FEED_PASSWORD", "right")
    root, place, got = tmp_path / "root", tmp_path / "place", dict[str, bytes]()
    root.mkdir()
    web = FastAPI()

    @web.put("/in/{release}/{file}")
    async def take(release: str, file: str, request: Request) -> None:
        got[f"{release}/{file}"] = await request.body()

    here, elsewhere = make_uscc(division_code="500105"), make_uscc(division_code="310101")
    async with database.transaction() as session:
        for code in (here, elsewhere):
            await make_registration(session, code)
            await make_penalty(session, code)
        await number_changes(session)
    keys, folder, now = SigningKeys(tmp_path / "keys"), tmp_path / "selections", NOW
    async with https_server(web, tmp_path) as web_port, sftp_server(root, tmp_path / "known") as port:
        await open_places(
            database,
            tmp_path,
            drop=f'type = "directory"\npath = "{place}"',
            box=f'type = "sftp"\nhost = "127.0.0.1"\nport = {port}\nuser = "feed"\npassword_env = "FEED_PASSWORD"\n'
            f'known_hosts = "{tmp_path}/known"',
            web=f'type = "https"\nurl = "https://127.0.0.1:{web_port}/in"\nca_file = "{tmp_path}/ca.pem"\n'
            f'client_cert_file = "{tmp_path}/client.pem"\nclient_key_file = "{tmp_path}/client.key"',
        )
        app = make_app(database)
        async with client_of(app, key=await make_key(database, Role.EXPORTER)) as exporter:
            made = {
                name: (await exporter.post("/v1/export-selections", json=ASKED | {"deliver_to": name})).json()
                for name in ("drop", "box", "web")
            }
            for wrong, code in (
                ({"deliver_to": "nowhere"}, "no_such_target"),
                ({"deliver_to": "drop", "columns": {"penalties": ["secret"]}}, "unknown_columns"),
                ({"deliver_to": "drop", "regions": ["5"]}, "malformed_selection"),
            ):
                assert (await exporter.post("/v1/export-selections", json=ASKED | wrong)).json()["code"] == code
            assert await count_due(database, now=now) == 3
            assert await deliver_due(database, folder, keys, now=now, pace=Pace(0.9)) == 2, "one place is not there yet"
            assert await deliver_due(database, folder, keys, now=now) == 0, "once a day, and a failure waits"
            listed = {one["deliver_to"]: one for one in (await exporter.get("/v1/export-selections")).json()["items"]}
            assert (listed["drop"]["failures"], listed["drop"]["trouble"]["code"]) == (1, "unreachable")
            place.mkdir()
            now += timedelta(seconds=30)
            assert await deliver_due(database, folder, keys, now=now) == 1
            (first,) = place.iterdir()
            release = verify_release(first, keys.jwks())
            assert release.checks
            rows = list(csv.reader((first / "penalties.csv").read_text("utf-8-sig").splitlines()))
            assert rows[0] == ["id", "uscc", "document_no"], "the columns that were asked for, and the key"
            assert [row[1] for row in rows[1:]] == [here]
            (boxed,) = [path for path in root.iterdir() if not path.name.startswith(".")]
            assert {path.name for path in boxed.iterdir()} == {path.name for path in first.iterdir()}
            assert {name.split("/")[1] for name in got} == {path.name for path in first.iterdir()}
            assert not list(folder.iterdir()), "nothing is kept here"
            now += timedelta(days=1)
            await _nothing_for_who_may_not(database, now=now)
            assert await deliver_due(database, folder, keys, now=now) == 3
            (second,) = place.iterdir()
            assert second.name != first.name, "yesterday's is gone"
            # As after a kill between a delivery and its note, with a copy begun.
            async with database.transaction() as session:
                await session.execute(text("UPDATE export_selection SET last_period = NULL, last_release = NULL"))
            (place / f".{second.name}-older.part").mkdir()
            (place / "of somebody else").mkdir()
            now += timedelta(minutes=1)
            assert await deliver_due(database, folder, keys, now=now) == 3
            (place / "of somebody else").rmdir()
            (again,) = place.iterdir()
            (boxed,) = [path for path in root.iterdir() if not path.name.startswith(".")]
            assert (again.name != second.name, boxed.name[8:]) == (True, again.name[8:]), "unnoted ones go too"
            address = f"/v1/export-selections/{made['drop']['id']}"
            tag = {"If-Match": '"1"'}
            changed = ASKED | {"deliver_to": "drop", "every": "monthly", "formats": ["xlsx"]}
            assert (await exporter.put(address, json=changed)).status_code == 428
            assert (await exporter.put(address, json=changed, headers=tag)).json()["version_no"] == 2
            assert await deliver_due(database, folder, keys, now=now) == 1, (
                "what is selected otherwise is delivered anew"
            )
            (third,) = place.iterdir()
            assert (third / "penalties.xlsx").exists()
            assert (await exporter.delete(address, headers=tag)).status_code == 412
            assert (await exporter.delete(address, headers={"If-Match": '"2"'})).status_code == 204
        async with client_of(app, key=await make_key(database, Role.EXPORTER)) as stranger:
            assert (await stranger.get("/v1/export-selections")).json()["items"] == []
            assert (await stranger.get(f"/v1/export-selections/{made['box']['id']}")).status_code == 404


async def _nothing_for_who_may_not(database: Database, *, now: datetime) -> None:
    """All three are due, but not for a blocked exporter, nor without the role, nor at a place that is paused."""
    async with database.transaction() as session:
        owner = (await session.scalars(select(ExportSelection.principal_id).limit(1))).one()
    for due, statement in ((0, "UPDATE access_grant SET until_on = '2026-01-01'"), (3, "UPDATE access_grant SET until_on = NULL"),
                           (2, "UPDATE feed SET state = 'paused' WHERE id = 'box'"), (3, "UPDATE feed SET state = 'active'")):  # fmt: skip
        async with database.transaction() as session:
            await session.execute(text(statement))
        assert await count_due(database, now=now) == due, statement
    for blocked, due in ((True, 0), (False, 3)):
        async with database.transaction() as session:
            await set_blocked(session, principal_id=owner, blocked=blocked, by="test", now=now)
        assert await count_due(database, now=now) == due


def test_a_place_is_no_table() -> None:
    body = {"id": "aa", "direction": "exports", "transport": {"type": "database", "dsn_env": "X", "table": "t"}}
    with pytest.raises(BadFeed, match="folders of files"):
        read_definition(body, where="test")


@pytest.mark.parametrize(
    ("every", "on", "period"),
    [
        (Every.DAILY, "Tue 2026-11-24", "2026-11-24"),
        (Every.WEEKLY, "Fri 2027-01-01", "2026-W53"),
        (Every.MONTHLY, "Tue 2026-11-24", "2026-11"),
    ],
)
def test_periods(every: Every, on: str, period: str) -> None:
    assert period_of(every, day(on)) == period


def test_a_pace_is_a_share() -> None:
    for share in (0, 1.5, -1):
        with pytest.raises(ValueError, match="share"):
            Pace(share)

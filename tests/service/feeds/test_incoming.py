"""Files of other systems: picked up once and whole, tried first, held where they change too much; what they drop is hidden."""

import csv
import io
import os
from pathlib import Path
from typing import Any

import pytest
from asyncpg import CheckViolationError
from fastapi import FastAPI
from fastapi.responses import FileResponse
from sqlalchemy import text

from service.access.rules import Role
from service.changes.actions import drain
from service.db import Database
from service.feeds.incoming import fetch_feeds
from service.feeds.working import work_feeds
from service.imports.queries import find_open_imports
from service.imports.runner import run_import
from service.models import Source
from service.settings import Settings
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_uscc
from tests.service.feeds.setting import Clock, define, fault, one
from tests.service.feeds.test_transports import certificate, https_server, sftp_server

CODES = [make_uscc() for _ in range(40)]
INCOMING = """
[incoming]
kind = "penalties"
authority = "district"
source = "city-site"
complete = true
share = 0.2
few = 3
pattern = "*.csv"
settle_seconds = 60
"""


def content(codes: list[str], **cells: str) -> bytes:
    out = io.StringIO()
    columns = ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "违法事实", "处罚类别", "处罚内容", "处罚决定日期", "处罚机关", "公示日期"]  # fmt: skip
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for at, code in enumerate(codes):
        row = dict(
            zip(columns, ("重庆市示例商贸有限公司", code, f"渝示罚〔2026〕{CODES.index(code)}号", "示例事实", "罚款", "罚款五千元", "2026-10-12", "示例机关district", "2026-10-14"), strict=True)
        )  # fmt: skip
        writer.writerow(row | (cells if at < 30 else {}))
    return out.getvalue().encode()


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> Path:
    """A directory that another system fills, with its feed and its source."""
    place = tmp_path / "in"
    place.mkdir()
    define(
        tmp_path / "feeds",
        "city-in",
        f'id = "city-in"\ndirection = "in"\nevery_seconds = 0\n{INCOMING}[transport]\ntype = "directory"\npath = "{place}"\n',
    )
    await open_source(database)
    return place


async def open_source(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("TRUNCATE data_import, import_row, import_event, source_statement CASCADE"))
        if await session.get(Source, "city-site") is None:
            session.add(
                Source(
                    code="city-site", name="示例网站", owner="示例", published=True, published_where="https://example.invalid/",
                    covers=["penalties:50"], importing_authorities=["district"], created_at=NOW,
                )
            )  # fmt: skip


def put(place: Path, name: str, data: bytes, clock: Clock, *, age: float = 120) -> None:
    (place / name).write_bytes(data)
    at = clock().timestamp() - age
    os.utime(place / name, (at, at))


async def night(database: Database, tmp_path: Path, clock: Clock) -> None:
    """Let the feed and the import worker go on until nothing moves."""
    await work_feeds(database, tmp_path / "feeds", clock=clock)
    for _ in range(6):
        await fetch_feeds(database, tmp_path / "data", clock=clock)
        async with database.reading() as session:
            waiting = await find_open_imports(session)
        for import_id in waiting:
            await run_import(database, import_id, clock=clock)
        await drain(database, clock)
        clock.move(seconds=1)


async def deliveries(database: Database) -> list[tuple[Any, ...]]:
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT name, state, hidden_count, restored_count FROM feed_delivery ORDER BY fetched_at, id")
        )
        return [tuple(row) for row in rows]


async def shown(database: Database) -> int:
    found = await one(
        database, "SELECT count(*) AS n FROM penalty_version WHERE superseded_at IS NULL AND state = 'published'"
    )
    return int(found.n)


async def test_what_a_complete_file_drops_is_hidden_and_comes_back(
    database: Database, site: Path, tmp_path: Path
) -> None:
    clock = Clock()
    put(site, "day-1.csv", content(CODES), clock)
    put(site, "day-1b.csv", content(CODES[:2]), clock, age=5)
    put(site, "day-1c.csv.part", b"x", clock)
    await night(database, tmp_path, clock)
    assert await deliveries(database) == [("day-1.csv", "taken", 0, 0)], "a file still being written is left alone"
    assert await shown(database) == 40
    (site / "day-1b.csv").unlink()
    put(site, "day-2.csv", content(CODES[2:]), clock)
    await night(database, tmp_path, clock)
    assert (await deliveries(database))[1] == ("day-2.csv", "taken", 2, 0)
    assert await shown(database) == 38
    gone = await one(
        database, "SELECT state, reason FROM penalty_version WHERE uscc = :c AND superseded_at IS NULL", c=CODES[0]
    )
    assert gone.state == "suspended"
    assert "day-2.csv" in gone.reason
    app = make_app(database, settings=Settings(data_dir=tmp_path / "data"))
    async with client_of(app, key=await make_key(database, Role.AUDITOR)) as auditor:
        listed = (await auditor.get("/v1/feeds/city-in/missing")).json()["items"]
        assert {item["uscc"] for item in listed} == set(CODES[:2])
    rest = b"".join(content(CODES[1:]).splitlines(keepends=True)[1:])
    put(site, "day-3.csv", content(CODES[:1], 处罚内容="罚款六千元") + rest, clock)
    await night(database, tmp_path, clock)
    assert (await deliveries(database))[2] == ("day-3.csv", "taken", 0, 2)
    assert await shown(database) == 40
    back = await one(
        database,
        "SELECT state, penalty_content, reason FROM penalty_version WHERE uscc = :c AND superseded_at IS NULL",
        c=CODES[0],
    )
    assert (back.state, back.penalty_content) == ("published", "罚款六千元"), "with what the file says of it now"
    assert list((tmp_path / "data" / "deliveries").iterdir()) == []


async def test_a_file_that_changes_too_much_waits_for_a_person(database: Database, site: Path, tmp_path: Path) -> None:
    clock = Clock()
    put(site, "day-1.csv", content(CODES), clock)
    await night(database, tmp_path, clock)
    put(site, "day-2.csv", content(CODES[:10]), clock)
    await night(database, tmp_path, clock)
    assert (await deliveries(database))[1] == ("day-2.csv", "held", 0, 0)
    assert await shown(database) == 40, "yesterday's data stay"
    app = make_app(database, settings=Settings(data_dir=tmp_path / "data"))
    async with client_of(app, key=await make_key(database, Role.ADMINISTRATOR)) as operator:
        held = (await operator.get("/v1/feeds/city-in/deliveries")).json()["items"][0]
        assert held["brake"] == {
            "has": 40, "new": 0, "changed": 0, "dropped": 30, "rows": 10, "why": ["many_dropped"],
        }  # fmt: skip
        assert held["decide_by"] == "2026-11-25"
        address = f"/v1/feeds/city-in/deliveries/{held['id']}"
        assert (await operator.post(f"{address}/reject", json={"reason": "不完整"})).status_code == 428
        tag = {"If-Match": f'"{held["version_no"]}"'}
        answer = await operator.post(f"{address}/reject", json={"reason": "不完整"}, headers=tag)
        assert answer.json()["state"] == "rejected"
        again = await operator.post(f"{address}/approve", json={"reason": "x"}, headers={"If-Match": "*"})
        assert again.json()["code"] == "delivery_not_held"
        put(site, "day-3.csv", content(CODES, 违法事实="另一事实"), clock)
        await night(database, tmp_path, clock)
        held = (await operator.get("/v1/feeds/city-in/deliveries")).json()["items"][0]
        assert (held["state"], held["brake"]["changed"]) == ("held", 30)
        address = f"/v1/feeds/city-in/deliveries/{held['id']}"
        await operator.post(f"{address}/approve", json={"reason": "已核实"}, headers={"If-Match": "*"})
    await night(database, tmp_path, clock)
    assert (await deliveries(database))[2] == ("day-3.csv", "taken", 0, 0)
    facts = await one(
        database,
        "SELECT count(*) AS n FROM penalty_version WHERE superseded_at IS NULL AND violation_facts = '另一事实'",
    )
    assert facts.n == 30


async def test_a_broken_night_leaves_yesterday_and_is_told(database: Database, site: Path, tmp_path: Path) -> None:
    clock = Clock()
    put(site, "day-1.csv", content(CODES), clock)
    await night(database, tmp_path, clock)
    put(site, "day-2.csv", b"\x00\x01 no table at all", clock)
    await night(database, tmp_path, clock)
    assert (await deliveries(database))[1] == ("day-2.csv", "failed", 0, 0)
    for path in site.iterdir():
        path.unlink()
    site.rmdir()
    clock.move(minutes=10)
    await night(database, tmp_path, clock)
    async with client_of(make_app(database), key=await make_key(database, Role.AUDITOR)) as auditor:
        (told,) = (await auditor.get("/v1/feeds")).json()["items"]
        assert told["trouble"]["code"] == "unreachable"
        assert (await auditor.get("/v1/feeds/city-in/deliveries")).json()["items"][0]["problem"]["detail"]
    assert await shown(database) == 40


async def test_files_come_by_https_and_by_sftp_and_go_on_where_they_broke_off(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_source(database)
    clock = Clock()
    ca = certificate(tmp_path, "ca")
    certificate(tmp_path, "server", ca)
    certificate(tmp_path, "client", ca)
    web, asked = FastAPI(), []
    (tmp_path / "web.csv").write_bytes(content(CODES))

    @web.api_route("/list.csv", methods=["GET", "HEAD"])
    async def give(range_: Any = None) -> FileResponse:
        asked.append(range_)
        return FileResponse(tmp_path / "web.csv")

    monkeypatch.setenv("FEED_PASSWORD", "right")
    root = tmp_path / "root"
    root.mkdir()
    (root / "day-1.csv").write_bytes(content(CODES[:3]))
    async with https_server(web, tmp_path) as web_port, sftp_server(root, tmp_path / "known") as port:
        incoming = INCOMING.replace("complete = true", "complete = false")
        define(
            tmp_path / "feeds",
            "web-in",
            f'id = "web-in"\ndirection = "in"\nevery_seconds = 0\n{incoming}[transport]\ntype = "https"\n'
            f'url = "https://127.0.0.1:{web_port}/list.csv"\nca_file = "{tmp_path}/ca.pem"\n'
            f'client_cert_file = "{tmp_path}/client.pem"\nclient_key_file = "{tmp_path}/client.key"\n',
        )
        define(
            tmp_path / "feeds",
            "sftp-in",
            f'id = "sftp-in"\ndirection = "in"\nevery_seconds = 0\n{incoming}[transport]\ntype = "sftp"\nhost = "127.0.0.1"\n'
            f'port = {port}\nuser = "feed"\npassword_env = "FEED_PASSWORD"\nknown_hosts = "{tmp_path}/known"\n',
        )
        await night(database, tmp_path, clock)
        assert {row[:2] for row in await deliveries(database)} == {("day-1.csv", "taken"), ("list.csv", "taken")}
        requests = len(asked)
        await night(database, tmp_path, clock)
        assert len(await deliveries(database)) == 2, "the same file is not picked up twice"
        assert len(asked) > requests
    assert await shown(database) == 40


@pytest.mark.parametrize("state", ["fetched", "checking", "importing", "taken"])
async def test_a_pickup_that_breaks_off_is_made_good(
    database: Database, site: Path, tmp_path: Path, state: str
) -> None:
    clock = Clock()
    put(site, "day-1.csv", content(CODES[:5]), clock)
    await fault(database, "feed_delivery", f"state <> '{state}'")
    with pytest.raises(CheckViolationError):
        await night(database, tmp_path, clock)
    await fault(database, "feed_delivery", None)
    await night(database, tmp_path, clock)
    assert await deliveries(database) == [("day-1.csv", "taken", 0, 0)]
    assert await shown(database) == 5

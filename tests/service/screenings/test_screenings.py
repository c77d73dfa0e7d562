"""Whole lists of codes: every row answered as a status question would be, all of one position, and gone once a record has ended."""

import asyncio
import io
import random
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import openpyxl
import orjson
import pytest
from sqlalchemy import text

from service.access.rules import Role
from service.db import Database
from service.screenings import runner
from service.screenings.actions import watch_results
from service.screenings.files import Files, folder_below
from service.screenings.rules import ATTEMPTS, COLUMNS, MOST_OPEN, NameMatch, match_name
from tests.clients import client_of, make_key
from tests.factories import (
    make_entry,
    make_list,
    make_penalty,
    make_registration,
    make_source,
    make_uscc,
    number_changes,
)
from tests.service.screenings.support import (
    app_of,
    read_csv,
    read_jsonl,
    read_parquet,
    result_of,
    screened,
    screener_of,
)
from tests.service.store.support import NAMES, NOW, World, led_on, reading
from tests.service.webhooks.test_sending import ENDED

PERSON = "11010519491231002X"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("重庆星屿贸易有限公司", NameMatch.EXACT),
        ("重庆星屿 贸易有限公司", NameMatch.EXACT),
        ("重慶星嶼贸易有限责任公司", NameMatch.VARIANT),
        ("曾用名商行", NameMatch.FORMER_NAME),
        ("文书所载商行", NameMatch.VARIANT),
        ("别家有限公司", NameMatch.DIFFERS),
    ],
)
def test_a_name_is_graded(given: str, expected: NameMatch) -> None:
    known = {"current": "重庆星屿贸易有限公司", "former": ["曾用名商行"], "on_records": ["文书所载商行"]}
    assert match_name(given, **known) is expected  # type: ignore[arg-type]
    assert match_name(given, current=None, former=(), on_records=()) is None


async def test_a_list_is_answered_row_by_row_and_its_result_ends_with_what_it_names(
    database: Database, tmp_path: Path
) -> None:
    listed, fined, clear, revoked, renamed, elsewhere = (make_uscc() for _ in range(6))
    far = make_uscc(division_code="310101")
    async with database.transaction() as session:
        await make_source(session, delivered_at=NOW)
        await make_list(session)
        for code in (listed, fined, clear):
            await make_registration(session, code, name=f"重庆{code[-4:]}有限公司")
        await make_registration(session, revoked, registration_status="revoked")
        await make_registration(session, renamed, name="重庆旧名有限公司")
        await make_registration(session, renamed, name='=新"名,有限公司')
        await make_registration(session, far, division_code="310101")
        entry = await make_entry(session, listed)
        penalty = await make_penalty(session, fined, public_until=NOW.date() + timedelta(days=2))
        await make_penalty(session, elsewhere, public_until=None)
        position = await number_changes(session)
    app = app_of(database, tmp_path)
    screener = screener_of(database, tmp_path)
    mine, theirs = [await make_key(database, Role.PLATFORM, name=name) for name in ("shop", "other")]
    content = (
        f"\ufeff统一社会信用代码,企业名称,编号\n{listed.lower()},重庆{listed[-4:]}有限公司,a\n{fined},,b\n\n{clear},别家公司,c\n"
        f'{revoked},,"d,1"\n{renamed},重庆旧名有限公司,=e\n{far},,f\n{make_uscc()},x,g\n{clear[:-1]}?,,h\n{PERSON},某人,i\n{clear},,j\n'
    )
    async with client_of(app, key=mine) as client, client_of(app, key=theirs) as other:
        done = await screened(client, screener, content, list="all", file_name="m.csv")
        assert (done["state"], done["position"], done["rows_done"]) == ("finished", position, 10)
        top, rows = read_csv(await result_of(client, done))
        assert top == done["sums"]
        assert (top["position"], top["rows"], top["as_of"]) == (position, 10, "2026-11-24T12:00:00+08:00")
        assert [row["line"] for row in rows] == [2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
        assert [row["reference"] for row in rows] == ["a", "b", "c", "d,1", "=e", "f", "g", "h", "i", "j"]
        outcomes = [
            "listed",
            "penalised",
            "clear",
            "clear",
            "clear",
            "not_covered",
            "not_covered",
            *["malformed"] * 2,
            "clear",
        ]
        assert [row["outcome"] for row in rows] == outcomes
        assert top["outcomes"] == {
            one: outcomes.count(one) for one in ("listed", "penalised", "clear", "not_covered", "malformed")
        }
        assert [row["name_match"] for row in rows] == ["exact", None, "differs", None, "former_name", *[None] * 5]
        assert (rows[0]["records"], rows[0]["lists"], rows[0]["severity"]) == (
            [str(entry)],
            ["test-serious"],
            "serious",
        )
        assert (rows[0]["code"], rows[0]["uscc"], rows[1]["records"], rows[1]["penalties"]) == (
            listed.lower(),
            listed,
            [str(penalty)],
            1,
        )
        assert rows[2]["warnings"] == ["name_differs"]
        assert (rows[3]["registration"], rows[3]["warnings"]) == ("revoked", ["registration_revoked"])
        assert rows[4]["name"] == "'=新\"名,有限公司"
        assert [row["reason"] for row in rows[5:7]] == ["no_source", "no_registration"]
        assert (rows[7]["positions"], rows[7]["code"]) == ([18], f"{clear[:-1]}?")
        assert (rows[8]["code"], rows[8]["reason"], rows[8]["uscc"]) == (None, "person_identifier", None)
        assert PERSON not in (await result_of(client, done)).decode()
        assert not Files(folder_below(tmp_path), UUID(done["id"])).upload.exists()

        # The same in every other form; the registered name stands as it is where nothing computes it.
        rows[4]["name"] = '=新"名,有限公司'
        for form, read in (("jsonl", read_jsonl), ("parquet", read_parquet)):
            again = await screened(client, screener, content, format=form)
            about, same = read(await result_of(client, again))
            assert same == rows
            assert about == top | {"screening": again["id"], "list": None}
        book = await screened(client, screener, content, format="xlsx")
        opened = openpyxl.load_workbook(io.BytesIO(await result_of(client, book)), read_only=True)
        about_sheet, sheet = (list(one.values) for one in opened.worksheets)
        assert {row[0]: row[1] for row in about_sheet if row}["outcomes"] == orjson.dumps(top["outcomes"]).decode()
        assert sheet[0] == tuple(COLUMNS)
        assert [row[0] for row in sheet[1:]] == [row["line"] for row in rows]
        assert (sheet[5][list(COLUMNS).index("name")], sheet[1][4]) == ("'=新\"名,有限公司", "listed")
        opened.close()
        # What was a workbook can be handed in as one, as lines without a heading, or by the names of its columns.
        column = io.BytesIO()
        made = openpyxl.Workbook()
        for row in [("shop", "what"), ("1", listed), ("2", clear)]:
            made.active.append(row)  # type: ignore[union-attr]
        made.save(column)
        for body, asked in (
            (column.getvalue(), {"code": "what", "reference": "shop"}),
            (f"{listed}\n{clear}\n", {}),
            (orjson.dumps({"code": listed}) + b"\n" + orjson.dumps({"code": clear, "name": "x"}), {}),
        ):
            told = await screened(client, screener, body, **asked)
            assert told["sums"]["outcomes"] | {"clear": 1, "listed": 1} == told["sums"]["outcomes"], told

        # Nobody else's business.
        path = f"/v1/screenings/{done['id']}"
        for method, part in (("GET", ""), ("GET", "/result"), ("GET", "/ended"), ("POST", "/cancel"), ("DELETE", "")):
            gone = await other.request(method, path + part)
            assert (gone.status_code, gone.json()["code"]) == (404, "no_such_screening")
        assert (await other.get("/v1/screenings")).json()["items"] == []
        first = (await client.get("/v1/screenings?limit=3")).json()
        rest = (await client.get("/v1/screenings", params={"cursor": first["next"]})).json()
        assert len(first["items"] + rest["items"]) == 7
        assert all(one["sums"] is None for one in first["items"])

        # In parts, by the ETag.
        whole = await client.get(f"{path}/result")
        assert whole.headers["etag"] == f'"{done["result_sha256"]}"'
        tail = await client.get(f"{path}/result", headers={"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
        assert (tail.status_code, tail.content) == (206, whole.content[10:])
        assert (await client.get(f"{path}/result", headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
        assert (
            await client.get(f"{path}/result", headers={"Range": f"bytes={len(whole.content)}-"})
        ).status_code == 416

        # A record that is not named ends, one that is gets corrected: nothing changes. By the clock it ends with its window.
        async with database.transaction() as session:
            other_one = await make_penalty(session, make_uscc(), public_until=None)
            await number_changes(session)
            await make_penalty(session, fined, head=penalty, fine_fen=7, public_until=NOW.date() + timedelta(days=2))
            ended = await session.scalar(text("SELECT uscc FROM penalty WHERE id = :id"), {"id": other_one})
            await make_penalty(session, ended, head=other_one, **ENDED)
            head = await number_changes(session, at=NOW)
        assert (await client.get(f"{path}/result")).status_code == 200
        async with database.reading() as reads:
            checked = await reads.execute(
                text("SELECT checked_position FROM screening WHERE id = :id"), {"id": UUID(done["id"])}
            )
            assert checked.scalar_one() == head
        late = app_of(database, tmp_path, lambda: NOW + timedelta(days=3))
        async with client_of(late, key=mine) as later:
            over = await later.get(f"/v1/screenings/{book['id']}/result")
            assert (over.status_code, over.json()["code"]) == (410, "screening_outdated")
        # A withdrawal ends it at once, sums and all; and for good.
        async with database.transaction() as session:
            await make_entry(session, listed, head=entry, **ENDED)
            await make_penalty(session, clear, public_until=None)
            await make_registration(session, revoked, registration_status="active")
            await number_changes(session, at=NOW)
        over = await client.get(f"{path}/result", headers={"Range": "bytes=10-"})
        assert (over.status_code, over.json()["code"]) == (410, "screening_outdated")
        shown = (await client.get(path)).json()
        assert (shown["state"], shown["sums"]) == ("outdated", None)
        assert not Files(folder_below(tmp_path), UUID(done["id"])).result.exists()

        # What changed since: new records and registrations; what has ended by its id alone, wherever its subject stands now.
        again = await screened(client, screener, content, list="all", compare=True)
        _, rows = read_csv(await result_of(client, again))
        assert again["compared_with"] == done["id"]
        told_changes = {row["reference"]: row["changes"] for row in rows if row["changes"]}
        assert told_changes == {"c": ["new_record"], "d,1": ["registration"], "j": ["new_record"]}
        assert again["sums"]["changes"] == {"new_record": 2, "registration": 1}
        gone = (await client.get(f"/v1/screenings/{again['id']}/ended")).json()
        assert gone == {"items": [{"id": str(entry), "ended_on": "2026-11-24"}], "next": None}
        without = await client.post("/v1/screenings?compare=true", content=content)
        assert without.json()["code"] == "nothing_to_compare_with"

        # The job takes away what nobody asked about, and files that no screening names.
        folder = folder_below(tmp_path)
        Files(folder, UUID("01ffffff-0000-7000-8000-000000000000")).upload.write_bytes(b"received at this moment")
        old = Files(folder, UUID("01900000-0000-7000-8000-000000000000"))
        old.upload.write_bytes(b"left long ago")
        assert await watch_results(database, folder, now=NOW) > 0
        assert not old.upload.exists()
        assert (await client.delete(f"/v1/screenings/{again['id']}")).status_code == 200
        assert (await client.get(f"/v1/screenings/{again['id']}/result")).status_code == 404
        assert await watch_results(database, folder, now=NOW + timedelta(days=8)) > 0
        assert (await client.get("/v1/screenings")).json()["items"] == []
        assert len(list(folder.iterdir())) == 1


async def test_screenings_are_handed_in_once_cancelled_and_limited(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, screener = app_of(database, tmp_path), screener_of(database, tmp_path)
    mine, nobody = await make_key(database, Role.PLATFORM, name="shop"), await make_key(database, Role.EXPORTER)
    folder = folder_below(tmp_path)
    async with client_of(app, key=mine) as client, client_of(app, key=nobody) as other:
        assert (await other.post("/v1/screenings", content="x\n")).json()["code"] == "role_missing"
        codes = "".join(f"{make_uscc()}\n" for _ in range(30))
        once = {"Idempotency-Key": "1"}
        created, again = [await client.post("/v1/screenings", content=codes, headers=once) for _ in range(2)]
        assert again.headers["location"] == created.headers["location"]
        assert len(list(folder.iterdir())) == 1
        other_body = await client.post("/v1/screenings", content="y\n", headers={"Idempotency-Key": "1"})
        assert other_body.json()["code"] == "idempotency_key_reused"
        path, first = created.headers["location"], UUID(created.json()["id"])
        waiting = await client.get(f"{path}/result")
        assert (waiting.status_code, waiting.json()["code"]) == (409, "screening_not_finished")
        # Cancelled while it runs: the worker hears of it between two pieces, and nothing is left.
        monkeypatch.setattr(runner, "_ROWS", 10)  # sizes and no behaviour
        monkeypatch.setattr(runner, "_SAID_SECONDS", -1)
        async with database.transaction() as session:
            await session.execute(text("LOCK TABLE penalty_version IN ACCESS EXCLUSIVE MODE"))
            running = asyncio.create_task(screener.run(first))
            while (await client.get(path)).json()["state"] != "running":  # noqa: ASYNC110 - the database says it
                await asyncio.sleep(0.01)
            assert not await screener_of(database, tmp_path).run(first)  # another worker leaves it alone
            cancelled = await client.post(f"{path}/cancel")
            assert cancelled.json()["state"] == "cancelled"
        assert await running
        assert (await client.get(path)).json()["rows_done"] < 30
        assert list(folder.iterdir()) == []
        assert (await client.post(f"{path}/cancel")).json()["code"] == "screening_ended"
        # What is no table fails with words.
        handed = [(await client.post("/v1/screenings", content=body)).json()["id"] for body in ("%PDF-1.4", codes)]
        assert await screener.run(UUID(handed[0]))
        failed = (await client.get(f"/v1/screenings/{handed[0]}")).json()
        assert (failed["state"], failed["problem"]["code"]) == ("failed", "unsupported_format")
        monkeypatch.setattr(runner, "MOST_ROWS", 29)
        assert await screener.run(UUID(handed[1]))
        assert (await client.get(f"/v1/screenings/{handed[1]}")).json()["problem"]["code"] == "too_many_rows"
        # One that broke off again and again is given up.
        often = (await client.post("/v1/screenings", content=codes)).json()["id"]
        async with database.transaction() as session:
            await session.execute(text("UPDATE screening SET attempt = :most"), {"most": ATTEMPTS})
        assert await screener.run(UUID(often))
        assert (await client.get(f"/v1/screenings/{often}")).json()["problem"]["code"] == "gave_up"
        for _ in range(MOST_OPEN):
            assert (await client.post("/v1/screenings", content=codes)).status_code == 202
        refused = await client.post("/v1/screenings", content=codes)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_many_screenings")
        assert len(list(folder.iterdir())) == MOST_OPEN


async def test_rows_say_what_status_answers_say_from_the_store_and_from_the_database(
    database: Database, tmp_path: Path
) -> None:
    world = World(random.Random(7))  # noqa: S311 - what happens in a test, no secret
    async with database.transaction() as session:
        await world.begin(session)
        for _ in range(150):
            await world.step(session)
        position = await number_changes(session)
        for _ in range(10):  # not numbered yet, and so not known
            await world.step(session)
    key = await make_key(database, Role.PLATFORM)
    codes = [*world.codes, make_uscc(), make_uscc(division_code="999999"), world.codes[0].lower(), "x"] * 3
    world.chance.shuffle(codes)
    asked = [(code, world.chance.choice([*NAMES, "曾用名商行", "别家有限公司"])) for code in codes]
    body = "code,name\n" + "".join(f'{code},"{(name or "").replace(chr(34), chr(34) * 2)}"\n' for code, name in asked)
    await led_on(database, tmp_path / "store")
    async with client_of(app_of(database, tmp_path), key=key) as client, reading(database, tmp_path / "store") as store:
        batch = (await client.post("/v1/status/batch", json={"codes": codes})).json()
        results = []
        for source in (None, store):
            done = await screened(client, screener_of(database, tmp_path, store=source), body, format="jsonl")
            assert done["position"] == position == batch["position"]
            top, rows = read_jsonl(await result_of(client, done))
            results.append((top | {"screening": ""}, rows))
        assert results[0] == results[1]
        singles = {}
        for row, answer, (code, name) in zip(results[0][1], batch["results"], asked, strict=True):
            if "error" in answer:
                assert (row["outcome"], row["suggestion"]) == ("malformed", answer["error"]["suggestion"])
                continue
            ids = [one["id"] for one in (*answer["blacklist_entries"], *answer["penalties"])]
            assert (row["uscc"], row["outcome"], row["reason"]) == (answer["uscc"], answer["outcome"], answer["reason"])
            assert (row["name"], row["records"] or []) == (answer["name"], ids)
            assert row["registration"] == (answer["registration"] or {}).get("status")
            if (code, name) not in singles:
                question = {"uscc": code} | ({"name": name} if name else {})
                singles[code, name] = (await client.post("/v1/status", json=question)).json()
            own = {"registration_revoked", "registration_cancelled"}
            told = [one["code"] for one in singles[code, name]["warnings"]]
            assert sorted(set(row["warnings"] or ()) - own) == sorted(set(told))
        assert {row["outcome"] for row in results[0][1]} == {"listed", "penalised", "clear", "not_covered", "malformed"}

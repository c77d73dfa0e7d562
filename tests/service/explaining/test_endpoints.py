from datetime import date
from typing import Any

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.factories import make_entry, make_uscc, number_changes
from tests.service.deadlines.setting import open_law, record, track

WINDOW = {
    "public_from": date(2026, 10, 9),
    "public_until": date(2027, 10, 9),
    "public_rule": "R107-2",
    "public_grade": "unverified",
    "window_flags": ["order_107_over_45", "serious_list_unconfirmed"],
    "gsxt_from": date(2026, 10, 9),
    "gsxt_until": date(2027, 10, 9),
    "gsxt_rule": "R107-2",
    "gsxt_grade": "unverified",
    "credit_china_from": date(2026, 9, 18),
    "credit_china_until": date(2029, 9, 18),
    "credit_china_rule": "R36-3",
    "credit_china_grade": "secondary",
}


async def penalty(database: Database, uscc: str, **changes: Any) -> str:
    values = {
        "state": "published",
        "kinds": ["stop_business"],
        "fine_fen": None,
        "published_on": date(2026, 10, 9),
        "party_type": "organization",
    }
    found = await record(database, uscc, **(values | WINDOW | changes))
    await track(database)
    return f"/v1/subjects/{uscc}/penalties/{found}/explain"


async def test_its_own_people_read_every_date_with_its_reason(database: Database) -> None:
    await open_law(database)
    path = await penalty(database, make_uscc())
    key = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(make_app(database), key=key) as recorder:
        shown = await recorder.get(path)
    assert shown.status_code == 200, shown.text
    told = shown.json()
    assert [window["channel"] for window in told["windows"]] == ["gsxt", "credit_china", "public"]
    gsxt, credit_china, public = told["windows"]
    assert public["citation"].startswith("SAMR令107号")
    assert gsxt["clock"] == {"event": "publication_date", "day": "2026-10-09", "publish_until": "2027-10-09"}
    assert credit_china["other_clock"] == {
        "event": "publication_date",
        "day": "2026-10-09",
        "publish_until": "2029-10-09",
    }
    assert [flag["code"] for flag in public["flags"]] == ["order_107_over_45", "serious_list_unconfirmed"]
    assert all(window["by_present_law"] is None for window in told["windows"])
    assert told["inputs"]["kinds"] == ["stop_business"]
    by_name = {one["deadline"]: one for one in told["deadlines"]}
    assert by_name["D01"]["due_on"] == "2026-09-29"
    assert {"day": "2026-09-25", "holiday": "中秋"} in by_name["D01"]["skipped"]


async def test_everybody_else_reads_why_what_is_public_is_shown(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    path = await penalty(database, code)
    hidden = await penalty(database, code, state="draft")
    async with client_of(make_app(database), key=await make_key(database, Role.PLATFORM)) as platform:
        told = (await platform.get(path)).json()
        assert [window["channel"] for window in told["windows"]] == ["public"]
        assert told["windows"][0]["words_zh"].startswith("本平台自 2026-10-09 至 2027-10-09")
        assert told["deadlines"] is None
        assert (await platform.get(hidden)).json()["code"] == "no_such_record"


async def test_what_the_present_law_gives_otherwise_is_told_and_nothing_is_moved(database: Database) -> None:
    await open_law(database)
    path = await penalty(database, make_uscc(), public_until=date(2029, 10, 9), public_rule="R-OLD")
    key = await make_key(database, Role.AUDITOR)
    async with client_of(make_app(database), key=key) as auditor:
        public = (await auditor.get(path)).json()["windows"][2]
    assert public["publish_until"] == "2029-10-09"
    assert public["by_present_law"] == {
        "publish_from": "2026-10-09",
        "publish_until": "2027-10-09",
        "rule": "R107-2",
        "reason": None,
    }


async def test_an_entry_tells_its_list_and_its_basis(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    async with database.transaction() as session:
        found = await make_entry(session, code, authority_code="district")
        undated = await make_entry(
            session,
            code,
            authority_code="district",
            listed_on=None,
            public_from=None,
            public_until=None,
            public_rule=None,
            public_reason="no_date",
        )
        drafted = await make_entry(
            session, code, authority_code="district", state="draft", listed_on=None, public_from=None, public_until=None,
            public_rule=None, public_reason="not_listed_yet",
        )  # fmt: skip
        await number_changes(session)
    key = await make_key(database, Role.LISTER, authority_code="district")
    async with client_of(make_app(database), key=key) as lister:
        told = (await lister.get(f"/v1/subjects/{code}/blacklist-entries/{found}/explain")).json()
        assert (told["publish_until"], told["legal_basis"]) == ("2029-01-05", "示例办法第一条")
        assert told["words_zh"] == "自 2026-01-06 至 2029-01-05，首尾两日均展示。直至移出，依据示例办法第一条。"
        why = (await lister.get(f"/v1/subjects/{code}/blacklist-entries/{undated}/explain")).json()
        assert why["words"].startswith("Not shown: no day is stated")
        why = (await lister.get(f"/v1/subjects/{code}/blacklist-entries/{drafted}/explain")).json()
        assert why["words"].startswith("Not shown: nobody has decided on the listing yet")
        none = await lister.get(f"/v1/subjects/{code}/blacklist-entries/{code[:8]}/explain")
        assert none.status_code == 422

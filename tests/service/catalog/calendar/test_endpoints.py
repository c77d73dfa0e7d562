from typing import Any

import pytest

from service.access.rules import Role
from service.catalog import examples
from service.catalog.actions import sync_seed
from service.db import Database
from tests.clients import NOW, client_of, make_app, make_key
from tests.service.catalog.calendar.test_actions import BARE
from tests.service.catalog.calendar.test_notices import NOTICE_2026

PATH = "/v1/catalog/calendar"


async def test_the_calendar_is_read_by_everybody_and_page_by_page(database: Database) -> None:
    async with database.transaction() as session:
        await sync_seed(session, BARE, now=NOW)
    async with client_of(make_app(database)) as public:
        whole = (await public.get(PATH)).json()
        assert [year["year"] for year in whole["items"]] == list(range(2004, 2027))
        last = whole["items"][-1]
        assert (last["working_days"], last["source"][:15], last["loaded_by"]) == (248, "chinesecalendar", "seed")
        assert {"day": "2026-10-10", "name": "国庆节"} in last["days_worked"]
        first = (await public.get(PATH, params={"limit": 20})).json()
        second = (await public.get(PATH, params={"limit": 20, "cursor": first["next"]})).json()
        assert first["items"] + second["items"] == whole["items"]
        assert (await public.get(PATH, params={"year": 2026})).json()["items"] == [last]


async def test_a_rule_keeper_loads_a_notice_by_its_days_and_by_its_text(database: Database) -> None:
    app = make_app(database)
    key = await make_key(database, Role.RULE_KEEPER)
    async with client_of(app, key=key) as keeper:
        loaded = await keeper.post(PATH, json=examples.NOTICE)
        assert loaded.status_code == 201, loaded.text
        assert len(loaded.json()["days_off"]) == 15
        assert (await keeper.get(PATH)).json()["items"] == [loaded.json()]
        again = await keeper.post(PATH, json=examples.NOTICE)
        assert (again.status_code, again.json()) == (200, loaded.json())
        by_text = await keeper.post(PATH, json={"text": NOTICE_2026})
        assert by_text.status_code == 201, by_text.text
        assert by_text.json()["working_days"] == 248
        assert [year["year"] for year in (await keeper.get(PATH)).json()["items"]] == [2026, 2027]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({}, "invalid_request", id="nothing"),
        pytest.param({"text": NOTICE_2026, "year": 2026}, "invalid_request", id="both"),
        pytest.param({"year": 2027}, "invalid_request", id="no title"),
        pytest.param({"text": "明天放假"}, "unreadable_notice", id="no notice"),
        pytest.param({"year": 2027, "title": "示例"}, "impossible_notice", id="no days"),
    ],
)
async def test_what_is_no_notice_is_refused(database: Database, body: dict[str, Any], code: str) -> None:
    key = await make_key(database, Role.RULE_KEEPER)
    async with client_of(make_app(database), key=key) as keeper:
        refused = await keeper.post(PATH, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_others_may_not_load_one(database: Database) -> None:
    key = await make_key(database, Role.AUDITOR)
    async with client_of(make_app(database), key=key) as auditor:
        assert (await auditor.post(PATH, json=examples.NOTICE)).json()["code"] == "role_missing"

from datetime import date
from typing import Any

import httpx
import pytest

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.factories import make_registration, make_uscc, number_changes
from tests.service.deadlines.setting import open_law, record, track

PATH = "/v1/deadlines"


async def prepare(database: Database, **changes: Any) -> str:
    """Record a penalty of the district and return its subject's code."""
    code = make_uscc()
    await record(database, code, **changes)
    await track(database)
    return code


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_recorder_sees_what_is_due_and_how_many_days_are_left(database: Database) -> None:
    await open_law(database)
    code = await prepare(database, decided_on=date(2026, 11, 16), document_no="渝示罚〔2026〕77号")
    key = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(make_app(database), key=key) as recorder:
        items = await listed(recorder)
        assert [(item["deadline"], item["due_on"], item["days_left"]) for item in items] == [
            ("D01", "2026-11-25", 1),
            ("D02", "2026-12-14", 14),
            ("D18", "2026-12-14", 14),
            ("D19", "2026-12-14", 14),
        ]
        assert {(item["uscc"], item["document_no"]) for item in items} == {(code, "渝示罚〔2026〕77号")}
        assert items[0]["event_zh"].startswith("双公示")
        assert [item["deadline"] for item in await listed(recorder, standing="soon")] == ["D01"]
        assert [item["deadline"] for item in await listed(recorder, channel="gsxt")] == ["D02", "D18"]
        assert len(await listed(recorder, standing="soon", within=14)) == 4
        assert await listed(recorder, standing="overdue") == []
        assert await listed(recorder, division="51") == []
        assert len(await listed(recorder, division="5001", uscc=code)) == 4
        assert await listed(recorder, due_to="2026-11-24") == []


async def test_pages_follow_one_another(database: Database) -> None:
    await open_law(database)
    for _ in range(3):
        await prepare(database)
    key = await make_key(database, Role.AUDITOR)
    async with client_of(make_app(database), key=key) as auditor:
        whole = await listed(auditor, standing="overdue")
        assert len(whole) == 12
        assert all(item["overdue"] and item["days_left"] < 0 for item in whole)
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"standing": "overdue", "limit": 5}
        while True:
            page = (await auditor.get(PATH, params=query)).json()
            found += page["items"]
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        assert found == whole
        refused = await auditor.get(PATH, params={"cursor": "WyJ4Il0"})
        assert refused.json()["code"] == "bad_cursor"


async def test_it_is_met_by_the_acceptance_of_the_other_side(database: Database) -> None:
    await open_law(database)
    await prepare(database, decided_on=date(2026, 11, 16))
    key = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(make_app(database), key=key) as recorder:
        by_name = {item["deadline"]: item["id"] for item in await listed(recorder)}
        path = f"{PATH}/{by_name['D02']}/answers"
        sent_back = {"outcome": "rejected", "on": "2026-11-20", "reason": "名称与代码不符"}
        rejected = await recorder.post(path, json=sent_back)
        assert rejected.status_code == 201, rejected.text
        assert (rejected.json()["state"], rejected.json()["rejected_on"], rejected.json()["rejections"]) == (
            "open",
            "2026-11-20",
            1,
        )
        met = await recorder.post(path, json={"outcome": "accepted", "on": "2026-11-23", "reference": "回执-1"})
        assert (met.json()["state"], met.json()["met_on"], met.json()["late"]) == ("met", "2026-11-23", False)
        assert [event["event"] for event in met.json()["history"]] == ["opened", "rejected", "accepted"]
        assert met.json()["history"][1]["reason"] == "名称与代码不符"
        with_it = (await recorder.get(f"{PATH}/{by_name['D18']}")).json()
        assert (with_it["state"], with_it["met_on"]) == ("met", "2026-11-23"), "publication on GSXT meets both"
        again = await recorder.post(path, json={"outcome": "accepted", "on": "2026-11-24"})
        assert (again.status_code, again.json()["code"]) == (409, "deadline_not_open")
        assert await track(database) == 0, "the next run of the job leaves it met"
        back = await recorder.post(path, json=sent_back | {"on": "2026-11-24"})
        assert (back.json()["state"], back.json()["met_on"]) == ("open", None)


async def test_the_receipt_of_a_push_starts_the_publication_in_the_other_province(database: Database) -> None:
    await open_law(database)
    code = await prepare(database, decided_on=date(2026, 11, 16))
    async with database.transaction() as session:
        await make_registration(session, code, division_code="510100")
        await number_changes(session)
    await track(database)
    key = await make_key(database, Role.REVIEWER, authority_code="district")
    async with client_of(make_app(database), key=key) as reviewer:
        (push,) = await listed(reviewer, deadline="D03")
        received = {"outcome": "accepted", "on": "2026-11-20"}
        assert (await reviewer.post(f"{PATH}/{push['id']}/answers", json=received)).status_code == 201
        (there,) = await listed(reviewer, deadline="D04")
        assert (there["starts_on"], there["due_on"], there["bearer"]) == (
            "2026-11-20",
            "2026-12-04",
            "registering_authority",
        )
        await reviewer.post(
            f"{PATH}/{push['id']}/answers", json={"outcome": "rejected", "on": "2026-11-23", "reason": "非本省企业"}
        )
        assert await listed(reviewer, deadline="D04") == []


async def test_who_may_enter_and_who_may_see(database: Database) -> None:
    await open_law(database)
    await prepare(database, decided_on=date(2026, 11, 16))
    app = make_app(database)
    answer = {"outcome": "accepted", "on": "2026-11-24"}
    own = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(app, key=own) as recorder:
        deadline_id = (await listed(recorder))[0]["id"]
    for roles, code, seen, status in (
        ((Role.RECORDER,), "environment", 0, (404, "no_such_deadline")),
        ((Role.REVIEWER,), "city", 4, (403, "other_deadline")),
        ((Role.SUPERVISOR,), "city", 4, (403, "role_missing")),
    ):
        key = await make_key(database, *roles, authority_code=code)
        async with client_of(app, key=key) as other:
            items = await listed(other)
            assert len(items) == seen
            refused = await other.post(f"{PATH}/{deadline_id}/answers", json=answer)
            assert (refused.status_code, refused.json()["code"]) == status
            if Role.SUPERVISOR in roles:
                assert {item["uscc"] for item in items} == {None}, "a supervisor sees no draft"
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as platform:
        assert (await platform.get(PATH)).json()["code"] == "role_missing"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"outcome": "accepted", "on": "2026-11-25"}, "impossible_answer_day"),
        ({"outcome": "accepted", "on": "2026-11-15"}, "impossible_answer_day"),
        ({"outcome": "rejected", "on": "2026-11-24"}, "rejection_without_reason"),
        ({"outcome": "sent", "on": "2026-11-24"}, "invalid_request"),
    ],
    ids=["tomorrow", "before the decision", "no reason", "sending is no acceptance"],
)
async def test_answers_that_cannot_be_are_refused(database: Database, body: dict[str, Any], code: str) -> None:
    await open_law(database)
    await prepare(database, decided_on=date(2026, 11, 16))
    key = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(make_app(database), key=key) as recorder:
        deadline_id = (await listed(recorder))[0]["id"]
        refused = await recorder.post(f"{PATH}/{deadline_id}/answers", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_deadline_tells_every_day_that_did_not_count(database: Database) -> None:
    await open_law(database)
    await prepare(database)
    key = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(make_app(database), key=key) as recorder:
        (reported,) = await listed(recorder, deadline="D01")
        shown = (await recorder.get(f"{PATH}/{reported['id']}")).json()
    assert shown["due_on"] == "2026-09-29"
    assert shown["skipped"] == [
        {"day": "2026-09-19", "holiday": None},
        {"day": "2026-09-25", "holiday": "中秋"},
        {"day": "2026-09-26", "holiday": "中秋"},
        {"day": "2026-09-27", "holiday": "中秋"},
    ]


async def test_the_monthly_table_counts_by_department_and_district(database: Database) -> None:
    await open_law(database)
    await prepare(database)
    await prepare(
        database, state="withheld", reason="涉及国家秘密", withheld_until=date(2027, 9, 17), reviewer="reviewer"
    )
    await prepare(database, authority_code="environment", source_code="own:environment")
    app = make_app(database)
    own = await make_key(database, Role.RECORDER, authority_code="district")
    async with client_of(app, key=own) as recorder:
        due = {item["deadline"]: item["id"] for item in await listed(recorder)}
        late = {"outcome": "accepted", "on": "2026-11-02"}
        sent_back = {"outcome": "rejected", "on": "2026-10-12", "reason": "缺少字段"}
        assert (await recorder.post(f"{PATH}/{due['D02']}/answers", json=sent_back)).status_code == 201
        assert (await recorder.post(f"{PATH}/{due['D02']}/answers", json=late)).status_code == 201
    key = await make_key(database, Role.SUPERVISOR, authority_code="city")
    async with client_of(app, key=key) as supervisor:
        october = (await supervisor.get(f"{PATH}/monthly", params={"month": "2026-10"})).json()
        (line,) = october["items"]
        assert (line["authority_code"], line["division_code"]) == ("district", "500105")
        assert line["total"] == {
            "due": 4,
            "on_time": 0,
            "late": 2,
            "overdue": 0,
            "running": 0,
            "rejected": 2,
            "withheld": 2,
        }
        september = (await supervisor.get(f"{PATH}/monthly", params={"month": "2026-09"})).json()
        assert [(line["authority_code"], line["total"]["overdue"]) for line in september["items"]] == [
            ("district", 1),
            ("environment", 1),
        ]
        assert (await supervisor.get(f"{PATH}/monthly", params={"month": "2026-13"})).status_code == 422

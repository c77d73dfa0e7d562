import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import uuid_utils.compat
from fastapi import FastAPI
from sqlalchemy import select

from schemas.audit import AuditPage
from service.access.rules import Role
from service.audit.packing import pack_codes
from service.audit.queries import insert_entries
from service.audit.rules import Entry, EntryKind
from service.db import Database, driver
from service.models import ApiKey, SubjectAuthorisation
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_authority, make_uscc

USCC, OTHER, ASKED = make_uscc(), make_uscc(), make_uscc()
PACKED, DIGEST = pack_codes([OTHER, ASKED, "no code"])


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


@pytest.fixture(autouse=True)
async def world(database: Database) -> None:
    """An audit of an hour: looks at two authorities' unpublished records, public answers, a write and a refusal."""

    def made(minute: int, kind: EntryKind, operation: str, **fields: Any) -> Entry:
        fields = {"outcome": "ok", "actor_kind": "key", "actor_id": "p1", "actor_name": "=shop"} | fields
        return Entry(NOW - timedelta(minutes=minute), uuid_utils.compat.uuid7(), kind, operation, **fields)

    file = "GET /v1/subjects/{uscc}/credit-file"
    async with database.transaction() as session:
        await make_authority(session, "city")
        await make_authority(session, "district", parent_code="city")
        await make_authority(session, "other")
        await insert_entries(
            await driver(session),
            [
                made(
                    60, EntryKind.READ, file, uscc=USCC, owners=["district"], authority_code="city", record_id="secret"
                ),
                made(50, EntryKind.READ, file, uscc=USCC, owners=["other"], authority_code="other"),
                made(40, EntryKind.ANSWER, "POST /v1/status", uscc=USCC, record_id="x"),
                made(30, EntryKind.READ, "GET /v1/status/{uscc}", uscc=OTHER),
                made(20, EntryKind.WRITE, "POST /v1/subjects/{uscc}/penalties", uscc=USCC, authority_code="district"),
                made(15, EntryKind.ANSWER, "POST /v1/status/batch", codes=PACKED, digest=DIGEST, entry_count=3),
                made(10, EntryKind.REFUSAL, file, uscc=USCC, outcome="role_missing", request_id="request-1"),
            ],
        )


async def operations(app: FastAPI, key: str, query: str = "") -> list[str]:
    async with client_of(app, key=key) as client:
        answer = await client.get(f"/v1/audit{query}")
    assert answer.status_code == 200, answer.text
    page = AuditPage.model_validate(answer.json())
    return [f"{(NOW - item.at).seconds // 60} {item.operation.split(' ')[0]}" for item in page.items if item.at < NOW]


async def test_an_auditor_sees_everything_newest_first_page_by_page(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.AUDITOR)
    everything = await operations(app, key)
    assert everything == ["10 GET", "15 POST", "20 POST", "30 GET", "40 POST", "50 GET", "60 GET"]
    seen, query = [], f"?limit=2&until={NOW.isoformat().replace('+', '%2B')}"
    async with client_of(app, key=key) as client:
        page = (await client.get(f"/v1/audit{query}")).json()
        while True:
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            page = (await client.get(f"/v1/audit{query}&cursor={page['next']}")).json()
        assert (await client.get("/v1/audit?cursor=bm9uZQ")).json()["code"] == "bad_cursor"
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=write", ["20 POST"]),
        ("?outcome=role_missing", ["10 GET"]),
        ("?request_id=request-1", ["10 GET"]),
        ("?authority=district", ["20 POST"]),
        (f"?uscc={OTHER}", ["15 POST", "30 GET"]),
        (f"?uscc={ASKED.lower()}", ["15 POST"]),
        (f"?uscc={USCC}&kind=answer", ["40 POST"]),
        ("?uscc=no%20code", []),
        ("?since=2026-11-24T03:35:00Z&until=2026-11-24T03:45:00Z", ["20 POST"]),
        ("?operation=POST%20/v1/status", ["40 POST"]),
        ("?actor=p2", []),
    ],
)
async def test_filters(app: FastAPI, database: Database, query: str, found: list[str]) -> None:
    assert await operations(app, await make_key(database, Role.AUDITOR), query) == found


async def test_a_regulator_sees_who_was_shown_its_unpublished_records(app: FastAPI, database: Database) -> None:
    district = await make_key(database, Role.REVIEWER, authority_code="district", name="d")
    city = await make_key(database, Role.REVIEWER, authority_code="city", name="c")
    other = await make_key(database, Role.REVIEWER, authority_code="other", name="o")
    assert await operations(app, district) == ["60 GET"]
    assert await operations(app, city) == ["60 GET"]
    assert await operations(app, other) == ["50 GET"]


async def test_an_auditor_of_one_authority_sees_what_was_done_for_it_or_shown_of_it(
    app: FastAPI, database: Database
) -> None:
    key = await make_key(database, Role.AUDITOR, authority_code="district")
    assert await operations(app, key) == ["20 POST", "60 GET"]


async def test_others_are_refused(app: FastAPI, database: Database) -> None:
    for role in (Role.PLATFORM, Role.ADMINISTRATOR, Role.REGISTRAR):
        authority = "other" if role is Role.REGISTRAR else None
        async with client_of(app, key=await make_key(database, role, authority_code=authority, name=role)) as client:
            for path in ("/v1/audit", "/v1/audit/export"):
                assert (await client.get(path)).status_code == 403


async def test_exports_are_the_whole_selection_in_two_forms(app: FastAPI, database: Database) -> None:
    async with client_of(app, key=await make_key(database, Role.AUDITOR)) as client:
        until = NOW.isoformat().replace("+", "%2B")
        lines = await client.get(f"/v1/audit/export?until={until}")
        table = await client.get(f"/v1/audit/export?until={until}&format=csv")
    entries = [json.loads(line) for line in lines.text.splitlines()]
    rows = list(csv.DictReader(StringIO(table.text)))
    assert [entry["id"] for entry in entries] == [row["id"] for row in rows]
    assert len(rows) == 7
    assert entries[0]["actor_name"] == "=shop"
    assert rows[0]["actor_name"] == "'=shop"
    assert rows[0]["owners"] == "district"


async def test_an_agent_finds_the_batches_in_which_its_firm_was_asked_for(app: FastAPI, database: Database) -> None:
    key = await make_key(database, Role.SUBJECT_AGENT)
    async with database.transaction() as session:
        holder = (await session.scalars(select(ApiKey.principal_id))).one()
        session.add(
            SubjectAuthorisation(
                id=uuid_utils.compat.uuid7(), uscc=ASKED, principal_id=holder, authority_code="district", document="x",
                registered_by="test", registered_at=NOW, from_on=NOW.date(), until_on=NOW.date(),
            )
        )  # fmt: skip
    assert await operations(app, key) == []
    assert await operations(app, key, f"?uscc={ASKED}") == ["15 POST"]
    assert await operations(app, key, f"?uscc={OTHER}") == []

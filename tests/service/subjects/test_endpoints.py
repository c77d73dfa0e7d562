from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from schemas.subjects import CreditFileOut, SubjectOut, SubjectPage
from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_app, make_key
from tests.factories import make_authority, make_penalty, make_registration, make_uscc, number_changes

USCC = make_uscc()
BODY = {
    "name": " 重庆(星屿)贸易有限公司 ",
    "registration_status": "active",
    "registered_on": "2015-03-02",
    "division_code": "500105",
    "address": "重庆市示例路1号",
    "legal_representative": "某甲",
    "reg_no": "500105000000016",
}


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database)


@pytest.fixture
async def public(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with client_of(app) as opened:
        yield opened


@pytest.fixture
async def platform(app: FastAPI, database: Database) -> AsyncIterator[AsyncClient]:
    async with client_of(app, key=await make_key(database, Role.PLATFORM)) as opened:
        yield opened


@pytest.fixture
async def registrar(app: FastAPI, database: Database) -> AsyncIterator[AsyncClient]:
    async with database.transaction() as session:
        await make_authority(session, "registry")
    async with client_of(app, key=await make_key(database, Role.REGISTRAR, authority_code="registry")) as opened:
        yield opened


async def test_a_registration_is_put_and_read(registrar: AsyncClient, platform: AsyncClient) -> None:
    made = await registrar.put(f"/v1/subjects/{USCC}", json=BODY)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert (await registrar.put(f"/v1/subjects/{USCC}", json=BODY)).status_code == 200
    read = await platform.get(f"/v1/subjects/{USCC.lower()}")
    assert read.status_code == 200
    assert read.headers["vary"] == "Authorization"
    subject = SubjectOut.model_validate(read.json())
    assert (subject.name, subject.address, subject.legal_representative) == (
        "重庆（星屿）贸易有限公司",
        "重庆市示例路1号",
        None,
    )
    again = await platform.get(f"/v1/subjects/{USCC}", headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304


async def test_a_version_that_is_not_the_present_one_is_a_conflict(registrar: AsyncClient) -> None:
    await registrar.put(f"/v1/subjects/{USCC}", json=BODY)
    changed = BODY | {"name": "重庆月湾食品有限公司"}
    late = await registrar.put(f"/v1/subjects/{USCC}", json=changed, headers={"If-Match": '"7"'})
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    silent = await registrar.put(f"/v1/subjects/{USCC}", json=changed)
    assert (silent.status_code, silent.json()["code"]) == (428, "version_required")
    anew = await registrar.put(f"/v1/subjects/{USCC}", json=changed, headers={"If-None-Match": "*"})
    assert (anew.status_code, anew.json()["version_no"]) == (412, 1)
    right = await registrar.put(f"/v1/subjects/{USCC}", json=changed, headers={"If-Match": '"1"'})
    assert (right.status_code, right.headers["etag"]) == (200, '"2"')
    wrong = await registrar.put(f"/v1/subjects/{USCC}", json=changed, headers={"If-Match": "two"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "malformed_version")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "（）"},
        {"registration_status": "asleep"},
        {"division_code": "50"},
        {"registered_on": "2015-02-30"},
        {"cancelled_on": "2020-01-01"},
        {"nickname": "x"},
    ],
)
async def test_a_registration_that_is_none_is_refused(registrar: AsyncClient, change: dict[str, str]) -> None:
    assert (await registrar.put(f"/v1/subjects/{USCC}", json=BODY | change)).status_code == 422


async def test_who_is_turned_away(public: AsyncClient, platform: AsyncClient) -> None:
    assert (await platform.put(f"/v1/subjects/{USCC}", json=BODY)).status_code == 403
    assert (await public.put(f"/v1/subjects/{USCC}", json=BODY)).status_code == 401
    assert (await public.get(f"/v1/subjects/{USCC}")).status_code == 401
    assert (await public.get(f"/v1/subjects/{USCC}/credit-file")).status_code == 401
    assert (await platform.get(f"/v1/subjects/{USCC}")).status_code == 404
    assert (await platform.get(f"/v1/subjects/{USCC}/credit-file")).status_code == 404
    assert (await platform.get("/v1/subjects/nonsense")).status_code == 422


async def test_a_credit_file(platform: AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        await make_registration(session, USCC)
        await make_penalty(session, USCC)
        await number_changes(session)
    answer = await platform.get(f"/v1/subjects/{USCC}/credit-file")
    assert answer.status_code == 200
    assert len(CreditFileOut.model_validate(answer.json()).penalties) == 1


async def test_the_public_searches_in_pages_without_a_key(public: AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        for number in range(5):
            await make_registration(session, name=f"重庆星屿贸易{number}部有限公司")
        await number_changes(session)
    whole = SubjectPage.model_validate((await public.get("/v1/subjects", params={"name": "星屿"})).json())
    assert len(whole.items) == 5
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"name": "星屿", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = await public.get("/v1/subjects", params=params)
        page = SubjectPage.model_validate(answer.json())
        seen += [item.uscc for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [item.uscc for item in whole.items]


async def test_a_subject_is_found_by_its_old_number(
    registrar: AsyncClient, public: AsyncClient, database: Database
) -> None:
    await registrar.put(f"/v1/subjects/{USCC}", json=BODY)
    async with database.transaction() as session:
        await number_changes(session)
    answer = await public.get("/v1/subjects", params={"identifier": "500105000000016"})
    (found,) = SubjectPage.model_validate(answer.json()).items
    assert (found.uscc, found.matched_kind) == (USCC, "reg_no")


@pytest.mark.parametrize(
    "query", ["", "?name=重", "?name=重庆&identifier=500105000000016", "?name=重庆&cursor=x", "?q=重庆"]
)
async def test_a_search_for_nothing_is_a_problem(public: AsyncClient, query: str) -> None:
    answer = await public.get(f"/v1/subjects{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"

from dataclasses import replace

import httpx

from service.access.rules import Role
from service.catalog import examples
from service.catalog.actions import sync_seed
from service.db import Database
from tests.clients import NOW, client_of, make_app, make_key
from tests.service.deadlines.setting import SEED, open_law

PATH = "/v1/catalog/rule-proposals"
YES = {"decision": "approve", "reason": "核对无误"}


async def test_one_keeper_proposes_and_another_approves(database: Database) -> None:
    await open_law(database)
    app = make_app(database)
    first = await make_key(database, Role.RULE_KEEPER, name="first")
    second = await make_key(database, Role.RULE_KEEPER, name="second")
    async with client_of(app, key=first) as proposer, client_of(app, key=second) as approver:
        made = await proposer.post(PATH, json=examples.PROPOSED)
        assert made.status_code == 201, made.text
        path = made.headers["location"]
        assert made.json()["state"] == "proposed"
        assert examples.PROPOSED["body"]["id"] not in await present(proposer)
        own = await proposer.post(f"{path}/decision", json=YES)
        assert (own.status_code, own.json()["code"]) == (403, "own_work")
        again = await approver.post(PATH, json=examples.PROPOSED)
        assert (again.status_code, again.json()["code"]) == (409, "already_proposed")
        decided = await approver.post(f"{path}/decision", json=YES)
        assert decided.status_code == 201, decided.text
        assert decided.json()["state"] == "approved"
        assert decided.json()["decided_by"] != decided.json()["proposed_by"]
        entered = (await present(approver))[examples.PROPOSED["body"]["id"]]
        assert (entered["origin"], entered["entered_at"] is not None) == ("entered", True)
        twice = await approver.post(f"{path}/decision", json=YES)
        assert (twice.status_code, twice.json()["code"]) == (409, "proposal_decided")
        assert (await approver.get(path)).json() == decided.json()
        assert (await approver.get(PATH, params={"state": "approved"})).json()["items"] == [decided.json()]
        assert (await approver.get(PATH, params={"state": "proposed"})).json()["items"] == []


async def present(client: httpx.AsyncClient) -> dict[str, dict[str, object]]:
    rules = (await client.get("/v1/catalog/rules", params={"limit": 1000})).json()["items"]
    return {rule["id"]: rule for rule in rules}


async def test_what_is_rejected_decides_nothing(database: Database) -> None:
    await open_law(database)
    app = make_app(database)
    first = await make_key(database, Role.RULE_KEEPER, name="first")
    second = await make_key(database, Role.RULE_KEEPER, name="second")
    async with client_of(app, key=first) as proposer, client_of(app, key=second) as approver:
        path = (await proposer.post(PATH, json=examples.PROPOSED)).headers["location"]
        rejected = await approver.post(f"{path}/decision", json={"decision": "reject", "reason": "出处不明"})
        assert (rejected.json()["state"], rejected.json()["decision_reason"]) == ("rejected", "出处不明")
        assert examples.PROPOSED["body"]["id"] not in await present(approver)
        assert (await proposer.post(PATH, json=examples.PROPOSED)).status_code == 201, "it may be proposed again"


async def test_entered_rows_outlive_a_newer_seed(database: Database) -> None:
    await open_law(database)
    app = make_app(database)
    first = await make_key(database, Role.RULE_KEEPER, name="first")
    second = await make_key(database, Role.RULE_KEEPER, name="second")
    async with client_of(app, key=first) as proposer, client_of(app, key=second) as approver:
        path = (await proposer.post(PATH, json=examples.PROPOSED)).headers["location"]
        await approver.post(f"{path}/decision", json=YES)
    async with database.transaction() as session:
        assert await sync_seed(session, replace(SEED, rules=SEED.rules[1:]), now=NOW)
    async with client_of(make_app(database)) as public:
        rows = await present(public)
    assert examples.PROPOSED["body"]["id"] in rows
    assert SEED.rules[0].id not in rows


async def test_others_neither_propose_nor_read(database: Database) -> None:
    await open_law(database)
    async with client_of(make_app(database), key=await make_key(database, Role.PLATFORM)) as platform:
        assert (await platform.post(PATH, json=examples.PROPOSED)).json()["code"] == "role_missing"
        assert (await platform.get(PATH)).json()["code"] == "role_missing"
    async with client_of(make_app(database), key=await make_key(database, Role.AUDITOR)) as auditor:
        assert (await auditor.get(f"{PATH}/0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02")).json()["code"] == "no_such_proposal"

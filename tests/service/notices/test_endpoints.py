from datetime import UTC, datetime
from typing import Any

from httpx import AsyncClient

from schemas.notices import NoticePage
from service.db import Database
from tests.service.blacklist.test_endpoints import HEAVY, LISTED, NOTIFIED
from tests.service.blacklist.test_endpoints import draft as draft_entry
from tests.service.penalties.lives import WITHDRAWN, open_office
from tests.service.repair.test_endpoints import GRANTED, apply, attach_proof, rows

LATER = datetime(2027, 3, 1, 4, tzinfo=UTC)


async def told(agent: AsyncClient, **query: Any) -> list[tuple[str, str | None]]:
    page = NoticePage.model_validate((await agent.get("/v1/notices", params=query)).json())
    return [(one.record_kind, one.event) for one in page.items]


async def test_a_firm_reads_what_happened_to_its_records_and_says_so(database: Database) -> None:
    async with open_office(database) as office:
        penalty = await office.published(**HEAVY)
        second = await office.published(document_no="渝示市监罚〔2026〕18号")
        third = await office.published(document_no="渝示市监罚〔2026〕19号")
        entry = await draft_entry(office.lister, penalties=[penalty["id"]])
        entry = await office.must(office.lister, entry, "propose")
        entry = await office.must(office.lister, entry, "notify", NOTIFIED)
        entry = await office.must(office.reviewer, entry, "list", LISTED)
        await office.must(office.reviewer, entry, "revoke", {"reason": "处罚已撤销", "basis": "第十九条"})
        await office.must(office.reviewer, second, "withdraw", WITHDRAWN)
        assert (await office.agent.get("/v1/notices")).json()["items"] == []  # it acts for nobody yet
        assert (await office.recorder.get("/v1/notices")).json()["code"] == "role_missing"
    async with open_office(database, now=LATER) as office:
        await office.authorise()
        case = await apply(office.repairer, third, intake="gsxt")
        await attach_proof(office.agent, case)
        case = await office.must(office.second_repairer, case, "accept")
        await office.must(office.second_repairer, case, "grant", GRANTED)

        happened = [
            ("repair", "grant"),
            ("penalty", "repair"),
            ("repair", "accept"),
            ("penalty", "withdraw"),
            ("blacklist_entry", "revoke"),
            ("blacklist_entry", "list"),
            ("blacklist_entry", "notify"),
        ]
        assert await told(office.agent) == happened
        first = (await office.agent.get("/v1/notices", params={"limit": 4})).json()
        rest = await told(office.agent, limit=4, cursor=first["next"])
        assert rest == happened[4:]
        notice = first["items"][0]
        assert notice["words_zh"] == "准予信用修复。"
        assert (await office.agent.get(notice["record"])).json()["state"] == "granted"
        path, body = "/v1/notices/read", {"ids": [notice["id"]]}
        (read,) = [one["read_at"] for one in (await office.agent.post(path, json=body)).json()["items"]]
        assert read is not None
        async with open_office(database, now=datetime(2027, 3, 2, tzinfo=UTC)) as tomorrow:
            stranger = await tomorrow.agent.post(path, json=body)
            assert (stranger.status_code, stranger.json()["code"]) == (404, "no_such_notice")
        assert (await office.agent.post(path, json=body)).json()["items"][0]["read_at"] == read
        assert await told(office.agent, unread=True) == happened[1:]
    bare = await rows(
        database,
        "SELECT count(*) FROM outbox_item WHERE topic = 'party_notice' AND version_no IS NOT NULL",
    )
    assert bare == [(7,)]

"""A firm's file at the console, today and in the past, its versions side by side, and who looked; the API as witness."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_key
from tests.factories import make_entry, make_penalty, make_registration, make_uscc, number_changes
from tests.offices import open_offices
from tests.service.console.support import sign_in, visitor

FIRM = make_uscc(91_001)
THEN = datetime(2026, 3, 1, tzinfo=UTC)


async def test_a_file_shows_what_the_api_tells_today_and_then(database: Database) -> None:
    async with open_offices(database) as offices, AsyncExitStack() as stack:
        async with database.transaction() as session:
            await make_registration(session, FIRM, name="重庆星屿贸易有限公司")
            facts: dict[str, Any] = {
                "authority_code": "district",
                "document_no": "渝星罚〔2026〕7号",
                "party_name": "重庆星屿贸易有限公司",
            }
            penalty = await make_penalty(session, FIRM, **facts, fine_fen=500_000, violation_type="<b>虚假宣传</b>")
            draft = await make_penalty(
                session, FIRM, state="draft", authority_code="district", document_no="渝星罚〔2026〕8号", public_from=None,
                public_until=None, public_reason="state_draft",
            )  # fmt: skip
            entry = await make_entry(session, FIRM, authority_code="other")
            await number_changes(session)
        async with database.transaction() as session:
            await make_penalty(
                session, FIRM, head=penalty, **facts, fine_fen=300_000, violation_type="虚假宣传", recorded_at=THEN
            )
            await number_changes(session, at=THEN)
        key = await make_key(database, Role.REVIEWER, authority_code="district", name="审核员乙")
        api = await stack.enter_async_context(client_of(offices.app, key=key))
        client = await stack.enter_async_context(visitor(offices.app))
        await sign_in(client, key)

        assert FIRM in (await client.get("/console/firms", params={"q": "星屿"})).text
        assert "没有找到" in (await client.get("/console/firms", params={"q": "没有这家"})).text
        straight = await client.get("/console/firms", params={"q": f" {FIRM.lower()} "})
        assert straight.headers["location"] == f"/console/firms/{FIRM}"

        today = await client.get(f"/console/firms/{FIRM}")
        told = (await api.get(f"/v1/subjects/{FIRM}/credit-file")).json()
        assert {one["id"] for one in told["penalties"]} == {str(penalty), str(draft)}
        for one in (*told["penalties"], *told["blacklist_entries"]):
            assert str(one["id"]) in today.text
        assert "3,000元" in today.text
        assert "审核员乙" in today.text
        past = await client.get(f"/console/firms/{FIRM}", params={"as_of": "", "known_at": "2026-02-01"})
        assert "5,000元" in past.text
        assert "过去的档案" in past.text
        future = await client.get(f"/console/firms/{FIRM}", params={"as_of": "2999-01-01"})
        assert (future.status_code, "没有办成" in future.text) == (422, True)
        none = await client.get(f"/console/firms/{make_uscc(91_002)}")
        assert none.status_code == 404

        at = f"/console/firms/{FIRM}/penalties/{penalty}"
        compared = await client.get(at, params={"from": 1, "to": 2})
        assert compared.text == (await client.get(at)).text
        told = (await api.get(f"/v1/subjects/{FIRM}/penalties/{penalty}/versions", params={"from": 1, "to": 2})).json()
        assert set(told["items"][1]["changed"]) == {"fine_fen", "violation_type"}
        assert compared.text.count("不同</span>") == 2
        assert "&lt;b&gt;虚假宣传" in compared.text
        assert (await client.get(at, params={"from": 7})).status_code == 404
        assert (await client.get(f"/console/firms/{FIRM}/blacklist-entries/{entry}")).status_code == 200

        other = await stack.enter_async_context(visitor(offices.app))
        await sign_in(other, await make_key(database, Role.PLATFORM))
        public = await other.get(f"/console/firms/{FIRM}")
        assert (str(draft) in public.text, "查看记录" in public.text) == (False, False)
        assert (await other.get(f"/console/firms/{FIRM}/penalties/{draft}")).status_code == 404

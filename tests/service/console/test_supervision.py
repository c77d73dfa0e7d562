"""What a supervisor sees at the console: the monthly table, coverage, spot checks; and revocations; the API as witness."""

from contextlib import AsyncExitStack

from service.access.rules import Role
from service.db import Database
from tests.clients import client_of, make_key
from tests.factories import make_penalty, make_registration, make_uscc
from tests.offices import open_offices
from tests.service.console.support import sign_in, visitor

FIRM = make_uscc(92_001)


async def test_tables_say_what_the_api_counts(database: Database) -> None:
    async with open_offices(database) as offices, AsyncExitStack() as stack:
        async with database.transaction() as session:
            await make_registration(session, FIRM)
            await make_penalty(session, FIRM, authority_code="district")
        key = await make_key(database, Role.SUPERVISOR, authority_code="city")
        api = await stack.enter_async_context(client_of(offices.app, key=key))
        client = await stack.enter_async_context(visitor(offices.app))
        await sign_in(client, key)
        month = await client.get("/console/supervision")
        assert "2026-11" in month.text
        told = (await api.get("/v1/deadlines/monthly", params={"month": "2026-11"})).json()["items"]
        assert ("此月没有到期的期限" in month.text) is (told == [])
        assert "2025-12" in (await client.get("/console/supervision", params={"month": "2026-01"})).text
        assert (await client.get("/console/supervision", params={"month": "2026-13"})).status_code == 422
        covered = (await api.get("/v1/coverage")).json()
        page = await client.get("/console/coverage")
        assert [one["subjects"] for one in covered["districts"]] == [1]
        assert all(f'<span class="chip">{one}</span>' in page.text for one in covered["classes_without_records"])
        assert "还没有公告过抽查" in (await client.get("/console/spot-checks")).text
        assert (await client.get("/console/revocations")).status_code == 403
        lister = await stack.enter_async_context(visitor(offices.app))
        await sign_in(lister, await make_key(database, Role.LISTER, authority_code="district"))
        for state in ("open", "kept"):
            assert "没有这样的记录" in (await lister.get("/console/revocations", params={"state": state})).text

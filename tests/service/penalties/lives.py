"""People of one authority with keys, and drafts that pass the gate: what the tests of a penalty's life begin with."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient, Response

from service.access.rules import Role
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.changes.actions import drain
from service.db import Database
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_authority, make_uscc

AUTHORITY = "cq-market-regulation"
OTHER = "cq-commerce"
COUNTY = "cq-yubei-market-regulation"
USCC = make_uscc(1)
DRAFT: dict[str, Any] = {
    "party_name": "重庆示例商贸有限公司",
    "document_no": "渝示市监罚〔2026〕17号",
    "kinds": ["fine", "confiscation_gains"],
    "fine_fen": 500_000,
    "confiscation_fen": 80_000,
    "violation_type": "销售侵犯注册商标专用权的商品",
    "violation_facts": "经查，当事人销售侵犯注册商标专用权的商品",
    "legal_basis": "《中华人民共和国商标法》第六十条",
    "penalty_content": "罚款人民币5000元，没收违法所得800元",
    "decided_on": "2026-11-02",
    "valid_until": "2027-11-02",
    "served_on": "2026-11-05",
    "publication_told_on": "2026-11-05",
    "repair_notice_served_on": "2026-11-05",
}
POINTS = (
    "secrecy", "personal_data", "trade_secrets", "identical", "subject", "required_fields", "document_number", "kinds_amounts",
    "tier", "display", "service", "told_of_publication", "repair_notice", "decision_document",
)  # fmt: skip
SIGNED: dict[str, Any] = {
    "tier": "general",
    "tier_basis": "没收违法所得，非轻微",
    "signed": dict.fromkeys(POINTS, "已核对"),
}
WITHDRAWN: dict[str, Any] = {
    "fall": "revoked",
    "reason": "行政复议决定撤销原处罚决定",
    "basis": "渝府复〔2026〕3号",
    "fell_on": "2026-11-20",
    "notice_until": "2026-12-20",
}
SUSPENDED = {"ground": "order_of_court", "reason": "法院裁定停止执行", "basis": "（2026）渝01行初1号"}


#: The path of a resource by a member that only it has.
_ROOMS = {"list": "blacklist-entries", "ground": "repairs", "nature": "objections", "document_no": "penalties"}


@dataclass
class Office:
    """The people of an authority, each with a client: two recorders, two reviewers, and people who are none of them."""

    database: Database
    app: FastAPI
    recorder: AsyncClient
    second_recorder: AsyncClient
    reviewer: AsyncClient
    second_reviewer: AsyncClient
    both: AsyncClient
    outsider: AsyncClient
    platform: AsyncClient
    public: AsyncClient
    lister: AsyncClient
    consenter: AsyncClient
    county_lister: AsyncClient
    county_reviewer: AsyncClient
    county_recorder: AsyncClient
    registrar: AsyncClient
    agent: AsyncClient
    repairer: AsyncClient
    second_repairer: AsyncClient

    async def settle(self) -> None:
        """Number what is pending, so that everybody sees it."""
        await drain(self.database, self.app.state.clock)

    async def draft(self, *, uscc: str = USCC, **changes: Any) -> dict[str, Any]:
        made = await self.recorder.post(f"/v1/subjects/{uscc}/penalties", json=DRAFT | changes)
        assert made.status_code == 201, made.text
        record: dict[str, Any] = made.json()
        return record

    async def do(
        self, who: AsyncClient, record: dict[str, Any], move: str, body: dict[str, Any] | None = None
    ) -> Response:
        room = _ROOMS[next((name for name in _ROOMS if name in record), "document_no")]
        path = f"/v1/subjects/{record['uscc']}/{room}/{record['id']}/{move}"
        return await who.post(path, json=body or {}, headers={"If-Match": f'"{record["version_no"]}"'})

    async def must(
        self, who: AsyncClient, record: dict[str, Any], move: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        done = await self.do(who, record, move, body)
        assert done.status_code in {200, 201}, f"{move}: {done.text}"
        found: dict[str, Any] = done.json()
        return found

    async def authorise(self, uscc: str = USCC) -> None:
        """Let the agent act for a firm."""
        principal = (await self.agent.get("/v1/me")).json()["principal_id"]
        body = {
            "uscc": uscc, "principal_id": principal, "from_on": "2026-01-01", "until_on": "2029-12-31",
            "document": "授权委托书",
        }  # fmt: skip
        made = await self.registrar.post("/v1/subject-authorisations", json=body)
        assert made.status_code == 201, made.text
        self.app.state.access.expire()

    async def submitted(self, **changes: Any) -> dict[str, Any]:
        return await self.must(self.recorder, await self.draft(**changes), "submit")

    async def approved(self, **changes: Any) -> dict[str, Any]:
        return await self.must(self.reviewer, await self.submitted(**changes), "approve", SIGNED)

    async def published(self, **changes: Any) -> dict[str, Any]:
        return await self.must(self.reviewer, await self.approved(**changes), "publish")

    async def read(self, who: AsyncClient, record: dict[str, Any]) -> Response:
        return await who.get(f"/v1/subjects/{record['uscc']}/penalties/{record['id']}")

    async def status_ids(self, uscc: str = USCC, **query: str) -> set[str]:
        """Return the ids of the penalties that the public status shows, after everything pending was numbered."""
        await self.settle()
        answer = (await self.public.get(f"/v1/status/{uscc}", params=query)).json()
        return {one["id"] for one in answer["penalties"]}


@asynccontextmanager
async def open_office(database: Database, *, now: datetime = NOW) -> AsyncIterator[Office]:
    async with database.transaction() as session:
        await sync_seed(session, replace(load_seed(), regions=()), now=NOW)
        await make_authority(session, COUNTY, division_code="500112", parent_code=AUTHORITY)
    app = make_app(database, now=now)
    async with AsyncExitStack() as stack:

        async def person(*roles: Role, authority: str | None = AUTHORITY) -> AsyncClient:
            key = await make_key(database, *roles, authority_code=authority)
            return await stack.enter_async_context(client_of(app, key=key))

        yield Office(
            database=database,
            app=app,
            recorder=await person(Role.RECORDER),
            second_recorder=await person(Role.RECORDER),
            reviewer=await person(Role.REVIEWER),
            second_reviewer=await person(Role.REVIEWER),
            both=await person(Role.RECORDER, Role.REVIEWER),
            outsider=await person(Role.RECORDER, Role.REVIEWER, authority=OTHER),
            platform=await person(Role.PLATFORM, authority=None),
            public=await stack.enter_async_context(client_of(app)),
            lister=await person(Role.LISTER),
            consenter=await person(Role.CONSENTER),
            county_lister=await person(Role.LISTER, authority=COUNTY),
            county_reviewer=await person(Role.REVIEWER, authority=COUNTY),
            county_recorder=await person(Role.RECORDER, authority=COUNTY),
            registrar=await person(Role.REGISTRAR),
            agent=await person(Role.SUBJECT_AGENT, authority=None),
            repairer=await person(Role.REPAIR_OFFICER),
            second_repairer=await person(Role.REPAIR_OFFICER),
        )

"""A made-up office at its console: people of one authority, each signed in, over the real application."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from tests.clients import NOW, client_of
from tests.factories import make_registration, make_uscc

AUTHORITY = "cq-market-regulation"
FIRM, OTHER_FIRM = make_uscc(90_001), make_uscc(90_002)
NAME = "重庆星屿贸易有限公司"
SCRIPT = "<script>document.title='taken'</script>\u202e\u3000"

#: A decision that passes its review, as a clerk types it.
DECISION: dict[str, Any] = {
    "uscc": FIRM,
    "party_name": NAME,
    "document_no": "渝星市监罚〔2026〕17号",
    "decided_on": "2026-11-12",
    "served_on": "2026-11-13",
    "publication_told_on": "2026-11-13",
    "repair_notice_served_on": "2026-11-13",
    "valid_until": "2027-11-12",
    "procedure": "ordinary",
    "kinds": ["fine", "confiscation_gains"],
    "fine": "5,000",
    "confiscation": "800",
    "penalty_content": "罚款人民币5000元，没收违法所得800元",
    "violation_type": "虚假宣传",
    "violation_facts": "当事人（联系电话13812345678）作虚假宣传。",
    "legal_basis": "《中华人民共和国反不正当竞争法》第二十条",
}


async def make_office(session: AsyncSession) -> None:
    """Enter the catalogues and two firms."""
    await sync_seed(session, load_seed(), now=NOW)
    await make_registration(session, FIRM, name=NAME)
    await make_registration(session, OTHER_FIRM, name="重庆云溪食品有限公司")


@asynccontextmanager
async def visitor(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Open a browser of sorts, of nobody yet."""
    async with client_of(app) as client:
        client.headers.update({"Accept": "text/html"})
        yield client


async def sign_in(client: AsyncClient, key: str, **more: str) -> Response:
    """Send the form of the sign-in."""
    return await client.post("/console/sign-in", data={"key": key, **more})


class Desk:
    """Somebody at the console, and the same key at the API."""

    def __init__(self, browser: AsyncClient, api: AsyncClient, key: str, token: str) -> None:
        self.browser, self.api, self.key, self.token = browser, api, key, token

    async def send(self, path: str, **fields: Any) -> Response:
        """Send a form without opening its page."""
        return await self.browser.post(path, data={"form": self.token, **fields})

    async def fill(self, path: str, **fields: Any) -> Response:
        """Open a form, change fields of it, and send it."""
        page = await self.browser.get(path)
        assert page.status_code == 200, (path, page.status_code, page.text[:3000])
        return await self.browser.post(path, data=typed(page) | fields)

    async def must(self, path: str, **fields: Any) -> str:
        """The same, done; returns where it leads."""
        answer = await self.fill(path, **fields)
        assert answer.status_code == 303, (path, answer.status_code, answer.text[:6000])
        return answer.headers["location"].split("?")[0]


async def seat(stack: AsyncExitStack, app: FastAPI, key: str) -> Desk:
    """Let the holder of a key sign in."""
    browser = await stack.enter_async_context(visitor(app))
    api = await stack.enter_async_context(client_of(app, key=key))
    await sign_in(browser, key)
    return Desk(browser, api, key, form_token(await browser.get("/console")))


def form_token(page: Response) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page.text)
    assert found, page.text[:2000]
    return found[1]


def typed(page: Response) -> dict[str, Any]:
    """Return what the fields of a page's form hold, tokens and versions included, as a browser would send it."""
    part = page.text[page.text.index('<form class="sheet"') :]
    form: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", part):
        name, value, kind = (
            (re.search(rf'{one}="([^"]*)"', tag) or ["", ""])[1] for one in (" name", " value", " type")
        )
        if kind == "checkbox":
            if " checked" in tag:
                form.setdefault(name, []).append(value)
        elif name:
            form[name] = value
    form |= dict(re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', part))
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', part, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        form[name] = chosen[1] if chosen else ""
    return form


def points_of(page: Response) -> list[str]:
    """Return the points of a checklist that a page asks to sign."""
    return re.findall(r'name="signed" value="([a-z_]+)"', page.text)

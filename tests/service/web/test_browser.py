"""The public site in a real browser: accessible, without a word on the console, without a request to outside, with and
without scripts. `build/screenshots` holds what was seen."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database
from service.models import WithdrawalNotice
from service.samples import sample_code
from tests.clients import FOLDER, NOW
from tests.conftest import ROOT, run_apart
from tests.factories import (
    cover_region,
    make_entry,
    make_penalty,
    make_registration,
    make_uscc,
    number_changes,
)
from tests.service.exports.support import World
from tests.service.web.browser import browser, need_chromium, served

LISTED, PENALISED, CLEAR, UNKNOWN, HOSTILE = (make_uscc() for _ in range(5))
DISTRICTS = ("500101", "500102", "500103", "500112", "500116", "500153", "500229", "500240")
SCRIPT = "<script>document.title='taken'</script>\u202e\u3000" + "长" * 3000
SHOTS = ROOT / "build" / "screenshots"

PAGES = {
    "home": "/",
    "lists": "/lists",
    "data": "/data",
    "list": "/lists/test-serious",
    "notices": "/notices",
    "statistics": "/statistics",
    "statistics-english": "/en/statistics",
    "rules": "/rules?decided=2026-03-30&kinds=fine&fine=5000&province=42",
    "search": "/search?q=星屿",
    "search-none": "/search?q=没有这家",
    "firm-listed": f"/firms/{LISTED}",
    "firm-penalised": f"/firms/{PENALISED}",
    "firm-clear": f"/firms/{CLEAR}",
    "firm-unknown": f"/firms/{UNKNOWN}",
    "firm-hostile": f"/firms/{HOSTILE}",
    "firm-english": f"/en/firms/{LISTED}",
    "report": f"/firms/{PENALISED}/report",
    "verify": "/verify/none",
    "nowhere": "/nowhere",
}


async def fill(url: str) -> None:
    database = Database(url, application="test", pool_size=4)
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=NOW)
        await cover_region(session)
        for code, name in (
            (LISTED, "重庆星屿贸易有限公司"),
            (PENALISED, "重庆云溪食品有限公司"),
            (CLEAR, "重庆白鹭文化有限公司"),
        ):
            await make_registration(session, code, name=name)
        await make_entry(session, LISTED, grounds="示例原因")
        for n in range(3):
            await make_penalty(
                session,
                PENALISED,
                document_no=f"渝星罚〔2026〕{n}号",
                decided_on=date(2026, 1, 5) + timedelta(days=n),
                penalty_content="罚款人民币5000元",
                violation_type="虚假宣传",
            )
        await make_penalty(session, HOSTILE, party_name=SCRIPT, violation_type=SCRIPT, document_no="<b>1</b>")
        await number_changes(session)
    async with database.transaction() as session:
        fallen = await make_penalty(session, CLEAR, document_no="渝星罚〔2026〕9号", state="ended", ending="withdrawn")
        session.add(
            WithdrawalNotice(
                uscc=CLEAR, penalty_id=fallen, document_no="渝星罚〔2026〕9号", authority_code="cq-market-regulation",
                authority_name="重庆市市场监督管理局", fall="revoked", reason="经行政复议撤销。", fell_on=date(2026, 11, 2),
                shown_from=date(2026, 11, 3), shown_until=date(2027, 2, 1),
            )
        )  # fmt: skip
        for n in range(400):
            decided = date(2025, 1, 8) + timedelta(days=n * 7 % 640)
            await make_penalty(
                session, sample_code(5000 + n, prefix=f"91{DISTRICTS[n % 11 % 8]}"), decided_on=decided,
                public_from=decided + timedelta(days=n % 40),
                kinds=[("fine", "warning", "criticism", "confiscation_gains")[n % 7 % 4]],
                authority_code=("cq-market-regulation", "cq-drugs")[n % 3 % 2],
                case_category="infringement_counterfeit" if n % 4 == 0 else None,
            )  # fmt: skip
    await World(database, FOLDER).tick("2026-11-01T00:00:20")
    await database.dispose()


@pytest.fixture(scope="module")
def site(shared_database_url: str) -> Iterator[str]:
    need_chromium()
    run_apart(fill(shared_database_url))
    with served(shared_database_url) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need_chromium()
    with browser() as opened:
        yield opened


class Watched:
    """A page whose console and requests are watched."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.said: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith(address) else self.outside.append(request.url)
        )


@pytest.fixture
def watched(chromium: Browser, site: str) -> Iterator[Watched]:
    context = chromium.new_context(base_url=site)
    yield Watched(context.new_page(), site)
    context.close()


def violations(page: Page) -> list[Any]:
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found.response["violations"]]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1200, "light"), (390, "light"), pytest.param(1200, "dark", marks=pytest.mark.proof)]
)
def test_every_page_is_accessible_silent_and_alone(chromium: Browser, site: str, width: int, scheme: Any) -> None:
    context = chromium.new_context(
        base_url=site, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    seen = Watched(context.new_page(), site)
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        seen.page.goto(path)
        assert violations(seen.page) == [], name
        overflow = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow == 0, f"{name} is wider than its window of {width}"
        seen.page.screenshot(path=Path(SHOTS / f"{name}-{width}-{scheme}.png"), full_page=True)
    context.close()
    assert [text for text in seen.said if "404" not in text] == []
    assert seen.outside == []


def test_a_visitor_finds_a_firm_by_typing_and_reads_until_when_it_is_shown(watched: Watched) -> None:
    page = watched.page
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("星屿")
    page.get_by_role("option", name="重庆星屿贸易有限公司").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("重庆星屿贸易有限公司")
    expect(page.get_by_role("heading", name="已列入名单")).to_be_visible()
    expect(page.get_by_text("首末两日均公示").first).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Listed", exact=True)).to_be_visible()
    assert watched.said == []
    assert watched.outside == []


def test_the_calculator_says_from_when_to_when(watched: Watched) -> None:
    page = watched.page
    page.goto("/en/rules")
    page.get_by_label("Decided on").fill("2026-03-30")
    page.get_by_label("Fine in yuan").fill("5000")
    page.get_by_label("Province").select_option("42")
    page.get_by_role("checkbox", name="fine", exact=True).check()
    page.get_by_role("button", name="Compute").click()
    expect(page.get_by_text("30 March 2026 to 30 June 2026").first).to_be_visible()
    assert watched.said == []


def test_without_scripts_the_search_works(chromium: Browser, site: str) -> None:
    context = chromium.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.locator("#q").fill("星屿")
    page.locator("form.search button").click()
    page.get_by_role("link", name="重庆星屿贸易有限公司").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("重庆星屿贸易有限公司")
    context.close()


def test_hostile_content_is_shown_and_does_nothing(watched: Watched) -> None:
    watched.page.goto(f"/firms/{HOSTILE}")
    assert watched.page.title() != "taken"
    expect(watched.page.get_by_role("heading", level=1)).to_contain_text("<script>")
    assert watched.said == []


# What needs two dimensions, charts and tables of numbers, scrolls in a frame of its own.
TOO_WIDE = """[...document.querySelectorAll("main :not(thead *, .scroll *)")]
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 120))"""


def test_a_page_with_text_of_twice_its_size_still_fits(chromium: Browser, site: str) -> None:
    context = chromium.new_context(base_url=site, viewport={"width": 640, "height": 800})
    page = context.new_page()
    for name, path in PAGES.items():
        page.goto(path)
        page.evaluate('document.documentElement.style.fontSize = "200%"')
        assert page.evaluate(TOO_WIDE) == [], name
    context.close()

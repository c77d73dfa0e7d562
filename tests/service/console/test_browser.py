"""The console in a real browser: a clerk's, a reviewer's and a repair officer's day with the API as witness; every page accessible,
silent and alone, with and without scripts. `build/screenshots` holds what was seen."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from service.access.rules import Role
from service.db import Database
from service.samples import sample_code
from tests.clients import NOW, make_key
from tests.conftest import run_apart
from tests.issuer import Issuer, running_issuer
from tests.service.console.support import AUTHORITY, DECISION, FIRM, NAME, SCRIPT, make_office
from tests.service.console.test_oidc import settings_for
from tests.service.imports.support import bring_in, penalty, write_csv
from tests.service.web.browser import browser, need_chromium, served
from tests.service.web.test_browser import SHOTS, TOO_WIDE, Watched, violations

KEYS: dict[str, str] = {}
IMPORTS: dict[str, str] = {}
#: Pages of a template that another page shows too: looked at in one shape.
LIKE_OTHERS = {
    "return", "withhold", "english", "auditor", "nowhere", "penalties", "objections", "jobs", "calendar", "rule-proposals",
    "coverage", "spot-checks", "sharing", "unconfirmed", "run", "platform", "operations", "firms", "import", "audit", "keys", "supervision",
}  # fmt: skip
ROLES = (
    Role.RECORDER,
    Role.REVIEWER,
    Role.REPAIR_OFFICER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
    Role.CONSENTER,
    Role.PLATFORM,
)


async def fill(url: str) -> None:
    database = Database(url, application="test", pool_size=5)
    async with database.transaction() as session:
        await make_office(session)
    rows = [penalty(1), penalty(2, code=sample_code(2)[:-1] + "?", name=SCRIPT), penalty(3, decided="某日")]
    with TemporaryDirectory() as folder:
        file = write_csv(Path(folder) / "十一月.csv", rows)
        for name, tried in (("trial", True), ("import", False)):
            IMPORTS[name] = f"/console/imports/{(await bring_in(database, file, source=None, dry_run=tried)).id}"
    for role in ROLES:
        KEYS[role] = await make_key(database, role, authority_code=AUTHORITY, name=f"示例{role}")
    await database.dispose()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer("localhost") as running:
        yield running


@pytest.fixture(scope="module")
def site(shared_database_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need_chromium()
    run_apart(fill(shared_database_url))
    folder = tmp_path_factory.mktemp("oidc")
    with served(shared_database_url, settings=lambda site: settings_for(issuer, folder, site_url=site)) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need_chromium()
    with browser() as opened:
        yield opened


def enter(page: Page, role: Role) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("密钥", exact=False).fill(KEYS[role])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")


def leave(page: Page) -> None:
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def asked(site: str, role: Role, path: str) -> Any:
    answer = httpx.get(f"{site}{path}", headers={"Authorization": f"Bearer {KEYS[role]}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def type_decision(page: Page, number: str, **changes: str) -> None:
    for name, value in (DECISION | {"document_no": number} | changes).items():
        if name == "kinds":
            for kind in value:
                page.locator(f'input[name="kinds"][value="{kind}"]').check()
        elif name == "procedure":
            page.locator("#procedure").select_option(value)
        else:
            page.locator(f"#{name}").fill(value)


@pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=pytest.mark.proof)], ids=["with scripts", "without"]
)
def test_a_day_from_the_draft_to_the_publication(chromium: Browser, site: str, scripts: bool) -> None:
    number = f"渝星市监罚〔2026〕{17 if scripts else 18}号"
    context = chromium.new_context(base_url=site, java_script_enabled=scripts)
    page = context.new_page()
    seen = Watched(page, site)
    # Who asks for a page before he signed in comes to it afterwards.
    page.goto("/console/penalties/new")
    page.get_by_label("密钥", exact=False).fill(KEYS[Role.RECORDER])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("录入处罚")
    type_decision(page, number, title=SCRIPT)
    if scripts:
        page.locator("#title").blur()  # what follows appears by itself
    else:
        page.get_by_role("button", name="核对并预览").click()
    expect(page.get_by_text(f"代码和名称与登记一致：{NAME}")).to_be_visible()
    expect(page.locator("#ahead")).to_contain_text("2026年11月24日")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("status")).to_have_text("草稿已保存。")
    page.get_by_role("link", name="提交审核").click()
    page.get_by_role("button", name="确认提交审核").click()
    expect(page.get_by_role("status")).to_have_text("已提交审核。")
    assert page.title() != "taken"
    home = page.url.split("?")[0].removeprefix(site)
    leave(page)
    page.goto(home)
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")

    enter(page, Role.REVIEWER)
    page.get_by_role("link", name="待审核的处罚").click()
    page.locator(f'a[href="{home}"]').click()
    page.get_by_role("link", name="审核通过").click()
    # What follows is counted at once, so the form must be there.
    expect(page.get_by_role("heading", level=1)).to_have_text("审核通过")
    for box in page.locator('input[name="signed"]').all():
        box.check()
    for note in page.locator(".pointnote").all():
        note.fill("已核对")
    page.get_by_role("button", name="确认审核通过").click()
    expect(page.get_by_role("status")).to_contain_text("审核已通过")
    page.get_by_role("link", name="公示", exact=True).click()
    expect(page.get_by_text("立即公示：")).to_be_visible()
    page.locator("#key").fill(KEYS[Role.REVIEWER])
    page.get_by_role("button", name="确认公示").click()
    expect(page.get_by_role("status")).to_have_text("已公示。")
    record = asked(site, Role.REVIEWER, f"/v1/subjects/{FIRM}/penalties/{home.rsplit('/', 1)[1]}")
    assert (record["state"], record["public"], record["document_no"]) == ("published", True, number)
    assert "13812345678" not in record["violation_facts"]
    page.get_by_role("link", name="紧急撤下").click()
    page.locator("#cause").select_option("other")
    page.locator("#reason").fill("发现差错")
    page.get_by_role("button", name="确认紧急撤下").click()
    assert asked(site, Role.REVIEWER, f"/v1/subjects/{FIRM}/penalties/{home.rsplit('/', 1)[1]}")["public"] is False
    leave(page)
    context.close()
    assert seen.said == []
    assert seen.outside == []


def test_signing_in_at_the_issuer_of_ones_office_and_confirming_there(
    chromium: Browser, site: str, issuer: Issuer
) -> None:
    now = int(NOW.timestamp())
    claims = {
        "iss": issuer.address,
        "sub": "officer-7",
        "name": "审核员甲",
        "groups": ["reviewers"],
        "department": AUTHORITY,
    }
    issuer.ask("/person", claims=claims | {"iat": now, "exp": now + 300, "auth_time": now})
    context = chromium.new_context(base_url=site)
    page = context.new_page()
    page.goto("/console/imports")
    page.get_by_role("link", name="通过星城统一身份认证登录").click()
    page.get_by_role("button", name="Sign in").click()
    # Back from another site the browser sends the cookie of the sign-in all the same, and leads where it was asked to.
    expect(page.get_by_role("heading", level=1)).to_have_text("数据导入")
    expect(page.get_by_text("审核员甲")).to_be_visible()
    beside = context.new_page()
    beside.goto("/console/sign-in/oidc/confirm")
    beside.get_by_role("button", name="Sign again").click()
    expect(beside.get_by_role("heading", level=1)).to_have_text("已确认是您本人")
    look(beside, "confirmed", 1280, "light")
    leave(page)
    page.get_by_role("link", name="同时退出星城统一身份认证").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed out")
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), pytest.param(390, "dark", marks=pytest.mark.proof)])
def test_every_page_is_accessible_silent_and_alone(chromium: Browser, site: str, width: int, scheme: Any) -> None:
    context = chromium.new_context(base_url=site)
    page = context.new_page()
    enter(page, Role.RECORDER)
    page.goto("/console/penalties/new")
    type_decision(
        page, f"渝星市监罚〔2026〕{width}号", party_name="重庆另一家有限公司", violation_facts=SCRIPT + "长" * 3000
    )
    page.get_by_role("button", name="保存并提交审核").click()
    home = page.url.split("?")[0].removeprefix(site)
    context.close()
    pages = {
        Role.RECORDER: {
            "start": "/console", "new": "/console/penalties/new", "penalties": "/console/penalties?state=published",
            "nowhere": "/console/nowhere", "forbidden": f"{home}/approve", "imports": "/console/imports",
            "trial": IMPORTS["trial"], "import": IMPORTS["import"], "rows": f"{IMPORTS['import']}/rows",
            "attach": f"/console/documents/{home.removeprefix('/console/penalties/').join(('penalty/', '/attach'))}",
        },
        Role.REVIEWER: {
            "penalty": home, "approve": f"{home}/approve", "return": f"{home}/return", "withhold": f"{home}/withhold",
            "withdraw": f"{home}/withdraw", "reviews": "/console/penalties?state=submitted", "bulk": "/console/reviews", "english": f"/en{home}",
        },
        Role.REPAIR_OFFICER: {"repairs": "/console/repairs", "objections": "/console/objections"},
        Role.AUDITOR: {
            "auditor": "/console", "deadlines": "/console/deadlines", "feeds": "/console/feeds", "firms": "/console/firms?q=星屿",
            "firm": f"/console/firms/{FIRM}", "versions": f"/console/firms/{FIRM}/penalties/{home.rsplit('/', 1)[1]}",
            "operations": "/console/operations", "jobs": "/console/jobs", "audit": "/console/audit", "calendar": "/console/calendar",
            "rule-proposals": "/console/rule-proposals", "supervision": "/console/supervision", "coverage": "/console/coverage",
            "spot-checks": "/console/spot-checks", "unconfirmed": "/console/overdue-acknowledgements",
        },
        Role.ADMINISTRATOR: {"keys": "/console/keys", "run": "/console/jobs"},
        Role.PLATFORM: {"platform": "/console/platform"},
        Role.CONSENTER: {"sharing": "/console/sharing"},
    }  # fmt: skip
    SHOTS.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(
        base_url=site, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    seen = Watched(context.new_page(), site)
    seen.page.goto("/console/sign-in")
    look(seen.page, "sign-in", width, scheme)
    for role, paths in pages.items():
        enter(seen.page, role)
        for name, path in paths.items():
            if name in LIKE_OTHERS and width == 1200:
                continue
            seen.page.goto(path)
            look(seen.page, name, width, scheme)
            if name == "new":
                type_decision(seen.page, "渝星市监罚〔2026〕17号", fine="很多")
                seen.page.get_by_role("button", name="核对并预览").click()
                expect(seen.page.get_by_role("alert")).to_be_visible()
                look(seen.page, "errors", width, scheme)
        seen.page.goto("/console")
        leave(seen.page)
    context.close()
    assert [text for text in seen.said if not any(status in text for status in ("404", "403", "422"))] == []
    assert seen.outside == []


def look(page: Page, name: str, width: int, scheme: str) -> None:
    assert violations(page) == [], name
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0, f"{name} is wider than its window of {width}: {page.evaluate(TOO_WIDE)}"
    page.screenshot(path=SHOTS / f"console-{name}-{width}-{scheme}.png", full_page=True)

"""Lists, repairs, spot checks and access in a real browser: the days of a lister, a consenter, a reviewer and a repair officer with
the API as witness, and their pages accessible, silent and alone. `build/screenshots` holds what was seen."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from service.access.rules import Role
from service.changes.actions import drain
from service.db import Database
from service.spot_checks.rules import form
from tests.clients import NOW, make_key
from tests.conftest import run_apart
from tests.factories import make_authority, make_penalty
from tests.service.console.support import AUTHORITY, FIRM, NAME, OTHER_FIRM, SCRIPT, make_office
from tests.service.web.browser import browser, need_chromium, served
from tests.service.web.test_browser import SHOTS, TOO_WIDE, Watched, violations

COUNTY = "cq-yubei-market-regulation"
OFFICE = {
    "lister": (Role.LISTER, COUNTY), "reviewer": (Role.REVIEWER, COUNTY), "consenter": (Role.CONSENTER, AUTHORITY),
    "repair_officer": (Role.REPAIR_OFFICER, COUNTY),
    "front_desk": (Role.REPAIR_OFFICER, COUNTY), "supervisor": (Role.SUPERVISOR, "cq-credit-office"),
    "administrator": (Role.ADMINISTRATOR, None), "second": (Role.ADMINISTRATOR, None),
}  # fmt: skip
KEYS: dict[str, str] = {}
PENALTIES: dict[str, str] = {}
OTHER_NAME = "重庆云溪食品有限公司"
GROUNDS = {
    "grounds": f"实施侵害消费者权益的违法行为（举报人电话13812345678），受到较重行政处罚{SCRIPT}",
    "legal_basis": "市场监督管理严重违法失信名单管理办法第二条", "evidence": "行政处罚决定书、询问笔录",
    "fact-gravity": "性质恶劣、情节严重、社会危害较大", "fact-field_article": "第九条第（二）项",
}  # fmt: skip
SHOWN: dict[str, Any] = {
    "authority_code": COUNTY, "authority_name": "重庆市渝北区市场监督管理局", "party_name": NAME, "public_from": date(2026, 1, 6),
    "public_until": date(2029, 1, 5), "published_on": date(2026, 1, 6), "discretion_step": "heavier", "public_rule": "R107-2",
}  # fmt: skip


async def enter_all(url: str) -> None:
    database = Database(url, application="test", pool_size=3)
    async with database.transaction() as session:
        await make_office(session)
        await make_authority(
            session, COUNTY, division_code="500112", parent_code=AUTHORITY, name="重庆市渝北区市场监督管理局"
        )
        for name, uscc in (("heavy", FIRM), ("repaired", FIRM), ("other", OTHER_FIRM)):
            number = f"渝北市监罚〔2026〕{len(PENALTIES) + 1}号"
            PENALTIES[name] = str(await make_penalty(session, uscc, **SHOWN | {"document_no": number}))
    for name, (role, authority) in OFFICE.items():
        KEYS[name] = await make_key(database, role, authority_code=authority, name=f"示例{name}")
    await drain(database, lambda: NOW)
    await database.dispose()


@pytest.fixture(scope="module")
def site(shared_database_url: str) -> Iterator[str]:
    need_chromium()
    run_apart(enter_all(shared_database_url))
    with served(shared_database_url) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need_chromium()
    with browser() as opened:
        yield opened


def enter(page: Page, who: str) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("密钥", exact=False).fill(KEYS[who])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")


def leave(page: Page) -> None:
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def api(site: str, who: str) -> httpx.Client:
    return httpx.Client(base_url=site, headers={"Authorization": f"Bearer {KEYS[who]}"}, timeout=60)


def asked(site: str, who: str, path: str) -> Any:
    with api(site, who) as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def write(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f'[id="{name}"]').fill(value)


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def done(page: Page, words: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(words)


def draft_entry(page: Page, uscc: str, name: str, number: str) -> str:
    """Draft an entry and propose it; returns its page."""
    page.get_by_role("link", name="名单管理").click()
    page.get_by_role("link", name="拟列入名单").click()
    heading(page, "拟列入名单")
    write(page, uscc=uscc)
    page.locator("#list").select_option("samr-serious")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("#party_name")).to_have_value(name)
    write(page, **GROUNDS)
    page.get_by_role("button", name="保存并提出列入").click()
    expect(page.get_by_role("alert")).to_contain_text("不符合列入条件")
    expect(page.locator("#legal_basis")).to_have_value(GROUNDS["legal_basis"])
    page.get_by_label(number).check()
    page.get_by_role("button", name="保存并提出列入").click()
    done(page, "已提出列入")
    assert page.title() != "taken"
    return page.url.split("?")[0]


def tell_subject(page: Page) -> None:
    """Make the notice document and enter that the subject was told."""
    page.get_by_role("link", name="制作文书：列入名单事先告知书").click()
    heading(page, "制作文书：列入名单事先告知书")
    write(page, **{"fact-letter_no": "渝北市监告〔2026〕1号", "fact-contact": "渝北区示例路1号"})
    write(page, **{"fact-notified_on": "2026-11-10", "fact-statement_until": "2026-11-20"})
    page.get_by_role("button", name="生成文书").click()
    done(page, "文书已生成")
    with page.expect_download() as download:
        page.get_by_role("link", name="列入名单事先告知书（渝北市监告〔2026〕1号）.pdf").click()
    assert download.value.suggested_filename == "列入名单事先告知书（渝北市监告〔2026〕1号）.pdf"
    page.get_by_role("link", name="登记告知").click()
    heading(page, "登记告知")
    write(page, notified_on="2026-11-10", statement_until="2026-11-20")
    page.get_by_role("button", name="确认登记告知").click()
    done(page, "告知已登记")


@pytest.mark.parametrize(
    ("scripts", "uscc", "name", "number"),
    [
        pytest.param(True, FIRM, NAME, "渝北市监罚〔2026〕1号", id="with scripts"),
        pytest.param(False, OTHER_FIRM, OTHER_NAME, "渝北市监罚〔2026〕3号", id="without", marks=pytest.mark.proof),
    ],
)
def test_a_day_from_the_proposal_to_the_list_and_off_it(
    chromium: Browser, site: str, scripts: bool, uscc: str, name: str, number: str
) -> None:
    context = chromium.new_context(base_url=site, java_script_enabled=scripts)
    page = context.new_page()
    seen = Watched(page, site)
    enter(page, "lister")
    home = draft_entry(page, uscc, name, number)
    tell_subject(page)
    leave(page)

    enter(page, "consenter")
    page.get_by_role("link", name="待我批准的列入").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="批准列入", exact=True).click()
    heading(page, "批准列入")
    write(page, document_no="渝市监批〔2026〕1号")
    page.get_by_role("button", name="确认批准列入").click()
    done(page, "已批准列入")
    leave(page)

    enter(page, "reviewer")
    page.get_by_role("link", name="已批准、待列入").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="列入名单并公示").click()
    expect(page.get_by_text("2026年11月24日至2029年11月24日")).to_be_visible()
    write(page, document_no="渝北市监列〔2026〕1号", basis="办法第二条第一项", key=KEYS["reviewer"])
    page.get_by_role("button", name="确认列入名单并公示").click()
    done(page, "已列入名单并公示")
    path = home.removeprefix(f"{site}/console/entries/").split("/")
    entry = asked(site, "reviewer", f"/v1/subjects/{path[0]}/blacklist-entries/{path[1]}")
    assert (entry["state"], entry["public"], "13812345678" in entry["grounds"]) == ("published", True, False)
    page.get_by_role("link", name="移出名单").click()
    heading(page, "移出名单")
    write(page, reason="已履行义务并纠正", basis="办法第十五条", since="2026-11-24")
    page.get_by_role("button", name="确认移出名单").click()
    done(page, "已移出名单")
    ended = asked(site, "reviewer", f"/v1/subjects/{path[0]}/blacklist-entries/{path[1]}")
    assert (ended["state"], ended["public"]) == ("ended", False)
    leave(page)
    context.close()
    assert [text for text in seen.said if "409" not in text] == []
    assert seen.outside == []


def file_repair(site: str) -> str:
    """Apply for a repair for the firm, with a proof, and return its page."""
    body = {
        "record_kind": "penalty", "record_id": PENALTIES["repaired"], "statement": "已缴清罚款并完成整改",
        "commitment": "承诺守法经营",
    }  # fmt: skip
    with api(site, "front_desk") as client:
        made = client.post(f"/v1/subjects/{FIRM}/repairs", json=body)
        assert made.status_code == 201, made.text
        case = made.json()["id"]
        sent = client.post(
            f"/v1/documents/{FIRM}/repair/{case}",
            params={"kind": "proof_of_performance", "file_name": "缴款凭证.pdf"},
            content=b"%PDF-1.7 proof",
        )
        assert sent.status_code == 201, sent.text
    return f"/console/repairs/{FIRM}/{case}"


@pytest.mark.proof
def test_a_repair_officers_day(chromium: Browser, site: str) -> None:
    home = file_repair(site)
    context = chromium.new_context(base_url=site)
    page = context.new_page()
    seen = Watched(page, site)
    enter(page, "repair_officer")
    page.get_by_role("link", name="待受理的修复申请").click()
    page.locator(f'a[href="{home}"]').click()
    page.get_by_role("link", name="登记法定渠道收件").click()
    page.locator("#intake").select_option("gsxt")
    write(page, received_on="2026-11-24")
    page.get_by_role("button", name="确认登记法定渠道收件").click()
    done(page, "法定时限开始计算")
    page.get_by_role("link", name="受理", exact=True).click()
    page.get_by_role("button", name="确认受理").click()
    done(page, "已受理")
    page.get_by_role("link", name="准予修复").click()
    expect(page.get_by_text("立即停止公示。")).to_be_visible()
    notes = page.locator(".pointnote")
    for number in range(notes.count()):
        notes.nth(number).fill("凭证已核")
    write(page, document_no="渝北市监修〔2026〕2号", reason="符合信用修复条件")
    page.get_by_role("button", name="确认准予修复").click()
    done(page, "已准予修复")
    page.get_by_role("link", name="制作文书：准予信用修复决定书").click()
    heading(page, "制作文书：准予信用修复决定书")
    page.get_by_role("button", name="生成文书").click()
    done(page, "文书已生成")
    expect(page.get_by_role("link", name="准予信用修复决定书（渝北市监修〔2026〕2号）.pdf")).to_be_visible()
    record = asked(site, "repair_officer", f"/v1/subjects/{FIRM}/penalties/{PENALTIES['repaired']}")
    assert (record["state"], record["public"]) == ("ended", False)
    leave(page)
    context.close()
    assert seen.said == []
    assert seen.outside == []


#: Pages of a template that another page shows too: looked at in the long form.
LIKE_OTHERS = {
    "start-lister", "consent", "notify", "remove", "inbox", "drafts", "check-new", "people", "items", "english", "entry-edit",
    "entry-draft", "entry-start", "not-list", "returned", "check",
}  # fmt: skip


def post(client: httpx.Client, path: str, body: dict[str, Any], version: int | None = None) -> Any:
    answer = client.post(path, json=body, headers={} if version is None else {"If-Match": f'"{version}"'})
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def make_entries(site: str) -> tuple[str, str]:
    """Enter an entry that was told to its firm, and a draft that lacks something; return their pages."""
    body: dict[str, Any] = {
        "list": "samr-serious", "party_name": OTHER_NAME, "grounds": "长" * 300 + SCRIPT, "evidence": "行政处罚决定书",
        "legal_basis": GROUNDS["legal_basis"], "facts": {"gravity": "性质恶劣", "field_article": "第九条"},
    }  # fmt: skip
    with api(site, "lister") as lister:
        path = f"/v1/subjects/{OTHER_FIRM}/blacklist-entries"
        draft = post(lister, path, {**body, "evidence": None})
        entry = post(lister, path, body | {"penalties": [PENALTIES["other"]]})
        one = f"{path}/{entry['id']}"
        post(lister, f"{one}/propose", {}, 1)
        post(lister, f"{one}/notify", {"notified_on": "2026-11-10", "statement_until": "2026-11-20"}, 2)
    return tuple(f"/console/entries/{OTHER_FIRM}/{one['id']}" for one in (entry, draft))  # type: ignore[return-value] # two


def make_check(site: str) -> tuple[str, list[str]]:
    """Announce and draw a check, score one record of it; return the pages of the check and of its records."""
    plan = {
        "title": "2026年第四季度公示质量抽查", "period_from": "2026-01-01", "period_until": "2026-11-24", "per_authority": 2,
        "seed_source": "次日公开发布的开奖号码",
    }  # fmt: skip
    with api(site, "supervisor") as supervisor:
        check = post(supervisor, "/v1/spot-checks", plan)
        path = f"/v1/spot-checks/{check['id']}"
        post(supervisor, f"{path}/draw", {"seed": "03 09 14 20 26 31 + 07"}, 1)
        found = supervisor.get("/v1/spot-checks/items", params={"check_id": check["id"]}).json()["items"]
        items = [one["id"] for one in found]
        scores = {point.id: point.most for point in form().points} | {"fields": 12}
        findings = [{"point": "fields", "text": "违法行为类型填写不规范"}]
        post(supervisor, f"{path}/items/{items[0]}/score", {"scores": scores, "findings": findings}, 1)
    return f"/console/spot-checks/{check['id']}", [f"/console/spot-checks/{check['id']}/items/{one}" for one in items]


def propose_role(site: str) -> str:
    """Propose a role for the lister; return the page of whom it is for."""
    with api(site, "lister") as client:
        person = client.get("/v1/me").json()["principal_id"]
    with api(site, "administrator") as client:
        post(client, f"/v1/principals/{person}/grants", {"role": "recorder", "authority_code": COUNTY})
    return f"/console/people/{person}"


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1200, "light"),
        *(pytest.param(*shape, marks=pytest.mark.proof) for shape in ((390, "dark"), (390, "light"), (1200, "dark"))),
    ],
)
def test_every_page_is_accessible_silent_and_alone(chromium: Browser, site: str, width: int, scheme: Any) -> None:
    entry, draft = make_entries(site)
    check, items = make_check(site)
    person = propose_role(site)
    letters = entry.replace("/console/entries", "/console/documents/blacklist_entry") + "/make"
    pages = {
        "lister": {
            "start-lister": "/console", "drafts": "/console/entries?state=draft", "entry-start": "/console/entries/new?uscc=123&list=samr-serious",
            "entry-new": f"/console/entries/new?uscc={OTHER_FIRM}&list=samr-serious", "entry-edit": f"{draft}/edit", "entry-draft": draft,
            "letter": f"{letters}/listing_notice", "english": f"/en{entry}",
        },
        "consenter": {"inbox": "/console/entries?waits=consent", "entry": entry, "consent": f"{entry}/consent"},
        "reviewer": {"list": f"{entry}/list", "not-list": f"{entry}/not-list", "returned": items[0], "items": "/console/spot-checks/items"},
        "supervisor": {
            "checks": "/console/spot-checks", "check-new": "/console/spot-checks/new", "check": check, "score": items[1],
        },
        "second": {"proposals": "/console/access-proposals", "people": "/console/people", "person": person},
    }  # fmt: skip
    SHOTS.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(
        base_url=site, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    seen = Watched(context.new_page(), site)
    for who, paths in pages.items():
        enter(seen.page, who)
        for name, path in paths.items():
            if name in LIKE_OTHERS and (width, scheme) == (1200, "light"):
                continue
            seen.page.goto(path)
            look(seen.page, name, width, scheme)
        seen.page.goto("/console")
        leave(seen.page)
    context.close()
    assert [text for text in seen.said if "422" not in text] == []
    assert seen.outside == []


def look(page: Page, name: str, width: int, scheme: str) -> None:
    assert violations(page) == [], name
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0, f"{name} is wider than its window of {width}: {page.evaluate(TOO_WIDE)}"
    page.screenshot(path=SHOTS / f"console-lists-{name}-{width}-{scheme}.png", full_page=True)

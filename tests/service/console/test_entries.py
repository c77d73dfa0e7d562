"""List entries at the console: drafted by the test of their list, told by a document, consented to from above, listed, revoked."""

from contextlib import AsyncExitStack
from typing import Any

from httpx import AsyncClient

from service.db import Database
from tests.service.blacklist.test_endpoints import HEAVY
from tests.service.console.support import Desk, form_token
from tests.service.console.test_cases import desk_of
from tests.service.penalties.lives import DRAFT, SIGNED, USCC, WITHDRAWN, Office, open_office

GROUNDS: dict[str, Any] = {
    "party_name": "重庆示例商贸有限公司",
    "grounds": "实施侵害消费者权益的违法行为（举报人电话13812345678），受到较重行政处罚",
    "legal_basis": "市场监督管理严重违法失信名单管理办法第二条",
    "evidence": "行政处罚决定书",
    "fact-gravity": "性质恶劣、社会危害较大",
    "fact-field_article": "第九条",
}
LISTED = {"document_no": "渝示监列〔2026〕3号", "basis": "第二条第一项", "repair_notice_served_on": "2026-11-24"}


async def heavy_penalty(office: Office, number: str) -> dict[str, Any]:
    made = await office.county_recorder.post(
        f"/v1/subjects/{USCC}/penalties", json=DRAFT | HEAVY | {"document_no": number}
    )
    penalty = await office.must(office.county_recorder, made.json(), "submit")
    penalty = await office.must(office.county_reviewer, penalty, "approve", SIGNED)
    return await office.must(office.county_reviewer, penalty, "publish")


async def entry_at(who: AsyncClient, home: str) -> dict[str, Any]:
    uscc, entry = home.split("/")[-2:]
    answer = await who.get(f"/v1/subjects/{uscc}/blacklist-entries/{entry}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_entry_from_the_draft_to_its_revocation(database: Database) -> None:
    async with open_office(database) as office, AsyncExitStack() as stack:
        penalty = await heavy_penalty(office, "渝示监罚〔2026〕17号")
        lister = await desk_of(stack, office, "county_lister")
        reviewer = await desk_of(stack, office, "county_reviewer")
        consenter = await desk_of(stack, office, "consenter")
        home = await drafted(office, lister, penalty)
        await told(lister, home)
        refused = await reviewer.fill(f"{home}/list", **LISTED, key=reviewer.key)
        assert refused.status_code == 409
        assert "须经上一级机关同意" in refused.text
        await consented(office, consenter, home)
        no_key = await reviewer.fill(f"{home}/list", **LISTED)
        assert no_key.status_code in {401, 403}
        assert 'value="渝示监列〔2026〕3号"' in no_key.text
        await reviewer.must(f"{home}/list", **LISTED, key=reviewer.key)
        await office.settle()
        entry = await entry_at(office.platform, home)
        assert (entry["state"], entry["public"], "13812345678" in entry["grounds"]) == ("published", True, False)
        assert "2029年11月24日" in (await reviewer.browser.get(home)).text
        await corrected(office, lister, reviewer, home)

        await office.must(office.county_reviewer, penalty, "withdraw", WITHDRAWN)
        opened = await reviewer.browser.get("/console/revocations")
        assert f'href="{home}"' in opened.text
        assert "应在 2026年11月25日 前决定撤销或者保留" in (await reviewer.browser.get(home)).text
        kept = await reviewer.fill(f"{home}/keep", reason="仍符合")
        assert kept.status_code == 409
        await reviewer.must(f"{home}/revoke", reason="处罚已撤销", basis="第十九条")
        await office.settle()
        assert (await office.public.get(f"/v1/status/{USCC}")).json()["blacklist_entries"] == []
        page = (await reviewer.browser.get(home)).text
        assert "已终止" in page
        assert f"{home}/list" not in page


async def drafted(office: Office, lister: Desk, penalty: dict[str, Any]) -> str:
    """Draft an entry that lacks something, be told what, and propose it once it passes."""
    start = "/console/entries/new"
    assert (await lister.browser.get(f"{start}?uscc=123&list=samr-serious")).status_code == 422
    path = f"{start}?uscc={USCC}&list=samr-serious"
    page = await lister.browser.get(path)
    assert f'value="{penalty["id"]}"' in page.text
    assert "从重" not in page.text
    late = await lister.fill(path, **GROUNDS | {"evidence": "", "penalties": []}, act="propose")
    assert late.status_code == 409
    for words in ("不符合列入条件", "有证据", "关联的 0 项处罚中有 0 项有效", GROUNDS["legal_basis"]):
        assert words in late.text, words
    assert (await office.county_lister.get("/v1/blacklist-entries")).json()["items"] == []
    home = await lister.must(path, **GROUNDS | {"evidence": ""}, penalties=[penalty["id"]], act="save")
    page = await lister.browser.get(home)
    assert "还有不符合的条件" in page.text
    assert "按裁量基准从重处罚的罚款" in page.text
    await lister.must(f"{home}/edit", evidence=GROUNDS["evidence"], act="propose")
    entry = await entry_at(office.county_lister, home)
    assert (entry["state"], entry["own"]["redactions"].keys()) == ("proposed", {"grounds"})
    for listed in (f"/console/entries?state=proposed&list=samr-serious&authority={entry['authority_code']}",):
        assert home in (await lister.browser.get(listed)).text
    assert home not in (await lister.browser.get("/console/entries?state=proposed&list=serious-dishonesty")).text
    return home


async def told(lister: Desk, home: str) -> None:
    """Make the notice document, read it, and enter that the subject was told."""
    page = await lister.browser.get(home)
    make = next(
        part.split('"')[0] for part in page.text.split('href="') if part.split('"')[0].endswith("/listing_notice")
    )
    stated = {
        "fact-letter_no": "渝示监告〔2026〕1号", "fact-contact": "重庆市渝北区示例路1号",
        "fact-notified_on": "2026-11-10", "fact-statement_until": "2026-11-20",
    }  # fmt: skip
    short = await lister.fill(make, **stated | {"fact-contact": ""})
    assert short.status_code == 409
    assert "文书缺少必要事项：联系方式" in short.text
    await lister.must(make, **stated)
    page = await lister.browser.get(home)
    document = next(
        part.split('"')[0]
        for part in page.text.split('href="')
        if "/documents/" in part and "/make/" not in part.split('"')[0]
    )
    file = await lister.browser.get(document)
    assert file.content.startswith(b"%PDF-")
    assert "filename*=UTF-8''" in file.headers["content-disposition"]
    await lister.must(f"{home}/notify", notified_on="2026-11-10", statement_until="2026-11-20")
    await lister.must(f"{home}/record-statement", statement="不知情，请求从轻")


async def consented(office: Office, consenter: Desk, home: str) -> None:
    """Find it in the inbox of the authority above, and consent."""
    start = await consenter.browser.get("/console")
    assert "<strong>1</strong> <span>待我批准的列入" in start.text
    inbox = await consenter.browser.get("/console/entries?waits=consent")
    assert home in inbox.text
    await consenter.must(f"{home}/consent", document_no="渝监批〔2026〕1号")
    assert home not in (await consenter.browser.get("/console/entries?waits=consent")).text
    entry = await entry_at(office.consenter, home)
    assert (entry["state"], entry["own"]["consent_document_no"]) == ("consented", "渝监批〔2026〕1号")


async def corrected(office: Office, lister: Desk, reviewer: Desk, home: str) -> None:
    """Propose a correction of the number alone, refuse one, put one in force."""
    nothing = await lister.fill(f"{home}/propose-correction", nature="content", reason="文号有误")
    assert nothing.status_code == 422
    assert "没有改动任何内容" in nothing.text
    for number, decision in (("渝示监列〔2026〕4号", "reject-correction"), ("渝示监列〔2026〕5号", "correct")):
        await lister.must(f"{home}/propose-correction", nature="content", reason="文号有误", document_no=number)
        page = await reviewer.browser.get(f"{home}/{decision}")
        assert f"<ins>{number}</ins>" in page.text
        assert page.text.count("<ins>") == 1
        await reviewer.must(
            f"{home}/{decision}", reason="已核", **({"key": reviewer.key} if decision == "correct" else {})
        )
    assert (await entry_at(office.platform, home))["document_no"] == "渝示监列〔2026〕5号"


async def test_what_others_changed_is_told_and_nobody_consents_from_beside(database: Database) -> None:
    async with open_office(database) as office, AsyncExitStack() as stack:
        lister = await desk_of(stack, office, "county_lister")
        path = f"/console/entries/new?uscc={USCC}&list=samr-serious"
        home = await lister.must(path, **GROUNDS, act="save")
        page = await lister.browser.get(f"{home}/edit")
        await lister.must(f"{home}/edit", evidence="其他", act="save")
        stale = await lister.browser.post(
            f"{home}/edit", data={"form": form_token(page), "version": "1", **GROUNDS, "act": "save"}
        )
        assert stale.status_code == 412
        assert "有人改过这条记录" in stale.text
        assert GROUNDS["fact-gravity"] in stale.text
        outsider = await desk_of(stack, office, "lister")
        assert (await outsider.browser.get(home)).status_code == 200  # the authority above
        for who in ("outsider", "agent"):
            stranger = await desk_of(stack, office, who)
            assert (await stranger.browser.get(home)).status_code in {403, 404}
        await lister.must(f"{home}/discard", reason="重复")
        assert (await lister.browser.get(home)).status_code == 404

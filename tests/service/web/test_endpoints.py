import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from service.db import Database
from tests.clients import NOW, client_of, make_app
from tests.factories import (
    cover_region,
    make_entry,
    make_list,
    make_penalty,
    make_registration,
    make_uscc,
    number_changes,
)

LISTED, PENALISED, CLEAR, UNKNOWN, ENDED, HOSTILE = (make_uscc() for _ in range(6))
TODAY = date(2026, 11, 24)
SCRIPT = "<script>alert(1)</script>\u202e\u3000" + "长" * 3000


@pytest.fixture
async def app(database: Database) -> FastAPI:
    async with database.transaction() as session:
        await cover_region(session)
        for code, name in (
            (LISTED, "重庆星屿贸易有限公司"),
            (PENALISED, "重庆云溪食品有限公司"),
            (CLEAR, "重庆白鹭文化有限公司"),
        ):
            await make_registration(session, code, name=name)
        await make_entry(session, LISTED, grounds="示例原因")
        await make_penalty(session, PENALISED, document_no="渝星罚〔2026〕7号", fine_fen=12345670)
        await make_penalty(session, ENDED, party_name="重庆旧事有限公司", public_until=TODAY - timedelta(days=1))
        await make_penalty(session, HOSTILE, party_name=SCRIPT, violation_type=SCRIPT, document_no="<b>1</b>")
        await number_changes(session)
    return make_app(database)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with client_of(app) as opened:
        yield opened


PAGES = [
    "/",
    "/lists",
    "/data",
    "/lists/test-serious",
    "/rules",
    "/rules?decided=2026-03-30&kinds=fine&fine=5000&province=42",
    "/search?q=星屿",
    f"/firms/{LISTED}",
    f"/firms/{PENALISED}",
    f"/firms/{CLEAR}",
    f"/firms/{UNKNOWN}",
    f"/firms/{HOSTILE}",
]


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_pages_are_small_strict_and_in_their_language(client: AsyncClient, prefix: str) -> None:
    for page in PAGES:
        answer = await client.get(prefix if prefix and page == "/" else f"{prefix}{page}")
        assert answer.status_code == 200, page
        text = answer.text
        assert f'<html lang="{"en" if prefix else "zh-CN"}">' in text
        assert len(answer.content) < 100_000
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-cache"
        assert not re.search(r"<script(?! src=\"/)|style=|onclick|javascript:", text), page
        outside = set(re.findall(r'(?:src|href|action)="(?!/(?!/)|#)([^"]*)"', text))
        assert outside <= {"https://www.creditchina.gov.cn/", "https://www.gsxt.gov.cn/"}


async def test_each_outcome_is_said_in_words(client: AsyncClient) -> None:
    said = {
        LISTED: "已列入名单",
        PENALISED: "有公示中的行政处罚",
        CLEAR: "无公示中的不良信息",
        UNKNOWN: "没有登记来源记载过这个代码",
    }
    for code, words in said.items():
        assert words in (await client.get(f"/firms/{code}")).text


async def test_a_penalty_is_shown_with_its_window_and_amount(client: AsyncClient) -> None:
    text = (await client.get(f"/firms/{PENALISED}")).text
    assert "渝星罚〔2026〕7号" in text
    assert "12.34567万元" in text
    assert "首末两日均公示" in text or "至移出为止" in text


async def test_what_has_ended_is_nowhere(client: AsyncClient) -> None:
    for path in ("/", f"/firms/{ENDED}", "/search?q=旧事", "/suggest?q=旧事", "/lists/test-serious"):
        answer = await client.get(path)
        assert "重庆旧事" not in answer.text, path
        assert f'"/firms/{ENDED}"' not in answer.text, path


async def test_hostile_content_is_text(client: AsyncClient) -> None:
    text = (await client.get(f"/firms/{HOSTILE}")).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "<b>1</b>" not in text


async def test_a_code_or_number_leads_to_the_firm_and_a_spoilt_one_to_words(client: AsyncClient) -> None:
    spaced = f"{LISTED[:6]} {LISTED[6:]}".lower()
    found = await client.get("/search", params={"q": spaced})
    assert (found.status_code, found.headers["location"]) == (303, f"/firms/{LISTED}")
    wrong = LISTED[:8] + ("1" if LISTED[8] != "1" else "2") + LISTED[9:]
    refused = await client.get("/search", params={"q": wrong})
    assert refused.status_code == 200
    assert "这不是有效的统一社会信用代码" in refused.text
    lower = await client.get(f"/en/firms/{LISTED.lower()}")
    assert (lower.status_code, lower.headers["location"]) == (301, f"/en/firms/{LISTED}")


async def test_suggestions_are_options_with_addresses(client: AsyncClient) -> None:
    text = (await client.get("/en/suggest", params={"q": "星屿"})).text
    assert f'data-href="/en/firms/{LISTED}"' in text
    assert (await client.get("/suggest", params={"q": "星"})).text.strip() == ""


async def test_a_refusal_is_a_page(client: AsyncClient) -> None:
    refused = {
        "/firms/123": 422,
        "/lists/none": 404,
        "/lists/test-serious?cursor=x": 422,
        "/lists/test-serious?region=ab": 422,
    }
    for path, status in refused.items():
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, path
        assert answer.headers["content-type"].startswith("text/html")
        assert (await client.get(path)).json()["status"] == status


async def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(client: AsyncClient) -> None:
    page = await client.get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    assert (await client.get("/nowhere")).json()["code"] == "no_such_path"
    program = await client.get("/v1/nowhere", headers={"Accept": "text/html"})
    assert program.json()["code"] == "no_such_path"


async def test_the_page_and_its_json_say_the_same(client: AsyncClient) -> None:
    answer = await client.get(f"/firms/{LISTED}", headers={"Accept": "application/json"})
    assert answer.json() == (await client.get(f"/v1/status/{LISTED}")).json()


async def test_a_page_is_kept_until_the_log_moves(client: AsyncClient, database: Database) -> None:
    etag = (await client.get(f"/firms/{CLEAR}")).headers["etag"]
    assert (await client.get(f"/firms/{CLEAR}", headers={"If-None-Match": etag})).status_code == 304
    assert (await client.get(f"/en/firms/{CLEAR}", headers={"If-None-Match": etag})).status_code == 200
    async with database.transaction() as session:
        await make_penalty(session, CLEAR)
        await number_changes(session)
    assert (await client.get(f"/firms/{CLEAR}", headers={"If-None-Match": etag})).status_code == 200


async def test_a_list_is_paged_and_filtered(database: Database) -> None:
    codes = [make_uscc(division_code="500105" if n % 2 else "110105") for n in range(120)]
    async with database.transaction() as session:
        await make_list(session, "test-long")
        for n, code in enumerate(codes):
            await make_registration(session, code, name=f"企业{n:03d}有限公司")
            await make_entry(session, code, list_id="test-long", listed_on=TODAY - timedelta(days=n // 10))
        await number_changes(session)
    async with client_of(make_app(database, now=NOW)) as client:
        seen: list[str] = []
        params: dict[str, str] = {}
        for _ in range(3):
            text = (await client.get("/lists/test-long", params=params)).text
            seen += re.findall(r'href="/firms/(\w{18})"', text)
            following = re.search(r'name="cursor" value="([^"]+)"', text)
            params = {"cursor": following[1]} if following else {}
        assert sorted(seen) == sorted(codes)
        assert params == {}
        beijing = (await client.get("/lists/test-long", params={"region": "11"})).text
        assert set(re.findall(r'href="/firms/(\w{2})(\w{2})', beijing)) == {("91", "11")}
        assert "北京市 (60)" in beijing or "11 (60)" in beijing
        one_day = (await client.get("/lists/test-long", params={"listed_from": TODAY.isoformat()})).text
        assert len(re.findall(r'href="/firms/\w{18}"', one_day)) == 10


async def test_a_report_says_whether_it_still_stands_and_nothing_else(client: AsyncClient, database: Database) -> None:
    page = await client.get(f"/firms/{PENALISED}/report")
    assert "渝星罚〔2026〕7号" in page.text
    address = re.search(r'href="(http[^"]*/verify/[^"]*)"', page.text)
    assert address is not None
    checked = await client.get(address[1])
    assert "目前仍然有效" in checked.text
    assert PENALISED not in checked.text.replace(address[1], "").replace(address[1].split("xinyong.test")[1], "")
    async with database.transaction() as session:
        await make_penalty(session, PENALISED)
        await number_changes(session)
    assert "已不是最新" in (await client.get(address[1])).text
    spoilt = address[1][:-3] + ("AAA" if not address[1].endswith("AAA") else "BBB")
    foreign = await client.get(spoilt)
    assert foreign.status_code == 404
    assert "不是本网站出具的报告" in foreign.text


async def test_a_report_as_pdf_holds_its_font_and_only_public_records(client: AsyncClient) -> None:
    for path in (f"/firms/{PENALISED}/report.pdf", f"/en/firms/{HOSTILE}/report.pdf", f"/firms/{ENDED}/report.pdf"):
        answer = await client.get(path)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert b"NotoSansSC" in answer.content
        assert len(answer.content) < 100_000

"""A penalty's day at the console, with the API as witness: recorded, returned, changed by two, approved, published, recalled."""

from contextlib import AsyncExitStack
from typing import Any

from service.access.rules import Role
from service.console.penalty_fields import read_yuan
from service.db import Database
from tests.clients import make_key
from tests.offices import Offices, open_offices
from tests.service.console.support import (
    AUTHORITY,
    DECISION,
    FIRM,
    NAME,
    OTHER_FIRM,
    SCRIPT,
    Desk,
    make_office,
    points_of,
    seat,
    typed,
)


async def hire(offices: Offices, stack: AsyncExitStack, role: Role, name: str) -> Desk:
    return await seat(stack, offices.app, await make_key(offices.database, role, authority_code=AUTHORITY, name=name))


async def record_at(desk: Desk, home: str) -> dict[str, Any]:
    """Return a penalty as the API gives it."""
    uscc, record_id = home.rsplit("/", 2)[1:]
    answer = await desk.api.get(f"/v1/subjects/{uscc}/penalties/{record_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_penalty_from_its_first_field_to_its_recall(database: Database) -> None:
    async with open_offices(database, fill=make_office) as offices, AsyncExitStack() as stack:
        clerk = await hire(offices, stack, Role.RECORDER, "录入员甲")
        reviewer = await hire(offices, stack, Role.REVIEWER, "审核员乙")

        # Errors stand at their fields, and what was typed stays.
        wrong = await clerk.send("/console/penalties/new", **DECISION | {"fine": "很多", "decided_on": "昨天"})
        assert wrong.status_code == 422
        for words in ("请填写金额（元）", "请填写日期", 'value="很多"', "虚假宣传"):
            assert words in wrong.text
        bad_code = await clerk.send("/console/penalties/new", **DECISION | {"uscc": FIRM[:-1] + "0"})
        assert bad_code.status_code == 422
        ahead = await clerk.send("/console/penalties/preview", **DECISION | {"party_name": "重庆另一家有限公司"})
        assert ahead.status_code == 200
        for words in (f"登记名称是：{NAME}", "档次：", "2026年11月24日", "公示文本"):
            assert words in ahead.text, words
        # Nothing was kept so far.
        assert (await clerk.api.get("/v1/penalties/reviews?state=draft&mine=true")).json()["items"] == []

        kept = await clerk.send("/console/penalties/new", **DECISION, act="save")
        assert kept.status_code == 303, kept.text
        home = kept.headers["location"].split("?")[0]
        assert (await record_at(clerk, home))["fine_fen"] == 500_000
        twice = await clerk.send("/console/penalties/new", **DECISION)
        assert twice.status_code == 409
        assert "该决定书文号对该主体已有记录" in twice.text
        start = await clerk.browser.get("/console")
        assert "<strong>1</strong> <span>我的处罚草稿" in start.text
        assert NAME in (await clerk.browser.get("/console/penalties?state=draft&mine=yes")).text

        # Two windows on one draft: who comes second is told what changed and keeps what he typed.
        slow = typed(await clerk.browser.get(f"{home}/edit"))
        assert (await clerk.fill(f"{home}/edit", violation_type="商业贿赂")).status_code == 303
        late = await clerk.browser.post(f"{home}/edit", data=slow | {"title": "迟到的标题"})
        assert late.status_code == 412
        for words in ("有人改过这条记录", "录入员甲", "违法行为类型", 'value="迟到的标题"'):
            assert words in late.text, words
        settled = await clerk.browser.post(f"{home}/edit", data=typed(late) | {"act": "submit"})
        assert settled.status_code == 303, settled.text
        record = await record_at(clerk, home)
        assert (record["state"], record["title"], record["violation_type"]) == ("submitted", "迟到的标题", "虚假宣传")
        assert record["own"]["redactions"]["violation_facts"]

        # The clerk is offered nothing more; the reviewer returns it, with words that do no harm.
        assert f'href="{home}/approve"' not in (await clerk.browser.get(home)).text
        assert (await clerk.browser.get(f"{home}/approve")).status_code == 403
        assert (await reviewer.fill(f"{home}/return", reason="")).status_code == 422
        assert (await reviewer.fill(f"{home}/return", reason=SCRIPT)).status_code == 303
        seen = await clerk.browser.get(home)
        assert "&lt;script&gt;" in seen.text
        assert "<script>document" not in seen.text
        assert (await clerk.fill(f"{home}/submit")).status_code == 303

        page = await reviewer.browser.get(f"{home}/approve")
        assert "<mark" in page.text  # the telephone number in the text as served
        assert "当事人（联系电话[已隐去:电话]）作虚假宣传。" in page.text
        notes = {f"note-{point}": "已核对" for point in points_of(page)}
        unsigned = await reviewer.fill(f"{home}/approve", **notes, signed=points_of(page)[1:])
        assert unsigned.status_code == 422
        assert "请逐项签核" in unsigned.text
        assert (await reviewer.fill(f"{home}/approve", **notes, signed=points_of(page))).status_code == 303

        # What goes out asks for the key again, and for one's own.
        for key, status in (("", 401), (clerk.key, 403), ("xy_falsch", 401)):
            assert (await reviewer.fill(f"{home}/publish", key=key)).status_code == status
        assert (await record_at(reviewer, home))["state"] == "approved"
        preview = await reviewer.browser.get(f"{home}/publish")
        assert "立即公示：" in preview.text
        assert (await reviewer.fill(f"{home}/publish", key=reviewer.key)).status_code == 303
        record = await record_at(reviewer, home)
        assert (record["state"], record["public"]) == ("published", True)
        assert "13812345678" not in record["violation_facts"]

        # A correction, by the clerk, put in force by the reviewer.
        nothing = await clerk.fill(f"{home}/propose-correction", nature="content", reason="更正")
        assert nothing.status_code == 422
        assert "没有改动任何内容" in nothing.text
        proposed = await clerk.fill(
            f"{home}/propose-correction", nature="content", reason="文号有误", document_no="渝星市监罚〔2026〕18号"
        )
        assert proposed.status_code == 303, proposed.text
        page = await reviewer.browser.get(f"{home}/correct")
        assert "渝星市监罚〔2026〕17号</del>" in page.text
        notes = {f"note-{point}": "已核对" for point in points_of(page)}
        done = await reviewer.fill(f"{home}/correct", **notes, signed=points_of(page), key=reviewer.key)
        assert done.status_code == 303, done.text
        assert (await record_at(reviewer, home))["document_no"] == "渝星市监罚〔2026〕18号"

        # Suspended and resumed, then moved to the right firm: hidden here at once.
        assert (
            await reviewer.fill(f"{home}/suspend", ground="order_of_court", reason="裁定", basis="示例1号")
        ).status_code == 303
        assert (await reviewer.fill(f"{home}/resume", reason="裁定已解除", key=reviewer.key)).status_code == 303
        assert (await clerk.fill(f"{home}/recall", cause="wrong_firm", reason="挂错企业")).status_code == 303
        assert (await record_at(reviewer, home))["public"] is False
        moved = await clerk.fill(
            f"{home}/move", to_uscc=OTHER_FIRM, party_name="重庆云溪食品有限公司", reason="挂错企业"
        )
        assert moved.status_code == 303, moved.text
        assert f"/{OTHER_FIRM}/" in moved.headers["location"]
        there = moved.headers["location"].split("?")[0]
        withdrawn = await reviewer.fill(
            f"{there}/withdraw",
            fall="revoked",
            reason="经复议撤销",
            basis="示例2号",
            fell_on="2026-11-20",
            notice_until="2027-02-20",
        )
        assert withdrawn.status_code == 303, withdrawn.text
        history = (await reviewer.browser.get(home)).text
        for words in ("改挂企业", "紧急撤下", "核准更正", "录入员甲", "审核员乙"):
            assert words in history, words


def test_amounts_as_people_type_them() -> None:
    for text, fen in (("", None), ("5000", 500_000), ("5，000.5元", 500_050), ("0", 0), ("1,234,567.89", 123_456_789)):
        assert read_yuan(text) == fen
    for text in ("x", "-1", "1.234", "NaN", "1e30", "Infinity"):
        try:
            read_yuan(text)
        except ValueError:
            continue
        raise AssertionError(text)

"""A penalty's day at the console, with the API as witness: recorded, returned, changed by two, approved, published, recalled."""

import re
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


async def hire(offices: Offices, stack: AsyncExitStack, role: Role, name: str, *, authority: str = AUTHORITY) -> Desk:
    return await seat(stack, offices.app, await make_key(offices.database, role, authority_code=authority, name=name))


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


async def test_several_are_approved_at_once_and_what_needs_a_look_says_why(database: Database) -> None:
    async with open_offices(database, fill=make_office) as offices, AsyncExitStack() as stack:
        clerk = await hire(offices, stack, Role.RECORDER, "录入员甲", authority="cq-commerce")
        reviewer = await hire(offices, stack, Role.REVIEWER, "审核员乙", authority="cq-commerce")
        homes = []
        for number in range(1, 6):
            changes = {"document_no": f"渝星商务罚〔2026〕{number}号", "violation_facts": "当事人作虚假宣传。"}
            changes |= {"kinds": "confiscation_gains", "fine": "", "penalty_content": "没收违法所得800元"}
            changes |= {4: {"violation_facts": "电话13812345678"}, 5: {"served_on": ""}}.get(number, {})
            sent = await clerk.send("/console/penalties/new", **DECISION | changes, act="submit")
            assert sent.status_code == 303, sent.text
            homes.append(sent.headers["location"].split("?")[0])
        ids = [home.rsplit("/", 1)[1] for home in homes]
        assert f"/console/documents/penalty/{FIRM}/{ids[0]}/attach" in (await clerk.browser.get(homes[0])).text
        for one in ids:  # the decision itself, without which there is something to look at
            path = f"/console/documents/penalty/{FIRM}/{one}/attach"
            file = {"file": ("决定书.txt", ("决定书" * 900_000 if one == ids[0] else "决定书").encode(), "text/plain")}
            filed = await clerk.browser.post(path, data={"form": clerk.token, "kind": "decision"}, files=file)
            assert (filed.status_code, filed.headers["location"]) == (303, f"{path}?done=yes"), filed.text
        shown = await clerk.browser.get(f"{path}?done=yes")
        assert "附件已添加" in shown.text
        (link,) = re.findall(rf'href="(/console/documents/{FIRM}/{ids[-1]}/[^"/]*)">决定书.txt', shown.text)
        assert (await clerk.browser.get(link)).text == "决定书"
        for kind, file, words in (
            ("decision", {"file": ("a.exe", b"MZ\x00", "text/plain")}, "仅接受 PDF、图片或者 UTF-8 文本"),
            ("summary", {"file": ("a.txt", "电话13812345678".encode(), "text/plain")}, "公开文本含个人信息"),
            ("decision", {"other": ("a.txt", b"a", "text/plain")}, "请选择文件"),
        ):
            refused = await clerk.browser.post(path, data={"form": clerk.token, "kind": kind}, files=file)
            assert (refused.status_code, words in refused.text) == (422, True), words
            assert f'value="{kind}" selected' in refused.text
        foreign = await clerk.browser.post(path, data={"form": "0" * 64}, files=file)
        assert foreign.status_code == 403
        assert 'href="/console/reviews"' in (await reviewer.browser.get("/console/penalties?state=submitted")).text
        page = await reviewer.browser.get("/console/reviews")
        records = re.findall(r'name="record" value="([^"]*)"', page.text)
        assert sorted(one.split("/")[1] for one in records) == sorted(ids[:3])
        for words in ("须单独审核（2 条）", "“违法事实”公示时使用处理后的文本", "未填“送达日期”"):
            assert words in page.text, words
        eyes = points_of(page)
        nothing = await reviewer.send("/console/reviews", signed=eyes)
        assert (nothing.status_code, "请至少选择一条记录" in nothing.text) == (422, True)
        unsigned = await reviewer.send("/console/reviews", record=records[:1], signed=eyes[1:])
        assert (unsigned.status_code, "只能由人判断的各项" in unsigned.text) == (422, True)
        assert f'value="{records[0]}" checked' in unsigned.text
        assert (await reviewer.send("/console/reviews", record="x/y/z", signed=eyes)).status_code == 422

        # The same by the API: each record has its own outcome, and nobody approves what he recorded.
        versions = [(await record_at(clerk, home))["version_no"] for home in homes]
        asked = [{"uscc": FIRM, "id": one, "version_no": no} for one, no in zip(ids, versions, strict=True)]
        asked[1] = asked[1] | {"version_no": 1}
        path, body = "/v1/penalties/reviews/bulk", {"records": [*asked[:2], *asked[3:]], "signed": eyes}
        assert (await clerk.api.post(path, json=body)).status_code == 403
        short = await reviewer.api.post(path, json=body | {"signed": eyes[1:]})
        assert (short.status_code, short.json()["unsigned"]) == (422, eyes[:1])
        done = (await reviewer.api.post(path, json=body)).json()["items"]
        codes = [None, "version_mismatch", "needs_a_look", "needs_a_look"]
        assert [(one["approved"], one["code"]) for one in done] == [(code is None, code) for code in codes]
        left = [[point["id"] for point in one["points"]] for one in done[2:]]
        assert left == [["personal_data", "decision_document"], ["service"]]
        approved = await record_at(reviewer, homes[0])
        assert (approved["state"], approved["version_no"]) == ("approved", done[0]["version_no"])
        assert (approved["own"]["act"]["in_bulk"], set(eyes) < set(approved["own"]["act"]["signed"])) == (True, True)

        by_id = {one.split("/")[1]: one for one in records}
        sent = await reviewer.send("/console/reviews", record=[by_id[ids[0]], by_id[ids[1]]], signed=eyes)
        assert "所选 2 条中，1 条审核通过" in sent.text
        states = [(await record_at(reviewer, home))["state"] for home in homes]
        assert states == ["approved", "approved", "submitted", "submitted", "submitted"]


def test_amounts_as_people_type_them() -> None:
    for text, fen in (("", None), ("5000", 500_000), ("5，000.5元", 500_050), ("0", 0), ("1,234,567.89", 123_456_789)):
        assert read_yuan(text) == fen
    for text in ("x", "-1", "1.234", "NaN", "1e30", "Infinity"):
        try:
            read_yuan(text)
        except ValueError:
            continue
        raise AssertionError(text)

"""What the review of a penalty found, said in Chinese; the review itself says it in English, for programs and logs."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from service.web.rules import WORDS, Language, Words, say_citation, say_day, say_money

Say = Callable[[re.Match[str]], str]

_FIELDS: Final = {
    "party_name": "当事人名称", "document_no": "决定书文号", "title": "决定书名称", "violation_type": "违法行为类型",
    "violation_facts": "违法事实", "legal_basis": "处罚依据", "penalty_content": "处罚内容", "kinds": "处罚种类",
    "decided_on": "决定日期", "valid_until": "处罚有效期", "served_on": "送达日期", "publication_told_on": "公示告知日期",
    "repair_notice_served_on": "修复告知书送达日期", "permit_affected": "涉及的许可证件", "fine_fen": "罚款金额",
    "confiscation_fen": "没收金额", "restriction_until": "限制截止日",
}  # fmt: skip
_CHANNELS: Final = {"gsxt": "企业信用信息公示系统", "credit_china": "信用中国"}
_TIERS: Final = {"minor": "轻微", "general": "一般", "serious": "严重"}
_FLAGS: Final = {
    "threshold_unknown": "当地“较低数额罚款”的标准尚未录入",
    "order_107_over_45": "市场监管总局令第107号与第45号规定不一，取较短的期限",
    "display_exception": "依特别规定公示",
    "stated_end_shortens": "来源载明的截止日较早，从其规定",
}


#: How the rulebook says on what a tier rests.
_BASES: Final = {
    "neither minor nor on a confirmed list of serious kinds": "不属于轻微，也不在已确认的严重情形之列",
    "the threshold between the tiers is not known for this authority": "当地“较低数额罚款”的标准尚未录入",
    "no kind of penalty is stated": "未填处罚种类",
    "a kind that no tier names": "该处罚种类未归入任何档次",
    "no date starts the clock": "缺少起算日期",
    "no row is in force": "没有适用的规则",
    "summary procedure": "简易程序",
}


def say_basis(basis: str | None, language: Language) -> str:
    """Return on what a tier rests, in the language of the page; what has no Chinese form stays as it is."""
    return (_BASES.get(basis or "") if language is Language.ZH else None) or basis or ""


def _field(name: str) -> str:
    return _FIELDS.get(name, name)


def _kind(name: str, words: Words = WORDS) -> str:
    return words[f"kind.{name}"]["zh"] if f"kind.{name}" in words else name


def _day(text: str) -> str:
    return say_day(date.fromisoformat(text), Language.ZH)


def _money(text: str) -> str:
    return say_money(int(text), Language.ZH)


_PARTIES: Final = {"organization": "企业和其他组织", "sole_trader": "个体工商户"}
_HEAVY: Final = {
    "a fine under the heavier step (从重) of the discretion benchmark": "按裁量基准从重处罚的罚款",
    "qualification lowered, permit or business licence revoked": "降低资质等级、吊销许可证件或者营业执照",
    "business restricted, stopped or closed, or an occupation barred": "限制开展生产经营活动、责令停产停业、责令关闭或者限制从业",
}
#: What the test of a list found of an entry.
_OF_ENTRIES: Final[tuple[tuple[str, Say], ...]] = (
    (r"type of party: (\w+)", lambda m: _PARTIES.get(m[1], m[1])),
    (r"(grounds|legal basis|evidence) stated", lambda _: "已填写"),
    (r"(grounds|legal basis|evidence) missing", lambda _: "未填写"),
    (r"nothing found", lambda _: "未发现"),
    (r"the grounds hold personal data: redact", lambda _: "列入事由含有个人信息，请处理"),
    (r"ground missing; one of .*", lambda _: "未选择法定情形"),
    (
        r"ground (\w+); one of (.*)",
        lambda m: "已选择该名单的情形" if m[1] in m[2].split(", ") else "所选情形不属于该名单",
    ),
    (r"not stated", lambda _: "未填写"),
    (r"no such evidence", lambda _: "没有此类证据"),
    (r"(.*) \(penalty [0-9a-f-]{36}\)", lambda m: _HEAVY.get(m[1], m[1])),
    (
        r"(\d+) of (\d+) supporting penalties stand, none of them heavy",
        lambda m: f"关联的 {m[2]} 项处罚中有 {m[1]} 项有效，均不属于较重处罚",
    ),
)


_D: Final = r"(\d{4}-\d\d-\d\d)"
_SAID: Final[tuple[tuple[re.Pattern[str], Say], ...]] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (
            r"(\w+) is missing \(for (.*)\)",
            lambda m: f"缺少“{_field(m[1])}”（{'、'.join(_CHANNELS.get(one, one) for one in m[2].split(', '))}需要）",
        ),
        (
            r"(\w+): (\d+) place\(s\) that the scan marks; redact it",
            lambda m: f"“{_field(m[1])}”中有 {m[2]} 处个人信息，请处理",
        ),
        (r"(\w+) is shown redacted", lambda m: f"“{_field(m[1])}”公示时使用处理后的文本"),
        (r"no number can be read in .*", lambda _: "没有可识别的文号"),
        (r"read as (.*) \(.*\)", lambda m: f"识别为“{m[1]}”"),
        (r"(\w+) without (\w+)", lambda m: f"选了“{_kind(m[1])}”，未填“{_field(m[2])}”"),
        (r"a fine of \d+ fen without the kind fine", lambda _: "填了罚款金额，未选“罚款”"),
        (r"an amount confiscated without a kind of confiscation", lambda _: "填了没收金额，未选没收的种类"),
        (
            r"the text reads as a fine of (\d+) fen, the field says (\d+)",
            lambda m: f"处罚内容中的罚款是{_money(m[1])}，金额栏是{_money(m[2])}",
        ),
        (r"(\w+) is not recorded", lambda m: f"未填“{_field(m[1])}”"),
        (rf"(\w+) {_D} lies in the future", lambda m: f"“{_field(m[1])}”{_day(m[2])}晚于今天"),
        (rf"(\w+) {_D} lies before the decision", lambda m: f"“{_field(m[1])}”{_day(m[2])}早于决定日期"),
        (rf"on {_D}", lambda m: _day(m[1])),
        (rf"from {_D} to {_D} by (\S+) \(.*\)", lambda m: f"{_day(m[1])}至{_day(m[2])}，规则 {m[3]}"),
        (rf"from {_D} to its removal by (\S+) \(.*\)", lambda m: f"{_day(m[1])}起，直至移出，规则 {m[2]}"),
        (r"flag (\w+)", lambda m: _FLAGS.get(m[1], f"标记 {m[1]}")),
        (r"no decision in a form that may be shown is attached", lambda _: "未附可以公开的决定书文本"),
        (r"undecided: .*", lambda _: "档次未定：请核对事实，或请规则管理员录入当地标准；在此之前不公示，期限照常计算"),
        (r"(minor|general|serious): .*", lambda m: _TIERS[m[1]]),
        (
            r"not shown: .* \(rule (.*)\); .*",
            lambda m: f"按规则不公示（{say_citation(m[1], Language.ZH)}）；可以审核，不能公示",
        ),
        *_OF_ENTRIES,
        (rf"its time was over on {_D}", lambda m: f"公示期已于{_day(m[1])}届满"),
    )
)


def say_found(found: str, language: Language) -> str:
    """Return what a point of the review found in the language of the page; what has no Chinese form stays as it is."""
    if language is Language.ZH:
        for pattern, said in _SAID:
            match = pattern.fullmatch(found)
            if match is not None:
                return said(match)
    return found

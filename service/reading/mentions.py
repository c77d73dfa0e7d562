"""Which part each amount in a penalty text plays, told from the words round it.

A text names many sums that are no fine: the investment that a percentage is taken of, the value of goods, the limits of
the statute, the amount first proposed, the surcharge for late payment, the same amount again in figures. The word nearest
before an amount usually says what it is; a few words behind it overrule that.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

from service.reading.money import MENTION, Money, compact, money_of
from service.reading.numerals import NUMERAL, NUMERAL_CHARS, read_numeral
from service.reading.sentinels import without_noise


class Role(StrEnum):
    """What an amount in a penalty text is."""

    FINE = "fine"
    CONFISCATION = "confiscation"
    COMBINED = "combined"
    PERSON = "person"
    PROPOSED = "proposed"
    PAYMENT = "payment"
    UNNAMED = "unnamed"
    REPEATED = "repeated"
    PART = "part"
    BASE = "base"
    LIMIT = "limit"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Mention:
    """One amount in a text: `[start, end)` in the text as given, its fen (None: unreadable) and its role.

    `is_total` marks a sum of others (合计). `in_words` tells Chinese numerals from figures.
    """

    start: int
    end: int
    fen: int | None
    role: Role
    is_total: bool = False
    in_words: bool = False
    doubt: str | None = None


_RATE: Final = rf"(?:[百千]分之{NUMERAL}|{NUMERAL}(?:[%‰]|倍|成(?!立)))"
_WORD: Final = re.compile(
    r"(?P<waived>免[除予于]|不予|不再|减免)"
    r"|(?P<late>加处(?:罚款)?|滞纳金|逾期)"
    r"|(?P<confiscation>(?:没收|收缴|罚没)[^,;:。()]{0,12}?(?:[违非]法)?(?:所得|收入|获利)|没收款|没收:?$|没收(?:金额|[违非]法财物金额))"
    r"|(?P<property>没收|退[还赔回]|赔偿|补缴|追缴|返还|责令[^,;。]{0,6}缴[纳存]|扣押|查封)"
    r"|(?P<combined>罚没|没收[^;。]{0,20}(?:罚款|罚金)[^;。]{0,6}?[合共总]计)"
    rf"|(?P<fine>罚款|罚金|处罚|处以|[并拟另]?处|罚|给予|{_RATE}|减[至为少轻]+(?:为|至)?|变更为|更正为|改为)"
    r"|(?P<base>投资|货值|[货价工][值款格]|单价|[售进标定]价|销售|营业|经营额|收入|收取|收费|获利|利润|所得|成本|税款|欠缴|合同|评估|注册资|标的"
    r"|造价|保证金|押金|费用|租金|工资|奖金|金额为|案值|支付|购[进买]|[每按]|不足|超过|[不]?低于|不高于|最高|最低|至少|余额|存款|贷款|资产)"
)
_TOTAL: Final = re.compile(r"[共合总累]计|[总合]共|共(?=处|罚)|合并|综上|以上[^,;。]{0,4}项")
_PROPOSED: Final = re.compile(r"告知|拟(?:处|对|作|给|罚|决定)|听证|陈述|申辩|原(?:处|罚|决定)|可以?处|应当?处")
_DECIDED: Final = re.compile(
    r"(?:现|最终|最后|遂|故|综上|因此)[^;。]*(?:决定|处)|决定(?!书)|如下[^;。]*处罚|改为|变更为|减[至为]"
)
_PAYMENT: Final = re.compile(r"缴[纳至到清款]|交[纳至到清]|汇[至到入]|已[缴交付]|缴存|收到本")
_PERSON: Final = re.compile(r"责任人|负责人|法定代表人|法人代表|主管人员|责任人员|直接责任|经营者个人|对个人")
_LINK: Final = re.compile(
    r"[,:;。.、]*(?:人民币|元|整|正|的?罚款|的?处罚)*[,:;。.、]*"
    r"(?:[(][(]?|即|计|合(?!计)|折合|也就是|大写|小写)(?:大写|小写|即|计|人民币|罚款|为|处|¥|[:,()])*"
)
_BEHIND_LIMIT: Final = re.compile(
    r"[)整元]*的?(?:以[上下内]|之[内间]|[至到\-~～—](?=[0-9" + NUMERAL_CHARS + r"])|/|每|左右|为限|封顶)"
)
_BEHIND_CITED: Final = re.compile(r"[^,;。]{0,6}的规定|[^,;。]{0,6}之规定|[^,;。]{0,6}标准")
_BEHIND_FINE: Final = re.compile(
    r"[)整正元]*(?:人民币)?[)整]*(?:的?行政)?的?(?:罚款|罚金|处罚)|[整元)]*[,、]?(?:予以|给予)(?:罚款|处罚)"
)
_BEHIND_CONFISCATION: Final = re.compile(r"[整元)]*(?:依法)?(?:予以|全部|并)?(?:没收|收缴)")
_BEHIND_PAYMENT: Final = re.compile(r"[整元)]*[^,;。]{0,6}(?:缴[至到纳入]|交[至到纳]|汇[至到入]|已缴)")
_BEHIND_RANGE: Final = re.compile(rf"[至到\-~～—]{NUMERAL}")
_BARE_END: Final = re.compile(r"[,;。:)、]|$|人民币|的?罚|的?行政|并|及|责令")
_BARE_BEGIN: Final = re.compile(
    r"(?:罚款|罚金|处罚|处以|处|没收[^,;。]{0,8}所得)(?:金额|数额|共?计|为)?(?:大写)?(?:\(万?元\))?[:()]*$"
)
_UNIT_AHEAD: Final = re.compile(r"\((?:单位[:]?)?(?P<unit>万?)元\)[:]?$")
_QUOTED: Final = re.compile(r"[“\"「『][^“”\"「」『』]*[”\"」』]|《[^《》]*》")
_PERCENT: Final = re.compile(rf"(?P<base>百|千)分之(?P<words>{NUMERAL})|(?P<figures>{NUMERAL})(?P<sign>[%‰])")
_RAN_TOGETHER: Final = re.compile(r"[百千]分之$")
_LIMIT_AHEAD: Final = re.compile(r"以[上下][^,;。]{0,2}$|[至到\-~～—]$")
_WAIVED: Final = re.compile(r"免[除予于]|不予")
_FINE_WORD: Final = re.compile(r"罚款|罚金")
_PER_UNIT: Final = re.compile(r"每[日天月吨人次户辆台件个亩平立][^,;。]{0,4}$")
_REPLACED: Final = re.compile(r"减[至为轻少]|变更为|更正为|改为")
_OTHER_UNIT: Final = re.compile(r"[%‰倍成年月日条款项号]")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the spelling that amounts are read in; `places[i]` is where its i-th character stood in the original."""

    plain: str
    places: range | list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span `[start, end)` of `plain` as a span of the original text."""
        return self.places[start], self.places[end - 1] + 1


def spelled(text: str) -> Text:
    """Return `text` in one spelling: half width, no blanks or noise, a line break as `;`."""
    lines = text.strip().replace("\r\n", " \n").replace("\n", "；").replace("\r", "；")
    offset = len(text) - len(text.lstrip())
    plain = compact(lines)
    if len(plain) == len(lines):
        return Text(plain, range(offset, offset + len(plain)))
    kept = [place + offset for place, char in enumerate(lines) if without_noise(char) and not char.isspace()]
    return Text(plain, kept)


def mentions_of(text: Text) -> tuple[Mention, ...]:
    """Return the amounts of a penalty text in their order, each with its role. What counts as an amount: `_is_amount`."""
    plain = text.plain
    quoted = [match.span() for match in _QUOTED.finditer(plain)]
    found: list[Mention] = []
    spans: list[tuple[int, int]] = []
    listing_parts = False
    for match in MENTION.finditer(plain):
        start, end = match.span()
        before = plain[spans[-1][1] if spans else 0 : start]
        repeats = bool(found) and _LINK.fullmatch(before) is not None
        if not _is_amount(plain, match, repeats=repeats and before.endswith("(")):
            continue
        money, in_words = _money(plain, match), not match["number"][0].isdecimal()
        if any(first < start and end <= last for first, last in quoted):
            role, is_total = Role.LIMIT, False
        elif repeats and found[-1].role not in {Role.LIMIT, Role.PART}:
            role, is_total = (Role.BASE if found[-1].role is Role.BASE else Role.REPEATED), False
        else:
            role, is_total = _role(plain, before, start, end)
            listing_parts = "其中" in before or (listing_parts and ")" not in before and "。" not in before)
            if listing_parts and role is Role.FINE:
                role = Role.PART
        spans.append((start, end))
        first, last = text.original(start, end)
        mention = Mention(
            first, last, money.fen if money else None, role, is_total, in_words, money.doubt if money else None
        )
        if role is Role.REPEATED and mention.fen != found[-1].fen:
            _settle_by_words(found, mention)
        else:
            found.append(mention)
    return tuple(_without_proposals(plain, found, spans))


def _settle_by_words(found: list[Mention], again: Mention) -> None:
    """Append `again`, which contradicts the amount it repeats: the one in words counts, else the first one."""
    first = found[-1]
    counts_second = again.in_words and not first.in_words
    doubt = "contradiction_in_text"
    if counts_second:
        found[-1] = replace(first, role=Role.REPEATED)
        found.append(replace(again, role=first.role, is_total=first.is_total, doubt=doubt))
    else:
        found[-1] = replace(first, doubt=doubt)
        found.append(again)


def _money(plain: str, match: re.Match[str]) -> Money | None:
    money = money_of(match)
    if money and not match["yuan"]:
        ahead = _UNIT_AHEAD.search(plain, max(0, match.start() - 10), match.start())
        if ahead and ahead["unit"]:
            return replace(money, fen=money.fen * 10**4)
    if money is None and _RAN_TOGETHER.search(plain, max(0, match.start() - 3), match.start()):
        # 百分之一三千元: the rate and the amount ran together.
        number = match["number"]
        for cut in range(1, len(number)):
            numeral = read_numeral(number[cut:])
            if read_numeral(number[:cut]) and numeral:
                return Money(int(numeral.value * 100), "irregular_writing")
    if money and plain.startswith(",", match.end()) and plain[match.end() + 1 : match.end() + 2].isdecimal():
        return replace(money, doubt="unusual_separator")
    return money


def _is_amount(plain: str, match: re.Match[str], *, repeats: bool) -> bool:
    start, end = match.span()
    number, behind = match["number"], plain[end : end + 6]
    if not number.strip("百佰千仟万亿"):
        return False
    if match["yuan"] or match["foreign"] or match["unit"]:
        return True
    if match["mark"] and "¥" not in match["mark"] and "人民币" not in match["mark"] and not match["whole"]:
        return False
    closes = _BARE_END.match(behind) is not None
    if match["whole"] or match["mark"] or repeats:
        return closes or bool(match["whole"])
    if _OTHER_UNIT.match(behind) or not closes:
        return False
    if number[-1] in "万亿":
        return True
    begins = _BARE_BEGIN.search(plain, max(0, start - 24), start)
    if begins is None or behind[:1] == "、":
        return False
    # 处罚：1，罚款… and 处罚（二）…: a list begins, not an amount.
    numeral = read_numeral(number)
    return numeral is not None and (numeral.value >= 50 or _UNIT_AHEAD.search(begins.group()) is not None)


def _role(plain: str, before: str, start: int, end: int) -> tuple[Role, bool]:
    behind = plain[end : end + 24]
    sentence = before[max(before.rfind("。"), before.rfind(";")) + 1 :]
    clause = sentence[max(sentence.rfind(","), sentence.rfind(":")) + 1 :]
    if _BEHIND_LIMIT.match(behind) or _BEHIND_RANGE.match(behind) or _BEHIND_CITED.match(behind):
        return Role.LIMIT, False
    last = None
    for word in _WORD.finditer(before):
        last = word
    kind = last.lastgroup if last else None
    totals = _TOTAL.search(before) is not None
    if _LIMIT_AHEAD.search(before) and start and kind != "fine":
        return Role.LIMIT, False
    if kind == "late":
        return Role.LIMIT, False
    if kind == "waived" or _WAIVED.search(clause):
        return Role.WAIVED, False
    if _BEHIND_CONFISCATION.match(behind) or kind == "confiscation":
        if totals and _FINE_WORD.search(before):
            return Role.COMBINED, True
        return Role.CONFISCATION, totals
    if kind == "combined" or (totals and "没收" in before and _FINE_WORD.search(sentence)):
        return Role.COMBINED, True
    if kind in {"base", "property"} and not _BEHIND_FINE.match(behind):
        return Role.BASE, False
    if kind == "fine" and _PER_UNIT.search(before):
        return Role.BASE, False
    is_fine = kind == "fine" or _BEHIND_FINE.match(behind)
    if _PERSON.search(clause) and (is_fine or kind is None):
        return Role.PERSON, totals
    if _PAYMENT.search(sentence) or _BEHIND_PAYMENT.match(behind):
        return Role.PAYMENT, totals
    return (Role.FINE if is_fine or totals else Role.UNNAMED), totals


def _without_proposals(plain: str, found: list[Mention], spans: list[tuple[int, int]]) -> list[Mention]:
    """Mark fines that a notice only announced, when a decision follows them."""
    result = list(found)
    fines = [i for i, mention in enumerate(found) if mention.role is Role.FINE]
    for this, following in pairwise(fines):
        before = plain[spans[this - 1][1] if this else 0 : spans[this][0]]
        sentence = before[max(before.rfind("。"), before.rfind(";")) + 1 :]
        between = plain[spans[this][1] : spans[following][0]]
        if _REPLACED.search(between) or (_PROPOSED.search(sentence) and _DECIDED.search(between)):
            result[this] = replace(found[this], role=Role.PROPOSED)
    return result


def stated_percentages(text: Text) -> tuple[tuple[int, int, int], ...]:
    """Return the rates in a text as (place in the original, numerator, denominator): 百分之一点 and 1.9% alike."""
    rates = []
    for match in _PERCENT.finditer(text.plain):
        numeral = read_numeral(match["words"] or match["figures"])
        if numeral:
            divisor = 1000 if match["base"] == "千" or match["sign"] == "‰" else 100
            numerator, denominator = (numeral.value / divisor).as_integer_ratio()
            rates.append((text.original(*match.span())[0], numerator, denominator))
    return tuple(rates)

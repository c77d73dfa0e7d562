import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from service.reading.mentions import Mention, Role, Text, mentions_of, spelled, stated_percentages
from service.reading.money import Comparison, compare, read_clerk_amount, read_money
from service.reading.sentinels import is_blank

__all__ = ["AmountReading", "Comparison", "Stated", "compare", "read_amount", "read_clerk_amount", "read_money"]

Stated = Literal["amount", "not_stated", "no_fine", "unreadable"]

_NO_PENALTY: Final = re.compile(
    r"(?:不予|不再|免[予于除])(?:行政)?(?:处罚|罚款)|不[处罚]罚?款|未(?:予|作)?(?:行政)?处罚|撤销(?:案件|立案)"
)
_FINE_WORD: Final = re.compile(
    r"(?<!加处)(?<!缴纳)罚款|罚金|款项未|处罚(?!决定|法|依据|机关|基准|裁量|通知|告知|听证|种类|类别)"
)
_IGNORED: Final = re.compile(r"《[^《》]*》?|“[^“”]*”|逾期[^。;]*|每日[^。;,]*加处罚款")
_MEASURE: Final = re.compile(
    r"责令|责成|停止|停产|停建|停业|改正|整改|整治|限期|查封|扣押|警告|通报|批评|吊销|暂扣|没收|移送|移交|拘留|关闭|拆除|恢复|取缔|备案|不得|禁止|限制"
    r"|降低|完善|补办|清理|立案|约谈|教育|训诫|收缴|销毁"
)
_UNKNOWN: Final = re.compile(r"未标明|未注明|未载明|未说明|不详|未知|不明")


@dataclass(frozen=True, slots=True)
class AmountReading:
    """The money in the text of one penalty, in fen.

    `fine_fen` is the fine, `confiscation_fen` the confiscated gains; None is unknown or absent, never zero by default.
    `stated` speaks of the fine: `amount` (read), `not_stated` (a fine without a readable sum, or the text says that it is
    unknown), `no_fine` (measures only, or an exemption), `unreadable`. `spans` are all amounts of the text in order, with
    their roles. `flags` are doubts that a person should look at.
    """

    fine_fen: int | None
    confiscation_fen: int | None
    stated: Stated
    spans: tuple[Mention, ...] = ()
    flags: tuple[str, ...] = ()


def read_amount(text: str | None) -> AmountReading:
    """Return the fine and the confiscated gains that a whole penalty text states.

    A total (合计) prevails over its items; items without a total are added and flagged `summed`. An amount in words
    followed by the same in figures counts once. Flags: `contradiction_in_text` (the two differ; the words count),
    `sum_differs` (items do not add up to the total), `percent_differs` (the amount is not the stated share of the stated
    investment), `percent_only` (a share without an amount), `combined_total` (fine and confiscation in one sum),
    `fine_on_person` (a fine on somebody responsible, not counted), `other_amounts` (a proposed or paid amount differs),
    `no_fine_word` (no word says that the amount is a fine), and the doubts of `money.Money`.
    """
    if text is None or is_blank(text):
        return AmountReading(None, None, "not_stated")
    spelling = spelled(text)
    spans = mentions_of(spelling)
    flags: list[str] = [span.doubt for span in spans if span.doubt and span.role is not Role.LIMIT]
    confiscation = _confiscation(spans, flags)
    fine = _fine(spans, flags)
    if fine is not None:
        flags.extend(_share(text, spelling, spans, fine) if "投资" in text else ())
        return AmountReading(fine, confiscation, "amount", spans, _once(flags))
    stated = _without_amount(spelling.plain, spans, flags)
    return AmountReading(None, confiscation, stated, spans, _once(flags))


def _once(flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flags))


def _readable(spans: Iterable[Mention], *roles: Role) -> list[Mention]:
    return [span for span in spans if span.role in roles and span.fen is not None]


def _added(items: list[Mention], flags: list[str]) -> int | None:
    totals = [item for item in items if item.is_total]
    single = [item.fen or 0 for item in items if not item.is_total]
    if totals:
        total = totals[-1].fen or 0
        if len(single) > 1 and sum(single) != total:
            flags.append("sum_differs")
        if len({item.fen for item in totals}) > 1:
            flags.append("several_totals")
        return total
    if len(single) > 1:
        flags.append("summed")
    return sum(single) if single else None


def _confiscation(spans: tuple[Mention, ...], flags: list[str]) -> int | None:
    return _added(_readable(spans, Role.CONFISCATION), flags)


def _fine(spans: tuple[Mention, ...], flags: list[str]) -> int | None:
    if any(span.fen is None and span.role is Role.FINE for span in spans):
        flags.append("unreadable_amount")
    if any(span.role is Role.PERSON for span in spans):
        flags.append("fine_on_person")
    fines = _readable(spans, Role.FINE)
    others = _readable(spans, Role.PROPOSED, Role.PAYMENT)
    combined = _readable(spans, Role.COMBINED)
    confiscated = sum(span.fen or 0 for span in _readable(spans, Role.CONFISCATION))
    if confiscated and len(fines) > 1:
        # 以上合计 behind a fine and a confiscation is the sum of both.
        singles = sum(span.fen or 0 for span in fines if not span.is_total)
        fines = [span for span in fines if not (span.is_total and span.fen == singles + confiscated)]
    if fines:
        fine = _added(fines, flags)
        if any(span.fen not in {fine, *(item.fen for item in fines)} for span in others):
            flags.append("other_amounts")
        if combined and (combined[-1].fen or 0) != (fine or 0) + confiscated:
            flags.append("sum_differs")
        return fine
    if combined:
        flags.append("combined_total")
        return (combined[-1].fen or 0) - confiscated if confiscated else None
    for role in (Role.PROPOSED, Role.PAYMENT, Role.PERSON, Role.UNNAMED):
        fallback = _readable(spans, role)
        if fallback:
            if role is Role.UNNAMED and len(fallback) > 1:
                flags.append("no_fine_word")
            return _added(fallback, flags)
    return None


def _share(text: str, spelling: Text, spans: tuple[Mention, ...], fine: int) -> list[str]:
    bases = [
        span
        for span in spans
        if span.role is Role.BASE and span.fen and "投资" in text[max(0, span.start - 8) : span.start]
    ]
    fines = [span for span in spans if span.role is Role.FINE and span.fen is not None]
    rates = stated_percentages(spelling) if bases else ()
    if len(bases) != 1 or len(rates) != 1 or not fines:
        return []
    place, numerator, denominator = rates[0]
    share = (bases[0].fen or 0) * numerator // denominator
    is_stated = any(abs((span.fen or 0) - share) < 100 for span in fines) or abs(fine - share) < 100
    return [] if is_stated or place < bases[0].start else ["percent_differs"]


def _without_amount(plain: str, spans: tuple[Mention, ...], flags: list[str]) -> Stated:
    told = _IGNORED.sub("", plain)
    if any(span.role is Role.WAIVED for span in spans) or _NO_PENALTY.search(told):
        return "no_fine"
    if any(span.fen is None and span.role in {Role.FINE, Role.UNNAMED} for span in spans):
        return "unreadable"
    if _FINE_WORD.search(told):
        if "%" in plain or "分之" in plain or "倍" in plain:
            flags.append("percent_only")
        return "not_stated"
    if _UNKNOWN.search(told):
        return "not_stated"
    if re.search(rf"[{re.escape(';,。:')}]?[0-9]+(?:\.[0-9]+)?$", plain) and not re.search(
        r"[第年月日号项条]", plain[-8:]
    ):
        return "unreadable"
    return "no_fine" if _MEASURE.search(plain) else "unreadable"

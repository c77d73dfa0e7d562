import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.reading.amounts import read_amount
from service.reading.sentinels import half_width, is_blank, without_noise


class PenaltyKind(StrEnum):
    """The 13 kinds of penalty of the statute and `other`, from light to heavy; `other` has no weight and stands last.

    Source: Administrative Penalty Law (行政处罚法, 2021) art. 9; the order of the statistical form of 2021
    (grade: secondary).
    """

    WARNING = "warning"
    CRITICISM = "criticism"
    FINE = "fine"
    CONFISCATION_GAINS = "confiscation_gains"
    CONFISCATION_PROPERTY = "confiscation_property"
    PERMIT_SUSPENSION = "permit_suspension"
    DOWNGRADE = "downgrade"
    PERMIT_REVOCATION = "permit_revocation"
    ACTIVITY_RESTRICTION = "activity_restriction"
    STOP_BUSINESS = "stop_business"
    CLOSURE = "closure"
    PRACTICE_BAN = "practice_ban"
    DETENTION = "detention"
    OTHER = "other"


CHINESE: Final = {
    PenaltyKind.WARNING: "警告",
    PenaltyKind.CRITICISM: "通报批评",
    PenaltyKind.FINE: "罚款",
    PenaltyKind.CONFISCATION_GAINS: "没收违法所得",
    PenaltyKind.CONFISCATION_PROPERTY: "没收非法财物",
    PenaltyKind.PERMIT_SUSPENSION: "暂扣许可证件",
    PenaltyKind.DOWNGRADE: "降低资质等级",
    PenaltyKind.PERMIT_REVOCATION: "吊销许可证件",
    PenaltyKind.ACTIVITY_RESTRICTION: "限制开展生产经营活动",
    PenaltyKind.STOP_BUSINESS: "责令停产停业",
    PenaltyKind.CLOSURE: "责令关闭",
    PenaltyKind.PRACTICE_BAN: "限制从业",
    PenaltyKind.DETENTION: "行政拘留",
    PenaltyKind.OTHER: "其他",
}
WEIGHTS: Final = {kind: weight for weight, kind in enumerate(PenaltyKind, 1) if kind is not PenaltyKind.OTHER}

# One city's numbers in CF_CFLB (grade: secondary).
_CODES: Final = {
    "1": (PenaltyKind.WARNING,),
    "2": (PenaltyKind.FINE,),
    "3": (PenaltyKind.CONFISCATION_GAINS, PenaltyKind.CONFISCATION_PROPERTY),
    "4": (PenaltyKind.STOP_BUSINESS,),
    "5": (PenaltyKind.PERMIT_SUSPENSION,),
    "6": (PenaltyKind.DETENTION,),
    "9": (PenaltyKind.OTHER,),
}
_AMBIGUOUS_CODES: Final = frozenset({"3", "5"})

_PERMIT: Final = r"[^;,。]{0,12}?(?:许可|执照|[证照](?![明据人])|资质|资格|登记|批准文件)"
_SUSPENSION_OR_REVOCATION: Final = re.compile(r"(?:暂扣|暂停)[^;,。]{0,6}(?:或者?|[、/和及])吊销" + _PERMIT)
_FINE: Final = re.compile(r"罚款|罚金|罚没|(?:^|[;,、])罚(?=[;,、]|$)|款人民币")
_MONEY_SIGN: Final = re.compile("[元万圆¥]")
_WORDS: Final = (
    (PenaltyKind.WARNING, re.compile(r"警告(?!信)")),
    (PenaltyKind.CRITICISM, re.compile(r"通报批评")),
    (PenaltyKind.FINE, _FINE),
    (
        PenaltyKind.CONFISCATION_GAINS,
        re.compile(
            r"没收[^;。]{0,20}?(?:[违非]法(?:的)?(?:所得|收入|获利)|不当得利)|没收款|罚没|[违非]法所得[^;,。]{0,20}没收"
        ),
    ),
    (
        PenaltyKind.CONFISCATION_PROPERTY,
        re.compile(
            r"没收(?!款|金额|[^;,。和及与、]{0,12}?(?:所得|收入|获利|得利))|没收[^;。]{0,20}?所得[^;。]{0,6}?[和及与、]+(?:没收)?(?:[违非]法|侵权|涉案)?"
            r"[^;,。]{0,6}?(?:财物|物品|产品|商品|工具|财产)"
        ),
    ),
    (PenaltyKind.PERMIT_SUSPENSION, re.compile(r"(?:暂扣|暂停(?=[^;,。]{0,6}(?:证|照|资格|资质)))" + _PERMIT)),
    (PenaltyKind.DOWNGRADE, re.compile(r"降低[^;,。]{0,8}等级|降级")),
    (PenaltyKind.PERMIT_REVOCATION, re.compile(r"吊销(?:" + _PERMIT + r"|(?=[;,、。]|$))")),
    (PenaltyKind.ACTIVITY_RESTRICTION, re.compile(r"限制(?:开展)?(?:生产|经营)|限产")),
    (PenaltyKind.STOP_BUSINESS, re.compile(r"停产(?!品)|停业|停止(?:营业|执业)")),
    (
        PenaltyKind.CLOSURE,
        re.compile(r"责令[^;,。]{0,12}关闭|(?:^|[;,、])(?:依法)?(?:予以)?关[闭停](?=[;,、。]|$)|关停取缔"),
    ),
    (
        PenaltyKind.PRACTICE_BAN,
        re.compile(
            r"限制从业|禁止从业|从业禁止|从业限制|市场禁入|终身禁[业入]|禁止从事|不得从事[^;,。]{0,20}(?:职业|行业|职务)"
        ),
    ),
    (PenaltyKind.DETENTION, re.compile(r"拘留")),
)
_OTHER: Final = re.compile(r"(?:^|[;,、])其[他它](?:行政处罚)?(?:[-:—(][^;,、]*)?(?=[;,、]|$)|其[他它]行政处罚")
_OTHER_ALONE: Final = re.compile(r"(?:^|[;,、])其[他它](?=[;,、]|$)")
# Orders to correct and measures of enforcement are no penalties; 责令停止生产、建设、使用 only put the breach to an end.
_MEASURE: Final = re.compile(
    r"责令|责成|改正|整改|限期|查封|扣押|冻结|封存|停止|停建|拆除|恢复|移送|移交|备案|不得|取缔|补办|清理|约谈|教育|训诫|责改|先行登记|代履行|立即"
)
_EXEMPTION: Final = re.compile(r"(?:不予|免[予于除])(?:行政)?(?:处罚|罚款)")
_NOT_SAID: Final = re.compile(
    r"《[^《》]*》?|“[^“”]*[”]|[(][^()]*(?:规定|条例)[^()]*[)]|逾期[^。;]*|加处罚款|(?:不予|免[予于除])(?:行政)?(?:处罚|罚款)|不[处得]罚款|移[送交][^;,。]*拘留"
)
_UNIFIED: Final = str.maketrans({"；": ";", "\n": ";", "\r": ";", "|": ";", "/": "、", "－": "-", "–": "-", "﹐": ","})


@dataclass(frozen=True, slots=True)
class KindsReading:
    """The kinds of penalty that a text names, each once, from light to heavy.

    `measures_only` says that the text holds orders or enforcement measures (责令改正, 查封, 扣押) and no penalty. `problem`
    is None, `blank`, `unreadable`, `exempted` (不予处罚), `code_without_table` (a bare number), `ambiguous_code` or
    `suspension_or_revocation` (暂扣或者吊销 in one word: read as the lighter one).
    """

    kinds: tuple[PenaltyKind, ...]
    measures_only: bool
    problem: str | None = None


def heaviest(kinds: Iterable[PenaltyKind]) -> PenaltyKind | None:
    """Return the main kind of a decision, the heaviest of `kinds`; `other` only when there is no statutory one."""
    known = list(kinds)
    weighed = [kind for kind in known if kind in WEIGHTS]
    return max(weighed, key=WEIGHTS.__getitem__) if weighed else next(iter(known), None)


def read_kinds(text: str | None, *, codes: bool = False) -> KindsReading:
    """Return the kinds that a 处罚类别 cell or a free penalty text names.

    Cells join several kinds by `;`, `、` or `,` in the wording of 2018 or of the statute of 2021. Free text is searched
    for each kind outside titles 《》, quoted statutes and threats for late payment; a sum that is imposed counts as a fine
    without the word (处人民币贰万元). `codes` reads bare digits by one city's table.
    """
    by_words = read_kinds_by_words(text, codes=codes)
    if by_words is not None:
        return by_words
    is_fined = read_amount(text).fine_fen is not None
    return _reading(text or "", is_fined=is_fined)


def read_kinds_by_words(text: str | None, *, codes: bool = False) -> KindsReading | None:
    """Return the reading of `read_kinds` where the words decide it, or None where a sum of money has to be looked at.

    Digits do not matter to a reading by words, except in a cell of digits only.
    """
    if text is None or is_blank(text):
        return KindsReading((), measures_only=False, problem="blank")
    plain = _plain(text)
    if plain.isdecimal() or re.fullmatch(r"[0-9](?:[;,、.][0-9])+", plain):
        return _by_code(plain) if codes else KindsReading((), measures_only=False, problem="code_without_table")
    told = _NOT_SAID.sub("", plain)
    if not _FINE.search(told) and _MONEY_SIGN.search(told):
        return None
    return _reading(text, is_fined=False)


def _plain(text: str) -> str:
    return "".join(half_width(without_noise(text.strip())).translate(_UNIFIED).replace(" ", ";").split())


def _reading(text: str, *, is_fined: bool) -> KindsReading:
    plain = _plain(text)
    told = _NOT_SAID.sub("", plain)
    found = {kind for kind, words in _WORDS if words.search(told)}
    problem = None
    if _SUSPENSION_OR_REVOCATION.search(told):
        found.add(PenaltyKind.PERMIT_SUSPENSION)
        if "吊销" not in _SUSPENSION_OR_REVOCATION.sub("", told):
            found.discard(PenaltyKind.PERMIT_REVOCATION)
            problem = "suspension_or_revocation"
    if is_fined:
        found.add(PenaltyKind.FINE)
    if _OTHER_ALONE.search(told) or (not found and _OTHER.search(told)):
        found.add(PenaltyKind.OTHER)
    if found:
        return KindsReading(tuple(kind for kind in PenaltyKind if kind in found), measures_only=False, problem=problem)
    if _EXEMPTION.search(plain):
        return KindsReading((), measures_only=False, problem="exempted")
    if _MEASURE.search(plain):
        return KindsReading((), measures_only=True)
    return KindsReading((), measures_only=False, problem="unreadable")


def _by_code(plain: str) -> KindsReading:
    digits = re.findall(r"[0-9]+", plain)
    if any(digit not in _CODES for digit in digits):
        return KindsReading((), measures_only=False, problem="unreadable")
    found = {kind for digit in digits for kind in _CODES[digit]}
    problem = "ambiguous_code" if _AMBIGUOUS_CODES & set(digits) else None
    return KindsReading(tuple(kind for kind in PenaltyKind if kind in found), measures_only=False, problem=problem)

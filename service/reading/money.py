import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, Literal

from service.reading.numerals import DIGITS, NUMERAL, NUMERAL_CHARS, read_numeral
from service.reading.sentinels import is_blank, without_noise

# A bound of the database's bigint with room for sums; no fine comes near it.
_LARGEST_FEN: Final = 10**17
_ONE_DIGIT: Final = rf"[0-9{''.join(DIGITS)}]"
_MARK: Final = r"(?:人民币|人民(?=[0-9" + NUMERAL_CHARS + r"])|RMB|CNY|¥)"
_CURRENCIES: Final = (
    "美元|美金|港元|港币|香港元|欧元|日元|英镑|韩元|韩币|澳元|加元|新台币|台币|澳门元|卢布|瑞士法郎|新加坡元"
)
# 元 begins other words too (3元素, 5元件).
_YUAN: Final = r"[元圆](?![素件旦月宵器])[元圆整]*|块钱"
_TAIL: Final = (
    rf"(?:(?P<yuan>{_YUAN})(?:[零〇]?(?P<jiao>{_ONE_DIGIT})角)?(?:[零〇]?(?P<fen>[0-9]{{1,2}}|{_ONE_DIGIT})分(?!之))?)?"
)
# One amount in running text. A second numeral directly behind 万元 belongs to it: 拾玖万元壹仟叁佰零贰元.
MENTION: Final = re.compile(
    rf"(?P<mark>(?:{_MARK}[:;,]?)+元?[:;,]?)?(?P<number>{NUMERAL})"
    rf"(?:\((?P<unit>万?元)\)|(?P<foreign>{_CURRENCIES})|(?:元(?P<rest>{NUMERAL})(?=元))?{_TAIL})(?P<whole>[整正]?)"
)
_SMALL_CHANGE: Final = re.compile(
    rf"(?P<jiao>{_ONE_DIGIT})角(?:[零〇]?(?P<fen>{_ONE_DIGIT})分)?整?|(?P<only_fen>[0-9]{{1,2}}|{_ONE_DIGIT})分整?"
)
_LEADING_WORDS: Final = re.compile(r"^(?:罚款|大写|小写|金额|计|共|约|为|[:()])+")
_TRAILING_WORDS: Final = re.compile(r"(?:人民币|RMB|CNY|[.。;])+$")
_SPELLING: Final = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        "￥": "¥",
        "圓": "圆",
        "圎": "圆",
        "萬": "万",
        "億": "亿",
        **dict.fromkeys("〔【﹙[{［｛", "("),
        **dict.fromkeys("〕】﹚]}］｝", ")"),
    }
)


@dataclass(frozen=True, slots=True)
class Money:
    """One amount, in fen, as it stands in a text.

    `doubt` names why another reading is possible: `ambiguous_numeral` (壹万五元), `irregular_writing` (拾万元壹仟元),
    `unusual_decimals` (more than two places behind a plain 元); None where there is one reading only.
    """

    fen: int
    doubt: str | None = None


class Comparison(StrEnum):
    """How the amount of a text relates to the amount in the clerk's column."""

    EQUAL = "equal"
    CONTRADICTION = "contradiction"
    FACTOR_OF_10 = "factor_of_10"
    FACTOR_OF_10000 = "factor_of_10000"
    NOT_COMPARABLE = "not_comparable"


def compact(text: str) -> str:
    """Return `text` in the one spelling that amounts are read in: half width, no blanks or noise, ¥, 圆, 万, ()."""
    return "".join(without_noise(text).translate(_SPELLING).split())


def _fen(yuan: Decimal) -> int | None:
    if not 0 <= yuan * 100 <= _LARGEST_FEN:
        return None
    return int((yuan * 100).to_integral_value(ROUND_HALF_UP))


def _digit(word: str | None) -> int:
    if not word:
        return 0
    return int(word) if word.isdecimal() else DIGITS[word]


def money_of(mention: re.Match[str]) -> Money | None:
    """Return the amount of a match of `MENTION`, or None when its numeral is none or the currency is a foreign one."""
    if mention["foreign"]:
        return None
    numeral = read_numeral(mention["number"])
    if numeral is None:
        return None
    yuan, doubt = numeral.value * (10**4 if mention["unit"] == "万元" else 1), None
    if numeral.colloquial is not None:
        # 一万五 is how people say 15,000; with 元 behind it, it may be a forgotten 零.
        yuan = numeral.value if mention["yuan"] else numeral.colloquial
        doubt = "ambiguous_numeral"
    if mention["rest"]:
        rest = read_numeral(mention["rest"])
        if rest is None or mention["number"][-1] not in "万亿" or rest.value >= 10**4:
            return None
        yuan, doubt = yuan + rest.value, "irregular_writing"
    change = _digit(mention["jiao"]) * 10 + _digit(mention["fen"])
    if change and yuan != int(yuan):
        return None
    places = mention["number"].partition(".")[2]
    if places.isdecimal() and len(places.rstrip("0")) > 2:
        doubt = "unusual_decimals"
    fen = _fen(yuan + Decimal(change) / 100)
    return None if fen is None else Money(fen, doubt)


def read_money(span: str) -> int | None:
    """Return the fen of one amount expression, or None when `span` is not exactly one amount in Chinese currency.

    Read are financial, plain and mixed numerals, 万 and 亿, 元 / 圆 / 块, 角 and 分, ¥ / RMB / 人民币, thousands separators,
    fractions of 万, full width, and a bare number, which counts yuan. More than two decimal places round half up.
    """
    text = _TRAILING_WORDS.sub("", _LEADING_WORDS.sub("", compact(span))).strip("()")
    small = _SMALL_CHANGE.fullmatch(text)
    if small:
        return _digit(small["jiao"]) * 10 + _digit(small["fen"]) + _digit(small["only_fen"])
    mention = MENTION.fullmatch(text)
    money = money_of(mention) if mention else None
    return money.fen if money else None


def read_clerk_amount(text: str | None, *, unit: Literal["yuan", "wan"]) -> int | None:
    """Return the fen of the cell of an amount column, or None when it is blank, negative or no amount.

    `unit` is what a bare number counts: 元, or 万元 as in the 双公示 columns (six decimals: 0.000001 万元 is 1 fen, 790号).
    A unit written in the cell prevails (5000元 in a 万元 column). Binary noise of a spreadsheet and anything below one fen
    round half up.
    """
    if text is None or is_blank(text):
        return None
    plain = compact(text)
    number = plain.lstrip("¥").replace(",", "")
    if number[:1].isdecimal() and number.isascii() and len(number) <= 40:
        try:
            value = Decimal(number)
        except InvalidOperation:
            return read_money(plain)
        if value.adjusted() > 18:
            return None
        return _fen(value * 10**4 if unit == "wan" else value)
    return read_money(plain)


def compare(text_fen: int | None, clerk_fen: int | None) -> Comparison:
    """Return how the amount read from the text relates to the clerk's, both in fen.

    A factor of 10 is a digit lost or doubled, a factor of 10,000 a mixed-up 元 and 万元. Where either is unknown, or one
    of the two is zero and the other not, no factor can be named.
    """
    if text_fen is None or clerk_fen is None:
        return Comparison.NOT_COMPARABLE
    if text_fen == clerk_fen:
        return Comparison.EQUAL
    low, high = sorted((text_fen, clerk_fen))
    if low * 10 == high and low:
        return Comparison.FACTOR_OF_10
    if low * 10**4 == high and low:
        return Comparison.FACTOR_OF_10000
    return Comparison.CONTRADICTION

"""Chinese, Arabic and mixed numerals, as they are written in amounts of money.

Financial numerals (壹贰叁) and plain ones (一二三) are read alike and may be mixed, with Arabic digits too: 3万5千, 贰万五仟,
三万零壹佰三拾陆, 0.501万. A numeral whose units do not descend (五百三千), or with two numbers side by side (3三), is no
numeral: refusing is better than a wrong amount.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

_DIGIT_WORDS: Final = (
    "零〇○Ｏ",
    "一壹弌壱",
    "二贰貳弍贰两兩",
    "三叁叄弎参參",
    "四肆",
    "五伍",
    "六陆陸",
    "七柒漆",
    "八捌",
    "九玖",
)
DIGITS: Final = {char: value for value, chars in enumerate(_DIGIT_WORDS) for char in chars}
SMALL_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "阡": 1000}
LARGE_UNITS: Final = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
NUMERAL_CHARS: Final = "".join([*DIGITS, *SMALL_UNITS, *LARGE_UNITS])

# Possessive quantifiers: a long row of digits in a hostile text is walked once.
ARABIC: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])(?:\.[0-9]++)?|[0-9]++(?:\.[0-9]++)?)"
NUMERAL: Final = rf"(?:{ARABIC}|[{NUMERAL_CHARS}])++"
_TOKEN: Final = re.compile(rf"(?P<arabic>{ARABIC})|(?P<digits>[{''.join(DIGITS)}]+)|(?P<unit>.)", re.DOTALL)
_ZEROS: Final = _DIGIT_WORDS[0]
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number that was written out.

    `value` is the literal reading. `colloquial` is the other reading of a last digit without unit, 一万五 as 15,000
    beside 10,005; None where there is no second reading.
    """

    value: Decimal
    colloquial: Decimal | None = None


@lru_cache(maxsize=1 << 14)
def read_numeral(text: str) -> Numeral | None:
    """Return the number that `text` (half-width digits, no blanks) writes as a whole, or None when it is no numeral."""
    if not text or len(text) > _LONGEST:
        return None
    tokens = [(token.lastgroup, token.group()) for token in _TOKEN.finditer(text)]
    total = section = Decimal(0)
    pending: Decimal | None = None
    small, large, last_unit = 10**4, 10**16, 1
    was_fraction = False
    for place, (kind, word) in enumerate(tokens):
        if kind != "unit":
            if pending is not None or was_fraction:
                return None
            pending = _plain_number(kind, word, alone=last_unit == 1)
            if pending is None:
                return None
        elif place and tokens[place - 1][0] == "digits" and (pending or 0) > 9:
            # 一三千: a row of digits takes no unit.
            return None
        elif word in SMALL_UNITS:
            unit = SMALL_UNITS[word]
            if unit >= small or was_fraction or (pending is None and unit > 10):
                return None
            # A zero before a unit comes from a printed form: 伍万零仟零佰.
            number = Decimal(1) if pending is None else pending
            if number == 0 and place < 2:
                return None
            was_fraction = number != int(number)
            section += number * unit
            pending, small, last_unit = None, unit, unit
        elif word in LARGE_UNITS:
            unit = LARGE_UNITS[word]
            number = section + (pending or 0)
            if (number == 0 and pending is None) or unit == large:
                return None
            was_fraction = number != int(number) or was_fraction
            # 一万亿 multiplies what stands before it, 一亿三万 adds to it.
            total = (total + number) * unit if unit > large else total + number * unit
            pending, section, small, large, last_unit = None, Decimal(0), 10**4, unit, unit
        else:
            return None
    return _with_last_digit(total + section, pending, tokens[-1][1], last_unit)


def _plain_number(kind: str | None, word: str, *, alone: bool) -> Decimal | None:
    if kind == "arabic":
        return Decimal(word.replace(",", ""))
    if not alone and len(word.lstrip(_ZEROS)) > 1:
        return None
    return Decimal("".join(str(DIGITS[char]) for char in word))


def _with_last_digit(rounded: Decimal, last: Decimal | None, word: str, last_unit: int) -> Numeral | None:
    if last is None or last_unit == 1:
        return Numeral(rounded + (last or 0))
    if last >= last_unit or last != int(last) or (last == 0 and last_unit > 10):
        # 3万50000 and 叁万零: a digit too many, or the digits after the zero were lost.
        return None
    if len(word) == 1 and last and last_unit >= 100:
        return Numeral(rounded + last, colloquial=rounded + last * last_unit / 10)
    return Numeral(rounded + last)

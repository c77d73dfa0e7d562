"""The end of a restriction of business or occupation (限制开展生产经营活动, 限制从业), where a text states it plainly."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.reading.dates import read_date
from service.reading.numerals import read_numeral
from service.reading.sentinels import half_width

_NUMERAL: Final = "[0-9一二三四五六七八九十两]{1,3}"
_DAY: Final = r"[0-9]{4}(?:年[0-9]{1,2}月[0-9]{1,2}日|[-/.][0-9]{1,2}[-/.][0-9]{1,2})"
_WORD: Final = r"(?:限制|禁止|不得|不准|禁业)"
_UNTIL: Final = rf"(?:自(?P<from>{_DAY})起?)?(?:截至|截止至?|至|到)(?P<until>{_DAY})"
_TERM: Final = rf"(?:自(?P<start>{_DAY}|(?:处罚)?决定(?:书)?(?:作出|下达|生效|送达)?之日)起)?(?P<count>{_NUMERAL})(?P<unit>年|个月)(?:之?内)?"
_ENDS: Final = (
    re.compile(rf"{_WORD}[^。;；]{{0,40}}?{_UNTIL}"),
    re.compile(rf"{_UNTIL}(?:止|期间)?[,，]?[^。;；]{{0,12}}?{_WORD}"),
)
_TERMS: Final = (
    re.compile(rf"{_TERM}[,，]?[^。;；0-9]{{0,12}}?{_WORD}"),
    re.compile(rf"{_WORD}[^。;；]{{0,40}}?(?:期限为?|为期)?{_TERM}(?=[。;；,，、]|$)"),
)
_LIFELONG: Final = re.compile(rf"终身[^。;；]{{0,12}}?{_WORD}|{_WORD}[^。;；]{{0,30}}?终身")


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction as a text states it: its last day, or its length in months from `starts_on` (else from the decision).

    `lifelong` has no end. All empty: the text states none plainly, or more than one.
    """

    until: date | None = None
    months: int | None = None
    starts_on: date | None = None
    lifelong: bool = False


def read_restriction(text: str | None) -> Restriction:
    """Return the restriction that a penalty's text states: `限制从业至2029年5月1日`, `五年内不得从事食品经营`.

    A length counts only where it starts on a stated day or on that of the decision; two different ends are none.
    """
    plain = "".join(half_width(text or "").split())
    if _LIFELONG.search(plain):
        return Restriction(lifelong=True)
    ends = {
        day
        for pattern in _ENDS
        for found in pattern.finditer(plain)
        if (day := read_date(found["until"]).value) is not None
    }
    if ends:
        return Restriction(until=ends.pop()) if len(ends) == 1 else Restriction()
    terms = {term for pattern in _TERMS for found in pattern.finditer(plain) if (term := _term(found)) is not None}
    if len(terms) != 1:
        return Restriction()
    months, starts_on = terms.pop()
    return Restriction(months=months, starts_on=starts_on)


def _term(found: re.Match[str]) -> tuple[int, date | None] | None:
    number = read_numeral(found["count"])
    start = found["start"]
    starts_on = read_date(start).value if start and start[0].isdigit() else None
    if number is None or not 0 < int(number.value) <= 100:
        return None
    return int(number.value) * (12 if found["unit"] == "年" else 1), starts_on

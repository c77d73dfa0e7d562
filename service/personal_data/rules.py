"""Finding personal data in texts, so that it is blanked before an imported row is stored (DESIGN decision 16).

What is looked for: identity numbers, phone numbers, bank accounts, vehicle plates, e-mail addresses, home addresses.
What must not alarm: credit codes, registration numbers, document numbers, amounts, dates, business addresses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.uscc.arithmetic import is_person_id


class Kind(StrEnum):
    """What kind of personal data a finding is."""

    IDENTITY_NUMBER = "identity_number"
    PHONE = "phone"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    EMAIL = "email"
    HOME_ADDRESS = "home_address"


WORDS: Final = {
    Kind.IDENTITY_NUMBER: "身份证号",
    Kind.PHONE: "电话",
    Kind.BANK_CARD: "银行账号",
    Kind.PLATE: "车牌号",
    Kind.EMAIL: "邮箱",
    Kind.HOME_ADDRESS: "住址",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place in a text: characters `start` to `end` (exclusive) are personal data of a kind."""

    start: int
    end: int
    kind: Kind


_FULL_WIDTH: Final[dict[int, int | str]] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0xA0), " "),
    **dict.fromkeys((0x2013, 0x2014), "-"),
}
_GAP: Final = r"[ \-]?"
_EDGE: Final = r"(?<![0-9A-Za-z])"
_END: Final = r"(?![0-9A-Za-z])"
_IDENTITY: Final = re.compile(rf"{_EDGE}[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx]{_END}")
_OLD_IDENTITY: Final = re.compile(
    rf"(?:身份证|身份号码|证件号码?|公民身份)[^0-9]{{0,12}}([1-9][0-9]{{5}}[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{{3}}){_END}"
)
_MOBILE: Final = re.compile(
    rf"(?<![0-9A-Za-z.])(?:\+?86{_GAP})?1[3-9](?:{_GAP}[0-9]){{9}}(?![0-9A-Za-z号元万]|\.[0-9])"
)
_LANDLINE: Final = re.compile(rf"(?<![0-9A-Za-z])0[1-9][0-9]{{1,2}}[ \-][2-9][0-9]{{6,7}}(?:\-[0-9]{{1,5}})?{_END}")
_PHONE_WORD: Final = re.compile(r"(?:电话|手机|联系方式|热线)[号码为是:：\s]{0,4}([2-9][0-9]{6,7})(?![0-9A-Za-z])")
_CARD: Final = re.compile(rf"{_EDGE}[3-6][0-9]{{3}}(?:{_GAP}[0-9]){{12,15}}{_END}")
_ACCOUNT: Final = re.compile(
    r"(?:银行账[号户]|银行卡号?|账号|帐号|卡号)[为是:：\s]{0,4}([0-9](?:[ \-]?[0-9]){9,24})(?![0-9])"
)
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][ ·•\-]?"
    r"(?:[0-9]{5}[DF]|[DF][0-9A-HJ-NP-Z][0-9]{4}|(?=[0-9A-HJ-NP-Z]*[0-9])[0-9A-HJ-NP-Z]{4}[0-9A-HJ-NP-Z挂学警港澳])(?![0-9A-Za-z])"
)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}")
_HOME: Final = re.compile(
    r"(?:家庭住址|家庭地址|户籍地址?|户籍所在地|户口所在地|身份证住址|现住址?|居住于|居住在|居住地址|家住|住址)"
    r"[为是系在于:：\s]{0,3}([^,，。;；\n()（）]{5,60})"
)
_ADDRESS_PART: Final = re.compile(r"[省市区县镇乡村路街巷道号室栋幢组社屯]")
_CREDIT_CODE_WORD: Final = re.compile(r"(?:信用代码|注册号|机构代码|许可证[号编]*|文号)[^0-9A-Za-z]{0,6}$")


def scan(text: str) -> list[Finding]:
    """Return where `text` holds personal data, in order, without overlaps."""
    plain = text.translate(_FULL_WIDTH)
    found: list[Finding] = []
    found += _matches(_IDENTITY, plain, Kind.IDENTITY_NUMBER, _is_identity)
    found += [Finding(*m.span(1), Kind.IDENTITY_NUMBER) for m in _OLD_IDENTITY.finditer(plain)]
    found += [Finding(*m.span(), Kind.EMAIL) for m in _EMAIL.finditer(plain)]
    found += [Finding(*m.span(1), Kind.BANK_CARD) for m in _ACCOUNT.finditer(plain)]
    found += _matches(_CARD, plain, Kind.BANK_CARD, _is_card)
    found += [Finding(*m.span(), Kind.PHONE) for m in _MOBILE.finditer(plain) if not _is_code(plain, m.start())]
    found += [Finding(*m.span(), Kind.PHONE) for m in _LANDLINE.finditer(plain)]
    found += [Finding(*m.span(1), Kind.PHONE) for m in _PHONE_WORD.finditer(plain)]
    found += [Finding(*m.span(), Kind.PLATE) for m in _PLATE.finditer(plain)]
    found += [Finding(*m.span(1), Kind.HOME_ADDRESS) for m in _HOME.finditer(plain) if _ADDRESS_PART.search(m[1])]
    return _without_overlaps(found)


def _matches(pattern: re.Pattern[str], text: str, kind: Kind, holds: Callable[[str], bool]) -> list[Finding]:
    return [
        Finding(*m.span(), kind)
        for m in pattern.finditer(text)
        if holds(_digits(m[0])) and not _is_code(text, m.start())
    ]


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _is_identity(text: str) -> bool:
    return is_person_id(text.upper())


def _is_card(digits: str) -> bool:
    if not 16 <= len(digits) <= 19 or not digits.startswith(("62", "4", "51", "52", "53", "54", "55", "3568", "3569")):
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_code(text: str, start: int) -> bool:
    return _CREDIT_CODE_WORD.search(text[max(0, start - 12) : start]) is not None


def _without_overlaps(found: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def blank(text: str, findings: list[Finding] | None = None) -> str:
    """Return `text` with each finding replaced by a mark that names its kind, such as [已隐去:电话]."""
    found = scan(text) if findings is None else findings
    if not found:
        return text
    parts, at = [], 0
    for one in found:
        parts += [text[at : one.start], f"[已隐去:{WORDS[one.kind]}]"]
        at = one.end
    return "".join([*parts, text[at:]])

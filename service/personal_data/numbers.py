"""Identity numbers, phone numbers and bank accounts in a folded text.

What a number is, its check digit and the words around it say together: a number with a check that holds is found by
itself, one without only behind a word that names it.
"""

import re
from collections.abc import Iterator
from typing import Final

from service.personal_data.findings import Finding, Kind, compact
from service.uscc.arithmetic import is_person_id, reads_like_old_person_id, reads_like_person_id
from service.uscc.rules import check

_GAP: Final = r"[ \-]{0,2}"
_MEASURE: Final = r"(?! ?(?:元|圆|万|亿|吨|千克|公斤|[Kk][Gg]|平方|立方|米|件|个|套|台|箱|瓶|袋|辆|只|份|%|\.[0-9]|,[0-9]{3}(?![0-9])))"
"""What must not follow a number: a unit or a fraction would make it an amount."""

# One overlapping candidate a start, as a number before it may only be parted by a blank. Old taxpayer numbers add 0 and a digit.
_IDENTITY: Final = re.compile(rf"(?<![0-9])(?=([1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx])(?:(?![0-9])|0[0-9](?![0-9])))")
_OLD_IDENTITY: Final = re.compile(rf"(?<![0-9])(?=([1-9](?:{_GAP}[0-9]){{14}})(?![0-9]))")
_NAMED_IDENTITY: Final = re.compile(
    rf"身份(?:证件?)?(?:证?号码?|证)?[为是系:]{{0,2}} ?([0-9](?:{_GAP}[0-9]){{14,16}}(?:{_GAP}[0-9Xx])?)(?![0-9])"
)
_IDENTITY_WORD: Final = re.compile(r"身份|证件号|公民号|(?i:id ?card|id ?no)")
# Many case and document numbers are region, recent day and serial. Those that may be births of the last years count as
# identity numbers all the same, unless what stands round them says that they are numbers of something else.
_RECENT_BIRTH: Final = "2010"
_BRACKET_BEFORE: Final = re.compile(r"[\[〔【][0-9]{0,4}[\]〕】]?[^0-9A-Za-z]{0,4}$")
_NUMERALS: Final = "零〇○一二三四五六七八九幺两"
_WRITTEN_IDENTITY: Final = re.compile(
    rf"身份[^{_NUMERALS}。;]{{0,8}}([{_NUMERALS}]{{14,17}}[{_NUMERALS}Xx])(?![{_NUMERALS}])"
)
_TRAVEL: Final = re.compile(
    r"(?:护照|通行证|台胞证|回乡证)(?:号码?|编号|证号)?[为是系:]{0,2} ?([A-Za-z]{1,2} ?[0-9]{7,10})(?![0-9A-Za-z])"
)

_GROUP: Final = r"[ \-.·]{1,2}"
_MOBILE: Final = re.compile(
    r"(?:\+?(?:00)?86[ \-]{0,2}|\(\+?86\) ?|0)?(?:1[3-9][0-9]"
    rf"(?:[0-9]{{8}}|{_GROUP}[0-9]{{4}}{_GROUP}[0-9]{{4}}|{_GROUP}[0-9]{{8}}|[0-9]{{4}}{_GROUP}[0-9]{{4}}|{_GROUP}[0-9]{{3}}{_GROUP}[0-9]{{5}}"
    rf"|[0-9]{{2}}{_GROUP}[0-9]{{6}}|(?<!19[0-9])[0-9]{_GROUP}[0-9]{{3}}{_GROUP}[0-9]{{4}}|(?<!19[0-9])[0-9]{_GROUP}[0-9]{{4}}{_GROUP}[0-9]{{3}})"
    rf"|1 [3-9](?: [0-9]){{9}}|1-[3-9](?:-[0-9]){{9}})(?![0-9A-Za-z]){_MEASURE}"
)
_EXTENSION: Final = r"(?:(?:-|转|转分机|ext\.?) ?[0-9]{1,5})?"
_LANDLINE: Final = re.compile(
    r"(?:\+?86[ \-]?)?(?P<area>\(?0(?:10|2[0-9])\)?[ \-]{0,2}(?=[2-9][0-9]{3}[ \-]?[0-9]{4})|\(?0[3-9][0-9]{2}\)?[ \-]{0,2})"
    rf"[2-9][0-9]{{2,3}}[ \-]?[0-9]{{4}}{_EXTENSION}(?![0-9A-Za-z]){_MEASURE}"
)
_PHONE_WORD: Final = r"(?:电话|手机|座机|固话|传真|联系方式|联系人|致电|拨打|微信|(?i:tel|phone|mobile))"
_NAMED_PHONE: Final = re.compile(
    rf"{_PHONE_WORD}(?:号码?|[(][^()]{{0,6}}[)])?[为是系:.]{{0,2}} ?([2-9][0-9]{{2,3}}[ \-]?[0-9]{{4}}{_EXTENSION})(?![0-9A-Za-z]){_MEASURE}"
)
_WRITTEN_PHONE: Final = re.compile(rf"{_PHONE_WORD}[^{_NUMERALS}。;]{{0,8}}([{_NUMERALS}]{{7,12}})(?![{_NUMERALS}])")
_NEXT_PHONE: Final = re.compile(
    rf" ?[、/,;或和] ?([2-9][0-9]{{2,3}}[ \-]?[0-9]{{4}}{_EXTENSION})(?![0-9A-Za-z]){_MEASURE}"
)
_PHONE_NEAR: Final = re.compile(rf"{_PHONE_WORD}[^0-9。;]{{0,12}}$")
# What ends like this goes on in the number, unless it was a number of its own in a list.
_LONGER_NUMBER: Final = re.compile(r"(?:[0-9]|(?<![0-9]{6})[0-9A-Za-z][\-./])$")
_LATIN_PHONE_WORD: Final = re.compile(r"(?i:tel|phone|mobile|mob|wechat|weixin|wx|vx|qq)$")

_ACCOUNT: Final = re.compile(
    r"(?:(?:银行|信用|借记|储蓄)卡|[账帐][号户]|卡号|开户行|开户银行)[^0-9。;]{0,16}?(?<![A-Za-z])"
    rf"([0-9](?:{_GAP}[0-9]){{10,24}})(?![0-9A-Za-z]){_MEASURE}"
)
_CARD: Final = re.compile(rf"(?<![0-9A-Za-z])(?=([3-6](?:{_GAP}[0-9]){{15,18}})(?![0-9A-Za-z]){_MEASURE})")
_FOURS: Final = re.compile(r"[0-9]{4}([ \-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}")
_CARD_ISSUERS: Final = ("4", "51", "52", "53", "54", "55", "35")
_DATED: Final = re.compile(r"[0-9]{6}20[0-4][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")

_NUMBER_WORD: Final = re.compile(
    r"(?:编号|批号|单号|许可证号?|备案号|注册号|文号|案号|条码|条形码|货号|型号|序列号|代码|合同号|凭证号?|发票号码?|票号|批次|流水号|登记号|证书号)"
    r"[码为是系:]{0,3}[ \-]?$"
)


def find_identity_numbers(text: str) -> Iterator[Finding]:
    """Yield the identity numbers of natural persons, valid ones by themselves, others behind a word that names them.

    Without such a word a birth from 2010 on counts only where nothing round it says that it numbers a document: a bracket
    or a word such as 编号 before, 号 behind. A number that is a credit code as well counts as one, unless the word says
    otherwise. Numbers of passports and travel permits, and those written in Chinese numerals, count behind their word.
    """
    for pattern in (_WRITTEN_IDENTITY, _TRAVEL):
        for match in pattern.finditer(text):
            yield Finding(Kind.IDENTITY_NUMBER, *match.span(1))
    for match in _NAMED_IDENTITY.finditer(text):
        if not check(compact(match[1])).is_key or reads_like_person_id(compact(match[1])):
            yield Finding(Kind.IDENTITY_NUMBER, *match.span(1))
    for match in _IDENTITY.finditer(text):
        number = compact(match[1])
        is_named = _is_after(_IDENTITY_WORD, text, match.start(1), reach=20)
        if reads_like_person_id(number) and (is_named or _stands_alone(text, number, *match.span(1))):
            yield Finding(Kind.IDENTITY_NUMBER, *match.span(1))
    for match in _OLD_IDENTITY.finditer(text):
        if reads_like_old_person_id(compact(match[1])) and _is_after(_IDENTITY_WORD, text, match.start(1), reach=12):
            yield Finding(Kind.IDENTITY_NUMBER, *match.span(1))


def _stands_alone(text: str, number: str, start: int, end: int) -> bool:
    if not is_person_id(number) or check(number).is_key:
        return False
    if number[6:10] < _RECENT_BIRTH:
        return True
    before = text[max(0, start - 12) : start]
    return text[end : end + 1] != "号" and not _BRACKET_BEFORE.search(before) and not _NUMBER_WORD.search(before)


def find_phones(text: str) -> Iterator[Finding]:
    """Yield mobile numbers, landlines with their area code, and shorter or spelt-out numbers behind a word such as 电话.

    An authority's own landline counts as well: a text does not say whose it is. Not found are service numbers (12315, 400…) and numbers behind words for other numbers (批号, 许可证号).
    """
    for match in _MOBILE.finditer(text):
        if _may_be_phone(text, match.start(), match.end()):
            yield Finding(Kind.PHONE, *match.span())
    for match in _LANDLINE.finditer(text):
        is_named = _PHONE_NEAR.search(text, max(0, match.start() - 24), match.start()) is not None
        is_parted = not match["area"].isdigit()
        if (is_parted or is_named) and _may_be_phone(text, match.start(), match.end()):
            yield Finding(Kind.PHONE, *match.span())
            yield from _following_phones(text, match.end())
    for match in _WRITTEN_PHONE.finditer(text):
        yield Finding(Kind.PHONE, *match.span(1))
    for match in _NAMED_PHONE.finditer(text):
        yield Finding(Kind.PHONE, *match.span(1))
        yield from _following_phones(text, match.end(1))


def _following_phones(text: str, end: int) -> Iterator[Finding]:
    while match := _NEXT_PHONE.match(text, end):
        yield Finding(Kind.PHONE, *match.span(1))
        end = match.end(1)


def _may_be_phone(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 12) : start]
    if _LONGER_NUMBER.search(before) or _NUMBER_WORD.search(before):
        return False
    if re.search(r"[A-Za-z]$", before) and not _LATIN_PHONE_WORD.search(before):
        return False
    is_numbered = text[end : end + 1] == "号" and text[end + 1 : end + 2] not in {"码", "手"}
    return not is_numbered or _PHONE_NEAR.search(before) is not None


def find_accounts(text: str) -> Iterator[Finding]:
    """Yield bank accounts: numbers behind a word for one, and card numbers that pass the Luhn check.

    The treasury's accounts for fines (缴款账户) count as well. By themselves only cards of China's scheme (62) are found, those of the others when written in fours: case and licence
    numbers begin with the same digits.
    """
    for match in _ACCOUNT.finditer(text):
        number = compact(match[1])
        is_mobile = len(number) == 11 and number.startswith("1")
        if not is_mobile and not check(number).is_key:
            yield Finding(Kind.BANK_CARD, *match.span(1))
    for match in _CARD.finditer(text):
        number = compact(match[1])
        is_issued = number.startswith("62") or (
            number.startswith(_CARD_ISSUERS) and _FOURS.fullmatch(match[1]) is not None
        )
        is_other = _DATED.match(number) or _is_after(_NUMBER_WORD, text, match.start(1), reach=12)
        if is_issued and not is_other and _passes_luhn(number) and not check(number).is_key:
            yield Finding(Kind.BANK_CARD, *match.span(1))


def _passes_luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _is_after(word: re.Pattern[str], text: str, start: int, *, reach: int) -> bool:
    return word.search(text, max(0, start - reach), start) is not None

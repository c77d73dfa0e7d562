import re
from dataclasses import dataclass
from typing import Final

from service.reading.sentinels import half_width, is_blank, without_noise

_OPEN: Final = "([{〔【﹝［〈<﹙｛（「〖"
_CLOSE: Final = ")]}〕】﹞］〉>﹚｝）」〗"
_TO_ROUND: Final = str.maketrans(
    {
        **dict.fromkeys(_OPEN, "("),
        **dict.fromkeys(_CLOSE, ")"),
        **dict.fromkeys("－—–‐―﹣−", "-"),
        "號": "号",
        "．": ".",
    }
)
_FULL_BRACKETS: Final = str.maketrans("()", "（）")
_YEAR: Final = r"(?:19[5-9][0-9]|20[0-9]{2})"
_CODE: Final = r"[0-9A-Za-z.\-/]"
_SERIAL: Final = (
    rf"(?P<serial>(?:{_CODE}{{0,12}}第)?(?:\({_CODE}{{1,12}}\)|{_CODE}+(?:[\u4e00-\u9fff]{{1,3}}{_CODE}*)?|"
    rf"[\u4e00-\u9fff]{{1,8}}{_CODE}*[\u4e00-\u9fff]{{0,6}}{_CODE}+)(?P<hao>号(?:之[一二三四五六七八九十0-9]+)?)|"
    rf"(?:{_CODE}{{0,12}}第)?(?:\({_CODE}{{1,12}}\)|{_CODE}+))"
)
_OFFICE: Final = r"(?P<office>[\u4e00-\u9fff0-9A-Za-z()\-·]{0,40}?)"
# The year stands in brackets; a doubled or mixed bracket and a letter beside the year (2017直) happen.
_BRACKETED: Final = re.compile(rf"{_OFFICE}\(+(?P<year>{_YEAR})年?(?P<mark>[\u4e00-\u9fffA-Za-z]?)\)+{_SERIAL}")
_UNCLOSED: Final = re.compile(rf"{_OFFICE}(?:\((?P<year>{_YEAR})|(?P<year2>{_YEAR})\)){_SERIAL}")
_UNBRACKETED: Final = re.compile(
    rf"(?P<office>[\u4e00-\u9fff()]{{2,24}}[字罚处决])(?P<year>{_YEAR})年?[-第]{{0,2}}(?P<serial>{_CODE}{{1,20}})(?P<hao>号)"
)
_WITHOUT_YEAR: Final = re.compile(rf"(?P<office>[\u4e00-\u9fff()]{{2,24}}字)(?P<serial>第?{_CODE}{{1,20}})(?P<hao>号)")
_PLAIN: Final = re.compile(r"(?:编?号?[:]|NO[.:]?)?(?P<number>第?[0-9A-Z]{1,12}[0-9A-Z\-]{4,28})号?", re.IGNORECASE)
_DAY: Final = re.compile(rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:-.*)?")
_NO_SERIAL: Final = re.compile(rf"[\u4e00-\u9fff]{{2,}}[罚处决字]+\({_YEAR}\)第?号?")
# What comes before the number in a title, and what only a title ends in.
_LEADING_WORDS: Final = re.compile(
    r".*(?:决定书|通知书|告知书|事先告知书|认定书|文书|文号|编号|案号|字号|公司|关于|依据|根据|[:,，。、;；》]|年第?[0-9]+期)(?=.)"
)
_TITLE_END: Final = re.compile(r"(?:表|情况|信息|名单|目录|公示|公告|公开|案件|清单|通报|汇总|统计|年)$")
_OFFICE_WORD: Final = re.compile(r"[罚处决字]")


@dataclass(frozen=True, slots=True)
class DocumentNo:
    """The number of a penalty decision (文号): as written, and in the one spelling that is compared.

    `normalised` has the year in 〔〕, other brackets as （）, half-width capital letters, no blanks, and ends in 号, also
    where that was left out; 第 and leading zeros stay. `problem` is None, `blank`, `no_document_number` (a title, a date,
    words), `no_serial` (nothing behind the year), or, beside a number, `incomplete` (no office before the year),
    `repaired` (a bracket was missing) or `several` (more than one number in the cell; the first is taken).
    """

    raw: str
    normalised: str | None
    problem: str | None = None


def read_document_no(text: str | None) -> DocumentNo:
    """Return the document number that a cell holds, also from inside a title, in the spelling used for matching.

    Brackets vary on real documents: （2016） {2017} ﹝2017﹞ 【2019】 [2007] all become 〔2017〕. A number is not unique by
    itself: the key is (authority, number, party).
    """
    raw = text or ""
    if text is None or is_blank(text):
        return DocumentNo(raw, None, "blank")
    spaced = half_width(without_noise(text)).translate(_TO_ROUND).strip().lstrip("-")
    plain = "".join(spaced.split())
    if len(plain) > 300:
        return DocumentNo(raw, None, "no_document_number")
    found = list(_BRACKETED.finditer(plain))
    problem = None
    if not found:
        found = [match for match in [_UNCLOSED.search(plain) or _UNBRACKETED.search(plain)] if match]
        problem = "repaired" if found and found[0].re is _UNCLOSED else None
    if found:
        return _assembled(raw, spaced, found, problem)
    if _NO_SERIAL.fullmatch(plain):
        return DocumentNo(raw, None, "no_serial")
    if match := _WITHOUT_YEAR.fullmatch(plain):
        return DocumentNo(raw, match.group().upper().translate(_FULL_BRACKETS))
    if (match := _PLAIN.fullmatch(plain)) and not _DAY.fullmatch(plain) and any(char.isdecimal() for char in plain):
        return DocumentNo(raw, match["number"].upper() + "号")
    return DocumentNo(raw, None, "no_document_number")


def _assembled(raw: str, spaced: str, found: list[re.Match[str]], problem: str | None) -> DocumentNo:
    match = found[0]
    parts = match.groupdict()
    office = _office(match["office"], spaced)
    if _TITLE_END.search(office):
        return DocumentNo(raw, None, "no_document_number")
    serial = match["serial"]
    serial = serial.removesuffix(match["hao"]) if match["hao"] else serial
    serial = serial.replace("(", "").replace(")", "").rstrip(".-/")
    if not any(char.isdecimal() for char in serial):
        return DocumentNo(raw, None, "no_serial")
    year = match["year"] or parts.get("year2") or ""
    number = f"{office}〔{year}{parts.get('mark') or ''}〕{serial}{match['hao'] or '号'}".upper().translate(
        _FULL_BRACKETS
    )
    if problem is None and len({other["serial"] for other in found}) > 1:
        problem = "several"
    if problem is None and not office and not re.search(r"[\u4e00-\u9fff]", serial.replace("第", "")):
        problem = "incomplete"
    return DocumentNo(raw, number, problem)


def _office(written: str, spaced: str) -> str:
    office = _LEADING_WORDS.sub("", written)
    # A title and its number in one cell are often parted by a blank only.
    for chunk in spaced.split():
        head = chunk.split("(", maxsplit=1)[0]
        if len(head) >= 3 and _OFFICE_WORD.search(head) and office.endswith(head) and office != head:
            return head
    while office.count("(") > office.count(")"):
        office = (
            office[office.rindex("(") + 1 :] if office.rindex("(") > office.rfind(")") else office.replace("(", "", 1)
        )
    return office.lstrip(")").lstrip("-")

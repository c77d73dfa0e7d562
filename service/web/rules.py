"""How facts are said to people: days, amounts, codes and outcomes in Chinese and English. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from tomllib import loads
from typing import Final

from service.clock import SHANGHAI
from service.errors import NotFound

FEN_PER_YUAN: Final = 100
FEN_PER_WAN: Final = 1_000_000


class NoSuchPage(NotFound):
    """There is no page at this address, or what it showed is not public any more."""

    code = "no_such_page"


class Language(StrEnum):
    """Languages of the pages; Chinese stands at the root, English below `/en`."""

    ZH = "zh"
    EN = "en"

    @property
    def root(self) -> str:
        """The path below which pages in this language stand."""
        return "" if self is Language.ZH else "/en"

    @property
    def tag(self) -> str:
        """The language tag (BCP 47) of a page."""
        return "zh-CN" if self is Language.ZH else "en"


def language_of(path: str) -> Language:
    """Return the language of the page at `path`."""
    return Language.EN if path == "/en" or path.startswith("/en/") else Language.ZH


def other_language(path: str) -> str:
    """Return the path of the same page in the other language."""
    if language_of(path) is Language.EN:
        return path.removeprefix("/en") or "/"
    return "/en" if path == "/" else f"/en{path}"


Words = Mapping[str, Mapping[str, str]]


def read_words(path: Path) -> Words:
    """Return the sentences of a file by `group.key`, each in both languages."""
    return {
        f"{group}.{key}": texts
        for group, keys in loads(path.read_text(encoding="utf-8")).items()
        for key, texts in keys.items()
    }


#: Sentences of the public site.
WORDS: Final = read_words(Path(__file__).parent / "words.toml")


def say(key: str, language: Language, words: Words = WORDS, /, **parts: object) -> str:
    """Return a sentence of the pages with its parts filled in.

    Raises:
        KeyError: there is no such sentence.
    """
    text = words[key][language]
    return text.format(**parts) if parts else text


def say_day(day: date | None, language: Language) -> str:
    """Return a day the way people write it: 2026年1月5日, or 5 January 2026; a dash for none."""
    if day is None:
        return "—"
    if language is Language.ZH:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B} {day.year}"


def say_instant(instant: datetime, language: Language) -> str:
    """Return an instant as day and time in Shanghai."""
    local = instant.astimezone(SHANGHAI)
    return f"{say_day(local.date(), language)} {local:%H:%M}"


def say_money(fen: int | None, language: Language) -> str:
    """Return an amount of fen in yuan, in Chinese from ten thousand yuan on in 万元; a dash for none.

    Exact: 123,456.7 yuan is 12.34567万元.
    """
    if fen is None:
        return "—"
    if language is Language.ZH and fen >= FEN_PER_WAN:
        return f"{_exact(fen, FEN_PER_WAN)}万元"
    return f"{_exact(fen, FEN_PER_YUAN)}元" if language is Language.ZH else f"CNY {_exact(fen, FEN_PER_YUAN)}"


def _exact(fen: int, unit: int) -> str:
    whole, rest = divmod(fen, unit)
    decimals = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole:,}.{decimals}" if decimals else f"{whole:,}"


def say_size(size: int) -> str:
    """Return a number of bytes in the unit that suits it, decimal: 1.2 MB."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"


_CITED: Final = (
    (re.compile(r", article not confirmed"), "（条款未核实）"),
    (
        re.compile(r"\s*art\. ([0-9]+(?:-[0-9]+|(?:\([0-9]\))*))((?:, [0-9]+(?:-[0-9]+|(?:\([0-9]\))*))*)"),
        lambda m: _articles(m[1] + m[2]),
    ),
    (re.compile(r"\s*item ([0-9]+)"), r"第\1项"),
    (re.compile(r"\s*\(([0-9]{4})\)"), r"（\1年文本）"),
)


def _articles(numbers: str) -> str:
    parts = []
    for number in numbers.split(", "):
        if "-" in number:
            first, last = number.split("-")
            parts.append(f"第{first}条至第{last}条")
            continue
        article, *rest = number.replace(")", "").split("(")
        parts.append(f"第{article}条" + "".join(f"第{part}{'款项'[place > 0]}" for place, part in enumerate(rest)))
    return "、".join(parts)


def say_citation(citation: str, language: Language) -> str:
    """Return a citation of the catalogue in the language: `SAMR令45号 art. 13(1)(2)` is SAMR令45号第13条第1款第2项."""
    if language is Language.ZH:
        for pattern, replacement in _CITED:
            citation = pattern.sub(replacement, citation)
        citation = re.sub(r"令([0-9]+)号", r"令第\1号", citation)
        citation = citation.replace("SAMR令", "市场监管总局令").replace("NDRC令", "国家发展改革委令")
    return citation


@dataclass(frozen=True, slots=True)
class Term:
    """What a visitor typed into the search field: a code, an old number, or a name."""

    text: str
    is_number: bool


def read_term(raw: str) -> Term:
    """Return what was typed, width and blanks settled; digits and capitals alone are a number of some kind."""
    text = " ".join(raw.replace("　", " ").split())[:200]
    plain = text.replace(" ", "").replace("-", "")
    is_number = len(plain) >= 8 and plain.isascii() and plain.isalnum() and sum(map(str.isdigit, plain)) >= 6
    return Term(plain.upper() if is_number else text, is_number)

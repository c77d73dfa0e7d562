import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console import rendering as console
from service.reading.kinds import PenaltyKind
from service.status.rules import Outcome, Reason
from service.web import rendering
from service.web.rules import (
    WORDS,
    Language,
    Words,
    other_language,
    read_term,
    read_words,
    say_citation,
    say_day,
    say_instant,
    say_money,
    say_size,
)

ZH, EN = Language.ZH, Language.EN


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (None, "—", "—"),
        (0, "0元", "CNY 0"),
        (1, "0.01元", "CNY 0.01"),
        (500000, "5,000元", "CNY 5,000"),
        (999999, "9,999.99元", "CNY 9,999.99"),
        (1000000, "1万元", "CNY 10,000"),
        (12345670, "12.34567万元", "CNY 123,456.7"),
        (123456789012, "123,456.789012万元", "CNY 1,234,567,890.12"),
    ],
)
def test_money(fen: int | None, zh: str, en: str) -> None:
    assert (say_money(fen, ZH), say_money(fen, EN)) == (zh, en)


@given(st.integers(0, 10**17))
def test_money_is_exact(fen: int) -> None:
    said = say_money(fen, ZH).replace(",", "")
    unit = 1_000_000 if said.endswith("万元") else 100
    whole, _, decimals = said.rstrip("万元").partition(".")
    digits = len(str(unit)) - 1
    assert int(whole) * unit + int(decimals.ljust(digits, "0") or 0) == fen


def test_sizes() -> None:
    assert [say_size(size) for size in (0, 999, 1000, 1_250_000, 10**12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "1.0 TB",
    ]


def test_days_and_instants() -> None:
    assert say_day(date(2026, 1, 5), ZH) == "2026年1月5日"
    assert say_day(date(2026, 1, 5), EN) == "5 January 2026"
    assert say_day(None, ZH) == "—"
    assert say_instant(datetime(2026, 11, 24, 16, 30, tzinfo=UTC), ZH) == "2026年11月25日 00:30"


@pytest.mark.parametrize(
    ("citation", "zh"),
    [
        ("SAMR令45号 art. 13(1)(2)", "市场监管总局令第45号第13条第1款第2项"),
        ("SAMR令45号 art. 13(1), 14", "市场监管总局令第45号第13条第1款、第14条"),
        ("SAMR令45号 art. 2, 5-12", "市场监管总局令第45号第2条、第5条至第12条"),
        ("NDRC令36号, article not confirmed", "国家发展改革委令第36号（条款未核实）"),
        ("国务院令654号 art. 17 (2014)", "国务院令第654号第17条（2014年文本）"),
        ("国办发〔2025〕22号 item 2", "国办发〔2025〕22号第2项"),
    ],
)
def test_citations(citation: str, zh: str) -> None:
    assert say_citation(citation, ZH) == zh
    assert say_citation(citation, EN) == citation


@pytest.mark.parametrize(
    ("path", "other"),
    [("/", "/en"), ("/en", "/"), ("/lists", "/en/lists"), ("/en/lists/a", "/lists/a"), ("/enx", "/en/enx")],
)
def test_every_page_has_its_twin(path: str, other: str) -> None:
    assert other_language(path) == other


@pytest.mark.parametrize(
    ("typed", "text", "is_number"),
    [
        (" 重庆　星屿 ", "重庆 星屿", False),
        ("91500000xy0000012k", "91500000XY0000012K", True),
        ("9150 0000 XY00 0001 2K", "91500000XY0000012K", True),
        ("500000000012345", "500000000012345", True),
        ("12345678-9", "123456789", True),
        ("3M", "3M", False),
        ("360", "360", False),
        ("", "", False),
    ],
)
def test_terms(typed: str, text: str, is_number: bool) -> None:
    term = read_term(typed)
    assert (term.text, term.is_number) == (text, is_number)


def used_keys(folder: Path, words: Words) -> set[str]:
    """Return the keys that templates and code of a folder name, and those that they put together from values."""
    groups = "|".join({key.split(".")[0] for key in words})
    found: set[str] = set()
    for path in (*folder.glob("templates/*.html"), *folder.glob("*.py"), *folder.glob("pages/*.py")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(rf"""["']((?:{groups})\.[a-z0-9_]*[a-z0-9])["']""", text))
        for prefix in re.findall(rf"""["']((?:{groups})\.[a-z0-9_]*)(?:["'] ~ |{{)""", text):
            found |= {key for key in words if key.startswith(prefix)}
        for group in re.findall(r"""word\("([a-z_]+)\"""", text):
            found |= {key for key in words if key.startswith(f"{group}.")}
    found = {key for key in found if not key.endswith((".html", ".typ", ".css", ".js"))}
    return found | {key for key in words if re.fullmatch(r"error\.e\d+", key)}


def parts(text: str) -> list[str]:
    return sorted(re.findall(r"{\w+}", text))


def test_every_sentence_is_used_and_every_used_one_exists_in_both_languages() -> None:
    own = {key: texts for key, texts in console.WORDS.items() if key not in WORDS}
    assert used_keys(Path(rendering.__file__).parent, WORDS) == set(WORDS)
    assert used_keys(Path(console.__file__).parent, console.WORDS) - set(WORDS) == set(own)
    for words in (WORDS, own):
        assert [key for key, texts in words.items() if set(texts) != {"zh", "en"} or not all(texts.values())] == []
        assert [key for key, texts in words.items() if parts(texts["zh"]) != parts(texts["en"])] == []


def test_no_two_files_say_the_same_thing() -> None:
    files = sorted((Path(console.__file__).parent / "words").glob("*.toml"))
    keys = [key for words in (WORDS, *map(read_words, files)) for key in words]
    assert [key for key in set(keys) if keys.count(key) > 1] == []


def test_every_value_that_a_page_may_say_has_words() -> None:
    assert {f"kind.{kind.value}" for kind in PenaltyKind} <= set(WORDS)
    assert {f"outcome.{outcome.value}{end}" for outcome in Outcome for end in ("", "_words")} <= set(WORDS)
    assert {f"outcome.{reason.value}" for reason in Reason} <= set(WORDS)

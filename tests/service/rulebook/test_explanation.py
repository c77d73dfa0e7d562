import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.rulebook import selection, windows
from service.rulebook.explanation import Clock, cited_zh, explain_penalty, explain_window, say_term, words_of
from service.rulebook.periods import Term
from service.rulebook.rules import Channel, Grade, Tier
from service.rulebook.windows import Window
from tests.service.rulebook.books import BOOK, facts


def test_every_code_has_words() -> None:
    for tier in Tier:
        assert words_of("tier", tier.value).zh
    for grade in Grade:
        assert words_of("grade", grade.value).en
    for channel in Channel:
        assert words_of("channel", channel.value).zh
    for row in BOOK.rules:
        flags = [*row.flags, *(doubt.flag for doubt in row.doubts), *(f"{kind}_held_back" for kind in row.held_back)]
        assert all(words_of("flag", flag).zh for flag in flags), row.id
    source = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (selection, windows))
    for reason in re.findall(r'reason="(\w+)"', source):
        assert words_of("reason", reason).en
    for flag in re.findall(r'"(\w+_(?:unknown|assumed|shortens|tier))"', source):
        part = "reason" if flag == "undecided_tier" else "flag"
        assert words_of(part, flag).zh


@pytest.mark.parametrize(
    ("term", "en", "zh"),
    [
        (Term(months=3), "3 months", "3个月"),
        (Term(months=12), "1 year", "1年"),
        (Term(months=14, days=1), "1 year and 2 months and 1 day", "1年2个月1日"),
    ],
    ids=["months", "a year", "all"],
)
def test_terms_in_words(term: Term, en: str, zh: str) -> None:
    assert (say_term(term).en, say_term(term).zh) == (en, zh)


def test_a_window_tells_its_row_both_clocks_and_why() -> None:
    found = explain_penalty(BOOK, facts("stop_business", decided_on=date(2026, 5, 11)), date(2026, 5, 20))
    gsxt, credit_china, public = found.channels
    assert gsxt.clock == Clock("publication_date", date(2026, 5, 20), date(2027, 5, 20))
    assert gsxt.other_clock == Clock("decision_date", date(2026, 5, 11), date(2027, 5, 11))
    assert credit_china.clock == Clock("decision_date", date(2026, 5, 11), date(2029, 5, 11))
    assert credit_china.other_clock == Clock("publication_date", date(2026, 5, 20), date(2029, 5, 20))
    assert public.window.ends_on == date(2027, 5, 20)
    assert public.words.en == (
        "Shown on this service from 2026-05-20 to 2027-05-20, both days included. 1 year from publication on 2026-05-20:"
        " SAMR令107号, article not confirmed (not confirmed, or the sources disagree)."
    )
    assert public.words.zh == (
        "本平台自 2026-05-20 至 2027-05-20，首尾两日均展示。自公示之日（2026-05-20）起1年，"
        "依据SAMR令107号（条文未核实）（未经证实或资料不一）。"
    )
    assert [flag.code for flag in public.flags] == ["order_107_over_45", "serious_list_unconfirmed"]


def test_without_a_day_of_publication_the_decision_starts_the_clock_and_the_words_say_so() -> None:
    found = explain_penalty(BOOK, facts("stop_business", published_on=None), date(2026, 5, 20))
    gsxt = found.channels[0]
    assert gsxt.clock == Clock("decision_date", date(2026, 5, 11), date(2027, 5, 11))
    assert "from the decision on 2026-05-11" in gsxt.words.en


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        pytest.param({"procedure": "summary"}, "by summary procedure", "简易程序", id="summary procedure"),
        pytest.param({"province": "50"}, "the tier is undecided", "失信程度未定", id="no threshold is known"),
        pytest.param({"decided_on": None, "published_on": None}, "no day is stated", "缺少起算日期", id="no date"),
    ],
)
def test_what_is_not_shown_says_why(changes: dict[str, Any], en: str, zh: str) -> None:
    public = explain_penalty(BOOK, facts("fine", **changes), date(2026, 5, 20)).channels[2]
    assert public.words.en.startswith("Not shown on this service: ")
    assert en in public.words.en
    assert zh in public.words.zh


def test_a_warning_names_the_article_that_does_not_publish_it() -> None:
    gsxt = explain_penalty(BOOK, facts("warning", decided_on=date(2025, 3, 3), published_on=None), date(2025, 3, 4))
    assert "(SAMR令45号 art. 2(2))" in gsxt.channels[0].words.en
    assert "（SAMR令45号 第2(2)条）" in gsxt.channels[0].words.zh


def test_a_window_that_ended_before_it_came() -> None:
    case = facts("stop_business", decided_on=date(2020, 1, 1), published_on=date(2020, 1, 1))
    found = explain_penalty(BOOK, case, date(2026, 5, 20))
    assert "Never shown on this service: its period had ended on" in found.channels[2].words.en


def test_a_restriction_is_shown_as_long_as_it_lasts() -> None:
    case = facts(
        "practice_ban", decided_on=date(2024, 5, 6), published_on=date(2024, 5, 6), restriction_until=date(2029, 5, 6)
    )
    gsxt = explain_penalty(BOOK, case, date(2024, 5, 6)).channels[0]
    assert gsxt.window.ends_on == date(2029, 5, 6)
    assert "As long as the restriction lasts" in gsxt.words.en


def test_a_window_without_an_end() -> None:
    window = Window(Channel.PUBLIC, date(2026, 5, 20), None, None, None)
    assert "until it is removed" in explain_window(BOOK, facts("fine"), window).words.en
    stored = replace(window, rule_id="R36-2", ends_on=date(2026, 12, 1))
    assert "to 2026-12-01" in explain_window(BOOK, facts("fine"), stored).words.en


def test_citations_in_chinese() -> None:
    assert cited_zh("SAMR令45号 art. 13(1)(2)") == "SAMR令45号 第13(1)(2)条"

"""Why a penalty is shown from when to when, for every channel: inputs, row, article, grade, flags and words."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from service.rulebook.periods import Term, last_day
from service.rulebook.rules import PenaltyFacts, Rule
from service.rulebook.selection import Rulebook
from service.rulebook.windows import Window, Windows, penalty_windows


@dataclass(frozen=True, slots=True)
class Words:
    """The same in English and in Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Told:
    """A code with its words."""

    code: str
    words: Words


@dataclass(frozen=True, slots=True)
class Clock:
    """What a period runs from: `event` is publication_date or decision_date; `ends_on` what it gives by the governing row."""

    event: str
    day: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class WindowExplained:
    """One channel's window. `clock` is the one that the channel counts by, `other_clock` what the other channel's would give."""

    window: Window
    rule: Rule | None
    clock: Clock | None
    other_clock: Clock | None
    flags: tuple[Told, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class PenaltyExplained:
    """All windows of a penalty with the facts they were worked out from."""

    facts: PenaltyFacts
    public_from: date
    windows: Windows
    tier: Told
    channels: tuple[WindowExplained, ...]


@cache
def _words() -> Mapping[str, Mapping[str, Words]]:
    text = (files("service.rulebook") / "words.toml").read_text("utf-8")
    return {part: {code: Words(*both) for code, both in rows.items()} for part, rows in tomllib.loads(text).items()}


def words_of(part: str, code: str) -> Words:
    """Return the words for a code; `part` is channel, clock, tier, grade, reason or flag.

    Raises:
        KeyError: the code has no words.
    """
    return _words()[part][code]


def told(part: str, code: str) -> Told:
    """Return a code with its words."""
    return Told(code, words_of(part, code))


def say_term(term: Term) -> Words:
    """Return a term in words."""
    years, months = divmod(term.months, 12)
    counts = ((years, "year", "年"), (months, "month", "个月"), (term.days, "day", "日"))
    english = [f"{count} {word}{'s' if count > 1 else ''}" for count, word, _ in counts if count]
    return Words(" and ".join(english), "".join(f"{count}{word}" for count, _, word in counts if count))


def explain_penalty(rulebook: Rulebook, facts: PenaltyFacts, public_from: date) -> PenaltyExplained:
    """Return `penalty_windows` of the facts with the reasons for every day in it."""
    windows = penalty_windows(rulebook, facts, public_from)
    return PenaltyExplained(
        facts=facts,
        public_from=public_from,
        windows=windows,
        tier=told("tier", windows.tier.value),
        channels=tuple(
            explain_window(rulebook, facts, window) for window in (windows.gsxt, windows.credit_china, windows.public)
        ),
    )


def explain_window(rulebook: Rulebook, facts: PenaltyFacts, window: Window) -> WindowExplained:
    """Return a window of a penalty with the row that set it, both clocks and words."""
    rule = rulebook.find(window.rule_id)
    days = {"publication_date": facts.published_on, "decision_date": facts.decided_on}
    clock = other = None
    if rule is not None and rule.clock in days:
        event = rule.clock if days[rule.clock] is not None else "decision_date"
        clock = _clock(rule, event, days[event])
        other_event = next(one for one in days if one != event)
        other = _clock(rule, other_event, days[other_event])
    flags = tuple(told("flag", flag) for flag in window.flags)
    return WindowExplained(window, rule, clock, other, flags, _say(window, rule, clock))


def cited_zh(citation: str) -> str:
    """Return a citation with its few English words in Chinese."""
    text = re.sub(r"\bart\. ([0-9()]+)", r"第\1条", citation)
    for english, chinese in ((", article not confirmed", "（条文未核实）"), (" item ", "第"), ("(to ", "（至")):
        text = text.replace(english, chinese)
    return text


def _clock(rule: Rule, event: str, day: date | None) -> Clock:
    return Clock(event, day, last_day(day, rule.longest) if day is not None and rule.longest is not None else None)


def _say(window: Window, rule: Rule | None, clock: Clock | None) -> Words:
    place = words_of("channel", window.channel.value)
    if window.reason is not None:
        reason = words_of("reason", window.reason)
        cited = Words(f" ({rule.citation})", f"（{cited_zh(rule.citation)}）") if rule else Words("", "")
        return Words(f"Not shown on {place.en}: {reason.en}{cited.en}.", f"{place.zh}不展示：{reason.zh}{cited.zh}。")
    if window.ends_on is None:
        until = Words("until it is removed", "直至移出或者终止")
    else:
        until = Words(f"to {window.ends_on}, both days included", f"至 {window.ends_on}，首尾两日均展示")
    why = Words("", "")
    if rule is not None:
        grade = words_of("grade", rule.result_grade.value)
        why = Words(
            f" {_counted(rule, clock).en}: {rule.citation} ({grade.en}).",
            f"{_counted(rule, clock).zh}，依据{cited_zh(rule.citation)}（{grade.zh}）。",
        )
    if window.ends_on is not None and window.starts_on is not None and window.ends_on < window.starts_on:
        return Words(
            f"Never shown on {place.en}: its period had ended on {window.ends_on}, before it came.{why.en}",
            f"{place.zh}从未展示：期限已于 {window.ends_on} 届满。{why.zh}",
        )
    start = window.starts_on
    return Words(f"Shown on {place.en} from {start} {until.en}.{why.en}", f"{place.zh}自 {start} {until.zh}。{why.zh}")


def _counted(rule: Rule, clock: Clock | None) -> Words:
    if rule.longest is None:
        return Words("As long as the restriction lasts", "与限制期限一致")
    term = say_term(rule.longest)
    if clock is None or clock.day is None:
        return Words(term.en, term.zh)
    event = words_of("clock", clock.event)
    return Words(f"{term.en} from {event.en} on {clock.day}", f"自{event.zh}（{clock.day}）起{term.zh}")

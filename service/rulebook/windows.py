"""From days and rows to windows: when a record is shown on which channel (house decisions 1, 2, 6)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from service.rulebook.periods import Term, last_day
from service.rulebook.rules import Channel, PenaltyFacts, Rule, Selection, Tier
from service.rulebook.selection import Rulebook


@dataclass(frozen=True, slots=True)
class Window:
    """When one channel shows a record: from `starts_on` to `ends_on`, both days shown; no end: until removed.

    Without a start nothing is ever shown and `reason` says why: no_date, no_rule, not_published, summary_procedure,
    undecided_tier, other_channel, assumed_date. A window that ends before it starts shows nothing either, without a reason:
    its time was over before the record came. `rule_id` and `grade` are those of the row, or list, that set the end.
    """

    channel: Channel
    starts_on: date | None
    ends_on: date | None
    rule_id: str | None
    grade: str | None
    flags: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a penalty on all channels, and its tier with how it was found."""

    gsxt: Window
    credit_china: Window
    public: Window
    tier: Tier
    tier_basis: str


#: Reasons for which a channel has nothing to say about a penalty's tier.
_SILENT: Final = frozenset({"other_channel", "no_rule", "no_date"})
#: Of several reasons for which a record is not public, the first of these is told.
_TOLD: Final = ("undecided_tier", "not_published", "summary_procedure", "no_date", "no_rule")


def penalty_windows(rulebook: Rulebook, facts: PenaltyFacts, public_from: date) -> Windows:
    """Return the windows of a penalty; `public_from` is its publication day here (stated, else the day of acceptance).

    The public window ends with the *earliest* end among the channels whose row shows the record; a channel without a row,
    or whose row says "not published", is ignored. The tier is that of the penalty's own channel (GSXT for the authorities
    it serves and the days it has rows for, else Credit China), and an undecided one holds the record back. Where only the
    other channel is undecided, the earliest end that it could give counts too. A stated end may shorten, never lengthen.

    One thing is laid over it for records of an authority's own: a display that another law demands
    (`service/penalties/rules/windows.py`, `windows_of`), which never overrides an undecided tier.
    """
    clocks = {Channel.GSXT: facts.published_on or facts.decided_on, Channel.CREDIT_CHINA: facts.decided_on}
    rows = {channel: rulebook.select(channel, facts) for channel in clocks}
    own = rows[Channel.CREDIT_CHINA] if rows[Channel.GSXT].reason in _SILENT else rows[Channel.GSXT]
    windows = {channel: _window(channel, rows[channel], clock, facts) for channel, clock in clocks.items()}
    gsxt = _by_receipt(rulebook, facts, windows[Channel.GSXT])
    bounds = [
        (end, rule)
        for channel, clock in clocks.items()
        for rule in _showing(rows[channel])
        if clock is not None and (end := _end(rule, clock, facts)) is not None
    ]
    is_shown = any(window.reason is None for window in windows.values()) and own.reason != "undecided_tier"
    public = _public(list(windows.values()), bounds if is_shown else [], facts, public_from)
    return Windows(gsxt, windows[Channel.CREDIT_CHINA], public, own.tier, own.tier_basis)


def _by_receipt(rulebook: Rulebook, facts: PenaltyFacts, window: Window) -> Window:
    """The window of GSXT by its own day of publication, where its receipt has told it; what is public here stays as it was."""
    day = facts.gsxt_published_on
    if day is None or window.starts_on is None:
        return window
    selection = rulebook.select(Channel.GSXT, replace(facts, published_on=day))
    return _window(Channel.GSXT, selection, day, facts) if selection.reason is None else window


def _showing(selection: Selection) -> tuple[Rule, ...]:
    """The row that shows the record, or all rows that would where the tier is undecided."""
    if selection.rule is not None and selection.reason is None:
        return (selection.rule,)
    return tuple(rule for rule in selection.possible if rule.shown)


def _end(rule: Rule, clock: date, facts: PenaltyFacts) -> date | None:
    return last_day(clock, rule.longest) if rule.longest is not None else facts.restriction_until


def _window(channel: Channel, selection: Selection, clock: date | None, facts: PenaltyFacts) -> Window:
    rule = selection.rule
    rule_id, grade = (None, None) if rule is None else (rule.id, rule.result_grade.value)
    if selection.reason is not None or rule is None or clock is None:
        return Window(channel, None, None, rule_id, grade, selection.flags, selection.reason)
    return Window(channel, clock, _end(rule, clock, facts), rule_id, grade, selection.flags)


def _public(windows: list[Window], bounds: list[tuple[date, Rule]], facts: PenaltyFacts, public_from: date) -> Window:
    flags = tuple(dict.fromkeys(flag for window in windows for flag in window.flags))
    if not bounds:
        reasons = {window.reason for window in windows}
        reason = next(one for one in _TOLD if one in reasons)
        return Window(Channel.PUBLIC, None, None, None, None, flags, reason)
    ends_on, rule = min(bounds, key=lambda bound: bound[0])
    public = Window(Channel.PUBLIC, public_from, ends_on, rule.id, rule.result_grade.value, flags)
    if facts.stated_until is not None and facts.stated_until < ends_on:
        return replace(public, ends_on=facts.stated_until, flags=(*flags, "stated_end_shortens"))
    return public


def entry_window(
    *,
    list_id: str,
    period_months: int | None,
    grade: str,
    listed_on: date | None,
    assumed: bool,
    removed_on: date | None,
    stated_until: date | None,
    public_from: date,
) -> Window:
    """Return the public window of a blacklist entry: its list's own row (a cited period, or until removed).

    On the day of removal it is shown no more, so the window ends the day before. An assumed day of listing shows nothing.
    A stated end may shorten, never lengthen.
    """
    if listed_on is None or assumed:
        reason = "no_date" if listed_on is None else "assumed_date"
        return Window(Channel.PUBLIC, None, None, list_id, grade, (), reason)
    ends = [] if period_months is None else [last_day(listed_on, Term(months=period_months))]
    if removed_on is not None:
        ends.append(removed_on - timedelta(days=1))
    flags: tuple[str, ...] = ()
    if stated_until is not None and (not ends or stated_until < min(ends)):
        ends.append(stated_until)
        flags = ("stated_end_shortens",)
    return Window(Channel.PUBLIC, max(public_from, listed_on), min(ends, default=None), list_id, grade, flags)


class WindowCache:
    """Windows of penalties, each combination of facts worked out once; amounts count by the threshold they lie under."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._windows: dict[tuple[object, ...], Windows] = {}

    @property
    def thresholds(self) -> list[int]:
        """Amounts in fen between which windows do not differ, ascending."""
        return self._rulebook.thresholds

    def penalty(self, facts: PenaltyFacts, public_from: date) -> Windows:
        """Return `penalty_windows` of the facts."""
        key = (public_from, *self._rulebook.bucket(facts))
        found = self._windows.get(key)
        if found is None:
            found = self._windows[key] = penalty_windows(self._rulebook, facts, public_from)
        return found

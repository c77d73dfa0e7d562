"""From days and rows to windows: when a record is shown on which channel (DESIGN decisions 1, 2, 6)."""

from dataclasses import dataclass, replace
from datetime import date

from service.rulebook.periods import Term, last_day
from service.rulebook.rules import Channel, PenaltyFacts, Rulebook, Selection, Tier


@dataclass(frozen=True, slots=True)
class Window:
    """When one channel shows a record: from `starts_on` to `ends_on`, both days shown; no end: until removed.

    Without a start nothing is ever shown and `reason` says why: no_date, no_rule, not_published, summary_procedure,
    undecided_tier, other_channel, assumed_date.
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


def penalty_windows(rulebook: Rulebook, facts: PenaltyFacts, public_from: date) -> Windows:
    """Return the windows of a penalty; `public_from` is its publication day here (stated, else the day of acceptance).

    The public window ends with the *earliest* end among the channels whose rule shows the record. A channel without a
    row, or whose row says "not published", is ignored; a channel that would show it but cannot say for how long
    (undecided tier) holds it back. A stated end may shorten, never lengthen.
    """
    gsxt_row = rulebook.select(Channel.GSXT, facts)
    china_row = rulebook.select(Channel.CREDIT_CHINA, facts)
    gsxt = _window(Channel.GSXT, gsxt_row, facts.published_on or facts.decided_on, facts)
    china = _window(Channel.CREDIT_CHINA, china_row, facts.decided_on, facts)
    public = _public(gsxt, china, facts, public_from)
    deciding = china_row if gsxt_row.reason == "other_channel" else gsxt_row
    return Windows(gsxt, china, public, deciding.tier, deciding.tier_basis)


def _window(channel: Channel, selection: Selection, clock: date | None, facts: PenaltyFacts) -> Window:
    rule = selection.rule
    if selection.reason is not None or rule is None or clock is None:
        grade = rule.grade.value if rule is not None else None
        return Window(
            channel, None, None, rule.id if rule else None, grade, selection.flags, selection.reason or "no_rule"
        )
    if rule.longest is not None:
        ends_on: date | None = last_day(clock, rule.longest)
    else:
        ends_on = max(last_day(clock, Term(months=36)), facts.restriction_until or clock)
    return Window(channel, clock, ends_on, rule.id, rule.grade.value, selection.flags)


def _public(gsxt: Window, china: Window, facts: PenaltyFacts, public_from: date) -> Window:
    flags = tuple(dict.fromkeys((*gsxt.flags, *china.flags)))
    nothing = Window(Channel.PUBLIC, None, None, None, None, flags)
    for window in (gsxt, china):
        if window.reason == "undecided_tier":
            return replace(nothing, reason="undecided_tier")
    showing = [window for window in (gsxt, china) if window.reason is None]
    if not showing:
        reasons = {window.reason for window in (gsxt, china)} - {"other_channel"}
        order = ("no_date", "not_published", "summary_procedure", "no_rule")
        return replace(nothing, reason=next((one for one in order if one in reasons), "no_rule"))
    shortest = min(showing, key=lambda window: window.ends_on or date.max)
    ends_on = shortest.ends_on
    if facts.stated_until is not None and (ends_on is None or facts.stated_until < ends_on):
        ends_on, flags = facts.stated_until, (*flags, "stated_end_shortens")
    return Window(Channel.PUBLIC, public_from, ends_on, shortest.rule_id, shortest.grade, flags)


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

    On the day of removal it is shown no more, so the window ends the day before. An assumed day of listing shows
    nothing.
    """
    if listed_on is None or assumed:
        return Window(
            Channel.PUBLIC, None, None, list_id, grade, (), "no_date" if listed_on is None else "assumed_date"
        )
    ends = [last_day(listed_on, Term(months=period_months))] if period_months is not None else []
    flags: tuple[str, ...] = ()
    if removed_on is not None:
        ends.append(date.fromordinal(removed_on.toordinal() - 1))
    if stated_until is not None and (not ends or stated_until < min(ends)):
        ends.append(stated_until)
        flags = ("stated_end_shortens",)
    return Window(Channel.PUBLIC, max(public_from, listed_on), min(ends, default=None), list_id, grade, flags)


class WindowCache:
    """Windows by what they depend on; the amount of a fine only counts as low, not low or unknown."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._windows: dict[tuple[object, ...], Windows] = {}

    def penalty(self, facts: PenaltyFacts, public_from: date) -> Windows:
        """Return `penalty_windows` of the facts."""
        threshold = self._rulebook.low_fine_threshold(facts, facts.published_on or facts.decided_on or public_from)
        low = None if facts.fine_fen is None or threshold is None else facts.fine_fen < threshold
        key = (
            facts.authority_system,
            facts.procedure,
            facts.kinds,
            facts.fine_fen is None,
            low,
            facts.field,
            facts.province,
            facts.decided_on,
            facts.published_on,
            facts.stated_until,
            public_from,
        )
        found = self._windows.get(key)
        if found is None:
            found = self._windows[key] = penalty_windows(self._rulebook, facts, public_from)
        return found

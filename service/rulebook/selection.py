"""Which row of the rulebook governs a penalty on a channel, and what a missing amount or threshold leaves open."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from service.rulebook.periods import last_day
from service.rulebook.rules import (
    GSXT_SYSTEMS,
    Channel,
    Condition,
    Parameter,
    PenaltyFacts,
    Procedure,
    Rule,
    Selection,
    Tier,
)

#: Domains of the rows by channel, as the rows call them; `FRAMEWORK` rows rank below all others (overlap 5).
DOMAINS: Final[Mapping[Channel, str]] = {Channel.GSXT: "GSXT", Channel.CREDIT_CHINA: "CREDIT_CHINA"}
FRAMEWORK: Final = "all (framework)"
_RESTRICTIONS: Final = frozenset({"activity_restriction", "practice_ban"})
#: Why a condition cannot be judged, by itself a flag of the result.
_THRESHOLD_UNKNOWN: Final = "threshold_unknown"
_AMOUNT_UNKNOWN: Final = "amount_unknown"
_TRADER_ASSUMED: Final = "sole_trader_threshold_assumed"


@dataclass(frozen=True)
class Rulebook:
    """All rows and thresholds, in any order; `select` finds the row for a penalty on one of the two outside channels."""

    rules: tuple[Rule, ...]
    parameters: tuple[Parameter, ...] = field(default=())
    superseded: tuple[Rule, ...] = field(default=())

    def find(self, rule_id: str | None) -> Rule | None:
        """Return the row of this id, one that was superseded too, or None."""
        return next((rule for rule in (*self.rules, *self.superseded) if rule.id == rule_id), None)

    def select(self, channel: Channel, facts: PenaltyFacts) -> Selection:
        """Return the row in force when the channel's clock starts.

        GSXT shows the penalties of market regulation and drug authorities and counts from publication (where that day is
        not stated, from the decision); Credit China receives every authority's and counts from the decision. Neither shows
        penalties by summary procedure. Among the rows that a penalty falls under, those of the channel's domain come before
        framework rows, the later first day before the earlier, the longer period before the shorter.

        Raises:
            ValueError: `channel` is `public`, which has no rows of its own.

        Source: the overlaps of docs/decisions/0002-tiers.md; SAMR令45号 art. 2; 发改办财金〔2018〕424号.
        """
        if channel is Channel.PUBLIC:
            raise ValueError("the public channel has no rows; it follows the others")
        is_gsxt = channel is Channel.GSXT
        if is_gsxt and facts.authority_system not in GSXT_SYSTEMS:
            return Selection(None, Tier.UNDECIDED, "not a channel of this authority", reason="other_channel")
        clock = (facts.published_on or facts.decided_on) if is_gsxt else facts.decided_on
        if clock is None:
            return Selection(None, Tier.UNDECIDED, "no date starts the clock", reason="no_date")
        if facts.procedure == Procedure.SUMMARY:
            return Selection(None, Tier.MINOR, "summary procedure", reason="summary_procedure")
        rows = self._in_force(channel, clock)
        if not rows:
            return Selection(None, Tier.UNDECIDED, "no row is in force", reason="no_rule")
        if not facts.told_kinds:
            return Selection(None, Tier.UNDECIDED, "no kind of penalty is stated", reason="undecided_tier")
        for first_day in dict.fromkeys(row.effective_from for row in rows):
            found = self._settle([row for row in rows if row.effective_from == first_day], facts, clock)
            if found is not None:
                return found
        return Selection(None, Tier.UNDECIDED, "a kind that no tier names", ("kind_in_no_tier",), "undecided_tier")

    def bucket(self, facts: PenaltyFacts) -> tuple[object, ...]:
        """Return a key that is equal for facts between which no row and no window differs.

        Amounts are replaced by their place among all thresholds, whatever their province and days.
        """
        fine = facts.fine_fen
        return (
            facts.authority_system,
            facts.procedure,
            facts.kinds,
            fine if not fine else bisect_right(self.thresholds, fine),
            bool(facts.confiscation_fen),
            facts.field,
            facts.party_type,
            facts.province,
            facts.decided_on,
            facts.published_on,
            facts.stated_until,
            facts.restriction_until,
            facts.gsxt_published_on,
        )

    @cached_property
    def thresholds(self) -> list[int]:
        """All amounts in fen at which a row may begin or cease to govern, ascending."""
        # The leading 1 keeps the place of every amount above nothing apart from 0, which is a fine of nothing.
        return sorted({1, *(parameter.fen for parameter in self.parameters)})

    def _in_force(self, channel: Channel, day: date) -> list[Rule]:
        rows = [row for row in self.rules if row.governs and row.domain == DOMAINS[channel] and row.in_force(day)]
        rows.sort(key=lambda row: row.effective_from, reverse=True)
        fillers = [row for row in self.rules if row.governs and row.domain == FRAMEWORK and row.in_force(day)]
        return rows or fillers

    def _settle(self, rows: list[Rule], facts: PenaltyFacts, day: date) -> Selection | None:
        """Settle between rows of one domain and first day; None when the penalty falls under none of them."""
        certain: list[tuple[Rule, str | None]] = []
        open_rows: list[tuple[Rule, str]] = []
        for row in rows:
            holds, flag = self._judge_row(row, facts, day)
            if holds is None and flag is not None:
                open_rows.append((row, flag))
            elif holds:
                certain.append((row, flag))
        rest = [row for row in rows if row.otherwise]
        if not certain and open_rows:
            flags = tuple(dict.fromkeys(flag for _, flag in open_rows))
            possible = tuple(row for row, _ in open_rows) + tuple(rest)
            basis = "; ".join(_OPEN[flag] for flag in flags)
            return Selection(None, Tier.UNDECIDED, basis, flags, "undecided_tier", possible)
        if not certain:
            return self._selection(rest[0], facts, day, ()) if rest else None
        chosen, flag = max(certain, key=lambda one: _weight(one[0]))
        heavier = [flag for row, flag in open_rows if _weight(row) > _weight(chosen)]
        return self._selection(chosen, facts, day, (*([flag] if flag else ()), *heavier))

    def _selection(self, row: Rule, facts: PenaltyFacts, day: date, flags: tuple[str, ...]) -> Selection:
        kinds = facts.told_kinds
        told = [*row.flags, *(doubt.flag for doubt in row.doubts if kinds & doubt.any_of), *flags]
        for framework in self.rules:
            is_newer = framework.domain == FRAMEWORK and row.effective_from < framework.effective_from
            if is_newer and framework.in_force(day):
                told += framework.flags
        held_back = kinds <= row.held_back
        if held_back:
            told += [f"{kind}_held_back" for kind in sorted(kinds)]
        tier = Tier.MINOR if held_back else row.tier or Tier.UNDECIDED
        reason = "not_published" if held_back or not row.shown else None
        return Selection(row, tier, row.basis, tuple(dict.fromkeys(told)), reason)

    def _judge_row(self, row: Rule, facts: PenaltyFacts, day: date) -> tuple[bool | None, str | None]:
        """Whether one of the row's conditions holds: None with a flag where that cannot be known."""
        found: tuple[bool | None, str | None] = (False, None)
        for condition in row.when:
            holds, flag = self._judge(condition, facts, day)
            if holds:
                return True, flag
            if holds is None:
                found = (None, flag)
        return found

    def _judge(self, condition: Condition, facts: PenaltyFacts, day: date) -> tuple[bool | None, str | None]:
        kinds = facts.told_kinds
        if condition.only is not None and not kinds <= condition.only:
            return False, None
        if condition.any_of is not None and not kinds & condition.any_of:
            return False, None
        if condition.fields is not None and facts.field not in condition.fields:
            return False, None
        if condition.restriction_over is not None and not (
            kinds & _RESTRICTIONS
            and facts.restriction_until is not None
            and facts.restriction_until > last_day(facts.decided_on or day, condition.restriction_over)
        ):
            return False, None
        has_fine = "fine" in kinds
        if condition.fine_from is not None:
            below, flag = self._is_below(condition.fine_from, facts, day) if has_fine else (True, None)
            if below is not False:
                return (None, flag) if below is None else (False, None)
        if condition.fine_below is not None and has_fine:
            return self._is_below(condition.fine_below, facts, day)
        return True, None

    def _is_below(self, name: str, facts: PenaltyFacts, day: date) -> tuple[bool | None, str | None]:
        """Whether the fine is below a threshold. For a sole trader it is when it is below the higher of the two."""
        amounts = dict(self._thresholds(name, facts, day))
        standing = amounts.get("organization")
        if standing is None:
            return None, _THRESHOLD_UNKNOWN
        if facts.fine_fen is None:
            return None, _AMOUNT_UNKNOWN
        if facts.party_type != "sole_trader":
            return facts.fine_fen < standing, None
        answers = {facts.fine_fen < amount for amount in amounts.values()}
        return True in answers, _TRADER_ASSUMED if len(answers) > 1 else None

    def _thresholds(self, name: str, facts: PenaltyFacts, day: date) -> Iterator[tuple[str, int]]:
        """Yield party and amount; what a system or a province has of its own, and the later first day, come last."""
        found = [
            one
            for one in self.parameters
            if one.name == name
            and one.in_force(day)
            and one.province in {None, facts.province}
            and one.system in {None, facts.authority_system}
        ]
        found.sort(key=lambda one: (one.province is not None, one.system is not None, one.effective_from))
        return ((one.party, one.fen) for one in found)


_OPEN: Final = {
    _THRESHOLD_UNKNOWN: "the threshold between the tiers is not known for this authority",
    _AMOUNT_UNKNOWN: "the amount of the fine is not stated",
}


def _weight(row: Rule) -> tuple[bool, bool, int, int]:
    """Rows not shown are lightest, those as long as a restriction heaviest."""
    longest = row.longest
    return (row.shown, longest is None, longest.months if longest else 0, longest.days if longest else 0)

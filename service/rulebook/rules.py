"""The rulebook: dated rows with citation and grade, and which of them governs a penalty on a channel.

How overlaps are settled stands in docs/decisions/0002-tiers.md; every choice that the sources do not settle takes the
shorter period and carries a flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

from service.rulebook.periods import Term


class Channel(StrEnum):
    """Where a record is shown."""

    GSXT = "gsxt"
    CREDIT_CHINA = "credit_china"
    PUBLIC = "public"


class Tier(StrEnum):
    """Tiers of dishonest information (轻微, 一般, 严重); `undecided` until somebody states what is missing."""

    MINOR = "minor"
    GENERAL = "general"
    SERIOUS = "serious"
    UNDECIDED = "undecided"


class Grade(StrEnum):
    """How well a fact is known."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


class Procedure(StrEnum):
    """Procedure of the decision (简易程序, 普通程序)."""

    ORDINARY = "ordinary"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: which tier of which domain is shown for how long, from when to when the row is in force (both inclusive).

    `longest` is the period of publication, `shortest` what must have passed before an early stop; `shown` is false for
    rows that say "not published". `clock` is publication_date, decision_date, listing_date or none.
    """

    id: str
    instrument: str
    domain: str
    effective_from: date
    effective_to: date | None
    tier: str
    shown: bool
    shortest: Term | None
    longest: Term | None
    clock: str
    early_stop: str | None
    citation: str
    grade: Grade
    note: str | None

    def in_force(self, day: date) -> bool:
        """Return whether the row is in force on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A money threshold: fines *below* `fen` are low (较低数额罚款) for a province and a type of party."""

    id: str
    province: str
    party: str
    fen: int
    effective_from: date
    effective_to: date | None
    citation: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class PenaltyFacts:
    """What the selection of a rule depends on. Money is fen; `province` is two digits; days are legal days.

    `published_on` is the publication day on GSXT; `stated_until` a last day that the record itself states;
    `restriction_until` the end of a restriction of business or occupation, where there is one.
    """

    authority_system: str
    procedure: str
    kinds: frozenset[str]
    fine_fen: int | None
    confiscation_fen: int | None
    field: str | None
    party_type: str
    province: str | None
    decided_on: date | None
    published_on: date | None
    stated_until: date | None = None
    restriction_until: date | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The row that governs, or the reason why none does; the tier and how it was found."""

    rule: Rule | None
    tier: Tier
    tier_basis: str
    flags: tuple[str, ...] = ()
    reason: str | None = None


GSXT_SYSTEMS: Final = frozenset({"market_regulation", "drugs"})
_LIGHT: Final = frozenset({"warning", "criticism", "fine"})
_SERIOUS_36: Final = frozenset(
    {"permit_revocation", "activity_restriction", "stop_business", "closure", "practice_ban"}
)
_UNSETTLED_36: Final = frozenset({"permit_suspension", "downgrade"})


@dataclass(frozen=True)
class Rulebook:
    """All rows and thresholds; `select` finds the row for a penalty on one of the two outside channels."""

    rules: tuple[Rule, ...]
    parameters: tuple[Parameter, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Rows by id."""
        return {rule.id: rule for rule in self.rules}

    def low_fine_threshold(self, facts: PenaltyFacts, day: date) -> int | None:
        """Return the amount in fen below which a fine is low in the province of the authority, or None if not known."""
        for one in self.parameters:
            in_force = one.effective_from <= day and (one.effective_to is None or day <= one.effective_to)
            if one.province == facts.province and one.party == "organization" and in_force:
                return one.fen
        return None

    def select(self, channel: Channel, facts: PenaltyFacts) -> Selection:
        """Return the row in force when the channel's clock starts.

        GSXT shows penalties of market regulation and drug authorities and counts from publication (where that day is
        not stated, from the decision); Credit China shows every authority's and counts from the decision.

        Raises:
            ValueError: `channel` is `public`, which has no rows of its own.
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
        if not facts.kinds:
            return Selection(None, Tier.UNDECIDED, "no kind of penalty is stated", reason="undecided_tier")
        return self._gsxt(facts, clock) if is_gsxt else self._credit_china(facts, clock)

    def _row(self, row_id: str, day: date) -> Rule | None:
        rule = self.by_id.get(row_id)
        return rule if rule is not None and rule.in_force(day) else None

    def _gsxt(self, facts: PenaltyFacts, clock: date) -> Selection:
        newer = self._row("R107-2", clock)
        prefix = "R107" if newer is not None else "R45"
        flags = ("order_107_over_45",) if newer is not None else ()
        if self._row(f"{prefix}-0", clock) is None:
            return Selection(None, Tier.UNDECIDED, "no row is in force", reason="no_rule")
        if facts.kinds == {"warning"}:
            return Selection(self.by_id[f"{prefix}-0"], Tier.MINOR, "warning only", flags, reason="not_published")
        if facts.kinds <= _LIGHT:
            tier, basis, flag = self._light(facts, clock)
            if tier is Tier.UNDECIDED:
                return Selection(None, tier, basis, (*flags, flag), reason="undecided_tier")
            if tier is Tier.MINOR:
                return Selection(self.by_id[f"{prefix}-1"], tier, basis, flags)
        if newer is not None:
            heavy = ("serious_list_unconfirmed",) if facts.kinds & (_SERIOUS_36 | _UNSETTLED_36) else ()
            return Selection(newer, Tier.GENERAL, "neither minor nor on a confirmed serious list", (*flags, *heavy))
        return self._order_45(facts, clock)

    def _order_45(self, facts: PenaltyFacts, clock: date) -> Selection:
        long_ban = facts.restriction_until is not None and facts.kinds & {"activity_restriction", "practice_ban"}
        if long_ban and (row := self._row("R45-3", clock)) is not None:
            return Selection(row, Tier.SERIOUS, "restriction of business or occupation")
        row = self._row("R45-2", clock)
        return Selection(row, Tier.GENERAL, "order 45 has one period for all others", reason=None if row else "no_rule")

    def _light(self, facts: PenaltyFacts, clock: date) -> tuple[Tier, str, str]:
        if "fine" not in facts.kinds:
            return Tier.MINOR, "circulated criticism only", ""
        threshold = self.low_fine_threshold(facts, clock)
        if threshold is None:
            return Tier.UNDECIDED, "the province's amount of a low fine is not known", "threshold_unknown"
        if facts.fine_fen is None:
            return Tier.UNDECIDED, "the amount of the fine is not stated", "amount_unknown"
        if facts.fine_fen < threshold:
            return Tier.MINOR, f"fine below {threshold // 100} yuan", ""
        return Tier.GENERAL, f"fine of {threshold // 100} yuan or more", ""

    def _credit_china(self, facts: PenaltyFacts, clock: date) -> Selection:
        if self._row("R36-2", clock) is not None:
            return self._order_36(facts)
        if (row := self._row("R58-1", clock)) is not None:
            overlap = self._row("R22-1", clock)
            flags = ("framework_22_in_force",) if overlap is not None else ()
            if facts.kinds == {"warning"}:
                return Selection(
                    row, Tier.MINOR, "warning only, held back", (*flags, "warning_held_back"), "not_published"
                )
            field_row = self.by_id.get("R58-2") if facts.field is not None else None
            return Selection(field_row or row, Tier.GENERAL, "order 58 has one period for all", flags)
        if (row := self._row("R527-1", clock)) is not None:
            return Selection(
                row, Tier.GENERAL, "classes of 2019 not stated: the shorter period", ("shorter_period_assumed",)
            )
        return Selection(None, Tier.UNDECIDED, "no row is in force", reason="no_rule")

    def _order_36(self, facts: PenaltyFacts) -> Selection:
        if facts.kinds & _SERIOUS_36:
            return Selection(self.by_id["R36-3"], Tier.SERIOUS, "kind on the serious list of order 36")
        if facts.kinds <= {"warning", "criticism"}:
            return Selection(self.by_id["R36-1"], Tier.MINOR, "warning or criticism only", (), "not_published")
        flags = [
            *(["fine_bracket_unknown"] if "fine" in facts.kinds else []),
            *(["draft_against_final_text"] if facts.kinds & _UNSETTLED_36 else []),
        ]
        return Selection(
            self.by_id["R36-2"], Tier.GENERAL, "fine, confiscation or another kind of order 36", tuple(flags)
        )

"""The values of the rulebook: dated rows with citation and grade, and the facts of a penalty that decide between them.

What a row demands of a penalty is data (`Condition`), not code. How overlaps are settled stands in
docs/decisions/0002-tiers.md.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
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


#: Systems whose penalties GSXT shows: market regulation and the drug authorities. Source: SAMR令45号 art. 2, 18.
GSXT_SYSTEMS: Final = frozenset({"market_regulation", "drugs"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which a penalty falls under a row; every part that is stated must hold.

    `only`: the decision has no kinds but these; `any_of`: it has at least one of these; `fields`: it lies in one of these;
    `fine_below` and `fine_from`: a fine in it is below, or not below, the threshold of that name (`fine_below` holds
    without a fine, `fine_from` does not); `restriction_over`: it restricts business or occupation for longer than this.
    """

    only: frozenset[str] | None = None
    any_of: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    fine_below: str | None = None
    fine_from: str | None = None
    restriction_over: Term | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Kinds about whose tier the sources disagree or are silent, and the flag that a result then carries."""

    any_of: frozenset[str]
    flag: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: which penalties of which domain are shown for how long, and when the row is in force (both days inclusive).

    `longest` is the period of publication (None: as long as the restriction lasts, or the row only informs), `shortest` what
    must have passed before an early stop; `shown` is false for rows that say "not published", even in principle. `clock` is
    publication_date, decision_date, listing_date, "not stated" or none. A row governs a penalty when one of `when` holds, or,
    with `otherwise`, when no other row of its domain and first day does; with neither it informs and never governs.
    `held_back` are kinds that, alone, are not shown although the row does not say so. `grade` is the row's, `result_grade`
    that of a period worked out by it.
    """

    id: str
    instrument: str
    domain: str
    effective_from: date
    effective_to: date | None
    tier: Tier | None
    basis: str
    shown: bool
    shortest: Term | None
    longest: Term | None
    clock: str
    early_stop: str | None
    citation: str
    grade: Grade
    result_grade: Grade
    note: str | None
    when: tuple[Condition, ...] = ()
    otherwise: bool = False
    held_back: frozenset[str] = frozenset()
    flags: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def in_force(self, day: date) -> bool:
        """Return whether the row is in force on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    @property
    def governs(self) -> bool:
        """Whether the row can govern a penalty at all."""
        return bool(self.when) or self.otherwise


@dataclass(frozen=True, slots=True)
class Parameter:
    """A money threshold: amounts *below* `fen` lie under it; both days in force are inclusive.

    `name` is low_fine_threshold (较低数额罚款), large_fine_threshold (较大数额罚款) or huge_fine_threshold (巨额罚款);
    `province` the first two digits of the deciding authority's division, None everywhere; `system` that authority's, None
    all; `party` organization or natural_person.
    """

    id: str
    name: str
    province: str | None
    system: str | None
    party: str
    fen: int
    effective_from: date
    effective_to: date | None
    citation: str
    grade: Grade

    def in_force(self, day: date) -> bool:
        """Return whether the threshold is in force on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class PenaltyFacts:
    """What the selection of a rule depends on. Money is fen; `province` is two digits; days are legal days.

    `published_on` is the publication day on GSXT; `stated_until` a last day that the record itself states;
    `restriction_until` the end of a restriction of business or occupation, where there is one. `field` is food, drugs,
    special_equipment, work_safety, fire or None. `gsxt_published_on` is the day of GSXT's own receipt: it sets that channel's
    window and no other.
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
    gsxt_published_on: date | None = None

    @property
    def told_kinds(self) -> frozenset[str]:
        """The kinds stated, and those that a sum of money gives away (a fine, a confiscation of gains)."""
        kinds = self.kinds
        if self.fine_fen:
            kinds |= {"fine"}
        if self.confiscation_fen and not kinds & {"confiscation_gains", "confiscation_property"}:
            kinds |= {"confiscation_gains"}
        return kinds


@dataclass(frozen=True, slots=True)
class Selection:
    """The row that governs, or the reason why none does; the tier and how it was found.

    `possible` are the rows between which an undecided tier hangs. `reason` is None, or no_date, no_rule, not_published,
    summary_procedure, undecided_tier, other_channel.
    """

    rule: Rule | None
    tier: Tier
    tier_basis: str
    flags: tuple[str, ...] = ()
    reason: str | None = None
    possible: tuple[Rule, ...] = field(default=())

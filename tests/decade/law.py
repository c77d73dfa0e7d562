"""The law of publication written a second time, slowly, from the words of the regulations: no code of the service in it.

Sources: SAMR orders 44, 45 and 107, NDRC orders 58 and 36 (2025), 发改办财金〔2019〕527号, 民法典 art. 201 and 202, and for what
these leave open docs/decisions/0002-tiers.md. Amounts are fen.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

MINOR_KINDS = {"warning", "criticism", "fine"}
CONFISCATIONS = {"confiscation_gains", "confiscation_property"}
GENERAL_36 = CONFISCATIONS | {"permit_suspension", "downgrade"}
SERIOUS_36 = {"permit_revocation", "activity_restriction", "stop_business", "closure", "practice_ban"}

ORDER_45 = date(2021, 9, 1)
ORDER_107 = date(2025, 12, 25)
NOTICE_527 = date(2019, 7, 1)
ORDER_58 = date(2023, 5, 1)
ORDER_36 = date(2026, 4, 1)


@dataclass
class Facts:
    """What a decision says: by an authority of a system in a province, against an organisation or a sole trader."""

    system: str
    province: str
    party: str
    kinds: set[str]
    fine: int | None
    confiscated: int | None
    decided_on: date
    summary: bool = False
    restricted_until: date | None = None


@dataclass
class Amounts:
    """Low fines by province: those known at the moment, in fen, for organisations and for natural persons."""

    low: dict[str, dict[str, int]] = field(
        default_factory=lambda: {"42": {"organization": 10_000_000, "natural_person": 1_000_000}}
    )


@dataclass
class Answer:
    """How long one channel shows a decision: `shown` or not; `until` where it is, by the shortest reading; its tier.

    `silent`: the channel says nothing about it. `open`: the tier is undecided, `until` is then the shortest that it could be.
    """

    shown: bool
    tier: str
    until: date | None = None
    silent: bool = False
    open: bool = False


def months_later(day: date, months: int) -> date:
    """民法典 art. 202: the corresponding day, else the last of the month; it belongs to the term."""
    year, month = day.year, day.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def low_fine(facts: Facts, amounts: Amounts) -> bool | None:
    """Whether the fine is a low one; None where nobody knows. Of two amounts for a sole trader the one that makes it low."""
    known = amounts.low.get(facts.province)
    if known is None or facts.fine is None:
        return None
    if facts.party == "organization":
        return facts.fine < known["organization"]
    return any(facts.fine < amount for amount in known.values())


def gsxt(facts: Facts, published_on: date, amounts: Amounts) -> Answer:
    """国家企业信用信息公示系统: market regulation only, counted from publication."""
    if facts.system != "market_regulation":
        return Answer(shown=False, tier="undecided", silent=True)
    if facts.summary:
        return Answer(shown=False, tier="minor")
    if published_on < ORDER_45:
        return Answer(shown=False, tier="undecided", silent=True)
    if facts.kinds == {"warning"}:
        return Answer(shown=False, tier="minor")
    three_months = months_later(published_on, 3)
    if facts.kinds <= MINOR_KINDS:
        is_low = low_fine(facts, amounts) if "fine" in facts.kinds else True
        if is_low:
            return Answer(shown=True, tier="minor", until=three_months)
        if is_low is None:
            return Answer(shown=False, tier="undecided", until=three_months, open=True)
    if published_on >= ORDER_107:
        return Answer(shown=True, tier="general", until=months_later(published_on, 12))
    if (
        facts.kinds & {"activity_restriction", "practice_ban"}
        and facts.restricted_until is not None
        and facts.restricted_until > months_later(facts.decided_on, 36)
    ):
        return Answer(shown=True, tier="serious", until=facts.restricted_until)
    return Answer(shown=True, tier="general", until=months_later(published_on, 36))


def credit_china(facts: Facts) -> Answer:
    """信用中国: every authority's, counted from the decision."""
    decided = facts.decided_on
    if facts.summary:
        return Answer(shown=False, tier="minor")
    if decided < NOTICE_527:
        return Answer(shown=False, tier="undecided", silent=True)
    if decided < ORDER_36:
        if facts.kinds == {"warning"}:
            return Answer(shown=False, tier="minor")
        return Answer(shown=True, tier="general", until=months_later(decided, 12 if decided < ORDER_58 else 36))
    if facts.kinds <= {"warning", "criticism"}:
        return Answer(shown=False, tier="minor")
    if facts.kinds & SERIOUS_36:
        return Answer(shown=True, tier="serious", until=months_later(decided, 36))
    if facts.kinds & GENERAL_36:
        return Answer(shown=True, tier="general", until=months_later(decided, 12))
    return Answer(shown=False, tier="undecided", until=months_later(decided, 12), open=True)


@dataclass
class Display:
    """Whether a penalty may be shown here, until which day (both ends shown), and its tier."""

    allowed: bool
    until: date | None
    tier: str


def display(facts: Facts, published_on: date, amounts: Amounts) -> Display:
    """The earliest end among the channels that show it; an undecided tier on its own channel holds it back."""
    first, second = gsxt(facts, published_on, amounts), credit_china(facts)
    own = second if first.silent else first
    ends = [one.until for one in (first, second) if (one.shown or one.open) and one.until is not None]
    allowed = (first.shown or second.shown) and not (own.open or own.silent)
    return Display(allowed, min(ends) if allowed else None, own.tier)


def listed_until(list_id: str, listed_on: date) -> date | None:
    """How long an entry stands: three years on the list of order 44, elsewhere until it is removed."""
    return months_later(listed_on, 36) if list_id == "samr-serious" else None

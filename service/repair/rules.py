"""Credit repair and objections: their moves, and the conditions of a repair, which come from the rulebook's row alone.

Repair is a right (NDRC令36号 art. 2): what no row names is no condition, a conflict between rows goes to a person, and nothing
is refused without a cited law.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from service.access.rules import Role
from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.records.rules import Guard, Move, table
from service.rulebook.periods import last_day
from service.rulebook.rules import Rule


class NoSuchCase(NotFound):
    """There is no application or objection of this id that the key may see."""

    code = "no_such_case"


class NoCertificate(Conflict):
    """There is no certificate of this application: the repair is not granted."""

    code = "no_certificate"


class NotItsAgent(Forbidden):
    """The key is no agent of this firm, and no repair officer of the record's authority."""

    code = "not_its_agent"


class NothingToRepair(Conflict):
    """The record is not one that could be repaired: it was never shown, or has ended already."""

    code = "nothing_to_repair"


class RepairOpen(Conflict):
    """An application for the repair of this record is open already."""

    code = "repair_open"


class ConditionsNotMet(Conflict):
    """A condition of the row in force at acceptance does not hold; `conditions` shows every one."""

    code = "conditions_not_met"


class NotConfirmed(Invalid):
    """A condition that only a person can judge is not confirmed; `unconfirmed` names those."""

    code = "not_confirmed"


class NoLawNamed(Invalid):
    """A repair is refused only by a condition that does not hold, or by a law that excludes it, cited in `basis`."""

    code = "no_law_named"


class AlreadyReceived(Conflict):
    """The clock of this application runs already."""

    code = "already_received"


class CourtDocumentMissing(Invalid):
    """A repair because of a reorganisation names the court's document."""

    code = "court_document_missing"


class RepairState(StrEnum):
    """Where an application stands."""

    FILED = "filed"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    GRANTED = "granted"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


class Intake(StrEnum):
    """By which door an application came; only a local receipt starts no clock."""

    CREDIT_CHINA = "credit_china"
    GSXT = "gsxt"
    DESIGNATED = "designated"
    LOCAL = "local"


_OFFICER: Final = frozenset({Role.REPAIR_OFFICER})
_FILED: Final = frozenset({RepairState.FILED})
_ACCEPTED: Final = frozenset({RepairState.ACCEPTED})

#: Every command of an application, but `take-back`, which its filer gives.
REPAIR_MOVES: Final = table(
    (
        Move("receive", _FILED, None, _OFFICER, words="Record that it arrived by the statutory door: its clock starts."),
        Move(
            "accept", _FILED, RepairState.ACCEPTED, _OFFICER, citation="国办发〔2025〕22号 (D13)",
            words="Accept it: the row in force today sets its conditions.",
        ),
        Move(
            "not-accept", _FILED, RepairState.NOT_ACCEPTED, _OFFICER, frozenset({Guard.REASON}),
            citation="国办发〔2025〕22号 (D13)", words="Do not accept it, and say why.",
        ),
        Move(
            "grant", _ACCEPTED, RepairState.GRANTED, _OFFICER, frozenset({Guard.REASON, Guard.FOUR_EYES}),
            citation="NDRC令36号 art. 3", words="Grant it: publication, sharing and measures end at once.",
        ),
        Move(
            "refuse", _ACCEPTED, RepairState.REFUSED, _OFFICER, frozenset({Guard.REASON, Guard.BASIS, Guard.FOUR_EYES}),
            citation="NDRC令36号 art. 2", words="Refuse it, by the condition or the law that stands against it.",
        ),
    )
)  # fmt: skip
TAKE_BACK: Final = Move(
    "take-back", _FILED | _ACCEPTED, RepairState.TAKEN_BACK, frozenset(), words="Take the application back."
)


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"


_OPEN: Final = frozenset({ObjectionState.OPEN})
_DECIDES: Final = frozenset({Role.REVIEWER, Role.REPAIR_OFFICER})
OBJECTION_MOVES: Final = table(
    (
        Move(
            "uphold", _OPEN, ObjectionState.UPHELD, _DECIDES, frozenset({Guard.REASON}), citation="SAMR令45号 art. 12 (D07)",
            words="Uphold it: the record is corrected, recalled or withdrawn by its own move.",
        ),
        Move(
            "reject", _OPEN, ObjectionState.REJECTED, _DECIDES, frozenset({Guard.REASON}), words="Reject it, with reasons.",
        ),
    )
)  # fmt: skip


HIDE: Final = Move(
    "hide", _OPEN, None, frozenset({Role.REVIEWER}), frozenset({Guard.REASON}),
    words="Order that the record is hidden while the objection is open; its end does not move.",
)  # fmt: skip
TAKE_BACK_OBJECTION: Final = Move(
    "take-back", _OPEN, ObjectionState.TAKEN_BACK, frozenset(), words="Take the objection back."
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as the data file has it."""

    id: str
    words: str
    words_zh: str
    judged: str
    material: str | None
    lists: frozenset[str]
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """The conditions of an early-stop code, in order, with citation and grade."""

    code: str
    citation: str
    grade: str
    conditions: tuple[Condition, ...]


class Found(StrEnum):
    """How a condition stands: it holds, it does not, or a person must say."""

    HOLDS = "holds"
    FAILS = "fails"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition judged for one application."""

    id: str
    outcome: Found
    found: str
    words: str
    words_zh: str
    citation: str
    grade: str


@dataclass(frozen=True, slots=True)
class RepairFacts:
    """What the conditions depend on. `rule` is the row in force at acceptance; days are legal days.

    `clock_on` is the day on which the row's clock began for this record; `materials` the kinds of attached documents; `listed`
    the lists that the subject is on today; `repeated` how many later penalties it has for the same kind of violation.
    """

    rule: Rule | None
    today: date
    clock_on: date | None
    kinds: frozenset[str]
    materials: frozenset[str]
    listed: frozenset[str]
    repeated: int
    has_commitment: bool
    court_document_no: str | None


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files("service.repair") / "data" / "conditions.toml").read_text("utf-8"))


@cache
def condition_sets() -> Mapping[str, ConditionSet]:
    """Return the conditions by early-stop code."""
    known = {
        row["id"]: Condition(
            row["id"],
            row["words"],
            row["words_zh"],
            row["judged"],
            row.get("material"),
            frozenset(row.get("lists", ())),
            frozenset(row.get("kinds", ())),
        )
        for row in _data()["condition"]
    }
    return {
        row["code"]: ConditionSet(
            row["code"], row["citation"], row["grade"], tuple(known[name] for name in row["conditions"])
        )
        for row in _data()["set"]
    }


def review_routes() -> list[dict[str, str]]:
    """Return the ways to have a decision reviewed, which every decision names."""
    return [dict(row) for row in _data()["route"]]


_CODE: Final = re.compile(r"E[0-9]+")


def conditions_of(rule: Rule | None) -> ConditionSet | None:
    """Return the conditions of an early stop that a row names, or None where it names none."""
    code = _CODE.search(rule.early_stop or "") if rule is not None else None
    return None if code is None else condition_sets().get(code.group())


def judge(facts: RepairFacts, *, ground: str) -> list[Judged]:
    """Return every condition of the row in force at acceptance, and how it stands; by a reorganisation, those of that ground."""
    if ground == "bankruptcy_reorganisation":
        return list(_judged(condition_sets()["bankruptcy"], facts))
    known = conditions_of(facts.rule)
    if known is None:
        told = (
            "no row is in force"
            if facts.rule is None
            else f"{facts.rule.id} says: {facts.rule.early_stop or 'nothing'}"
        )
        return [
            Judged(
                "no_condition_named", Found.PERSON, told, "the row names no condition of an early stop; a person decides",
                "所依规则未规定提前终止公示的条件，由人工决定",
                "" if facts.rule is None else facts.rule.citation,
                "unverified" if facts.rule is None else facts.rule.grade.value,
            )
        ]  # fmt: skip
    return list(_judged(known, facts))


def _judged(known: ConditionSet, facts: RepairFacts) -> Iterator[Judged]:
    for condition in known.conditions:
        outcome, found = _stands(condition, facts)
        yield Judged(condition.id, outcome, found, condition.words, condition.words_zh, known.citation, known.grade)


def _stands(condition: Condition, facts: RepairFacts) -> tuple[Found, str]:
    match condition.judged:
        case "minimum":
            return _minimum(facts)
        case "material":
            if condition.material not in facts.materials:
                return Found.FAILS, f"no {condition.material} is attached"
            return Found.PERSON, f"{condition.material} is attached; confirm what it proves"
        case "repeated":
            told = f"{facts.repeated} later penalties for the same kind of violation"
            return (Found.FAILS if facts.repeated else Found.HOLDS), told
        case "listed":
            on = sorted(condition.lists & facts.listed)
            return (Found.FAILS, f"on {', '.join(on)}") if on else (Found.HOLDS, "on none of them")
        case "commitment":
            return (
                (Found.HOLDS, "made with the application") if facts.has_commitment else (Found.FAILS, "none was made")
            )
        case "court":
            named = facts.court_document_no
            return (
                (Found.PERSON, f"by {named}; confirm it")
                if named
                else (Found.FAILS, "no document of the court is named")
            )
        case "excluded":
            met = sorted(condition.kinds & facts.kinds)
            return (Found.FAILS, f"never for {', '.join(met)}") if met else (Found.HOLDS, "none of them")
        case "kinds":
            met = sorted(condition.kinds & facts.kinds)
            return (
                (Found.PERSON, f"{', '.join(met)}: decide which text prevails")
                if met
                else (Found.HOLDS, "none of them")
            )
        case _:
            return Found.PERSON, "confirm it"


def _minimum(facts: RepairFacts) -> tuple[Found, str]:
    rule = facts.rule
    if rule is None or rule.shortest is None:
        return Found.HOLDS, "the row names no shortest time"
    if facts.clock_on is None:
        return Found.PERSON, "the day on which its clock began is not known"
    end = last_day(facts.clock_on, rule.shortest)
    told = f"from {facts.clock_on} to {end} by {rule.id}"
    return (Found.HOLDS if facts.today > end else Found.FAILS), told


def conditions_view(judged: Collection[Judged]) -> list[dict[str, str]]:
    """Return the conditions as the API shows and a case keeps them."""
    return [
        {
            "id": one.id,
            "outcome": one.outcome.value,
            "found": one.found,
            "words": one.words,
            "words_zh": one.words_zh,
            "citation": one.citation,
            "grade": one.grade,
        }
        for one in judged
    ]


def check_granted(judged: Sequence[Judged], *, confirmed: Mapping[str, str]) -> None:
    """Refuse a grant against a condition that fails, or without the confirmations that only a person can give.

    Raises:
        ConditionsNotMet: a condition fails.
        NotConfirmed: a person must still say.
    """
    failed = [one for one in judged if one.outcome is Found.FAILS]
    if failed:
        raise ConditionsNotMet(
            "Not all conditions hold: " + "; ".join(f"{one.id}: {one.found} ({one.citation})" for one in failed),
            detail_zh="以下信用修复条件不具备：" + "；".join(one.words_zh for one in failed),
            conditions=conditions_view(judged),
        )
    open_points = [one.id for one in judged if one.outcome is Found.PERSON and one.id not in confirmed]
    if open_points:
        raise NotConfirmed(
            f"Confirm, each with a note: {', '.join(open_points)}.", detail_zh="请逐项确认。", unconfirmed=open_points
        )


def check_refused(judged: Sequence[Judged], *, basis: str, law: str | None) -> None:
    """Refuse a refusal that rests on nothing: `basis` is the id of a condition, or `law` cites what excludes the repair.

    Raises:
        NoLawNamed: the basis is no condition that fails or is for a person, and no law is cited.
    """
    against = {one.id for one in judged if one.outcome is not Found.HOLDS}
    if basis not in against and not law:
        raise NoLawNamed(
            f"{basis!r} is no condition that stands against it ({', '.join(sorted(against)) or 'all hold'}), and no law is"
            " cited that excludes it. Repair is a right (NDRC令36号 art. 2).",
            detail_zh="没有法律法规或者党中央、国务院政策文件依据，不得拒绝修复。",
        )

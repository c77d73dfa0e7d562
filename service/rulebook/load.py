"""From rows of the data files, or of the table `legal_rule`, to a `Rulebook`."""

from collections.abc import Iterable, Mapping
from datetime import date

from service.rulebook.periods import Term
from service.rulebook.rules import Grade, Parameter, Rule, Rulebook


def load_rulebook(rules: Iterable[Mapping[str, object]], parameters: Iterable[Mapping[str, object]]) -> Rulebook:
    """Return the rulebook of plain rows as the data files (or their JSON form) have them; later `effective_from` first.

    Raises:
        KeyError: a row lacks a member.
        ValueError: a period, a date or a grade is malformed.
    """
    rows = sorted(map(_rule, rules), key=lambda rule: rule.effective_from, reverse=True)
    return Rulebook(tuple(rows), tuple(map(_parameter, parameters)))


def _rule(row: Mapping[str, object]) -> Rule:
    longest = str(row["max"])
    shown = longest != "not_published"
    shortest = row.get("min")
    return Rule(
        id=str(row["id"]),
        instrument=str(row["instrument"]),
        domain=str(row["domain"]),
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]) if row.get("effective_to") else None,
        tier=str(row["tier"]),
        shown=shown,
        shortest=Term.parse(str(shortest)) if shortest else None,
        longest=Term.parse(longest) if longest.startswith("P") else None,
        clock=str(row["clock"]),
        early_stop=str(row["early_stop"]) if row.get("early_stop") else None,
        citation=str(row["citation"]),
        grade=Grade(str(row["grade"])),
        note=str(row["note"]) if row.get("note") else None,
    )


def _parameter(row: Mapping[str, object]) -> Parameter:
    return Parameter(
        id=str(row["id"]),
        province=str(row["province"]),
        party=str(row["party"]),
        fen=int(str(row["below_yuan"])) * 100,
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]) if row.get("effective_to") else None,
        citation=str(row["citation"]),
        grade=Grade(str(row["grade"])),
    )


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))

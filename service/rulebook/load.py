"""From rows of the data files, or of the table `legal_rule`, to a `Rulebook`."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from service.rulebook.periods import Term
from service.rulebook.rules import Condition, Doubt, Grade, Parameter, Rule, Tier
from service.rulebook.selection import Rulebook

_NO_LENGTH = frozenset({"not_published", "length_of_restriction", "until_removed", "revoked_at_once"})
_CONDITION_PARTS = frozenset({"only", "any_of", "fields", "fine_below", "fine_from", "restriction_over"})


def load_rulebook(
    rules: Iterable[Mapping[str, Any]],
    parameters: Iterable[Mapping[str, Any]],
    superseded: Iterable[Mapping[str, Any]] = (),
) -> Rulebook:
    """Return the rulebook of plain rows as the data files (or their JSON form) have them.

    `superseded` rows decide nothing; they are kept for records whose dates they set.

    Raises:
        KeyError: a row lacks a member.
        ValueError: a period, a date, a tier, a grade or a condition is malformed, or an id stands twice.
    """
    book = Rulebook(tuple(map(_rule, rules)), tuple(map(_parameter, parameters)), tuple(map(_rule, superseded)))
    ids = [rule.id for rule in (*book.rules, *book.superseded)] + [parameter.id for parameter in book.parameters]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValueError(f"several rows have the id {', '.join(twice)}")
    return book


def _rule(row: Mapping[str, Any]) -> Rule:
    longest = str(row["max"])
    return Rule(
        id=str(row["id"]),
        instrument=str(row["instrument"]),
        domain=str(row["domain"]),
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]) if row.get("effective_to") else None,
        tier=Tier(row["tier"]) if row.get("tier") else None,
        basis=str(row.get("basis") or row["tier_text"]),
        shown=longest != "not_published" and "in_principle" not in row,
        shortest=Term.parse(str(row["min"])) if row.get("min") else None,
        longest=None if longest in _NO_LENGTH else Term.parse(longest),
        clock=str(row["clock"]),
        early_stop=str(row["early_stop"]) if row.get("early_stop") else None,
        citation=str(row["citation"]),
        grade=Grade(row["grade"]),
        result_grade=Grade(row.get("result_grade") or row["grade"]),
        note=str(row["note"]) if row.get("note") else None,
        when=tuple(map(_condition, row.get("when", ()))),
        otherwise=row.get("otherwise", False) is True,
        held_back=frozenset(row.get("held_back", ())),
        flags=tuple(row.get("flags", ())),
        doubts=tuple(Doubt(frozenset(one["any_of"]), str(one["flag"])) for one in row.get("doubts", ())),
    )


def _condition(parts: Mapping[str, Any]) -> Condition:
    # A condition without parts, or with a misspelt one, would hold for every penalty.
    if not parts or parts.keys() - _CONDITION_PARTS:
        raise ValueError(f"a condition has the parts {sorted(_CONDITION_PARTS)}, not {sorted(parts)}")
    return Condition(
        only=_kinds(parts.get("only")),
        any_of=_kinds(parts.get("any_of")),
        fields=_kinds(parts.get("fields")),
        fine_below=parts.get("fine_below"),
        fine_from=parts.get("fine_from"),
        restriction_over=Term.parse(parts["restriction_over"]) if "restriction_over" in parts else None,
    )


def _kinds(words: list[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _parameter(row: Mapping[str, Any]) -> Parameter:
    return Parameter(
        id=str(row["id"]),
        name=str(row["name"]),
        province=row.get("province"),
        system=row.get("system"),
        party=str(row["party"]),
        fen=int(row["below_yuan"]) * 100,
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]) if row.get("effective_to") else None,
        citation=str(row["citation"]),
        grade=Grade(row["grade"]),
    )


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))

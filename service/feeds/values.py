"""The facts of a record as another system's cells. Amounts are 万元 with six decimals only here, at the edge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from service.reading.kinds import CHINESE, PenaltyKind
from service.reading.names import is_sole_trader_without_trade_name

#: A record with its subject's registration and its authority's code, as `queries.list_facts` gives it.
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """How a cell is made; `text` is the column of ours that may be held back for personal data."""

    of: Callable[[Facts], str]
    text: str | None = None


def wan(fen: int | None) -> str:
    """Return an amount of fen in 万元 with six decimals, exactly. Source: 发改办财金〔2018〕790号."""
    return "" if fen is None else f"{fen // 1_000_000}.{fen % 1_000_000:06d}"


def yuan(fen: int | None) -> str:
    """Return an amount of fen in yuan with two decimals, exactly."""
    return "" if fen is None else f"{fen // 100}.{fen % 100:02d}"


def party_type(facts: Facts) -> str:
    """Return the type of the party as text; codes that begin with 92 are sole traders. Source: 发改办财金〔2018〕790号."""
    return "个体工商户" if facts["uscc"].startswith("92") else "法人及非法人组织"


def kinds(facts: Facts) -> str:
    """Return the kinds of a penalty by their words of 2018 where it has them, several joined by ";"."""
    return ";".join(_KINDS_2018.get(kind, CHINESE[PenaltyKind(kind)]) for kind in facts["kinds"] or ())


#: The wording of 2018 where it differs from the statute of 2021; what that list does not have goes as 其他-name.
_KINDS_2018: Final = {
    "permit_suspension": "暂扣或者吊销许可证",
    "permit_revocation": "暂扣或者吊销许可证",
    "other": "其他",
    **{
        kind: f"其他-{CHINESE[PenaltyKind(kind)]}"
        for kind in ("criticism", "downgrade", "activity_restriction", "closure", "practice_ban")
    },
}


def _day(name: str) -> Value:
    def of(facts: Facts) -> str:
        found: date | None = facts[name]
        return "" if found is None else found.isoformat()

    return Value(of)


def _text(name: str) -> Value:
    return Value(lambda facts: str(facts[name] or ""), name)


def _display(facts: Facts) -> str:
    """What the other side is told about showing it: the last day is a column of its own."""
    return "" if facts["window_from"] is not None else "不予公示"


def _public_name(facts: Facts) -> str:
    name = facts["party_name"]
    return "" if name is None or is_sole_trader_without_trade_name(name, facts["uscc"]) else str(name)


def _statutory_kinds(facts: Facts) -> str:
    return ";".join(CHINESE[PenaltyKind(kind)] for kind in facts["kinds"] or ())


def _for_party(name: str, *, sole_trader: bool) -> Value:
    def of(facts: Facts) -> str:
        fits = facts["uscc"].startswith("92") == sole_trader
        found: date | None = facts[name]
        return found.isoformat() if fits and found is not None else ""

    return Value(of)


def permit_kind(facts: Facts) -> str:
    """Return the kind of a permit, 其他 with its name. Source: 发改办财金〔2018〕790号 (许可类别)."""
    named = facts["permit_kind_other"]
    return f"{facts['permit_kind']}-{named}" if named else str(facts["permit_kind"] or "")


def kinds_by_number(facts: Facts) -> str:
    """Return the kinds of a penalty by the numbers that city platforms use, several joined by ";"; any other is 9 (secondary)."""
    numbers = [_KINDS_BY_NUMBER.get(kind, "9") for kind in facts["kinds"] or ()]
    return ";".join(dict.fromkeys(sorted(numbers)))


_KINDS_BY_NUMBER: Final = {
    "warning": "1",
    "fine": "2",
    "confiscation_gains": "3",
    "confiscation_property": "3",
    "stop_business": "4",
    "permit_suspension": "5",
    "permit_revocation": "5",
    "detention": "6",
}

VALUES: Final[Mapping[str, Value]] = {
    "record_id": Value(lambda facts: str(facts["id"])),
    "uscc": _text("uscc"),
    "party_name": _text("party_name"),
    "public_name": Value(_public_name),
    "party_type": Value(party_type),
    "reg_no": _text("reg_no"),
    "org_code": _text("org_code"),
    "tax_no": _text("tax_no"),
    "legal_representative": _text("legal_representative"),
    "document_no": _text("document_no"),
    "violation_type": _text("violation_type"),
    "violation_facts": _text("violation_facts"),
    "legal_basis": _text("legal_basis"),
    "kinds_2018": Value(kinds),
    "kinds": Value(_statutory_kinds),
    "penalty_content": _text("penalty_content"),
    "permit_affected": _text("permit_affected"),
    "fine_wan": Value(lambda facts: wan(facts["fine_fen"])),
    "confiscation_wan": Value(lambda facts: wan(facts["confiscation_fen"])),
    "fine_yuan": Value(lambda facts: yuan(facts["fine_fen"])),
    "confiscation_yuan": Value(lambda facts: yuan(facts["confiscation_fen"])),
    "decided_on": _day("decided_on"),
    "valid_until": _day("valid_until"),
    "window_from": _day("window_from"),
    "window_until": _day("window_until"),
    "display": Value(_display),
    "authority_name": _text("authority_name"),
    "authority_uscc": _text("authority_uscc"),
    "authority_code": _text("authority_code"),
    "source_name": Value(lambda facts: str(facts["source_org"] or facts["authority_name"] or "")),
    "list_name": _text("list_name"),
    "grounds": _text("grounds"),
    "listed_on": _day("listed_on"),
    "listed_on_entity": _for_party("listed_on", sole_trader=False),
    "listed_on_sole_trader": _for_party("listed_on", sole_trader=True),
    "authority_division": _text("authority_division"),
    "kinds_by_number": Value(kinds_by_number),
    "permit_kind": Value(permit_kind, "permit_kind"),
    "permit_name": _text("permit_name"),
    "permit_content": Value(lambda facts: str(facts["permit_content"] or ""), "content"),
    "certificate_name": _text("certificate_name"),
    "certificate_no": _text("certificate_no"),
    "valid_from": _day("valid_from"),
    "nothing": Value(lambda _: ""),
}

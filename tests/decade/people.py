"""Who acts in the decade, and what their drafts hold beside what the law asks about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.clock import legal_day

#: Authority: system, province.
AUTHORITIES = {
    "cq-market-regulation": ("market_regulation", "50"),
    "hb-market": ("market_regulation", "42"),
    "cq-environment": ("environment", "50"),
}
_TREE = Hierarchy(dict.fromkeys(AUTHORITIES), {code: f"{place}0000" for code, (_, place) in AUTHORITIES.items()})
_NUMBERS = {
    role: number
    for number, role in enumerate(
        (
            Role.RECORDER,
            Role.REVIEWER,
            Role.LISTER,
            Role.REPAIR_OFFICER,
            Role.RULE_KEEPER,
            Role.REGISTRAR,
            Role.PLATFORM,
        ),
        1,
    )
}


def person(role: Role, authority: str | None, at: datetime, *, second: bool = False) -> Actor:
    """Return who holds a role for an authority on the day of `at`; the second one for the other pair of eyes."""
    place = 0 if authority is None else 1 + list(AUTHORITIES).index(authority)
    number = 1000 * place + 10 * _NUMBERS[role] + second
    return Actor(UUID(int=number), "test", frozenset({Grant(role, authority)}), _TREE, legal_day(at))


POINTS = (
    "secrecy", "personal_data", "trade_secrets", "identical", "subject", "required_fields", "document_number", "kinds_amounts",
    "tier", "display", "service", "told_of_publication", "repair_notice", "decision_document",
)  # fmt: skip
SIGNED = dict.fromkeys(POINTS, "已核对")


@dataclass
class Terms:
    """What a generated decision says."""

    kinds: tuple[str, ...]
    fine: int | None
    confiscated: int | None
    decided_on: date
    summary: bool
    restricted_until: date | None


def content(terms: Terms, *, name: str, number: str) -> dict[str, Any]:
    """Return the fields of a draft that passes the gate as far as its texts go."""
    return {
        "party_name": name,
        "document_no": number,
        "kinds": terms.kinds,
        "fine_fen": terms.fine,
        "confiscation_fen": terms.confiscated,
        "violation_type": "销售不合格产品",
        "violation_facts": "经查，当事人销售不合格产品",
        "legal_basis": "示例法第一条",
        "penalty_content": "依法给予行政处罚",
        "permit_affected": "示例许可证",
        "procedure": "summary" if terms.summary else "ordinary",
        "discretion_step": "heavier",
        "decided_on": terms.decided_on,
        "valid_until": terms.decided_on.replace(year=terms.decided_on.year + 1, day=1),
        "restriction_until": terms.restricted_until,
        "served_on": terms.decided_on,
        "publication_told_on": terms.decided_on,
        "repair_notice_served_on": terms.decided_on,
    }

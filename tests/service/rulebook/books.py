from collections.abc import Sequence
from datetime import date
from typing import Any

from service.catalog.seed import load_seed
from service.rulebook.load import load_rulebook
from service.rulebook.rules import PenaltyFacts
from service.rulebook.selection import Rulebook

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SEED = load_seed()
RULES = [row.body for row in SEED.rules if row.kind == "period"]
PARAMETERS = [row.body for row in SEED.rules if row.kind == "parameter"]
BOOK = load_rulebook(RULES, PARAMETERS)


def day(text: str) -> date:
    """Read `Fri 2026-10-09`, and refuse a weekday that is not the day's."""
    weekday, iso = text.split()
    found = date.fromisoformat(iso)
    assert WEEKDAYS[found.weekday()] == weekday, f"{iso} is a {WEEKDAYS[found.weekday()]}"
    return found


def facts(*kinds: str, **changes: Any) -> PenaltyFacts:
    """A penalty of Hubei's market regulation by ordinary procedure; a fine has 200,000 yuan unless said otherwise."""
    values: dict[str, Any] = {
        "authority_system": "market_regulation",
        "procedure": "ordinary",
        "fine_fen": 20_000_000 if "fine" in kinds else None,
        "confiscation_fen": None,
        "field": None,
        "party_type": "organization",
        "province": "42",
        "decided_on": date(2026, 5, 11),
        "published_on": date(2026, 5, 20),
    } | changes
    return PenaltyFacts(kinds=frozenset(kinds), **values)


def book_with(*parameters: dict[str, Any], rules: Sequence[dict[str, Any]] = ()) -> Rulebook:
    """The shipped rulebook with made-up rows beside it."""
    return load_rulebook([*RULES, *rules], [*PARAMETERS, *parameters])


def threshold(name: str, yuan: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"made-up-{name}-{yuan}",
        "name": name,
        "party": "organization",
        "below_yuan": yuan,
        "effective_from": date(2021, 9, 1),
        "citation": "made up for a test",
        "grade": "unverified",
    } | changes

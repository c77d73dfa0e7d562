"""The rules on periods, and what they give for a made-up case."""

from dataclasses import dataclass
from datetime import date

from service.catalog.rules import Catalog
from service.reading.kinds import PenaltyKind
from service.rulebook.rules import PenaltyFacts, Rule
from service.rulebook.windows import Windows, penalty_windows
from service.web.actions.shared import Facts, province_names


@dataclass(frozen=True, slots=True)
class Case:
    """A case for the calculator; `kinds` empty or no day: nothing is computed."""

    kinds: frozenset[str]
    decided_on: date | None
    published_on: date | None
    fine_fen: int | None
    province: str | None
    system: str


def see_rules(catalog: Catalog, case: Case) -> Facts:
    """Return the rows on periods, and the windows of the case where it is complete."""
    book = catalog.rulebook
    known = frozenset(kind.value for kind in PenaltyKind)
    windows: Windows | None = None
    if case.decided_on is not None and case.kinds and case.kinds <= known:
        facts = PenaltyFacts(
            authority_system=case.system,
            procedure="ordinary",
            kinds=case.kinds,
            fine_fen=case.fine_fen,
            confiscation_fen=None,
            field=None,
            party_type="organization",
            province=case.province,
            decided_on=case.decided_on,
            published_on=case.published_on,
        )
        windows = penalty_windows(book, facts, case.published_on or case.decided_on)
    rules: list[Rule] = sorted(book.rules, key=lambda rule: (rule.domain, rule.effective_from, rule.id))
    return {
        "case": case,
        "windows": windows,
        "rules": rules,
        "rule_by_id": {rule.id: rule for rule in rules},
        "lists": catalog.list_by_id,
        "kinds": [kind.value for kind in PenaltyKind],
        "provinces": province_names(catalog),
        "systems": sorted({authority.system for authority in catalog.authorities}),
    }

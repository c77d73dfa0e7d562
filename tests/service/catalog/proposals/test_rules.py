from dataclasses import replace
from typing import Any

import pytest

from service.catalog import examples
from service.catalog.proposals.rules import ImpossibleRow, NoSuchRow, ThresholdTwice, proposed_rule
from service.catalog.rules import AlreadyInCatalog, ImpossiblePeriod
from service.rulebook.rules import Channel, Tier
from tests.service.deadlines.setting import CATALOG
from tests.service.rulebook.books import facts

BODY: dict[str, Any] = examples.PROPOSED["body"]
HUBEI = next(rule for rule in CATALOG.rules if rule.id == "low-fine-42-organization")
WEEK = next(rule for rule in CATALOG.rules if rule.id == "D01")


def test_a_threshold_decides_tiers_once_it_is_entered() -> None:
    case = facts("fine", province="50", fine_fen=4_000_000)
    assert CATALOG.rulebook.select(Channel.GSXT, case).tier is Tier.UNDECIDED
    rule = proposed_rule("parameter", BODY, None, CATALOG)
    assert (rule.origin, rule.supersedes) == ("entered", None)
    with_it = replace(CATALOG, rules=(*CATALOG.rules, rule))
    assert with_it.rulebook.select(Channel.GSXT, case).tier is Tier.MINOR


def test_a_correction_takes_the_place_of_the_row_it_supersedes() -> None:
    rule = proposed_rule(
        "parameter", {**HUBEI.body, "id": "low-fine-42-corrected", "below_yuan": 50_000}, HUBEI.id, CATALOG
    )
    with_it = replace(CATALOG, rules=(*CATALOG.rules, rule))
    case = facts("fine", fine_fen=6_000_000)
    assert CATALOG.rulebook.select(Channel.GSXT, case).tier is Tier.MINOR
    assert with_it.rulebook.select(Channel.GSXT, case).tier is Tier.GENERAL
    assert HUBEI in with_it.rules, "the corrected row stays readable"


def test_a_superseded_period_is_still_found_for_records_whose_dates_it_set() -> None:
    old = next(rule for rule in CATALOG.rules if rule.id == "R107-2")
    rule = proposed_rule("period", {**old.body, "id": "R107-2-corrected", "max": "P2Y"}, old.id, CATALOG)
    book = replace(CATALOG, rules=(*CATALOG.rules, rule)).rulebook
    assert "R107-2" not in {row.id for row in book.rules}
    assert book.find("R107-2") == CATALOG.rulebook.find("R107-2")
    found = book.select(Channel.GSXT, facts("stop_business")).rule
    assert found is not None
    assert found.id == "R107-2-corrected"


@pytest.mark.parametrize(
    ("kind", "changes", "supersedes", "refusal"),
    [
        pytest.param("parameter", {"id": HUBEI.id}, None, AlreadyInCatalog, id="the id is taken"),
        pytest.param("parameter", {"province": "42"}, None, ThresholdTwice, id="Hubei has one"),
        pytest.param("parameter", {"below_yuan": "many"}, None, ImpossibleRow, id="no amount"),
        pytest.param("parameter", {"effective_from": "1 September"}, None, ImpossibleRow, id="no day"),
        pytest.param("parameter", {"citation": " "}, None, ImpossibleRow, id="no citation"),
        pytest.param("parameter", {"grade": "sure"}, None, ImpossibleRow, id="no grade"),
        pytest.param("parameter", {"effective_to": "2020-01-01"}, None, ImpossiblePeriod, id="ends before it begins"),
        pytest.param("parameter", {}, "R107-2", NoSuchRow, id="supersedes another kind"),
        pytest.param("parameter", {}, "nothing", NoSuchRow, id="supersedes nothing"),
        pytest.param("period", {}, None, ImpossibleRow, id="a threshold is no period"),
        pytest.param("deadline", {}, None, ImpossibleRow, id="a threshold is no deadline"),
    ],
)
def test_what_does_not_fit_the_rulebook_is_refused(
    kind: str, changes: dict[str, Any], supersedes: str | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        proposed_rule(kind, BODY | changes, supersedes, CATALOG)


def test_thresholds_may_follow_one_another() -> None:
    ended = {**HUBEI.body, "id": "low-fine-42-until-2026", "effective_to": "2026-12-31"}
    first = proposed_rule("parameter", ended, HUBEI.id, CATALOG)
    with_it = replace(CATALOG, rules=(*CATALOG.rules, first))
    following = {**HUBEI.body, "id": "low-fine-42-from-2027", "effective_from": "2027-01-01"}
    assert proposed_rule("parameter", following, None, with_it).id == "low-fine-42-from-2027"
    with pytest.raises(ThresholdTwice):
        proposed_rule("parameter", {**following, "effective_from": "2026-12-31"}, None, with_it)


def test_a_deadline_may_be_corrected() -> None:
    rule = proposed_rule("deadline", {**WEEK.body, "id": "D01-c", "deadline": "D01", "count": 10}, "D01", CATALOG)
    assert [
        one.id for one in replace(CATALOG, rules=(*CATALOG.rules, rule)).deadlines.rules if one.deadline == "D01"
    ] == ["D01-c"]

from datetime import date
from typing import Any

import orjson
import pytest

from service.reading.kinds import PenaltyKind
from service.rulebook.load import load_rulebook
from service.rulebook.periods import Term
from service.rulebook.rules import Channel, Grade
from service.rulebook.selection import DOMAINS
from tests.service.rulebook.books import BOOK, PARAMETERS, RULES, threshold

CLOCKS = {"GSXT": "publication_date", "CREDIT_CHINA": "decision_date"}
GOVERNING = [rule for rule in BOOK.rules if rule.governs]


def changed(row_id: str, **changes: Any) -> dict[str, Any]:
    return next(dict(row) for row in RULES if row["id"] == row_id) | changes


def test_the_json_form_gives_the_same_rulebook() -> None:
    assert load_rulebook(orjson.loads(orjson.dumps(RULES)), orjson.loads(orjson.dumps(PARAMETERS))) == BOOK


def test_a_row_is_read_whole() -> None:
    rule = next(rule for rule in BOOK.rules if rule.id == "R107-2")
    assert (rule.effective_from, rule.effective_to) == (date(2025, 12, 25), None)
    assert (rule.shortest, rule.longest, rule.shown) == (Term(months=3), Term(months=12), True)
    assert (rule.grade, rule.result_grade, rule.early_stop) == (Grade.SECONDARY, Grade.UNVERIFIED, "E107")


def test_rows_that_are_not_published_in_principle_are_not_shown() -> None:
    assert {rule.id for rule in GOVERNING if not rule.shown} == {"R45-0", "R107-0", "R36-1"}


def test_every_governing_row_counts_by_its_channel_s_clock() -> None:
    assert {rule.domain for rule in GOVERNING} == {DOMAINS[Channel.GSXT], DOMAINS[Channel.CREDIT_CHINA]}
    assert {(rule.domain, rule.clock) for rule in GOVERNING if rule.clock != "none"} == set(CLOCKS.items())


def test_every_governing_row_that_shows_has_a_tier_and_a_length() -> None:
    for rule in GOVERNING:
        assert rule.tier is not None, rule.id
        assert not rule.shown or rule.longest is not None or rule.id == "R45-3", rule.id


def test_conditions_speak_of_kinds_that_exist() -> None:
    named: set[str] = set()
    for rule in BOOK.rules:
        for condition in rule.when:
            named |= (condition.any_of or set()) | (condition.only or set())
        for doubt in rule.doubts:
            named |= doubt.any_of
        named |= rule.held_back
    assert named <= set(PenaltyKind)
    assert len(named) > 10


def test_conditions_speak_of_thresholds_that_parameters_may_have() -> None:
    named = {name for rule in BOOK.rules for one in rule.when for name in (one.fine_below, one.fine_from) if name}
    assert named == {"low_fine_threshold", "large_fine_threshold", "huge_fine_threshold"}
    assert {parameter.name for parameter in BOOK.parameters} <= named


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"max": "P3W"}, id="a length that is no duration"),
        pytest.param({"max": "not published"}, id="a misspelt word for no length"),
        pytest.param({"grade": "certain"}, id="a grade that is none"),
        pytest.param({"tier": "light"}, id="a tier that is none"),
        pytest.param({"effective_from": "2026-02-30"}, id="a day that is none"),
        pytest.param({"when": [{"onyl": ["warning"]}]}, id="a misspelt part of a condition"),
        pytest.param({"when": [{}]}, id="a condition that everything meets"),
    ],
)
def test_a_malformed_row_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        load_rulebook([changed("R45-1", **changes)], [])


def test_two_rows_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="several rows have the id R45-1"):
        load_rulebook([changed("R45-1"), changed("R45-1")], [])
    with pytest.raises(ValueError, match="several rows have the id made-up"):
        load_rulebook([], [threshold("low_fine_threshold", 1), threshold("low_fine_threshold", 1)])


def test_a_row_without_citation_is_refused() -> None:
    row = changed("R45-1")
    del row["citation"]
    with pytest.raises(KeyError, match="citation"):
        load_rulebook([row], [])

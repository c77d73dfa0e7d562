from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.rulebook.deadlines import RecordedPenalty, load_deadlines
from tests.service.rulebook.books import SEED

BOOK = load_deadlines(row.body for row in SEED.rules if row.kind == "deadline")
PENALTY = RecordedPenalty("market_regulation", "50", "50", "ordinary", frozenset({"fine"}), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("changes", "duties"),
    [
        pytest.param({}, "D01 D02 D18 D19", id="market regulation, party of the same province"),
        pytest.param({"party_province": "51"}, "D01 D03 D19", id="a party of another province"),
        pytest.param({"party_province": None}, "D01 D02 D18 D19", id="the party's province is not known: as the same"),
        pytest.param({"authority_system": "drugs"}, "D01 D02 D19", id="a drug authority is no registry"),
        pytest.param({"authority_system": "environment"}, "D01 D19", id="GSXT does not show environment's penalties"),
        pytest.param({"procedure": "summary"}, "D19", id="summary procedure is neither reported nor published"),
        pytest.param({"kinds": frozenset({"warning"})}, "D01 D19", id="a warning alone is reported, not published"),
        pytest.param({"kinds": frozenset({"warning", "fine"})}, "D01 D02 D18 D19", id="a warning with a fine"),
        pytest.param({"kinds": frozenset()}, "D01 D02 D18 D19", id="kinds not stated"),
        pytest.param({"decided_on": date(2021, 8, 31)}, "D01 D18 D19", id="the day before order 45"),
        pytest.param({"decided_on": None}, "", id="no day of decision"),
    ],
)
def test_duties_of_a_penalty(changes: dict[str, Any], duties: str) -> None:
    found = [rule.id for rule in BOOK.duties(replace(PENALTY, **changes))]
    assert found == duties.split()


def test_a_push_that_was_received_starts_the_publication_in_the_other_province() -> None:
    assert [rule.id for rule in BOOK.following("D03", on=date(2026, 11, 24))] == ["D04"]
    assert BOOK.following("D02", on=date(2026, 11, 24)) == ()


def test_one_act_may_meet_two_deadlines() -> None:
    assert BOOK.met_with("D02") == {"D18"}
    assert BOOK.met_with("D01") == frozenset()


def test_a_later_row_of_a_deadline_takes_over_on_its_first_day() -> None:
    rows = [row.body for row in SEED.rules if row.kind == "deadline"]
    newer = {**rows[0], "id": "D01-2027", "deadline": "D01", "count": 5, "effective_from": "2027-01-01"}
    book = load_deadlines([*rows, newer])
    found = [book.find("D01", on=day) for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert [rule and rule.id for rule in found] == ["D01", "D01-2027"]
    assert "D01-2027" in [rule.id for rule in book.duties(replace(PENALTY, decided_on=date(2027, 1, 4)))]


@pytest.mark.parametrize(
    "duty", [{"starts": "accepted_on"}, {"starts": "served_on"}, {"province": "any"}, {"bearer": "nobody"}], ids=str
)
def test_a_duty_that_makes_no_sense_is_refused(duty: dict[str, str]) -> None:
    row = SEED.rules[[rule.id for rule in SEED.rules].index("D01")].body
    body = {**row, "duty": {"channel": "gsxt", "starts": "decided_on", "bearer": "authority", "summary": True, **duty}}
    with pytest.raises(ValueError, match=r"duty|Bearer"):
        load_deadlines([body])

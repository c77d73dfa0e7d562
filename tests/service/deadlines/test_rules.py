from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from service.deadlines.rules import (
    DeadlineNotOpen,
    Dues,
    ImpossibleAnswerDay,
    Outcome,
    Record,
    RejectionWithoutReason,
    Standing,
    State,
    check_answer,
    compare,
    law_digest,
    month_bounds,
    remind_before,
    soon_until,
    tracked_deadlines,
)
from service.errors import Refusal
from service.rulebook.deadlines import RecordedPenalty
from tests.service.deadlines.setting import CATALOG
from tests.service.working_days.days import day

DECIDED = day("Fri 2026-09-18")
PENALTY = RecordedPenalty("market_regulation", "50", "50", "ordinary", frozenset({"fine"}), DECIDED)
RECORD = Record("91500105XY0000012K", UUID(int=1), "draft", True, "district", PENALTY)
DUES = Dues(CATALOG)


def shape(record: Record, **met: date) -> dict[str, tuple[str, str]]:
    found = tracked_deadlines(record, CATALOG, DUES, met)
    return {deadline: (one.state.value, str(one.due.on)) for deadline, one in found.items()}


def test_a_decision_starts_its_deadlines() -> None:
    assert shape(RECORD) == {
        "D01": ("open", "2026-09-29"),
        "D02": ("open", "2026-10-22"),
        "D18": ("open", "2026-10-22"),
        "D19": ("open", "2026-10-22"),
    }


@pytest.mark.parametrize(
    ("state", "deadlines"),
    [
        ("draft", {"open"}),
        ("submitted", {"open"}),
        ("published", {"open"}),
        ("withheld", {"withheld"}),
        ("ended", {"dropped"}),
        ("void", {"dropped"}),
    ],
)
def test_the_state_of_a_record_decides_whether_something_is_due(state: str, deadlines: set[str]) -> None:
    assert {one for one, _ in shape(replace(RECORD, state=state)).values()} == deadlines


def test_what_a_source_has_published_brings_nothing() -> None:
    assert shape(replace(RECORD, is_own=False)) == {}


def test_a_push_to_another_province_starts_the_publication_there() -> None:
    abroad = replace(RECORD, penalty=replace(PENALTY, party_province="51"))
    assert shape(abroad) == {
        "D01": ("open", "2026-09-29"),
        "D03": ("open", "2026-10-09"),
        "D19": ("open", "2026-10-22"),
    }
    assert shape(abroad, D03=day("Thu 2026-10-08"))["D04"] == ("open", "2026-10-21")
    assert "D04" not in shape(RECORD, D03=day("Thu 2026-10-08"))


STANDING = Standing(UUID(int=2), "D02", "D02", DECIDED, day("Thu 2026-10-22"), False, State.OPEN, None)
MET = replace(STANDING, state=State.MET, met_on=day("Tue 2026-10-20"))


@pytest.mark.parametrize(
    ("standing", "record", "expected"),
    [
        pytest.param(STANDING, RECORD, [], id="it stands right"),
        pytest.param(MET, RECORD, [], id="a met one stands right"),
        pytest.param(replace(STANDING, due_on=day("Wed 2026-10-21")), RECORD, ["moved"], id="the calendar changed"),
        pytest.param(replace(STANDING, provisional=True), RECORD, ["confirmed"], id="the calendar confirms the day"),
        pytest.param(STANDING, replace(RECORD, state="withheld"), ["withheld"], id="the record is withheld"),
        pytest.param(replace(STANDING, state=State.WITHHELD), RECORD, ["reopened"], id="and no more"),
        pytest.param(replace(STANDING, state=State.DROPPED), RECORD, ["reopened"], id="it was dropped and comes back"),
        pytest.param(STANDING, replace(RECORD, state="void"), ["dropped"], id="the record was a mistake"),
        pytest.param(MET, replace(RECORD, state="ended"), [], id="met before the record ended"),
        pytest.param(STANDING, replace(RECORD, is_own=False), ["dropped"], id="it does not bring it any more"),
        pytest.param(MET, replace(RECORD, is_own=False), [], id="a met one stays, whatever the record brings"),
    ],
)
def test_what_changes_in_a_standing_deadline(standing: Standing, record: Record, expected: Sequence[str]) -> None:
    tracked = tracked_deadlines(record, CATALOG, DUES, {})
    assert [change.event for change in compare([standing], tracked)] == expected


TODAY = day("Tue 2026-11-24")


@pytest.mark.parametrize(
    ("standing", "outcome", "on", "reason", "refusal"),
    [
        pytest.param(STANDING, Outcome.ACCEPTED, TODAY, None, None, id="accepted today"),
        pytest.param(STANDING, Outcome.ACCEPTED, DECIDED, None, None, id="accepted on the day of the decision"),
        pytest.param(STANDING, Outcome.REJECTED, TODAY, "名称与代码不符", None, id="rejected"),
        pytest.param(MET, Outcome.REJECTED, TODAY, "名称与代码不符", None, id="rejected after it was accepted"),
        pytest.param(MET, Outcome.ACCEPTED, TODAY, None, DeadlineNotOpen, id="accepted twice"),
        pytest.param(
            replace(STANDING, state=State.WITHHELD), Outcome.ACCEPTED, TODAY, None, DeadlineNotOpen, id="withheld"
        ),
        pytest.param(STANDING, Outcome.ACCEPTED, day("Wed 2026-11-25"), None, ImpossibleAnswerDay, id="tomorrow"),
        pytest.param(
            STANDING, Outcome.ACCEPTED, day("Thu 2026-09-17"), None, ImpossibleAnswerDay, id="before the term"
        ),
        pytest.param(STANDING, Outcome.REJECTED, TODAY, " ", RejectionWithoutReason, id="rejected without a reason"),
    ],
)
def test_answers_of_the_other_side(
    standing: Standing, outcome: Outcome, on: date, reason: str | None, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        check_answer(standing, outcome, on=on, today=TODAY, reason=reason)
    else:
        with pytest.raises(refusal):
            check_answer(standing, outcome, on=on, today=TODAY, reason=reason)


@pytest.mark.parametrize(
    ("today", "rest", "until"),
    [
        pytest.param("Tue 2026-09-22", None, None, id="the holiday is not near"),
        pytest.param(
            "Wed 2026-09-23", "Thu 2026-10-01", "Sat 2026-10-10", id="five working days before, after three days"
        ),
        pytest.param("Wed 2026-09-30", "Thu 2026-10-01", "Sat 2026-10-10", id="the day before"),
        pytest.param("Fri 2026-10-02", None, None, id="inside it is too late"),
        pytest.param("Mon 2026-06-15", None, None, id="three days are not long"),
    ],
)
def test_what_is_called_to_mind_before_a_long_holiday(today: str, rest: str | None, until: str | None) -> None:
    expected = None if rest is None or until is None else (day(rest), day(until))
    assert remind_before(CATALOG, today=day(today)) == expected


def test_soon_is_counted_in_working_days() -> None:
    assert soon_until(CATALOG, today=day("Wed 2026-09-30"), days=3) == day("Sat 2026-10-10")


def test_the_law_changes_with_the_calendar_and_not_with_other_rows() -> None:
    assert law_digest(CATALOG) == law_digest(replace(CATALOG, version=9, lists=()))
    assert law_digest(CATALOG) != law_digest(replace(CATALOG, years=CATALOG.years[:-1]))
    assert law_digest(CATALOG) != law_digest(replace(CATALOG, authorities=CATALOG.authorities[:-1]))


@pytest.mark.parametrize(
    ("month", "first", "behind"),
    [("2026-11", "Sun 2026-11-01", "Tue 2026-12-01"), ("2026-12", "Tue 2026-12-01", "Fri 2027-01-01")],
)
def test_months(month: str, first: str, behind: str) -> None:
    assert month_bounds(month) == (day(first), day(behind))

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rulebook.periods import Period, Term, last_day
from tests.service.rulebook.books import day

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("start", "term", "last"),
    [
        pytest.param("Fri 2026-01-30", "P3M", "Thu 2026-04-30", id="the corresponding day"),
        pytest.param("Mon 2025-11-24", "P1Y", "Tue 2026-11-24", id="a year ends with the same day"),
        pytest.param("Mon 2026-08-31", "P3M", "Mon 2026-11-30", id="the 31st in a month of 30 days"),
        pytest.param("Sun 2025-11-30", "P3M", "Sat 2026-02-28", id="the 30th in February"),
        pytest.param("Thu 2023-11-30", "P3M", "Thu 2024-02-29", id="the 30th in the February of a leap year"),
        pytest.param("Thu 2024-02-29", "P1Y", "Fri 2025-02-28", id="a leap day and no leap day a year later"),
        pytest.param("Thu 2024-02-29", "P4Y", "Tue 2028-02-29", id="a leap day and a leap day four years later"),
        pytest.param("Fri 2025-02-28", "P1M", "Fri 2025-03-28", id="a month's last day is not carried along"),
        pytest.param("Mon 2026-12-21", "P10D", "Thu 2026-12-31", id="days, the first not counted"),
        pytest.param("Wed 2025-12-31", "P3Y", "Sun 2028-12-31", id="a last day on a Sunday does not move"),
        pytest.param("Wed 2026-07-01", "P3M", "Thu 2026-10-01", id="a last day on a holiday does not move"),
        pytest.param("Sat 2026-01-31", "P1M1D", "Sun 2026-03-01", id="months first, then days"),
        pytest.param("Fri 9999-10-01", "P3M", "Fri 9999-12-31", id="the end of the calendar, by months"),
        pytest.param("Thu 9999-12-30", "P9D", "Fri 9999-12-31", id="the end of the calendar, by days"),
    ],
)
def test_last_day(start: str, term: str, last: str) -> None:
    assert last_day(day(start), Term.parse(term)) == day(last)


@pytest.mark.parametrize("text", ["", "P", "3M", "P3W", "until_removed", "P3M "])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        Term.parse(text)


def test_a_duration_is_read_in_months_and_days() -> None:
    assert Term.parse("P1Y2M10D") == Term(months=14, days=10)


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_a_longer_term_never_ends_earlier(start: date, months: int, more: int) -> None:
    assert last_day(start, Term(months)) <= last_day(start, Term(months + more))


@given(DAYS, st.integers(1, 60))
def test_a_later_start_never_ends_earlier(start: date, months: int) -> None:
    assert last_day(start, Term(months)) <= last_day(start + timedelta(days=1), Term(months))


@given(DAYS, st.integers(0, 400))
def test_a_term_ends_in_the_month_it_names(start: date, months: int) -> None:
    last = last_day(start, Term(months))
    assert (last.year * 12 + last.month) - (start.year * 12 + start.month) == months


def test_a_period_has_its_first_day_and_not_its_end() -> None:
    period = Period(day("Mon 2026-05-11"), day("Tue 2026-05-12"))
    covered = [each for each in ("Sun 2026-05-10", "Mon 2026-05-11", "Tue 2026-05-12") if period.covers(day(each))]
    assert covered == ["Mon 2026-05-11"]


def test_an_open_period_covers_every_later_day() -> None:
    assert Period(date(2026, 5, 11), None).covers(date.max)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param((1, 10), (10, 20), False, id="one ends where the other begins"),
        pytest.param((1, 11), (10, 20), True, id="one day in common"),
        pytest.param((1, None), (10, 20), True, id="open and later"),
        pytest.param((20, None), (1, 20), False, id="open from the other's end"),
        pytest.param((1, None), (5, None), True, id="both open"),
    ],
)
def test_overlaps(one: tuple[int, int | None], other: tuple[int, int | None], expected: bool) -> None:
    first, second = (
        Period(date(2026, 5, start), None if end is None else date(2026, 5, end)) for start, end in (one, other)
    )
    assert (first.overlaps(second), second.overlaps(first)) == (expected, expected)

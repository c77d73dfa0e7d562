from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.working_days.rules import (
    Calendar,
    DayKind,
    Due,
    Limit,
    Rest,
    Unit,
    add_working_days,
    due_day,
    due_instant,
    long_rests,
    working_days_left,
)
from tests.service.working_days.days import (
    CALENDAR,
    corresponding_day,
    day,
    is_worked,
    moved_off_rest,
    nth_working_day_after,
)

COVERED = st.dates(date(2004, 1, 1), date(2026, 6, 30))
ANY_DAY = st.dates(date(2004, 1, 1), date(2040, 1, 1))


@pytest.mark.parametrize(
    ("start", "three", "seven", "twenty"),
    [
        pytest.param("Thu 2026-02-12", "Tue 2026-02-24", "Sat 2026-02-28", "Wed 2026-03-18", id="spring festival"),
        pytest.param("Thu 2026-04-30", "Fri 2026-05-08", "Wed 2026-05-13", "Mon 2026-06-01", id="labour day"),
        pytest.param("Fri 2026-09-18", "Tue 2026-09-22", "Tue 2026-09-29", "Thu 2026-10-22", id="a Sunday worked"),
        pytest.param("Tue 2026-09-29", "Fri 2026-10-09", "Wed 2026-10-14", "Mon 2026-11-02", id="national day"),
        pytest.param("Thu 2026-12-03", "Tue 2026-12-08", "Mon 2026-12-14", "Thu 2026-12-31", id="the year's last day"),
    ],
)
def test_vectors(start: str, three: str, seven: str, twenty: str) -> None:
    found = [add_working_days(day(start), count, CALENDAR) for count in (3, 7, 20)]
    assert [due.on for due in found] == [day(three), day(seven), day(twenty)]
    assert not any(due.provisional for due in found)


@pytest.mark.parametrize(
    ("start", "count"), [("Fri 2026-12-04", 20), ("Wed 2026-12-23", 7), ("Tue 2026-12-29", 3)], ids=str
)
def test_a_term_that_runs_into_a_year_without_notice_is_provisional(start: str, count: int) -> None:
    assert add_working_days(day(start), count, CALENDAR).provisional
    assert not add_working_days(day(start) - timedelta(days=1), count, CALENDAR).provisional


def test_beyond_coverage_only_weekends_are_known() -> None:
    due = add_working_days(day("Tue 2026-12-29"), 4, CALENDAR)
    assert due == Due(
        day("Mon 2027-01-04"), True, (Rest(day("Sat 2027-01-02"), None), Rest(day("Sun 2027-01-03"), None))
    )


def test_2026_has_248_working_days() -> None:
    days = [date(2026, 1, 1) + timedelta(days=after) for after in range(365)]
    assert sum(map(CALENDAR.is_working_day, days)) == 248


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("Wed 2026-09-30", DayKind.WEEKDAY, id="a Wednesday"),
        pytest.param("Sat 2026-11-28", DayKind.WEEKEND, id="a Saturday"),
        pytest.param("Thu 2026-10-01", DayKind.DAY_OFF, id="a legal holiday"),
        pytest.param("Tue 2026-10-06", DayKind.DAY_OFF, id="a day off in lieu"),
        pytest.param("Sat 2026-10-10", DayKind.DAY_WORKED, id="a Saturday worked in exchange"),
        pytest.param("Sat 2027-01-02", DayKind.WEEKEND, id="beyond coverage"),
    ],
)
def test_kinds_of_days(text: str, kind: DayKind) -> None:
    assert CALENDAR.kind(day(text)) is kind
    assert CALENDAR.is_working_day(day(text)) == is_worked(day(text), CALENDAR)


@pytest.mark.parametrize(
    ("start", "limit", "last"),
    [
        pytest.param("Mon 2026-11-23", Limit(3, Unit.DAYS), "Thu 2026-11-26", id="days, the first not counted"),
        pytest.param("Wed 2026-11-25", Limit(3, Unit.DAYS), "Mon 2026-11-30", id="a last day on a Saturday moves"),
        pytest.param("Mon 2026-09-28", Limit(3, Unit.DAYS), "Thu 2026-10-08", id="a last day on a holiday moves"),
        pytest.param("Thu 2026-02-26", Limit(2, Unit.DAYS), "Sat 2026-02-28", id="a Saturday that is worked stays"),
        pytest.param("Tue 2026-03-31", Limit(1, Unit.MONTHS), "Thu 2026-04-30", id="the last day of a shorter month"),
        pytest.param("Wed 2026-07-01", Limit(3, Unit.MONTHS), "Thu 2026-10-08", id="months end on a holiday, and move"),
        pytest.param("Thu 2024-02-29", Limit(12, Unit.MONTHS), "Fri 2025-02-28", id="a leap day"),
    ],
)
def test_days_and_months_move_off_days_of_rest(start: str, limit: Limit, last: str) -> None:
    assert due_day(day(start), limit, CALENDAR).on == day(last)


def test_the_days_over_which_a_last_day_moved_are_told() -> None:
    due = due_day(day("Sun 2026-09-27"), Limit(7, Unit.DAYS), CALENDAR)
    assert due.on == day("Thu 2026-10-08")
    assert due.skipped == tuple(Rest(date(2026, 10, number), "国庆节") for number in (4, 5, 6, 7))


def test_months_are_provisional_by_their_last_day_alone() -> None:
    assert due_day(day("Mon 2026-06-01"), Limit(7, Unit.MONTHS), CALENDAR).provisional
    assert not due_day(day("Mon 2003-12-01"), Limit(2, Unit.MONTHS), CALENDAR).provisional


def test_hours_are_clock_hours() -> None:
    friday_night = datetime(2026, 9, 30, 15, 30, tzinfo=UTC)
    assert due_instant(friday_night, Limit(24, Unit.HOURS)) == datetime(2026, 10, 1, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        pytest.param(datetime(2026, 9, 30, tzinfo=UTC), Limit(1, Unit.DAYS), id="not in hours"),
        pytest.param(datetime(2026, 9, 30), Limit(24, Unit.HOURS), id="no time zone"),  # noqa: DTZ001
    ],
)
def test_an_instant_ends_terms_in_hours_only(start: datetime, limit: Limit) -> None:
    with pytest.raises(ValueError, match="hours"):
        due_instant(start, limit)


def test_a_term_in_hours_has_no_last_day() -> None:
    with pytest.raises(ValueError, match="hours"):
        due_day(day("Wed 2026-09-30"), Limit(24, Unit.HOURS), CALENDAR)


@pytest.mark.parametrize("count", [0, -1, 4001])
def test_a_term_has_a_sensible_length(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 4000"):
        Limit(count, Unit.WORKING_DAYS)


@pytest.mark.parametrize(
    ("today", "due", "left"),
    [
        pytest.param("Tue 2026-11-24", "Tue 2026-11-24", 0, id="the last day"),
        pytest.param("Tue 2026-11-24", "Thu 2026-11-26", 2, id="two more days"),
        pytest.param("Wed 2026-09-30", "Thu 2026-10-08", 1, id="a long holiday between"),
        pytest.param("Sat 2026-11-28", "Mon 2026-11-30", 1, id="from a weekend"),
        pytest.param("Sat 2026-11-28", "Fri 2026-11-27", 0, id="only a day of rest has passed"),
        pytest.param("Tue 2026-12-01", "Fri 2026-11-27", -2, id="two working days late"),
    ],
)
def test_working_days_left(today: str, due: str, left: int) -> None:
    assert working_days_left(day(today), day(due), CALENDAR) == left


def test_long_rests() -> None:
    found = list(long_rests(day("Thu 2026-01-01"), day("Thu 2026-12-31"), CALENDAR, shortest=4))
    assert [(first.isoformat(), last.isoformat()) for first, last in found] == [
        ("2026-02-15", "2026-02-23"),
        ("2026-05-01", "2026-05-05"),
        ("2026-10-01", "2026-10-07"),
    ]
    assert list(long_rests(day("Fri 2026-10-02"), day("Wed 2026-10-07"), CALENDAR, shortest=3)) == []


@given(COVERED, st.integers(1, 60))
def test_the_slow_words_agree_on_working_days(start: date, count: int) -> None:
    assert add_working_days(start, count, CALENDAR).on == nth_working_day_after(start, count, CALENDAR)


@given(COVERED, st.integers(1, 90))
def test_the_slow_words_agree_on_days(start: date, count: int) -> None:
    expected = moved_off_rest(start + timedelta(days=count), CALENDAR)
    assert due_day(start, Limit(count, Unit.DAYS), CALENDAR).on == expected


@given(COVERED, st.integers(1, 40))
def test_the_slow_words_agree_on_months(start: date, count: int) -> None:
    expected = moved_off_rest(corresponding_day(start, count), CALENDAR)
    assert due_day(start, Limit(count, Unit.MONTHS), CALENDAR).on == expected


CALENDARS = st.builds(
    lambda off, worked: Calendar(
        frozenset({2026}),
        dict.fromkeys((date(2026, 1, 1) + timedelta(days=one) for one in off - worked), "假"),
        {
            one: "假"
            for one in (date(2026, 1, 1) + timedelta(days=after) for after in worked)
            if one.weekday() >= 5  # only a weekend day can be worked in exchange
        },
    ),
    st.frozensets(st.integers(0, 364), max_size=80),
    st.frozensets(st.integers(0, 364), max_size=80),
)


@given(CALENDARS, st.dates(date(2025, 12, 1), date(2027, 1, 31)), st.integers(1, 40))
def test_the_slow_words_agree_on_any_calendar(calendar: Calendar, start: date, count: int) -> None:
    assert add_working_days(start, count, calendar).on == nth_working_day_after(start, count, calendar)


@given(ANY_DAY, st.integers(1, 40), st.integers(1, 40))
def test_n_then_m_working_days_are_n_and_m(start: date, n: int, m: int) -> None:
    first = add_working_days(start, n, CALENDAR)
    second = add_working_days(first.on, m, CALENDAR)
    whole = add_working_days(start, n + m, CALENDAR)
    assert whole.on == second.on
    assert whole.provisional == (first.provisional or second.provisional)
    assert (*first.skipped, *second.skipped) == whole.skipped


@given(ANY_DAY, st.integers(1, 60))
def test_a_term_in_working_days_ends_on_one_with_none_left(start: date, count: int) -> None:
    due = add_working_days(start, count, CALENDAR)
    assert CALENDAR.is_working_day(due.on)
    assert working_days_left(start, due.on, CALENDAR) == count
    assert working_days_left(due.on, due.on, CALENDAR) == 0

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.kinds import PenaltyKind
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import Window, WindowCache, Windows, entry_window, penalty_windows
from tests.service.rulebook.books import BOOK, book_with, day, facts, threshold


def windows(given_facts: PenaltyFacts, public_from: date | None = None) -> Windows:
    start = public_from or given_facts.published_on or date(2026, 11, 24)
    return penalty_windows(BOOK, given_facts, start)


def dated(decided: str, published: str | None = None) -> dict[str, Any]:
    return {"decided_on": day(decided), "published_on": day(published) if published else None}


CHONGQING: dict[str, Any] = {"province": "50"}
ENVIRONMENT: dict[str, Any] = {"authority_system": "environment"}


@pytest.mark.parametrize(
    ("given_facts", "gsxt_ends", "china_ends", "public_ends", "rule"),
    [
        pytest.param(
            facts("closure", **dated("Mon 2023-05-29", "Fri 2023-06-09")),
            "Tue 2026-06-09", "Fri 2026-05-29", "Fri 2026-05-29", "R58-1",
            id="three years on both: Credit China's end comes first, its clock is the decision",
        ),
        pytest.param(
            facts("fine", fine_fen=100, **dated("Mon 2023-05-29", "Thu 2023-08-31")),
            "Thu 2023-11-30", "Fri 2026-05-29", "Thu 2023-11-30", "R45-1",
            id="a low fine ends after three months, with the month",
        ),
        pytest.param(
            facts("closure", **dated("Thu 2025-12-11", "Wed 2025-12-24")),
            "Sun 2028-12-24", "Mon 2028-12-11", "Mon 2028-12-11", "R58-1",
            id="published on the last day of order 45",
        ),
        pytest.param(
            facts("closure", **dated("Thu 2025-12-11", "Thu 2025-12-25")),
            "Fri 2026-12-25", "Mon 2028-12-11", "Fri 2026-12-25", "R107-2",
            id="published a day later: one year",
        ),
        pytest.param(
            facts("confiscation_gains", **dated("Wed 2026-04-01", "Fri 2026-04-10")),
            "Sat 2027-04-10", "Thu 2027-04-01", "Thu 2027-04-01", "R36-2",
            id="order 107 and order 36: a year each",
        ),
        pytest.param(
            facts("criticism", **dated("Wed 2026-04-01", "Fri 2026-04-10")),
            "Fri 2026-07-10", None, "Fri 2026-07-10", "R107-1",
            id="not published in principle on Credit China: ignored",
        ),
        pytest.param(
            facts("closure", **ENVIRONMENT, **dated("Thu 2024-02-29")),
            None, "Sun 2027-02-28", "Sun 2027-02-28", "R58-1",
            id="a leap day, of an authority that is not on GSXT",
        ),
        pytest.param(
            facts("closure", **dated("Fri 2025-01-31")),
            "Mon 2028-01-31", "Mon 2028-01-31", "Mon 2028-01-31", "R45-2",
            id="publication not stated: the decision sets both ends",
        ),
        pytest.param(
            facts("practice_ban", restriction_until=date(2031, 6, 1), **dated("Thu 2023-06-01", "Fri 2023-06-09")),
            "Sun 2031-06-01", "Mon 2026-06-01", "Mon 2026-06-01", "R58-1",
            id="a long ban is shown as long as it lasts on GSXT alone",
        ),
        pytest.param(
            facts("fine", decided_on=date(2020, 6, 1), published_on=date(2020, 6, 5)),
            None, "Tue 2021-06-01", "Tue 2021-06-01", "R527-1",
            id="before GSXT had rows: Credit China alone",
        ),
        pytest.param(
            facts("closure", decided_on=None, published_on=day("Wed 2026-04-01")),
            "Thu 2027-04-01", None, "Thu 2027-04-01", "R107-2",
            id="the day of decision missing: GSXT alone",
        ),
        pytest.param(
            facts("fine", **dated("Wed 2026-04-01", "Fri 2026-04-10")),
            "Sat 2027-04-10", None, "Thu 2027-04-01", "R36-2",
            id="undecided on Credit China alone: the earliest end that it could give counts",
        ),
        pytest.param(
            facts("fine", fine_fen=100, **dated("Wed 2026-04-01", "Fri 2026-04-10")),
            "Fri 2026-07-10", None, "Fri 2026-07-10", "R107-1",
            id="undecided on Credit China alone, and GSXT ends earlier",
        ),
    ],
)  # fmt: skip
def test_ends(
    given_facts: PenaltyFacts, gsxt_ends: str | None, china_ends: str | None, public_ends: str, rule: str
) -> None:
    found = windows(given_facts)
    expected = tuple(day(text) if text else None for text in (gsxt_ends, china_ends, public_ends))
    assert (found.gsxt.ends_on, found.credit_china.ends_on, found.public.ends_on) == expected
    assert (found.public.rule_id, found.public.reason) == (rule, None)


@pytest.mark.parametrize(
    ("given_facts", "reason"),
    [
        pytest.param(facts("warning"), "not_published", id="a warning alone"),
        pytest.param(
            facts("warning", decided_on=date(2024, 5, 6), **ENVIRONMENT), "not_published", id="under order 58"
        ),
        pytest.param(facts("closure", procedure="summary"), "summary_procedure", id="summary procedure"),
        pytest.param(facts("fine", **CHONGQING), "undecided_tier", id="a fine in Chongqing"),
        pytest.param(
            facts("fine", decided_on=date(2024, 5, 6), published_on=date(2024, 5, 9), **CHONGQING),
            "undecided_tier",
            id="a fine in Chongqing that Credit China alone would show",
        ),
        pytest.param(facts("fine", **ENVIRONMENT), "undecided_tier", id="a fine under order 36 alone"),
        pytest.param(facts("closure", decided_on=None, published_on=None), "no_date", id="no day"),
        pytest.param(facts("closure", decided_on=None, **ENVIRONMENT), "no_date", id="no day of Credit China's clock"),
        pytest.param(
            facts("closure", decided_on=date(2018, 5, 7), published_on=date(2018, 5, 9)),
            "no_rule",
            id="before all rows",
        ),
        pytest.param(facts(), "undecided_tier", id="no kind"),
    ],
)
def test_what_is_not_public_says_why(given_facts: PenaltyFacts, reason: str) -> None:
    public = windows(given_facts).public
    assert (public.starts_on, public.ends_on, public.rule_id, public.reason) == (None, None, None, reason)


def test_public_starts_with_its_own_day_and_the_channels_with_their_clocks() -> None:
    found = windows(facts("closure"), date(2026, 6, 1))
    starts = (found.gsxt.starts_on, found.credit_china.starts_on, found.public.starts_on)
    assert starts == (date(2026, 5, 20), date(2026, 5, 11), date(2026, 6, 1))


def test_a_window_whose_time_is_over_ends_before_it_starts() -> None:
    public = windows(
        facts("fine", fine_fen=100, **dated("Mon 2023-05-29", "Thu 2023-08-31")), date(2026, 11, 24)
    ).public
    assert (public.starts_on, public.ends_on, public.reason) == (date(2026, 11, 24), date(2023, 11, 30), None)


def test_the_tier_is_that_of_the_penalty_s_own_channel() -> None:
    low = windows(facts("fine", "warning", fine_fen=100))
    assert (low.tier, low.tier_basis) == ("minor", "circulated criticism or a low fine only")
    assert windows(facts("closure", **ENVIRONMENT)).tier == "serious"
    assert windows(facts("fine", decided_on=date(2020, 6, 1), published_on=None)).tier == "general"


def test_order_107_over_order_45_is_graded_unverified() -> None:
    found = windows(facts("closure"))
    assert (found.gsxt.grade, found.public.grade) == ("unverified", "unverified")
    assert "order_107_over_45" in found.public.flags


def test_flags_of_both_channels_stand_on_the_public_window_once() -> None:
    flags = windows(facts("closure", **dated("Mon 2025-07-07", "Fri 2025-07-11"))).public.flags
    assert flags == ("framework_22_in_force",)


@pytest.mark.parametrize(
    ("stated", "ends", "is_flagged"),
    [
        pytest.param("Mon 2026-08-10", "Mon 2026-08-10", True, id="an earlier stated end shortens"),
        pytest.param("Tue 2027-05-11", "Tue 2027-05-11", False, id="the same end changes nothing"),
        pytest.param("Fri 2029-05-11", "Tue 2027-05-11", False, id="a later stated end does not lengthen"),
    ],
)
def test_a_stated_end(stated: str, ends: str, is_flagged: bool) -> None:
    public = windows(facts("confiscation_gains", stated_until=day(stated))).public
    assert (public.ends_on, "stated_end_shortens" in public.flags) == (day(ends), is_flagged)


def test_a_stated_end_makes_nothing_public() -> None:
    assert windows(facts("fine", stated_until=date(2027, 1, 1), **CHONGQING)).public.reason == "undecided_tier"


def entry(**changes: Any) -> Window:
    values: dict[str, Any] = {
        "list_id": "samr-serious",
        "period_months": 36,
        "grade": "unverified",
        "listed_on": day("Mon 2026-01-05"),
        "assumed": False,
        "removed_on": None,
        "stated_until": None,
        "public_from": day("Mon 2026-01-05"),
    }
    return entry_window(**values | changes)


@pytest.mark.parametrize(
    ("changes", "ends", "flags"),
    [
        pytest.param({}, "Fri 2029-01-05", (), id="the list's period"),
        pytest.param({"period_months": None}, None, (), id="until removed"),
        pytest.param({"removed_on": date(2027, 3, 1)}, "Sun 2027-02-28", (), id="not shown on the day of removal"),
        pytest.param({"removed_on": date(2030, 3, 1)}, "Fri 2029-01-05", (), id="removed after its period"),
        pytest.param({"period_months": None, "removed_on": date(2026, 3, 1)}, "Sat 2026-02-28", (), id="removed"),
        pytest.param({"stated_until": date(2027, 1, 4)}, "Mon 2027-01-04", ("stated_end_shortens",), id="stated earlier"),
        pytest.param({"stated_until": date(2031, 1, 5)}, "Fri 2029-01-05", (), id="stated later"),
        pytest.param(
            {"period_months": None, "stated_until": date(2031, 1, 6)}, "Mon 2031-01-06", ("stated_end_shortens",),
            id="a stated end where the list has none",
        ),
    ],
)  # fmt: skip
def test_the_window_of_an_entry(changes: dict[str, Any], ends: str | None, flags: tuple[str, ...]) -> None:
    found = entry(**changes)
    assert (found.ends_on, found.flags, found.reason) == (day(ends) if ends else None, flags, None)


def test_an_entry_is_not_shown_before_it_was_listed_nor_before_it_came() -> None:
    assert entry(public_from=date(2026, 1, 1)).starts_on == date(2026, 1, 5)
    assert entry(public_from=date(2026, 2, 1)).starts_on == date(2026, 2, 1)


@pytest.mark.parametrize(("changes", "reason"), [({"listed_on": None}, "no_date"), ({"assumed": True}, "assumed_date")])
def test_an_entry_without_a_known_day_shows_nothing(changes: dict[str, Any], reason: str) -> None:
    found = entry(**changes)
    assert (found.starts_on, found.ends_on, found.reason) == (None, None, reason)


DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))
FACTS = st.builds(
    PenaltyFacts,
    authority_system=st.sampled_from(["market_regulation", "drugs", "environment"]),
    procedure=st.sampled_from(["ordinary", "ordinary", "summary"]),
    kinds=st.frozensets(st.sampled_from(list(PenaltyKind)), max_size=3),
    fine_fen=st.none() | st.sampled_from([0, 1, 999_999, 1_000_000, 9_999_999, 10_000_000, 10**12]),
    confiscation_fen=st.none() | st.sampled_from([0, 1]),
    field=st.none() | st.sampled_from(["food", "fire"]),
    party_type=st.sampled_from(["organization", "sole_trader"]),
    province=st.sampled_from([None, "42", "50"]),
    decided_on=st.none() | DAYS,
    published_on=st.none() | DAYS,
    stated_until=st.none() | DAYS,
    restriction_until=st.none() | DAYS,
)
HUGE = threshold("huge_fine_threshold", 90_000)
LARGE = threshold("large_fine_threshold", 50)


@given(FACTS, DAYS)
def test_the_public_end_is_no_later_than_that_of_any_channel_that_shows(given_facts: PenaltyFacts, start: date) -> None:
    found = penalty_windows(BOOK, given_facts, start)
    if found.public.reason is not None:
        assert found.public.starts_on is None
        return
    ends = [window.ends_on for window in (found.gsxt, found.credit_china) if window.reason is None]
    assert ends
    assert found.public.ends_on is not None
    assert all(end is not None and found.public.ends_on <= end for end in ends)


@given(FACTS, DAYS, DAYS)
def test_a_stated_end_never_lengthens_nor_opens(given_facts: PenaltyFacts, start: date, stated: date) -> None:
    def public(until: date | None) -> Window:
        changed = {name: getattr(given_facts, name) for name in PenaltyFacts.__slots__} | {"stated_until": until}
        return penalty_windows(BOOK, PenaltyFacts(**changed), start).public

    without, with_it = public(None), public(stated)
    assert with_it.reason == without.reason
    if without.ends_on is not None:
        assert with_it.ends_on == min(without.ends_on, stated)


@given(FACTS, DAYS)
def test_entering_a_threshold_never_shortens_what_was_shown_without_it(given_facts: PenaltyFacts, start: date) -> None:
    # What the sources leave open is shown for the shorter time, so that learning more may only show more or hide a channel.
    before = penalty_windows(BOOK, given_facts, start).public.ends_on
    after = penalty_windows(book_with(LARGE, HUGE), given_facts, start).public.ends_on
    assert before is None or (after is not None and before <= after)


@given(st.lists(st.tuples(FACTS, DAYS), min_size=1, max_size=20))
def test_the_cache_says_what_the_rules_say(rows: list[tuple[PenaltyFacts, date]]) -> None:
    cache = WindowCache(BOOK)
    for given_facts, start in (*rows, *rows):
        assert cache.penalty(given_facts, start) == penalty_windows(BOOK, given_facts, start)


def test_amounts_between_the_same_thresholds_are_one_key() -> None:
    keys = {BOOK.bucket(facts("fine", fine_fen=fen)) for fen in (None, 0, 1, 999_999, 1_000_000, 9_999_999, 10_000_000)}
    assert len(keys) == 5
    assert BOOK.bucket(facts("fine", fine_fen=1)) == BOOK.bucket(facts("fine", fine_fen=999_999))


def test_days_that_differ_are_different_keys() -> None:
    one, other = facts("practice_ban", restriction_until=date(2030, 1, 1)), facts("practice_ban")
    assert BOOK.bucket(one) != BOOK.bucket(other)
    assert BOOK.bucket(one) != BOOK.bucket(
        facts("practice_ban", restriction_until=date(2030, 1, 1) + timedelta(days=1))
    )

"""When a penalty is shown: the decision tables of the rulebook, a sentence a row."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalog.seed import load_seed
from service.rulebook.load import load_rulebook
from service.rulebook.periods import Period, Term, last_day
from service.rulebook.rules import Channel, PenaltyFacts, Tier
from service.rulebook.windows import WindowCache, entry_window, penalty_windows

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SEED = load_seed()
RULEBOOK = load_rulebook(
    (rule.body for rule in SEED.rules if rule.kind == "period"),
    (rule.body for rule in SEED.rules if rule.kind == "parameter"),
)


def day(text: str) -> date:
    weekday, written = text.split()
    found = date.fromisoformat(written)
    assert WEEKDAYS[found.weekday()] == weekday, f"{written} is a {WEEKDAYS[found.weekday()]}"
    return found


def facts(**changes: object) -> PenaltyFacts:
    base: dict[str, object] = {
        "authority_system": "market_regulation",
        "procedure": "ordinary",
        "kinds": frozenset({"fine", "confiscation_gains"}),
        "fine_fen": 500_000,
        "confiscation_fen": None,
        "field": None,
        "party_type": "organization",
        "province": "42",
        "decided_on": date(2026, 4, 1),
        "published_on": date(2026, 4, 8),
    }
    return PenaltyFacts(**(base | changes))  # type: ignore[arg-type] # the test names the members


HUBEI_LOW: dict[str, object] = {"kinds": frozenset({"fine"}), "fine_fen": 9_999_999}
HUBEI_NOT_LOW: dict[str, object] = {"kinds": frozenset({"fine"}), "fine_fen": 10_000_000}
WARNING: dict[str, object] = {"kinds": frozenset({"warning"}), "fine_fen": None}
CASES: list[tuple[str, dict[str, object], str | None, str | None, str | None]] = [
    (
        "order 107 and order 36: general, one year each, the earlier clock decides",
        {},
        "2027-04-08",
        "2027-04-01",
        "2027-04-01",
    ),
    (
        "a fine just below Hubei's amount is minor on GSXT: three months",
        HUBEI_LOW,
        "2026-07-08",
        "2027-04-01",
        "2026-07-08",
    ),
    ("a fine of exactly Hubei's amount is general", HUBEI_NOT_LOW, "2027-04-08", "2027-04-01", "2027-04-01"),
    (
        "the day before order 36 the decision still counts by order 58: three years",
        {"decided_on": date(2026, 3, 31)},
        "2027-04-08",
        "2029-03-31",
        "2027-04-08",
    ),
    (
        "published the day before order 107: three years by order 45",
        {"decided_on": date(2025, 12, 1), "published_on": date(2025, 12, 24)},
        "2028-12-24",
        "2028-12-01",
        "2028-12-01",
    ),
    (
        "published on the first day of order 107: one year",
        {"decided_on": date(2025, 12, 1), "published_on": date(2025, 12, 25)},
        "2026-12-25",
        "2028-12-01",
        "2026-12-25",
    ),
    ("a warning alone is published nowhere", WARNING, None, None, None),
    (
        "circulated criticism alone: three months on GSXT only",
        {"kinds": frozenset({"criticism"})},
        "2026-07-08",
        None,
        "2026-07-08",
    ),
    (
        "another authority's penalty is shown on Credit China only",
        {"authority_system": "environment"},
        None,
        "2027-04-01",
        "2027-04-01",
    ),
    (
        "an order to stop business is serious for order 36: three years there, one by order 107",
        {"kinds": frozenset({"stop_business"}), "fine_fen": None},
        "2027-04-08",
        "2029-04-01",
        "2027-04-08",
    ),
    ("summary procedure is not published", {"procedure": "summary"}, None, None, None),
    (
        "before the first rows there is no rule",
        {"decided_on": date(2018, 5, 7), "published_on": date(2018, 5, 9)},
        None,
        None,
        None,
    ),
    (
        "a publication day that is not stated: the decision sets the end",
        {"published_on": None},
        "2027-04-01",
        "2027-04-01",
        "2027-04-01",
    ),
    ("a stated end shortens", {"stated_until": date(2026, 9, 30)}, "2027-04-08", "2027-04-01", "2026-09-30"),
    ("a stated end never lengthens", {"stated_until": date(2030, 9, 30)}, "2027-04-08", "2027-04-01", "2027-04-01"),
    (
        "the 2019 rules: classes not stated, the shorter period",
        {"authority_system": "environment", "decided_on": date(2020, 2, 29), "published_on": date(2020, 3, 2)},
        None,
        "2021-02-28",
        "2021-02-28",
    ),
]


@pytest.mark.parametrize(
    ("changes", "gsxt", "china", "public"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_last_days(changes: dict[str, object], gsxt: str | None, china: str | None, public: str | None) -> None:
    found = penalty_windows(RULEBOOK, facts(**changes), date(2026, 4, 8))
    ends = tuple(
        str(window.ends_on) if window.ends_on else None for window in (found.gsxt, found.credit_china, found.public)
    )
    assert ends == (gsxt, china, public)
    assert (found.public.starts_on is None) == (found.public.reason is not None)


@pytest.mark.parametrize(
    ("sentence", "changes", "reason"),
    [
        (
            "Chongqing's amount is not known: undecided, not public",
            {"province": "50", "kinds": frozenset({"fine"})},
            "undecided_tier",
        ),
        ("the amount of the fine is not stated", {"kinds": frozenset({"fine"}), "fine_fen": None}, "undecided_tier"),
        ("no kind is stated", {"kinds": frozenset()}, "undecided_tier"),
        ("no date at all", {"decided_on": None, "published_on": None}, "no_date"),
        ("a warning alone", WARNING, "not_published"),
        ("before the first rows", {"decided_on": date(2018, 5, 7), "published_on": date(2018, 5, 9)}, "no_rule"),
    ],
)
def test_reasons_for_no_window(sentence: str, changes: dict[str, object], reason: str) -> None:
    found = penalty_windows(RULEBOOK, facts(**changes), date(2026, 4, 8))
    assert found.public.reason == reason, sentence


def test_what_the_sources_do_not_settle_carries_a_flag() -> None:
    assert "order_107_over_45" in penalty_windows(RULEBOOK, facts(), date(2026, 4, 8)).public.flags
    assert "fine_bracket_unknown" in penalty_windows(RULEBOOK, facts(), date(2026, 4, 8)).credit_china.flags
    overlap = penalty_windows(RULEBOOK, facts(decided_on=date(2025, 7, 1)), date(2026, 4, 8))
    assert "framework_22_in_force" in overlap.credit_china.flags
    assert penalty_windows(RULEBOOK, facts(**HUBEI_LOW), date(2026, 4, 8)).tier is Tier.MINOR


@pytest.mark.parametrize(
    ("start", "term", "last"),
    [
        ("Sat 2026-01-31", "P1M", "Sat 2026-02-28"),
        ("Thu 2024-02-29", "P1Y", "Fri 2025-02-28"),
        ("Thu 2024-02-29", "P4Y", "Tue 2028-02-29"),
        ("Mon 2026-11-30", "P3M", "Sun 2027-02-28"),
        ("Wed 2026-04-01", "P3Y", "Sun 2029-04-01"),
        ("Thu 2026-12-31", "P10D", "Sun 2027-01-10"),
    ],
)
def test_periods_end_on_the_corresponding_day_or_the_last_of_the_month(start: str, term: str, last: str) -> None:
    assert last_day(day(start), Term.parse(term)) == day(last)


@pytest.mark.parametrize("text", ["", "P", "3M", "P3W", "PT3H"])
def test_a_malformed_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        Term.parse(text)


def test_a_period_is_half_open() -> None:
    period = Period(day("Fri 2026-10-09"), day("Mon 2026-10-12"))
    assert [period.covers(day(text)) for text in ("Thu 2026-10-08", "Fri 2026-10-09", "Sun 2026-10-11", "Mon 2026-10-12")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not period.overlaps(Period(day("Mon 2026-10-12"), None))
    assert period.overlaps(Period(day("Sun 2026-10-11"), None))


def test_the_public_channel_has_no_rows_of_its_own() -> None:
    with pytest.raises(ValueError, match="public"):
        RULEBOOK.select(Channel.PUBLIC, facts())


DAYS = st.dates(date(2019, 1, 1), date(2029, 12, 31))
ANY_FACTS = st.builds(
    PenaltyFacts,
    authority_system=st.sampled_from(["market_regulation", "drugs", "environment"]),
    procedure=st.sampled_from(["ordinary", "summary"]),
    kinds=st.frozensets(
        st.sampled_from(["warning", "criticism", "fine", "stop_business", "permit_revocation"]), max_size=3
    ),
    fine_fen=st.one_of(st.none(), st.integers(0, 20_000_000)),
    confiscation_fen=st.none(),
    field=st.sampled_from([None, "food"]),
    party_type=st.just("organization"),
    province=st.sampled_from(["42", "50"]),
    decided_on=st.one_of(st.none(), DAYS),
    published_on=st.one_of(st.none(), DAYS),
    stated_until=st.one_of(st.none(), DAYS),
)


@given(ANY_FACTS, DAYS)
def test_the_public_window_is_never_longer_than_any_channel_that_shows_the_record(
    one: PenaltyFacts, start: date
) -> None:
    found = penalty_windows(RULEBOOK, one, start)
    if found.public.reason is None:
        assert found.public.ends_on is not None
        ends = [w.ends_on for w in (found.gsxt, found.credit_china) if w.reason is None and w.ends_on is not None]
        assert found.public.ends_on <= min(ends)
        if one.stated_until is not None:
            assert found.public.ends_on <= one.stated_until


@given(st.lists(st.tuples(ANY_FACTS, DAYS), max_size=30))
def test_the_cache_answers_as_the_rule_does(asked: list[tuple[PenaltyFacts, date]]) -> None:
    cache = WindowCache(RULEBOOK)
    for one, start in asked:
        assert cache.penalty(one, start) == penalty_windows(RULEBOOK, one, start)


def test_an_entry_is_shown_by_its_lists_row() -> None:
    base: dict[str, object] = {
        "list_id": "samr-serious", "period_months": 36, "grade": "unverified", "listed_on": date(2026, 1, 5),
        "assumed": False, "removed_on": None, "stated_until": None, "public_from": date(2026, 1, 6),
    }  # fmt: skip

    def window(**changes: object) -> tuple[object, ...]:
        found = entry_window(**(base | changes))  # type: ignore[arg-type] # the test names the members
        return found.starts_on, found.ends_on, found.reason

    assert window() == (date(2026, 1, 6), date(2029, 1, 5), None)
    assert window(period_months=None) == (date(2026, 1, 6), None, None)
    assert window(removed_on=date(2026, 6, 1)) == (date(2026, 1, 6), date(2026, 5, 31), None)
    assert window(stated_until=date(2027, 1, 5)) == (date(2026, 1, 6), date(2027, 1, 5), None)
    assert window(stated_until=date(2030, 1, 5)) == (date(2026, 1, 6), date(2029, 1, 5), None)
    assert window(assumed=True) == (None, None, "assumed_date")
    assert window(listed_on=None) == (None, None, "no_date")

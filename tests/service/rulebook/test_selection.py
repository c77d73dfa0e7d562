from datetime import date
from typing import Any

import pytest

from service.rulebook.rules import Channel, PenaltyFacts, Tier
from tests.service.rulebook.books import BOOK, book_with, facts, threshold

GSXT, CHINA = Channel.GSXT, Channel.CREDIT_CHINA
ENVIRONMENT = {"authority_system": "environment", "published_on": None}
LAST_OF_45, FIRST_OF_107 = date(2025, 12, 24), date(2025, 12, 25)


def case(
    sentence: str, channel: Channel, given: PenaltyFacts, row: str | None, tier: Tier, reason: str | None, *flags: str
) -> Any:
    return pytest.param(channel, given, row, tier, reason, flags, id=sentence)


def in_2023(*kinds: str, **changes: Any) -> PenaltyFacts:
    """Decided and published while order 45 and order 58 were alone."""
    return facts(*kinds, **{"decided_on": date(2023, 6, 1), "published_on": date(2023, 6, 9)} | changes)


@pytest.mark.parametrize(
    ("channel", "given", "row", "tier", "reason", "flags"),
    [
        case("order 45: a warning alone", GSXT, in_2023("warning"), "R45-0", Tier.MINOR, "not_published"),
        case("order 45: criticism alone", GSXT, in_2023("criticism"), "R45-1", Tier.MINOR, None),
        case("order 45: warning and criticism", GSXT, in_2023("warning", "criticism"), "R45-1", Tier.MINOR, None),
        case("order 45: a high fine", GSXT, in_2023("fine"), "R45-2", Tier.GENERAL, None),
        case("order 45: a low fine", GSXT, in_2023("fine", fine_fen=100), "R45-1", Tier.MINOR, None),
        case("order 45: a warning with a low fine", GSXT, in_2023("warning", "fine", fine_fen=100), "R45-1", Tier.MINOR, None),
        case("order 45: a low fine with a confiscation", GSXT, in_2023("fine", "confiscation_gains", fine_fen=100), "R45-2", Tier.GENERAL, None),
        case("order 45: a kind of which only the sum tells", GSXT, in_2023("warning", fine_fen=20_000_000), "R45-2", Tier.GENERAL, None),
        case("order 45: a confiscation of which only the sum tells", GSXT, in_2023("warning", confiscation_fen=1), "R45-2", Tier.GENERAL, None),
        case("order 45: a ban of four years", GSXT, in_2023("practice_ban", restriction_until=date(2027, 6, 1)), "R45-3", Tier.SERIOUS, None),
        case("order 45: a ban of three years and a day", GSXT, in_2023("practice_ban", restriction_until=date(2026, 6, 2)), "R45-3", Tier.SERIOUS, None),
        case("order 45: a ban of exactly three years", GSXT, in_2023("practice_ban", restriction_until=date(2026, 6, 1)), "R45-2", Tier.GENERAL, None),
        case("order 45: a ban of unknown length", GSXT, in_2023("practice_ban"), "R45-2", Tier.GENERAL, None),
        case("order 45: the end of another kind is no restriction", GSXT, in_2023("permit_suspension", restriction_until=date(2027, 6, 1)), "R45-2", Tier.GENERAL, None),
        case("order 45: a fine in Chongqing", GSXT, in_2023("fine", province="50"), None, Tier.UNDECIDED, "undecided_tier", "threshold_unknown"),
        case("order 45: a fine of an authority without a province", GSXT, in_2023("fine", province=None), None, Tier.UNDECIDED, "undecided_tier", "threshold_unknown"),
        case("order 45: criticism in Chongqing needs no threshold", GSXT, in_2023("criticism", province="50"), "R45-1", Tier.MINOR, None),
        case("order 45: a fine with a closure in Chongqing needs no threshold", GSXT, in_2023("fine", "closure", province="50"), "R45-2", Tier.GENERAL, None),
        case("order 45: a fine without an amount", GSXT, in_2023("fine", fine_fen=None), None, Tier.UNDECIDED, "undecided_tier", "amount_unknown"),
        case("order 45 after the framework", GSXT, in_2023("closure", published_on=date(2025, 6, 22)), "R45-2", Tier.GENERAL, None, "framework_22_in_force"),
        case("order 45 before the framework", GSXT, in_2023("closure", published_on=date(2025, 6, 21)), "R45-2", Tier.GENERAL, None),
        case("the last day of order 45", GSXT, facts("closure", published_on=LAST_OF_45), "R45-2", Tier.GENERAL, None, "framework_22_in_force"),
        case("the first day of order 107", GSXT, facts("confiscation_gains", published_on=FIRST_OF_107), "R107-2", Tier.GENERAL, None, "order_107_over_45"),
        case("order 107: a warning alone", GSXT, facts("warning"), "R107-0", Tier.MINOR, "not_published"),
        case("order 107: a low fine", GSXT, facts("fine", fine_fen=100), "R107-1", Tier.MINOR, None),
        case("order 107: a high fine", GSXT, facts("fine"), "R107-2", Tier.GENERAL, None, "order_107_over_45"),
        case("order 107: a kind that order 45 never stopped early", GSXT, facts("stop_business"), "R107-2", Tier.GENERAL, None, "order_107_over_45", "serious_list_unconfirmed"),
        case("order 107: a ban of four years is no longer order 45's", GSXT, facts("practice_ban", restriction_until=date(2030, 5, 11)), "R107-2", Tier.GENERAL, None, "order_107_over_45", "serious_list_unconfirmed"),
        case("order 107: a fine in Chongqing", GSXT, facts("fine", province="50"), None, Tier.UNDECIDED, "undecided_tier", "threshold_unknown"),
        case("drug authorities publish on GSXT too", GSXT, facts("criticism", authority_system="drugs"), "R107-1", Tier.MINOR, None),
        case("other authorities do not", GSXT, facts("fine", **ENVIRONMENT), None, Tier.UNDECIDED, "other_channel"),
        case("the day before the first row of GSXT", GSXT, facts("closure", published_on=date(2021, 8, 31)), None, Tier.UNDECIDED, "no_rule"),
        case("the first day of the first row of GSXT", GSXT, facts("closure", published_on=date(2021, 9, 1)), "R45-2", Tier.GENERAL, None),
        case("publication not stated: the decision starts the clock", GSXT, facts("closure", published_on=None, decided_on=LAST_OF_45), "R45-2", Tier.GENERAL, None, "framework_22_in_force"),
        case("no day at all", GSXT, facts("closure", published_on=None, decided_on=None), None, Tier.UNDECIDED, "no_date"),
        case("only the decision's day is missing, on GSXT", GSXT, facts("criticism", decided_on=None), "R107-1", Tier.MINOR, None),
        case("only the decision's day is missing, on Credit China", CHINA, facts("criticism", decided_on=None), None, Tier.UNDECIDED, "no_date"),
        case("summary procedure on GSXT", GSXT, facts("closure", procedure="summary"), None, Tier.MINOR, "summary_procedure"),
        case("summary procedure on Credit China", CHINA, facts("closure", procedure="summary"), None, Tier.MINOR, "summary_procedure"),
        case("no kind is stated", CHINA, facts(), None, Tier.UNDECIDED, "undecided_tier"),
        case("order 58: any kind", CHINA, in_2023("fine", province="50"), "R58-1", Tier.GENERAL, None),
        case("order 58: food", CHINA, in_2023("fine", field="food"), "R58-2", Tier.GENERAL, None),
        case("order 58: a warning alone", CHINA, in_2023("warning"), "R58-1", Tier.MINOR, "not_published", "warning_held_back"),
        case("order 58: a warning alone, fire", CHINA, in_2023("warning", field="fire"), "R58-2", Tier.MINOR, "not_published", "warning_held_back"),
        case("order 58 beside the framework", CHINA, facts("fine", decided_on=date(2025, 6, 22)), "R58-1", Tier.GENERAL, None, "framework_22_in_force"),
        case("the last day of order 58", CHINA, facts("fine", decided_on=date(2026, 3, 31)), "R58-1", Tier.GENERAL, None, "framework_22_in_force"),
        case("the first day of order 36", CHINA, facts("closure", decided_on=date(2026, 4, 1)), "R36-3", Tier.SERIOUS, None),
        case("the last day of 527", CHINA, facts("fine", decided_on=date(2023, 4, 30)), "R527-1", Tier.GENERAL, None, "shorter_period_assumed"),
        case("the first day of order 58", CHINA, facts("fine", decided_on=date(2023, 5, 1)), "R58-1", Tier.GENERAL, None),
        case("527: a warning alone", CHINA, facts("warning", decided_on=date(2022, 5, 1)), "R527-1", Tier.MINOR, "not_published", "shorter_period_assumed", "warning_held_back"),
        case("the day before the first row of Credit China", CHINA, facts("fine", decided_on=date(2019, 6, 30)), None, Tier.UNDECIDED, "no_rule"),
        case("order 36: a warning alone", CHINA, facts("warning"), "R36-1", Tier.MINOR, "not_published"),
        case("order 36: criticism", CHINA, facts("warning", "criticism"), "R36-1", Tier.MINOR, "not_published"),
        case("order 36: a confiscation", CHINA, facts("confiscation_property"), "R36-2", Tier.GENERAL, None),
        case("order 36: a fine alone", CHINA, facts("fine"), None, Tier.UNDECIDED, "undecided_tier", "threshold_unknown"),
        case("order 36: a fine with a confiscation is general at least", CHINA, facts("fine", "confiscation_gains"), "R36-2", Tier.GENERAL, None, "threshold_unknown"),
        case("order 36: a fine with a closure is serious", CHINA, facts("fine", "closure"), "R36-3", Tier.SERIOUS, None),
        case("order 36: a downgrade, on which the sources disagree", CHINA, facts("downgrade"), "R36-2", Tier.GENERAL, None, "draft_against_final_text"),
        case("order 36: a downgrade with a revocation", CHINA, facts("downgrade", "permit_revocation"), "R36-3", Tier.SERIOUS, None),
        case("order 36: detention is in no tier", CHINA, facts("detention"), None, Tier.UNDECIDED, "undecided_tier", "kind_in_no_tier"),
        case("order 36: another kind is in no tier", CHINA, facts("other"), None, Tier.UNDECIDED, "undecided_tier", "kind_in_no_tier"),
    ],
)  # fmt: skip
def test_the_row_that_governs(
    channel: Channel, given: PenaltyFacts, row: str | None, tier: Tier, reason: str | None, flags: tuple[str, ...]
) -> None:
    found = BOOK.select(channel, given)
    assert (found.rule and found.rule.id, found.tier, found.reason, found.flags) == (row, tier, reason, flags)


@pytest.mark.parametrize(
    ("yuan", "party", "tier", "flags"),
    [
        pytest.param(99_999, "organization", Tier.MINOR, (), id="organisation, a yuan below 100,000"),
        pytest.param(100_000, "organization", Tier.GENERAL, ("order_107_over_45",), id="organisation, 100,000"),
        pytest.param(9_999, "sole_trader", Tier.MINOR, (), id="sole trader, below both thresholds"),
        pytest.param(
            10_000, "sole_trader", Tier.MINOR, ("sole_trader_threshold_assumed",), id="sole trader, between the two"
        ),
        pytest.param(100_000, "sole_trader", Tier.GENERAL, ("order_107_over_45",), id="sole trader, above both"),
    ],
)
def test_the_low_fine_of_hubei(yuan: int, party: str, tier: Tier, flags: tuple[str, ...]) -> None:
    found = BOOK.select(GSXT, facts("fine", fine_fen=yuan * 100, party_type=party))
    assert (found.tier, found.flags) == (tier, flags)


def test_a_threshold_entered_for_chongqing_decides_there_from_its_first_day() -> None:
    book = book_with(threshold("low_fine_threshold", 5000, province="50", effective_from=date(2026, 6, 1)))
    before = facts("fine", province="50", fine_fen=400_000, published_on=date(2026, 5, 31))
    after = facts("fine", province="50", fine_fen=400_000, published_on=date(2026, 6, 1))
    assert [book.select(GSXT, given).tier for given in (before, after)] == [Tier.UNDECIDED, Tier.MINOR]


def test_of_two_thresholds_the_later_and_of_its_own_system_the_nearer_counts() -> None:
    book = book_with(
        threshold("low_fine_threshold", 1000, province="50"),
        threshold("low_fine_threshold", 2000, province="50", effective_from=date(2026, 1, 1)),
        threshold("low_fine_threshold", 3000, province="50", system="drugs"),
    )
    fined = [facts("fine", province="50", fine_fen=yuan * 100) for yuan in (1999, 2000)]
    assert [book.select(GSXT, given).tier for given in fined] == [Tier.MINOR, Tier.GENERAL]
    drugs = facts("fine", province="50", fine_fen=299_900, authority_system="drugs")
    assert book.select(GSXT, drugs).tier is Tier.MINOR


@pytest.mark.parametrize(
    ("yuan", "row", "flags"),
    [
        pytest.param(9_999, "R36-1", ("small_fine_in_no_tier",), id="below the large fine: in no tier, so minor"),
        pytest.param(10_000, "R36-2", (), id="a large fine"),
        pytest.param(999_999, "R36-2", (), id="just below the huge fine"),
        pytest.param(1_000_000, "R36-3", (), id="a huge fine"),
    ],
)
def test_thresholds_of_an_industry_authority_settle_a_fine_under_order_36(
    yuan: int, row: str, flags: tuple[str, ...]
) -> None:
    book = book_with(
        threshold("large_fine_threshold", 10_000, system="environment"),
        threshold("huge_fine_threshold", 1_000_000, system="environment"),
    )
    found = book.select(CHINA, facts("fine", fine_fen=yuan * 100, **ENVIRONMENT))
    assert (found.rule and found.rule.id, found.flags) == (row, flags)
    other = book.select(CHINA, facts("fine", authority_system="health", published_on=None))
    assert other.reason == "undecided_tier"


def test_with_the_large_fine_known_and_the_huge_one_not_the_shorter_period_is_flagged() -> None:
    book = book_with(threshold("large_fine_threshold", 10_000))
    found = book.select(CHINA, facts("fine"))
    assert (found.rule and found.rule.id, found.flags) == ("R36-2", ("threshold_unknown",))


def test_an_undecided_tier_names_the_rows_it_hangs_between() -> None:
    assert [row.id for row in BOOK.select(CHINA, facts("fine")).possible] == ["R36-1", "R36-2", "R36-3"]
    assert [row.id for row in BOOK.select(GSXT, facts("fine", province="50")).possible] == ["R107-1", "R107-2"]


def test_public_has_no_rows_of_its_own() -> None:
    with pytest.raises(ValueError, match="follows the others"):
        BOOK.select(Channel.PUBLIC, facts("fine"))


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "X-1",
        "instrument": "made up",
        "domain": "GSXT",
        "effective_from": date(2026, 1, 1),
        "tier": "general",
        "tier_text": "made up",
        "max": "P1M",
        "clock": "publication_date",
        "citation": "made up for a test",
        "grade": "unverified",
        "otherwise": True,
    } | changes


def test_a_new_row_of_the_law_is_data_and_the_later_first_day_wins() -> None:
    found = book_with(rules=[row()]).select(GSXT, facts("closure"))
    assert found.rule is not None
    assert found.rule.id == "X-1"


def test_a_penalty_that_the_newer_rows_do_not_take_stays_with_the_older() -> None:
    newer = row(otherwise=False, when=[{"any_of": ["detention"]}])
    found = book_with(rules=[newer]).select(GSXT, facts("closure"))
    assert found.rule is not None
    assert found.rule.id == "R107-2"


def test_framework_rows_rank_below_domain_rows_and_fill_gaps_only() -> None:
    framework = row(domain="all (framework)", effective_from=date(2021, 1, 1))
    book = book_with(rules=[framework])
    beside = book.select(GSXT, facts("closure")).rule
    gap = book.select(GSXT, facts("closure", published_on=date(2021, 8, 31))).rule
    assert [found and found.id for found in (beside, gap)] == ["R107-2", "X-1"]

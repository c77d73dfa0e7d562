from datetime import UTC, date, datetime

import pytest

from service.clock import SHANGHAI
from service.status.rules import (
    FutureMoment,
    MalformedMoment,
    Outcome,
    Reason,
    SourceMap,
    SourceState,
    code_warnings,
    is_stale,
    name_warning,
    outcome,
    read_moment,
    region_of,
)
from service.uscc.rules import CodeState

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)  # 12:00 in Shanghai
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("listed", "penalised", "registered", "covered", "expected"),
    [
        (True, True, True, True, (Outcome.LISTED, None)),
        (True, False, False, False, (Outcome.LISTED, None)),
        (False, True, True, True, (Outcome.PENALISED, None)),
        (False, True, False, False, (Outcome.PENALISED, None)),
        (False, False, True, True, (Outcome.CLEAR, None)),
        (False, False, True, False, (Outcome.NOT_COVERED, Reason.NO_SOURCE)),
        (False, False, False, True, (Outcome.NOT_COVERED, Reason.NO_REGISTRATION)),
        (False, False, False, False, (Outcome.NOT_COVERED, Reason.NO_REGISTRATION)),
    ],
)
def test_the_first_outcome_that_applies_is_the_answer(
    listed: bool, penalised: bool, registered: bool, covered: bool, expected: tuple[Outcome, Reason | None]
) -> None:
    verdict = outcome(listed=listed, penalised=penalised, registered=registered, covered=covered)
    assert (verdict.outcome, verdict.reason) == expected


def source(code: str, *covers: str, fresh_to: date | None = TODAY, stale_after_days: int = 35) -> SourceState:
    return SourceState(code, covers, stale_after_days, fresh_to)


@pytest.mark.parametrize(
    ("covers", "region", "covered"),
    [
        (("penalties:50", "lists:50"), "500105", True),
        (("penalties:", "lists:"), "500105", True),
        (("penalties:000000", "lists:500000"), "500105", True),
        (("penalties:500105", "lists:5001"), "500105", True),
        (("penalties:50", "lists:51"), "500105", False),
        (("penalties:50",), "500105", False),
        (("lists:50", "registrations:50"), "500105", False),
        (("penalties:5002", "lists:5002"), "500105", False),
        (("penalties:", "lists:"), "100000", True),
        (("penalties:50", "lists:50"), "100000", False),
    ],
)
def test_a_region_is_covered_by_penalties_and_lists_together(
    covers: tuple[str, ...], region: str, covered: bool
) -> None:
    assert SourceMap([source("a", *covers)], on=TODAY).of(region).covered is covered


def test_two_sources_may_cover_a_region_together() -> None:
    coverage = SourceMap([source("b", "lists:"), source("a", "penalties:50"), source("c", "lists:31")], on=TODAY)
    region = coverage.of("500105")
    assert region.covered
    assert [found.code for found in region.sources] == ["a", "b"]


def test_a_source_that_never_delivered_knows_nothing() -> None:
    region = SourceMap([source("a", "penalties:", "lists:", fresh_to=None)], on=TODAY).of("500105")
    assert not region.covered
    assert [warning["code"] for warning in region.warnings] == ["source_stale"]


def test_a_stale_source_covers_with_a_warning() -> None:
    region = SourceMap([source("a", "penalties:", "lists:", fresh_to=date(2026, 10, 19))], on=TODAY).of("500105")
    assert region.covered
    assert [(warning["code"], warning["source"]) for warning in region.warnings] == [("source_stale", "a")]


@pytest.mark.parametrize(
    ("fresh_to", "stale"), [(date(2026, 10, 20), False), (date(2026, 10, 19), True), (None, True), (TODAY, False)]
)
def test_a_source_is_fresh_through_the_last_of_its_days(fresh_to: date | None, stale: bool) -> None:
    assert is_stale(source("a", fresh_to=fresh_to), on=TODAY) is stale


def test_the_region_is_the_registration_s_else_the_one_inside_the_code() -> None:
    assert region_of("91500105XY0000012K", "510100") == "510100"
    assert region_of("91500105XY0000012K", None) == "500105"
    assert region_of("91500105XY0000012K", "51") == "500105"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=SHANGHAI)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=SHANGHAI)),
        ("2026-11-24T12:00:00+08:00", NOW),
        ("2026-11-24T12:00:00 08:00", NOW),
        ("2026-11-24T04:00:00Z", NOW),
        ("2026-11-23T23:59:59.5-05:00", datetime(2026, 11, 24, 4, 59, 59, 500000, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_day_or_an_instant(text: str, expected: datetime) -> None:
    moment = read_moment(text, parameter="as_of", now=datetime(2026, 11, 25, tzinfo=UTC))
    assert moment == expected
    assert moment.utcoffset() == expected.astimezone(SHANGHAI).utcoffset()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30", "2026-11-24T12:00:00", "20261124T", "2026-11-24 12:00"]
)
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(MalformedMoment):
        read_moment(text, parameter="as_of", now=NOW)


@pytest.mark.parametrize("text", ["2026-11-25", "2026-11-24T12:00:01+08:00"])
def test_the_future_is_refused(text: str) -> None:
    with pytest.raises(FutureMoment):
        read_moment(text, parameter="known_at", now=NOW)


def test_today_as_a_day_is_not_the_future() -> None:
    assert read_moment("2026-11-24", parameter="as_of", now=NOW) < NOW


@pytest.mark.parametrize(
    ("asked", "known", "warned"),
    [
        ("重庆示例商贸有限公司", ["重庆示例商贸有限公司"], False),
        ("重庆示例商贸有限责任公司", ["重庆示例商贸有限公司"], False),
        ("重庆(示例)商贸有限公司", ["重庆（示例）商贸有限公司"], False),
        ("重庆旧名商贸有限公司", ["重庆示例商贸有限公司", "重庆旧名商贸有限公司"], False),
        ("别家商贸有限公司", ["重庆示例商贸有限公司"], True),
        ("别家商贸有限公司", [], False),
        (None, ["重庆示例商贸有限公司"], False),
    ],
)
def test_a_name_differs_from_all_that_are_known(asked: str | None, known: list[str], warned: bool) -> None:
    assert bool(name_warning(asked, known)) is warned


def test_code_warnings_have_words() -> None:
    warnings = code_warnings([CodeState.WARN_ORG_CHECK])
    assert [warning["code"] for warning in warnings] == ["warn_org_check"]
    assert "organisation code" in str(warnings[0]["detail"])

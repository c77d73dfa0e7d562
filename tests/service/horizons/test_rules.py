from datetime import UTC, datetime

import pytest

from service.horizons.rules import horizons_due, last_mark


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("instant", "mark", "midnight"),
    [
        ("2026-11-24T00:00", "2026-11-24T00:00", "2026-11-24T00:00"),
        ("2026-11-24T07:59:59", "2026-11-24T00:00", "2026-11-24T00:00"),
        ("2026-11-24T08:00", "2026-11-24T08:00", "2026-11-24T00:00"),
        ("2026-11-24T23:59:59", "2026-11-24T16:00", "2026-11-24T00:00"),
    ],
)
def test_marks_are_every_eight_hours_of_the_legal_day(instant: str, mark: str, midnight: str) -> None:
    assert last_mark(at(instant).astimezone(UTC)) == at(mark)
    assert last_mark(at(instant), hours=24) == at(midnight)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        pytest.param(
            None, "2026-11-24T09:10", ["2026-11-24T00:00", "2026-11-24T08:00", "2026-11-24T09:10"], id="first"
        ),
        pytest.param("2026-11-24T09:09", "2026-11-24T09:10", ["2026-11-24T09:10"], id="nothing passed"),
        pytest.param("2026-11-24T07:59", "2026-11-24T08:01", ["2026-11-24T08:00", "2026-11-24T08:01"], id="a mark"),
        pytest.param("2026-11-23T23:59", "2026-11-24T00:00", ["2026-11-24T00:00"], id="at midnight itself"),
        pytest.param(
            "2026-10-01T12:00",
            "2026-11-24T17:00",
            ["2026-11-24T00:00", "2026-11-24T16:00", "2026-11-24T17:00"],
            id="after a long stop",
        ),
        pytest.param("2026-11-24T09:10", "2026-11-24T09:10", [], id="twice at once"),
        pytest.param("2026-11-24T09:10", "2026-11-24T09:00", [], id="a clock that went back"),
    ],
)
def test_what_is_due_lies_behind_the_last_horizon(last: str | None, now: str, due: list[str]) -> None:
    assert horizons_due(last=at(last) if last else None, now=at(now)) == [at(one) for one in due]

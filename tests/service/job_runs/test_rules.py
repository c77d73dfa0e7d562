"""Ticks are whole multiples of the interval since 1970, whoever looks when; and what is overdue says why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.job_runs.rules import Run, RunOutcome, Schedule, missed_between, standing, tick_at

NOW = datetime(2026, 11, 24, 4, 0, 7, tzinfo=UTC)
HOURLY = Schedule("count_stars", 3600, "Count the stars.")


def run(outcome: RunOutcome, **changes: object) -> Run:
    return Run(NOW, NOW - timedelta(hours=1), outcome, **changes)  # type: ignore[arg-type]


def test_a_tick_is_the_last_whole_multiple() -> None:
    assert tick_at(20, NOW) == NOW.replace(second=0)
    assert tick_at(20, NOW.replace(second=40)) == NOW.replace(second=40)
    assert tick_at(3600, NOW) == NOW.replace(second=0)
    with pytest.raises(ValueError, match="one at least"):
        tick_at(0, NOW)


def test_ticks_that_nobody_claimed_are_counted() -> None:
    tick = tick_at(20, NOW)
    assert missed_between(20, last=None, tick=tick) == 0
    assert missed_between(20, last=tick - timedelta(seconds=20), tick=tick) == 0
    assert missed_between(20, last=tick - timedelta(days=3), tick=tick) == 3 * 4320 - 1


@pytest.mark.parametrize(
    ("last", "done_before", "overdue", "word"),
    [
        (None, None, True, "never ran"),
        (run(RunOutcome.DONE, count=1, duration_ms=1), timedelta(hours=2), False, None),
        (run(RunOutcome.DONE, count=1, duration_ms=1), timedelta(hours=3), True, "Nobody has run it since"),
        (run(RunOutcome.FAILED, problem="OSError", duration_ms=1), timedelta(hours=1), False, None),
        (run(RunOutcome.FAILED, problem="OSError", duration_ms=1), timedelta(hours=3), True, "failed: OSError"),
        (run(RunOutcome.KILLED), timedelta(hours=3), True, "process of its last run died"),
        (run(RunOutcome.RUNNING), None, True, "has not ended"),
        (replace(run(RunOutcome.RUNNING), started_at=NOW - timedelta(seconds=3)), None, False, None),
    ],
)
def test_a_job_that_has_not_ended_well_for_two_intervals_is_overdue_and_says_why(
    last: Run | None, done_before: timedelta | None, overdue: bool, word: str | None
) -> None:
    found = standing(
        HOURLY, last=last, done_at=None if done_before is None else NOW - done_before, asked_at=None, now=NOW
    )
    assert found.is_overdue is overdue
    assert found.next_at == NOW.replace(hour=5, second=0)
    assert (found.why is None) if word is None else word in str(found.why)

from datetime import UTC, datetime, timedelta

import pytest

from service.health.rules import Backlog, OtherSchema, Schema, check_schema

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("waited", "seconds", "late"),
    [(None, 0.0, False), (0, 0.0, False), (60, 60.0, False), (61, 61.0, True), (-5, 0.0, False)],
)
def test_lag_is_the_age_of_the_oldest_pending_change(waited: int | None, seconds: float, late: bool) -> None:
    oldest = None if waited is None else NOW - timedelta(seconds=waited)
    backlog = Backlog(head_position=1, pending_count=1, oldest_at=oldest)
    assert (backlog.lag_seconds(now=NOW), backlog.is_late(now=NOW)) == (seconds, late)


@pytest.mark.parametrize("present", [(), ("0000",), ("0001", "0002")])
def test_another_schema_is_refused(present: tuple[str, ...]) -> None:
    with pytest.raises(OtherSchema):
        check_schema(Schema(present, ("0001",)))


def test_the_expected_schema_is_not_refused() -> None:
    check_schema(Schema(("0001",), ("0001",)))

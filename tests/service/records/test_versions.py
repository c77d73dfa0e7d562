from datetime import date
from typing import Any

import pytest

from service.records.versions import NoSuchVersion, Sides, compare, told_versions

TODAY = date(2026, 11, 24)


def version(number: int, state: str = "published", **changes: Any) -> dict[str, Any]:
    values = {"silences_before": False, "held_texts": [], "public_reason": None, "grounds": "甲", "note": 1}
    window = {"public_from": date(2026, 1, 1), "public_until": date(2027, 1, 1)}
    return {"version_no": number, "state": state} | values | window | changes


def numbers(rows: list[Any]) -> list[int]:
    return [row["version_no"] for row in rows]


def test_the_public_is_told_published_versions_behind_the_last_redaction_while_the_record_is_public() -> None:
    rows = [version(1, "draft"), version(2), version(3, silences_before=True), version(4, "suspended"), version(5)]
    assert numbers(told_versions(rows, own=True, today=TODAY)) == [1, 2, 3, 4, 5]
    assert numbers(told_versions(rows, own=False, today=TODAY)) == [3, 5]
    assert told_versions([*rows, version(6, "ended")], own=False, today=TODAY) == []
    assert told_versions(rows, own=False, today=date(2027, 1, 2)) == []
    assert told_versions([], own=False, today=TODAY) == []


def test_a_text_held_back_today_is_held_back_in_every_version_and_not_said_to_differ() -> None:
    rows = [version(1, grounds="甲某"), version(2, held_texts=["grounds"])]
    told = told_versions(rows, own=False, today=TODAY)
    assert [row["held_texts"] for row in told] == [["grounds"], ["grounds"]]
    assert [changed for _, changed in compare(told, ("grounds", "note"), own=False)] == [[], []]
    assert [changed for _, changed in compare(rows, ("grounds", "note"), own=True)] == [[], ["grounds"]]


@pytest.mark.parametrize(
    ("sides", "shown", "differs"),
    [
        (None, [1, 2, 4], [[], ["grounds"], ["grounds", "note"]]),
        (Sides(1, 4), [1, 4], [[], ["note"]]),
        (Sides(4, 1), [4, 1], [[], ["note"]]),
        (Sides(2, None), [2, 4], [[], ["grounds", "note"]]),
        (Sides(None, 2), [1, 2], [[], ["grounds"]]),
        (Sides(2, 2), [2, 2], [[], []]),
    ],
    ids=["neighbours", "the ends", "backwards", "to the last", "from the first", "one with itself"],
)
def test_neighbours_or_any_two_are_compared(sides: Sides | None, shown: list[int], differs: list[list[str]]) -> None:
    rows = [version(1), version(2, grounds="乙"), version(4, note=2)]
    found = compare(rows, ("grounds", "note"), own=True, sides=sides)
    assert (numbers([row for row, _ in found]), [changed for _, changed in found]) == (shown, differs)


@pytest.mark.parametrize("rows", [[version(1), version(2)], []], ids=["two", "none"])
def test_a_version_that_may_not_be_seen_is_none(rows: list[Any]) -> None:
    for sides in (Sides(3, None), Sides(None, 3)):
        with pytest.raises(NoSuchVersion) as refused:
            compare(rows, ("note",), own=True, sides=sides)
        assert ("1, 2" in str(refused.value)) == bool(rows)

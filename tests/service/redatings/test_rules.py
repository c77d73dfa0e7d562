from dataclasses import replace
from typing import Any

import pytest

from service.redatings.rules import Effect, differs, effect_of, windows_law
from tests.service.deadlines.setting import CATALOG

SHOWN: dict[str, Any] = {
    "gsxt_until": "2027-05-20",
    "gsxt_reason": None,
    "credit_china_until": "2029-05-11",
    "credit_china_reason": None,
    "public_until": "2027-05-20",
    "public_reason": None,
    "public_rule": "R107-2",
    "tier": "general",
}
HIDDEN = SHOWN | {"public_until": None, "public_reason": "undecided_tier", "tier": "undecided"}


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        pytest.param(SHOWN, SHOWN | {"public_until": "2026-08-20"}, Effect.SHORTER, id="ends earlier"),
        pytest.param(SHOWN, SHOWN | {"public_until": "2029-05-20"}, Effect.LONGER, id="ends later"),
        pytest.param(SHOWN, SHOWN | {"public_until": None}, Effect.LONGER, id="has no end any more"),
        pytest.param(HIDDEN, SHOWN, Effect.SHOWN, id="becomes public"),
        pytest.param(SHOWN, HIDDEN, Effect.HIDDEN, id="is not public any more"),
        pytest.param(SHOWN, SHOWN | {"gsxt_until": "2026-08-20"}, Effect.UNCHANGED, id="a feed's window only"),
        pytest.param(HIDDEN, HIDDEN | {"public_reason": "not_published"}, Effect.UNCHANGED, id="hidden either way"),
    ],
)
def test_what_the_public_would_see(before: dict[str, Any], after: dict[str, Any], effect: Effect) -> None:
    assert effect_of(before, after) is effect


@pytest.mark.parametrize(
    ("changes", "by_exception", "expected"),
    [
        ({"public_until": "2026-08-20"}, False, True),
        ({"public_until": "2026-08-20"}, True, False),
        ({"gsxt_until": "2026-08-20"}, True, True),
        ({"tier": "minor"}, False, True),
        ({"public_rule": "R107-2-corrected"}, False, False),
    ],
    ids=["a day", "shown by exception", "a feed's day", "the tier", "the rule alone moves no date"],
)
def test_what_is_worth_a_decision(changes: dict[str, Any], by_exception: bool, expected: bool) -> None:
    assert differs(SHOWN, SHOWN | changes, by_exception=by_exception) is expected


def test_windows_depend_on_periods_and_thresholds_and_not_on_the_calendar() -> None:
    assert windows_law(CATALOG) == windows_law(replace(CATALOG, years=()))
    assert windows_law(CATALOG) != windows_law(replace(CATALOG, rules=CATALOG.rules[1:]))

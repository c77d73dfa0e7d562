from datetime import date
from typing import Any

import pytest

from service.credit_records.rules import BodyRefused, OutsideTheCatalog, check_body, class_of, classes, speaks_on

PERMIT = {"permit_kind": "普通", "permit_name": "许可决定书", "content": "食品销售"}


def test_every_class_is_of_the_catalogue_and_says_on_what_it_rests() -> None:
    assert [kind.id for kind in classes().values() if not kind.citation or not kind.catalog_class] == []
    assert {kind.window for kind in classes().values()} == {"validity", "until_withdrawn"}
    with pytest.raises(OutsideTheCatalog, match="hobby"):
        class_of("hobby")


@pytest.mark.parametrize(
    ("class_id", "body", "wrong"),
    [
        ("permit", {}, {"permit_kind", "permit_name", "content"}),
        ("permit", PERMIT | {"permit_kind": "随意"}, {"permit_kind"}),
        ("permit", PERMIT | {"blood_type": "A"}, {"blood_type"}),
        ("permit", PERMIT | {"content": "电话13812345678"}, {"content"}),
        ("contract_performance", {"contract_no": "1", "performance": "broken", "amount_fen": -1}, {"amount_fen"}),
        ("contract_performance", {"contract_no": "1", "performance": "broken", "amount_fen": True}, {"amount_fen"}),
    ],
    ids=["empty", "no such choice", "no such field", "personal data", "below nothing", "no number"],
)
def test_a_body_that_does_not_follow_its_schema_is_refused_field_by_field(
    class_id: str, body: dict[str, Any], wrong: set[str]
) -> None:
    with pytest.raises(BodyRefused) as refused:
        check_body(class_of(class_id), body)
    problems = refused.value.extra["problems"]
    assert isinstance(problems, dict)
    assert set(problems) == wrong


@pytest.mark.parametrize(
    ("day", "speaks"),
    [(date(2026, 11, 19), False), (date(2026, 11, 20), True), (date(2031, 11, 19), True), (date(2031, 11, 20), False)],
    ids=["before", "first", "last", "behind"],
)
def test_a_permit_speaks_from_the_first_to_the_last_day_of_its_validity(day: date, speaks: bool) -> None:
    row = {"state": "recorded", "valid_from": date(2026, 11, 20), "valid_until": date(2031, 11, 19)}
    assert speaks_on(class_of("permit"), row | {"decided_on": date(2026, 11, 20)}, today=day) is speaks

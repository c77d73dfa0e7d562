from datetime import date

import pytest

from service.reading.restrictions import Restriction, read_restriction

CASES = [
    ("限制从业至2029年5月1日", Restriction(until=date(2029, 5, 1))),
    ("罚款1万元；禁止从事食品生产经营，期限至 2029-05-01。", Restriction(until=date(2029, 5, 1))),
    ("自2024年5月1日起至2029年4月30日止不得从事药品经营活动", Restriction(until=date(2029, 4, 30))),
    ("五年内不得从事食品生产经营管理工作", Restriction(months=60)),
    ("自处罚决定作出之日起5年内不得申请食品经营许可", Restriction(months=60)),
    ("自2024年5月1日起三年内禁止从事医疗器械生产经营活动", Restriction(months=36, starts_on=date(2024, 5, 1))),
    ("限制开展生产经营活动6个月；罚款5000元", Restriction(months=6)),
    ("终身不得从事食品生产经营管理工作", Restriction(lifelong=True)),
    ("罚款5000元；责令停产停业3个月", Restriction()),
    ("不得再次违法；没收2020年5月1日至2021年5月1日违法所得", Restriction()),
    ("三年内不得从事甲，五年内不得从事乙", Restriction()),
    ("限制从业", Restriction()),
    ("", Restriction()),
    (None, Restriction()),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=range(len(CASES)))
def test_the_end_of_a_restriction_is_read_where_it_stands_plainly(text: str | None, expected: Restriction) -> None:
    assert read_restriction(text) == expected

import random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from service.uscc.arithmetic import ALPHABET
from service.uscc.bulk import check_codes
from service.uscc.rules import c18, check, org_check

HOSTILE = [
    "91350100M000100Y43", "91410100000148661E", "91510823MA6CJ9UAxx", "91350100M0001TGQXM", "330200400070010", "",
    "110105194912310021", "915000006911111000", "91500000000000000A", "91500000MA5U1111X1", "无", "13830295-X",
    "111111111111111111", "000000000000000000", "９１３５０１００M000100Y43", "91350100M000100Y4\u200b3", "一二三四五六",
    "ééééééééé", "91371626MA3NOLHN7H", "9.1500103E+17", "320506NA000043X", "91350100M000100Y43\n", "\x0091350100M000100Y4",
]  # fmt: skip
PAIRS = ["91", "92", "93", "11", "52", "N1", "A1", "Y1", "77", "34", "50", "A9"]
DIVISIONS = frozenset({"350100", "500119", "500120", "110000"})
DIGITS = "0123456789"


def with_check(first: str) -> str:
    return first + c18(first)


def whole(pair: str, division: str, org: str) -> str:
    return with_check(pair + division + org + org_check(org))


DATED = st.builds(
    "{}{}{}{:02d}{:02d}{:03d}".format,
    st.sampled_from(["110105", "500103", "911156", "921101", "340104"]),
    st.sampled_from(["19", "20"]),
    st.sampled_from(["49", "88", "00"]),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 999),
)
VALUES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=ALPHABET, min_size=18, max_size=18),
    st.text(alphabet=DIGITS, min_size=18, max_size=18),
    st.text(alphabet=ALPHABET, min_size=17, max_size=17).map(with_check),
    st.text(alphabet=DIGITS, min_size=14, max_size=14).map(lambda text: with_check(text + "000")),
    DATED.map(with_check),
    st.builds(str.__add__, DATED, st.sampled_from("0123456789X")),
    st.builds(
        whole,
        st.sampled_from(PAIRS),
        st.sampled_from([*sorted(DIVISIONS), "990099"]),
        st.text(alphabet=ALPHABET, min_size=8, max_size=8),
    ),
    st.text(max_size=20),
    st.none(),
)
NAMES = st.sampled_from(
    ["示例有限公司", "示例有限公司　", "示例小吃店", "有限公司宿舍楼小卖部", "示例有限责任公司", None]
)
Row = tuple[object, ...]


def plain(values: list[str | None], names: list[str | None], divisions: frozenset[str] | None) -> list[Row]:
    checks = [check(v or "", name=n, known_divisions=divisions) for v, n in zip(values, names, strict=True)]
    return [
        (
            one.code,
            one.state.value,
            [warning.value for warning in one.warnings],
            one.old_identifier,
            one.old_kind and one.old_kind.value,
            one.suggestion,
        )
        for one in checks
    ]


@given(st.lists(VALUES, max_size=40))
def test_the_twin_says_what_the_plain_check_says(values: list[str | None]) -> None:
    expected = plain(values, [None] * len(values), None)
    assert check_codes(pl.Series(values, dtype=pl.String)).rows() == expected


@given(st.lists(st.tuples(VALUES, NAMES), max_size=30))
def test_the_twin_agrees_with_names_and_divisions_too(rows: list[tuple[str | None, str | None]]) -> None:
    values, names = [value for value, _ in rows], [name for _, name in rows]
    graded = check_codes(
        pl.Series(values, dtype=pl.String), names=pl.Series(names, dtype=pl.String), known_divisions=DIVISIONS
    )
    assert graded.rows() == plain(values, names, DIVISIONS)


def test_the_twin_agrees_on_many_random_codes_with_a_right_check_character() -> None:
    chance = random.Random(8)  # noqa: S311 -- a repeatable test
    values: list[str | None] = [
        with_check(chance.choice(PAIRS) + "".join(chance.choices(DIGITS, k=6) + chance.choices(ALPHABET, k=9)))
        for _ in range(20_000)
    ]
    assert check_codes(pl.Series(values)).rows() == plain(values, [None] * len(values), None)


def test_a_null_column_and_an_empty_one_are_graded() -> None:
    assert check_codes(pl.Series([None, None], dtype=pl.Null))["state"].to_list() == ["empty", "empty"]
    assert check_codes(pl.Series([], dtype=pl.String)).height == 0

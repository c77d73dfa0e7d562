import random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from service.samples import sample_code
from service.uscc.arithmetic import ALPHABET
from service.uscc.bulk import check_codes
from service.uscc.rules import c18, check

HOSTILE = [
    "91350100M000100Y43", "91410100000148661E", "91510823MA6CJ9UAxx", "91350100M0001TGQXM", "330200400070010", "",
    "110105194912310021", "915000006911111000", "91500000000000000A", "91500000MA5U1111X1", "无", "13830295-X",
]  # fmt: skip


def plain(values: list[str | None]) -> list[tuple[object, ...]]:
    checks = [check(value or "") for value in values]
    return [(one.code if one.is_key else None, one.state.value, one.old_identifier, one.suggestion) for one in checks]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(HOSTILE),
            st.text(alphabet=ALPHABET, min_size=18, max_size=18),
            st.text(alphabet="0123456789", min_size=18, max_size=18),
            st.text(alphabet=ALPHABET, min_size=17, max_size=17).map(lambda first: first + c18(first)),
            st.text(alphabet="0123456789", min_size=17, max_size=17).map(lambda first: first + c18(first)),
            st.text(max_size=20),
            st.integers(1, 999_999).map(sample_code),
            st.none(),
        ),
        max_size=40,
    )
)
def test_the_twin_says_what_the_plain_check_says(values: list[str | None]) -> None:
    assert check_codes(pl.Series(values, dtype=pl.String)).rows() == plain(values)


def test_the_twin_agrees_on_many_random_valid_codes() -> None:
    chance = random.Random(7)  # noqa: S311 - a repeatable test
    values: list[str | None] = []
    for _ in range(20_000):
        first = chance.choice(["91", "92", "11", "52", "N1", "A1", "77", "34"])
        first += "".join(chance.choices("0123456789", k=6)) + "".join(chance.choices(ALPHABET, k=9))
        values.append(first + c18(first))
    assert check_codes(pl.Series(values)).rows() == plain(values)

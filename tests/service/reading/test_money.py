from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.money import Comparison, compare, read_clerk_amount, read_money
from service.reading.numerals import read_numeral

PLAIN = "零一二三四五六七八九"
FINANCIAL = "零壹贰叁肆伍陆柒捌玖"


def in_words(number: int, digits: str, units: tuple[str, str, str]) -> str:
    """Write a number below 10^12 in the standard form."""

    def section(value: int) -> str:
        words, gap = "", False
        for power, unit in ((1000, units[2]), (100, units[1]), (10, units[0]), (1, "")):
            digit = value // power % 10
            if digit:
                words += ("零" if gap and words else "") + digits[digit] + unit
            gap = digit == 0 and (gap or bool(words)) if digit == 0 else False
        return words

    words = ""
    for power, unit in ((10**8, "亿"), (10**4, "万"), (1, "")):
        value = number // power % 10**4
        if value:
            words += ("零" if words and value < 1000 else "") + section(value) + unit
    return words or "零"


@given(st.integers(0, 10**12 - 1))
def test_every_integer_in_words_is_read_back(number: int) -> None:
    for digits, units in ((PLAIN, ("十", "百", "千")), (FINANCIAL, ("拾", "佰", "仟"))):
        reading = read_numeral(in_words(number, digits, units))
        assert reading is not None
        assert reading.value == number
        assert reading.colloquial is None


@given(st.integers(0, 10**9), st.integers(0, 9), st.integers(0, 9))
def test_every_amount_is_read_back_to_the_fen(yuan: int, jiao: int, fen: int) -> None:
    expected = yuan * 100 + jiao * 10 + fen
    assert read_money(f"￥{yuan:,}.{jiao}{fen}") == expected
    assert read_money(f"人民币{yuan}元{jiao}角{fen}分") == expected
    words = in_words(yuan, FINANCIAL, ("拾", "佰", "仟")) + "元"
    change = (FINANCIAL[jiao] + "角" if jiao else "零" if fen else "") + (FINANCIAL[fen] + "分" if fen else "整")
    assert read_money(words + change) == expected
    assert read_money(f"{Decimal(expected) / 10**6:f}万元") == expected


@pytest.mark.parametrize(
    ("span", "yuan"),
    [
        ("伍万元整", "50000"),
        ("3万5千元", "35000"),
        ("贰万五仟元", "25000"),
        ("叁拾万元整", "300000"),
        ("拾万圆", "100000"),
        ("三万零壹佰三拾陆元肆角整", "30136.4"),
        ("壹万肆仟叁佰贰拾陆元元整", "14326"),
        ("0.501万元", "5010"),
        ("1亿2000万元", "120000000"),
        ("3.5千万元", "35000000"),
        ("一万两千九百元", "12900"),
        ("60，000.00元", "60000"),
        ("叁万零玖拾伍元零肆分", "30095.04"),
        ("伍万零仟零佰零拾零元", "50000"),
        ("二〇〇〇元", "2000"),
        ("贰万元整人民币", "20000"),
        ("（大写）壹万元整", "10000"),
        ("ＲＭＢ５０００", "5000"),
        ("5块钱", "5"),
        ("肆角", "0.4"),
        ("伍分", "0.05"),
        ("100元12分", "100.12"),
        ("5000", "5000"),
    ],
)
def test_one_amount_expression(span: str, yuan: str) -> None:
    assert read_money(span) == int(Decimal(yuan) * 100)


@pytest.mark.parametrize(
    "span",
    [
        "",
        "元",
        "万元",
        "五百三千元",
        "叁万零元",
        "3三元",
        "1.5万5千元",
        "500美元",
        "3元素",
        "罚款若干",
        "1,2345元",
        "9" * 30,
        "-5元",
    ],
)
def test_what_is_no_amount_is_none(span: str) -> None:
    assert read_money(span) is None


@pytest.mark.parametrize(
    ("text", "unit", "fen"),
    [
        ("0.2", "wan", 200_000),
        ("0.000001", "wan", 1),
        ("8.3028000000000004", "wan", 8_302_800),
        ("0", "wan", 0),
        ("2,000.00", "yuan", 200_000),
        ("10416.100000000001", "yuan", 1_041_610),
        ("1.5E+5", "yuan", 15_000_000),
        ("12.345", "yuan", 1_235),
        ("￥5000", "yuan", 500_000),
        ("１２", "wan", 12_000_000),
        ("5万", "yuan", 5_000_000),
        ("5000元", "wan", 500_000),
        ("伍万元整", "wan", 5_000_000),
        *(
            (text, "yuan", None)
            for text in (None, "", "-", "N/A", "未标明", "-5", "1e999999", "9" * 40, "罚款", "1.2.3", "NaN", "inf")
        ),
    ],
)
def test_the_clerks_column(text: str | None, unit: Literal["yuan", "wan"], fen: int | None) -> None:
    assert read_clerk_amount(text, unit=unit) == fen


@pytest.mark.parametrize(
    ("text_fen", "clerk_fen", "expected"),
    [
        (500, 500, Comparison.EQUAL),
        (0, 0, Comparison.EQUAL),
        (500, 5000, Comparison.FACTOR_OF_10),
        (5000, 500, Comparison.FACTOR_OF_10),
        (500, 5_000_000, Comparison.FACTOR_OF_10000),
        (500, 501, Comparison.CONTRADICTION),
        (0, 500, Comparison.CONTRADICTION),
        (None, 500, Comparison.NOT_COMPARABLE),
        (500, None, Comparison.NOT_COMPARABLE),
    ],
)
def test_comparison(text_fen: int | None, clerk_fen: int | None, expected: Comparison) -> None:
    assert compare(text_fen, clerk_fen) is expected


@given(st.text(alphabet="0123456789.,万亿千百十零一二两元角分整¥￥人民币（）", max_size=30))
def test_no_text_makes_it_raise(text: str) -> None:
    money = read_money(text)
    assert money is None or money >= 0

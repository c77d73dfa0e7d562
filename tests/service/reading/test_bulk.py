from typing import Literal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.reading.amounts import read_amount
from service.reading.bulk import (
    bigram_lists,
    fold_names,
    normalise_names,
    read_amounts,
    read_clerk_amounts,
    read_dates,
    read_document_nos,
    read_kinds_series,
)
from service.reading.dates import read_date
from service.reading.document_numbers import read_document_no
from service.reading.kinds import read_kinds
from service.reading.money import read_clerk_amount
from service.reading.names import bigrams, fold_name, normalise_name


def column(*parts: str, wild: str) -> st.SearchStrategy[list[str | None]]:
    """Return columns of texts put together from `parts`, with texts of the alphabet `wild`, any text and nulls between."""
    built = st.lists(st.sampled_from(parts), max_size=7).map("".join)
    return st.lists(
        st.one_of(st.none(), built, built, st.text(alphabet=wild, max_size=12), st.text(max_size=8)), max_size=12
    )


def series(texts: list[str | None]) -> pl.Series:
    return pl.Series("text", texts, dtype=pl.String)


@given(
    column(
        "2017",
        "1948",
        "2101",
        "-",
        "/",
        ".",
        "年",
        "月",
        "日",
        "8",
        "08",
        "18",
        "31",
        "02",
        "30",
        " 00:00:00",
        "42965",
        wild="0123456789-/.年月日 ",
    ),
    st.booleans(),
)
@example(["2017-02-30", "2017年8月18日", "2017-08/18", "0000-00-00", "42965", None, "20170818"], False)
def test_dates_are_read_as_by_the_plain_function(texts: list[str | None], date1904: bool) -> None:
    rows = read_dates(series(texts), date1904=date1904).rows()
    assert rows == [(r.value, r.problem) for r in (read_date(text, date1904=date1904) for text in texts)]


@given(
    column("0", "12", ".", "5", "345678", ",", "￥", "元", "万", "伍", wild="0123456789.,-元万e+"),
    st.sampled_from(["yuan", "wan"]),
)
@example(["0.0000005", "0.2", "12.345", "999999999", "9999999999", "-", "1.", ".5"], "wan")
def test_clerk_amounts_are_read_as_by_the_plain_function(texts: list[str | None], unit: Literal["yuan", "wan"]) -> None:
    assert read_clerk_amounts(series(texts), unit).to_list() == [read_clerk_amount(text, unit=unit) for text in texts]


@given(
    column(
        *(
            "责令停止生产",
            "责令改正",
            "，",
            "；",
            "。",
            "1、",
            "二、",
            "并处",
            "处以",
            "罚款",
            "人民币",
            "伍万",
            "贰仟",
            "3000",
            "0.5",
            "万",
            "元",
            "整",
        ),
        *(
            "（￥5000.00元）",
            "没收违法所得",
            "共计",
            "投资额",
            "（100万元）",
            "百分之一的",
            "负责人",
            "已缴纳",
            "拟",
            "告知",
            "决定",
            "可以",
            "第",
            "处罚",
        ),
        *(
            "在未取得审批前",
            "退还",
            "货值金额",
            "的规定",
            "免予",
            "加处",
            "其中",
            "各",
            "原",
            "减为",
            "销售",
            "单价",
            "裁量基准",
            "《",
            "》",
            "听证",
            "依据《环境法》第六十一条的规定，",
        ),
        wild="罚款处没收投资百分之一二三万元角分整合计共0123456789.,（）￥；。、责令",
    )
)
@example(["责令停止生产，罚款人民币伍万元整", "1、责令改正；2、罚款叁仟元。", "处罚：1、罚款50元", "罚款壹万伍元整"])
def test_amounts_are_read_as_by_the_plain_function(texts: list[str | None]) -> None:
    rows = read_amounts(series(texts)).rows()
    assert rows == [(r.fine_fen, r.confiscation_fen, r.stated, list(r.flags)) for r in map(read_amount, texts)]


@given(
    column(
        *(
            "渝环罚",
            "渝环罚字",
            "临环（东）罚字",
            "决定书",
            "汇总表",
            "公司",
            "〔",
            "（",
            "[",
            "2017",
            "2018",
            "〕",
            "）",
            "]",
            "第",
            "12",
            "号",
            "年",
            "月",
            "一",
        ),
        wild="渝环罚字〔〕（）[]20178第号年 -",
    )
)
@example(
    [
        "渝环罚〔2017〕12号",
        "渝环罚字（2017）第012号",
        "行政处罚情况汇总表（2017）第1号",
        "公司罚〔2017〕1号",
        "渝一罚(2020)1号",
    ]
)
def test_document_numbers_are_read_as_by_the_plain_function(texts: list[str | None]) -> None:
    rows = read_document_nos(series(texts)).rows()
    assert rows == [(r.normalised, r.problem) for r in map(read_document_no, texts)]


@given(
    column(
        *(
            "警告",
            "罚款",
            "没收",
            "违法所得",
            "非法财物",
            "责令停产停业",
            "吊销",
            "暂扣或者",
            "许可证",
            "；",
            ";",
            "、",
            ",",
            "1",
            "3",
            "一",
            "万元",
            "其他",
        ),
        *("逾期", "不予", "处", "加处罚款", "《", "》", "移送", "拘留", "（", "）", "规定", "责令改正", "￥", "500"),
        wild="警告罚款没收停产业吊销0123456789；、,元万其他 ",
    ),
    st.booleans(),
)
@example(["罚款3万元", "罚款四万元", "3", "一", "逾期罚款3000元", "处3000元"], False)
def test_kinds_are_read_as_by_the_plain_function(texts: list[str | None], codes: bool) -> None:
    rows = read_kinds_series(series(texts), codes=codes).rows()
    expected = [read_kinds(text, codes=codes) for text in texts]
    assert rows == [([str(kind) for kind in r.kinds], r.measures_only, r.problem) for r in expected]


@given(
    column(
        "重庆",
        "某某",
        "(",
        ")",
        "（",
        "）",
        "有限公司",
        " ",
        "　",
        "A",
        "Ｂ",
        ".",
        "\ue000",
        "\u200b",
        wild="重庆（）()[] 　·.AＢ\ufeff",
    )
)
def test_names_are_normalised_as_by_the_plain_function(texts: list[str | None]) -> None:
    assert normalise_names(series(texts)).to_list() == [normalise_name(text) for text in texts]


@given(
    column(
        "重庆",
        "重慶",
        "某某",
        "（",
        ")",
        "有限公司",
        "有限責任公司",
        "薴",
        "A",
        "Ｂ",
        " ",
        "·",
        "○",
        wild="重慶薴苧（）() ·Ａa有限公司",
    ),
)
@example(["有限公司", "有限責任公司", "（）", "İ", None])
def test_names_are_folded_as_by_the_plain_function(texts: list[str | None]) -> None:
    assert fold_names(series(texts)).to_list() == [fold_name(text) for text in texts]


@pytest.mark.parametrize("count", [0, 1])
def test_short_columns_keep_their_length_and_types(count: int) -> None:
    texts = series([None] * count)
    assert read_dates(texts).schema == {"value": pl.Date, "problem": pl.String}
    assert read_amounts(texts).height == read_kinds_series(texts).height == read_document_nos(texts).height == count
    assert read_clerk_amounts(texts, "yuan").dtype == pl.Int64
    assert normalise_names(texts).to_list() == fold_names(texts).to_list() == [""] * count


@given(column("重庆", "甲", "甲甲", "a", "1", "〇", "𠮷", wild="重庆ab12"))
@example(["", None, "甲", "甲甲甲", "甲乙甲乙", "𠮷𠮷a"])
def test_pieces_of_names_are_those_of_the_plain_function(texts: list[str | None]) -> None:
    assert bigram_lists(series(texts)).to_list() == [bigrams(text or "") for text in texts]

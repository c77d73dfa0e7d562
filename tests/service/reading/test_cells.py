import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.capital import CapitalReading, read_capital
from service.reading.document_numbers import read_document_no
from service.reading.sentinels import clean, is_blank, without_noise


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "　",
        "\u200b\ufeff",
        "\xa0",
        "N/A",
        "ｎ/ａ",
        "NA",
        "-",
        "--",
        "——",
        "/",
        "\\",
        "无",
        "空",
        "不详",
        "未知",
        "null",
        "（无）",
        "暂无",
        "待补充",
        "\ue000",
        "***",
    ],
)
def test_blank_cells(text: str | None) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", "无锡某某厂", "罚款", "A", "空调厂", "-5", "2017"])
def test_cells_with_a_value(text: str) -> None:
    assert not is_blank(text)


def test_cleaning_keeps_the_text_and_nothing_else() -> None:
    assert clean("　\ufeff甲\x85乙\ue001丙\u200b\x00 ") == "甲乙丙"
    assert clean(" 甲 乙\n丙 ") == "甲 乙\n丙"
    assert clean("\u3000\xa0") is None
    assert clean(None) is None


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert without_noise(without_noise(text)) == without_noise(text)
    cleaned = clean(text)
    assert cleaned is None or clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "amount_minor", "currency"),
    [
        ("3,136(万)", 3_136_000_000, "CNY"),
        ("100万人民币", 100_000_000, "CNY"),
        ("39500万元人民币", 39_500_000_000, "CNY"),
        ("3,000(万人民币元)", 3_000_000_000, "CNY"),
        ("69,295.8572(万)", 69_295_857_200, "CNY"),
        ("人民币壹佰万元整", 100_000_000, "CNY"),
        ("￥100万", 100_000_000, "CNY"),
        ("1000000元", 100_000_000, "CNY"),
        ("0.0000万人民币", 0, "CNY"),
        ("0", 0, "CNY"),
        ("500万美元", 500_000_000, "USD"),
        ("USD 500万", 500_000_000, "USD"),
        ("500万元整美元", 500_000_000, "USD"),
        ("400(万香港元)", 400_000_000, "HKD"),
        ("100万元港币", 100_000_000, "HKD"),
        ("1,500(万日元)", 15_000_000, "JPY"),
        ("6.5500(万英镑)", 6_550_000, "GBP"),
    ],
)
def test_capital(text: str, amount_minor: int, currency: str) -> None:
    assert read_capital(text) == CapitalReading(amount_minor, currency)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "blank"),
        ("N/A", "blank"),
        ("-", "blank"),
        ("2560.0", "no_unit"),
        ("100万贝壳", "unknown_currency"),
        ("10000000000000000000万", "too_large"),
        ("人民币100万美元", "unreadable"),
        ("见章程", "unreadable"),
    ],
)
def test_capital_that_cannot_be_read(text: str | None, problem: str) -> None:
    reading = read_capital(text)
    assert (reading.amount_minor, reading.problem) == (None, problem)


@pytest.mark.parametrize(
    ("text", "normalised", "problem"),
    [
        *(
            (f"云环罚{a}2017{b}12号", "云环罚〔2017〕12号", None)
            for a, b in ("（）", "{}", "﹝﹞", "【】", "[]", "〔〕", "()", "［］", "〔）", ("﹝（", "）﹞"))
        ),
        ("云环罚〔2017〕12", "云环罚〔2017〕12号", None),
        ("云 环 罚 〔2017〕 12 号", "云环罚〔2017〕12号", None),
        ("云环罚字（２０１８）２１号", "云环罚字〔2018〕21号", None),
        ("云环罚字（2017）第183号", "云环罚字〔2017〕第183号", None),
        ("云环罚字（2018）第（037）号", "云环罚字〔2018〕第037号", None),
        ("云环（东）罚字(2018)1号", "云环（东）罚字〔2018〕1号", None),
        ("云环罚字（2017直）001号", "云环罚字〔2017直〕001号", None),
        ("云环罚〔2016〕2-003", "云环罚〔2016〕2-003号", None),
        ("云环罚字（2018）第thhg08号", "云环罚字〔2018〕第THHG08号", None),
        ("关于甲乙公司的行政处罚决定书 云环罚〔2017〕12号", "云环罚〔2017〕12号", None),
        ("行政处罚决定书（云环罚〔2017〕12号）", "云环罚〔2017〕12号", None),
        ("云岭市环境局行政处罚决定书云环罚〔2017〕12号", "云环罚〔2017〕12号", None),
        ("文号：云环罚〔2017〕12号", "云环罚〔2017〕12号", None),
        ("（2017）云0102行审123号", "〔2017〕云0102行审123号", None),
        ("云环处字2016-0413号", "云环处字〔2016〕0413号", None),
        ("云罚字第123号", "云罚字第123号", None),
        ("530107123456789", "530107123456789号", None),
        ("〔2017〕245号", "〔2017〕245号", "incomplete"),
        ("〔2020〕TQ第Q-4008号", "〔2020〕TQ第Q-4008号", "incomplete"),
        ("云环罚字（201788号", "云环罚字〔2017〕88号", "repaired"),
        ("云环罚2017〕12号", "云环罚〔2017〕12号", "repaired"),
        ("云环罚〔2017〕12号、云环罚〔2017〕13号", "云环罚〔2017〕12号", "several"),
        ("云环罚字（2018）号", None, "no_serial"),
        ("2017年5月行政处罚情况汇总表", None, "no_document_number"),
        ("云岭县环境行政处罚案件明细表（2017年1-5月）", None, "no_document_number"),
        ("环境行政处罚情况明细表（2017）", None, "no_document_number"),
        ("甲乙公司行政处罚决定书", None, "no_document_number"),
        ("20180101", None, "no_document_number"),
        ("20180101-20180115一般程序案件", None, "no_document_number"),
        ("罚款5000元", None, "no_document_number"),
        ("不详", None, "blank"),
        (None, None, "blank"),
    ],
)
def test_document_numbers(text: str | None, normalised: str | None, problem: str | None) -> None:
    reading = read_document_no(text)
    assert (reading.normalised, reading.problem) == (normalised, problem)
    assert reading.raw == (text or "")


@given(st.one_of(st.text(), st.text(alphabet="云环罚字〔〕（）[]{}20178第号年- ", max_size=40)))
def test_a_normalised_number_normalises_to_itself(text: str) -> None:
    once = read_document_no(text).normalised
    if once is not None:
        assert read_document_no(once).normalised == once
    assert read_capital(text).currency

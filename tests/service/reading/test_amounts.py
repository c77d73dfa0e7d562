import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.amounts import Stated, read_amount
from service.reading.mentions import Role

GOLD = Path(__file__).parents[3] / ".." / "shared" / "data" / "amounts" / "amount_gold_dev.tsv"

ONE_FINE = [
    # text, yuan
    ("罚款人民币伍万元整", "50000"),
    ("罚款人民伍仟元", "5000"),
    ("款人民币壹仟元整。", "1000"),
    ("罚款人民币元陆万元整", "60000"),
    ("罚款（大写）：陆万元整（￥60，000.00）。", "60000"),
    ("处以罚款人民币三万零壹佰三拾陆元肆角整", "30136.40"),
    ("处罚款人民币叁万零玖拾伍元零肆分", "30095.04"),
    ("罚款一万两千九百元", "12900"),
    ("罚款0.501万元", "5010"),
    ("罚款￥170,000.00", "170000"),
    ("罚款1亿2000万元", "120000000"),
    ("罚款玖佰肆拾伍元壹角贰分", "945.12"),
    ("罚款 5 000 元", "5000"),
    ("罚款５０００元", "5000"),
    ("罚款伍 万 元 整", "50000"),
    ("罚款30000", "30000"),
    ("罚款金额：2000", "2000"),
    ("罚款金额（万元）：0.5", "5000"),
    ("罚款0.5（万元）", "5000"),
    ("罚款人民币伍万零仟零佰零拾零元整", "50000"),
    ("处以肆万圆整罚款", "40000"),
    ("处以二十五万元人民币罚款。", "250000"),
    ("给予肆仟元处罚，责令其停止违法行为。", "4000"),
    ("停建；10万", "100000"),
    ("停产；5万", "50000"),
    ("责令你厂停止生产。壹万元整", "10000"),
    ("责令停止生产，罚款人民币壹万", "10000"),
    ("罚款人民币叁仟整。（3000.00元）", "3000"),
    ("责令停止生产，贰万零肆佰元整", "20400"),
    ("陆佰贰拾元整(总投资额百分之二)。", "620"),
    ("罚款壹万元整。\n责令改正。", "10000"),
    ("1、改正违法行为；2、处以罚款陆万元（￥60000.00元）", "60000"),
    ("罚款人民币10000.00元（壹万元整）。", "10000"),
    ("罚款人民币壹万元（10000）整。", "10000"),
    ("罚款叁万元，计30000元。", "30000"),
    ("处罚：一、立即停止生产；二、罚款人民币壹拾万元整。", "100000"),
    ("处罚：（1）责令改正；（2）罚款八百元。", "800"),
    ("一是立即停止2个储罐（3007、3008）的使用；二是处以罚款10万元。", "100000"),
    ("年产20万立方米的项目不得投入生产；罚款叁仟元", "3000"),
    ("2017年12月5日，责令停止生产，并处罚款人民币0.2万元", "2000"),
    ("2016.7.27，责令停止生产，并处罚款10万元", "100000"),
    ("罚款2.25万", "22500"),
    ("决定处以罚款人民币（大写）贰拾万元整的行政处罚", "200000"),
    ("合计罚款人民币壹万叁仟元整", "13000"),
    ("共计处罚人民币处罚人民币贰万壹仟元整", "21000"),
    # the base of a share is not the fine
    ("处以项目总投资额（100万元）百分之一的罚款，共计一万元。", "10000"),
    ("处该项目总投资额（12.5万元）4%的罚款，计伍仟元整（￥5000）", "5000"),
    ("该项目总投资额应为310800.00元。处该项目总投资额百分之一的罚款：叁仟壹佰零捌元。", "3108"),
    ("处以货值金额5000元三倍的罚款15000元", "15000"),
    ("货值金额共计2000元，处货值金额五倍罚款，计10000元", "10000"),
    ("按每平方米30元处以罚款，共计罚款60000元", "60000"),
    ("处投资额百分之一三千元罚款", "3000"),
    ("罚款数额为违法所得的2倍，即人民币3000元", "3000"),
    ("销售假酒100瓶，每瓶50元，货值5000元。罚款1万元。", "10000"),
    ("注册资本100万元的该公司，罚款2万元", "20000"),
    # the statute's limits are not the fine
    ("依据该条“处五万元以上五十万元以下的罚款”的规定，决定罚款人民币陆万元", "60000"),
    ("依据第二十八条可以处10万元以下的罚款，现决定处罚款2万元", "20000"),
    ("和《某县裁量基准》中处1万元罚款的规定，对你公司作出罚款贰万元的行政处罚。", "20000"),
    ("按照2万元至20万元的幅度，决定罚款3万元", "30000"),
    # what is owed for late payment, what was paid, what was only proposed
    ("罚款3391.00元，逾期不缴纳罚款的，每日按罚款数额的3%加处罚款。", "3391"),
    ("罚款5000元。请于十五日内将罚款5000元缴至指定账户。", "5000"),
    ("我局拟对你单位作出以下处罚决定：罚款壹万元整", "10000"),
    ("责令退还多收价款1200元；罚款3000元", "3000"),
    ("补缴税款8000元，处罚款4000元", "4000"),
    # several fines
    ("分别处以2.5万元和5万元罚款，共计7.5万元。", "75000"),
    ("处罚款一万二千三百元；处以八万元罚款；处以二万元罚款，共计处罚十一万二千三百元。", "112300"),
    ("罚款壹万贰仟元整，另处罚款人民币肆万元整，合计罚款人民币五万二千元整。", "52000"),
    ("罚款5万元（其中A项2万元，B项3万元）", "50000"),
]


@pytest.mark.parametrize(("text", "yuan"), ONE_FINE, ids=[text for text, _ in ONE_FINE])
def test_one_fine_is_read_and_not_doubted(text: str, yuan: str) -> None:
    reading = read_amount(text)
    assert (reading.stated, reading.fine_fen) == ("amount", int(Decimal(yuan) * 100))
    assert reading.confiscation_fen is None
    assert set(reading.flags) <= {"irregular_writing"}


@pytest.mark.parametrize(
    ("text", "fine", "confiscated"),
    [
        ("没收违法所得3000元，并处罚款5000元", 5000, 3000),
        ("没收违法所得人民币叁仟元整；罚款人民币壹万元整。", 10000, 3000),
        ("1、没收违法所得1234.5元；2、处违法所得一倍的罚款1234.5元", 1234.5, 1234.5),
        ("违法所得2000元予以没收，处罚款4000元", 4000, 2000),
        ("违法所得2000元，罚款4000元", 4000, None),
        ("没收违法所得5000元", None, 5000),
        ("罚款：0.3万元；没收：0.1万元", 3000, 1000),
        ("没收违法所得，并处罚款5000元", 5000, None),
        ("没收侵权商品（货值金额8000元），罚款2万元", 20000, None),
        ("没收违法所得3000元，罚款10000元，罚没款合计13000元", 10000, 3000),
        ("没收违法所得3000元，罚款10000元，以上合计13000元", 10000, 3000),
        ("没收非法所得4.5万元，罚款9万元", 90000, 45000),
        ("罚款9万元，没收违法所得4.5万元", 90000, 45000),
    ],
)
def test_confiscated_gains_stand_apart_from_the_fine(text: str, fine: float | None, confiscated: float | None) -> None:
    reading = read_amount(text)
    assert reading.fine_fen == (None if fine is None else round(fine * 100))
    assert reading.confiscation_fen == (None if confiscated is None else round(confiscated * 100))
    assert reading.flags == ()


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("责令停止建设", "no_fine"),
        ("责令改正违法行为", "no_fine"),
        ("下达《责令改正违法行为决定书》，责令立即停止生产。", "no_fine"),
        ("查封、扣押涉案设施", "no_fine"),
        ("警告", "no_fine"),
        ("吊销许可证件", "no_fine"),
        ("不予行政处罚", "no_fine"),
        ("免予罚款", "no_fine"),
        ("免除罚款5000元", "no_fine"),
        ("一是未经审批、验收合格，喷漆项目不得投入生产；", "no_fine"),
        ("责令停止建设，该项目投资额100万元", "no_fine"),
        ("罚款", "not_stated"),
        ("责令停止生产，处罚款", "not_stated"),
        ("责令立即停止生产及罚款", "not_stated"),
        ("未标明", "not_stated"),
        ("罚款金额未标明", "not_stated"),
        ("不详", "not_stated"),
        ("", "not_stated"),
        (None, "not_stated"),
        ("责令限期缴纳社会保险费34567.8元", "no_fine"),
        ("停产；5", "unreadable"),
        ("罚款5000美元", "unreadable"),
        ("罚款五百三千元", "unreadable"),
        ("已结案", "unreadable"),
    ],
)
def test_without_an_amount_the_reading_says_why(text: str | None, stated: Stated) -> None:
    reading = read_amount(text)
    assert (reading.stated, reading.fine_fen) == (stated, None)


@pytest.mark.parametrize(
    ("text", "yuan", "flag"),
    [
        ("罚款肆仟元整（¥2000.00元）", 4000, "contradiction_in_text"),
        ("罚款2000.00元（肆仟元整）", 4000, "contradiction_in_text"),
        ("罚款人民币；贰元圆整（¥20000.00）", 2, "contradiction_in_text"),
        ("一、罚款3万元；二、罚款2万元", 50000, "summed"),
        ("罚款3万元，罚款2万元，合计6万元", 60000, "sum_differs"),
        ("责令改正，罚款二十万元整；责任人某某罚款伍万元整。", 200000, "fine_on_person"),
        ("罚款一万五", 15000, "ambiguous_numeral"),
        ("罚款壹万伍元整", 10005, "ambiguous_numeral"),
        ("罚款拾玖万元壹仟叁佰零贰元整", 191302, "irregular_writing"),
        ("罚款1.2345元", 1.23, "unusual_decimals"),
        ("处以投资额（100万元）百分之一的罚款，共计二万元", 20000, "percent_differs"),
        ("处以投资额（100万元）百分之一的罚款", None, "percent_only"),
        ("没收违法所得及罚款共计8000元", None, "combined_total"),
        ("罚没款合计8000元", None, "combined_total"),
        ("罚款5000元，已缴纳罚款3000元", 5000, "other_amounts"),
        ("3000元，5000元", 8000, "no_fine_word"),
        ("我局告知拟罚款10万元，你公司陈述申辩后，现决定罚款8万元。", 80000, "other_amounts"),
        ("原罚款5万元，减为罚款3万元", 30000, "other_amounts"),
    ],
)
def test_a_doubtful_reading_carries_a_flag(text: str, yuan: float | None, flag: str) -> None:
    reading = read_amount(text)
    assert flag in reading.flags
    assert reading.fine_fen == (None if yuan is None else round(yuan * 100))


# A second set, for breadth: the fine in fen, whatever else the text says.
MORE_TEXTS: list[tuple[str, int | None]] = [
    ("对当事人处以人民币壹拾贰万叁仟肆佰伍拾陆元柒角捌分的罚款", 12345678),
    ("1.没收违法所得人民币2,345.60元；2.罚款人民币10,000.00元；3.罚没款合计12,345.60元", 1000000),
    ("责令当事人立即改正，并处罚款人民币贰仟元（2000元）", 200000),
    ("责令改正违法行为，处人民币五百元罚款", 50000),
    ("罚款：0.3万元；没收：0.1万元", 300000),
    ("处500元罚款", 50000),
    ("警告，并处罚款500元整", 50000),
    ("给予警告并罚款人民币1000元的行政处罚", 100000),
    ("没收违法所得86.5元，没收过期食品3袋，并处罚款5000.00元，罚没合计5086.50元", 500000),
    ("决定对你单位罚款人民币伍拾万元（¥500000）。如不服本决定，可在六十日内申请复议", 50000000),
    ("罚款人民币拾伍万元整，限15日内缴至工商银行账户", 15000000),
    ("对单位罚款3万元，对直接负责的主管人员张某罚款5000元", 3000000),
    ("减轻处罚，罚款2000元", 200000),
    ("从轻处罚：罚款人民币壹万元", 1000000),
    ("鉴于该单位积极整改，决定处罚款人民币1.5万元整", 1500000),
    ("按应付金额加付赔偿金12000元，罚款5000元", 500000),
    ("责令限期缴纳社会保险费34567.8元", None),
    ("责令停止销售，没收不合格商品，处货值金额1.2倍罚款，计人民币1440.00元", 144000),
    ("共计罚没人民币2.6万元", None),
    ("暂扣许可证30日，罚款10万", 10000000),
    ("罚款人民币（小写）3000.00元 （大写）叁仟元整", 300000),
    ("罚 款 人 民 币 叁 仟 元 整", 300000),
    ("处罚金额：20000元", 2000000),
    ("罚款2万元整(20,000元整)", 2000000),
    ("罚款贰拾伍万陆仟捌佰元", 25680000),
    ("没收违法所得0元，罚款1000元", 100000),
    ("行政处罚决定：一、警告；二、罚款伍佰元。", 50000),
    ("依法对其处以2000元以上的罚款，即罚款3000元", 300000),
    ("超标排放，罚款壹拾万零伍佰元正", 10050000),
    ("罚款计人民币捌佰圆整", 80000),
    ("加处罚款3000元", None),
    ("责令拆除，罚款每平方米20元，面积300平方米，共计6000元", 600000),
    ("处罚款人民币壹拾万元，分期缴纳，每期2万元", 10000000),
    ("并处工程合同价款2%的罚款，计61234.56元", 6123456),
    ("处以工程合同价款（306万元）2%的罚款61200元", 6120000),
    ("对甲公司罚款5万元、乙公司罚款3万元", 8000000),
    ("不予罚款，责令改正", None),
    ("罚款200", 20000),
    ("处二百元以下罚款", None),
    ("罚款人民币二十五万元，并没收违法所得十万元", 25000000),
]


@pytest.mark.parametrize(("text", "fen"), MORE_TEXTS, ids=[text for text, _ in MORE_TEXTS])
def test_the_fine_is_found_among_other_sums(text: str, fen: int | None) -> None:
    assert read_amount(text).fine_fen == fen


def test_spans_point_into_the_text_as_given() -> None:
    text = "　处以投资额（100 万元）百分之一\u200b的罚款，\n共计 一万元。"
    spans = read_amount(text).spans
    assert [(text[span.start : span.end], span.role) for span in spans] == [
        ("100 万元", Role.BASE),
        ("一万元", Role.FINE),
    ]


@given(
    st.text(
        alphabet="罚款处没收违法所得投资额百分之一二三万元角分整合计共0123456789.,（）￥；。 \n其中以下%", max_size=60
    )
)
def test_any_text_gets_a_consistent_reading(text: str) -> None:
    reading = read_amount(text)
    assert (reading.stated == "amount") == (reading.fine_fen is not None)
    assert all(0 <= span.start < span.end <= len(text) for span in reading.spans)
    assert all(a.end <= b.start for a, b in zip(reading.spans, reading.spans[1:], strict=False))


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    assert read_amount(text).stated in {"amount", "not_stated", "no_fine", "unreadable"}


def test_hostile_lengths_are_read_in_reasonable_time() -> None:
    assert read_amount("罚款" + "9" * 20_000 + "元").stated == "unreadable"
    assert read_amount("罚款" + "1," * 20_000 + "元").fine_fen is None
    assert read_amount("（" * 20_000).stated == "unreadable"


# The figures of the development slice: rows where the text and the clerk disagree, decided by reading the text.
DECIDED_BY_THE_TEXT = {"2507": "30095.04", "3066": "12900", "2786": "4000"}


def test_development_gold_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    if not GOLD.exists():
        pytest.skip("the shared development data are not beside the project")
    with GOLD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    tally: Counter[str] = Counter()
    for row in rows:
        reading = read_amount(row["text"])
        expected = int(Decimal(DECIDED_BY_THE_TEXT.get(row["xlsx_row"], row["parsed_yuan"])) * 100)
        group = "agree" if row["agree"] == "1" else "disagree"
        right = reading.fine_fen == expected
        tally[f"{group} rows"] += 1
        tally[f"{group} right"] += right
        tally[f"{group} wrong without a flag"] += not right and not reading.flags and reading.fine_fen is not None
        tally[f"{group} flagged"] += bool(reading.flags)
    with capsys.disabled():
        print("\namounts:", dict(tally))  # noqa: T201 -- the figures belong in the test report
    assert tally["agree rows"] == 1097
    assert tally["agree right"] >= 0.99 * tally["agree rows"]
    assert tally["agree wrong without a flag"] == 0
    assert tally["disagree right"] == tally["disagree rows"] == 19

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.kinds import CHINESE, WEIGHTS, PenaltyKind, heaviest, read_kinds

K = PenaltyKind


def test_the_thirteen_kinds_and_their_words() -> None:
    assert len(WEIGHTS) == 13
    assert list(WEIGHTS.values()) == list(range(1, 14))
    assert {kind: read_kinds(word).kinds for kind, word in CHINESE.items()} == {kind: (kind,) for kind in PenaltyKind}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("警告;罚款", (K.WARNING, K.FINE)),
        ("罚款、警告", (K.WARNING, K.FINE)),
        ("警告 罚款", (K.WARNING, K.FINE)),
        ("罚", (K.FINE,)),
        ("没收违法所得和非法财物", (K.CONFISCATION_GAINS, K.CONFISCATION_PROPERTY)),
        ("没收违法所得、没收非法财物", (K.CONFISCATION_GAINS, K.CONFISCATION_PROPERTY)),
        ("没收用于违法的工具及违法所得", (K.CONFISCATION_GAINS, K.CONFISCATION_PROPERTY)),
        ("没收侵权商品，罚款2万元", (K.FINE, K.CONFISCATION_PROPERTY)),
        ("暂停许可证", (K.PERMIT_SUSPENSION,)),
        ("吊销营业执照", (K.PERMIT_REVOCATION,)),
        ("责令停产整治；罚款", (K.FINE, K.STOP_BUSINESS)),
        ("停产", (K.STOP_BUSINESS,)),
        ("限制生产三个月，并处罚款6000元", (K.FINE, K.ACTIVITY_RESTRICTION)),
        ("终身禁止从业", (K.PRACTICE_BAN,)),
        ("处人民币贰万元整", (K.FINE,)),
        ("给予肆万元处罚，责令其停止违法行为。", (K.FINE,)),
        ("责令停止生产，罚款人民币肆万元整", (K.FINE,)),
        ("其他-责令改正", (K.OTHER,)),
        ("其他-限制从业", (K.PRACTICE_BAN,)),
        ("警告;其他", (K.WARNING, K.OTHER)),
        ("罚款5000元，逾期不缴纳的，每日按数额的百分之三加处罚款", (K.FINE,)),
        ("警告（依据第三条没收的规定）", (K.WARNING,)),
    ],
)
def test_kinds_from_cells_and_from_text(text: str, kinds: tuple[PenaltyKind, ...]) -> None:
    reading = read_kinds(text)
    assert (reading.kinds, reading.measures_only, reading.problem) == (kinds, False, None)


@pytest.mark.parametrize(
    "text",
    [
        "责令改正",
        "查封、扣押",
        "责令停止建设，该项目投资额100万元",
        "下达《责令改正违法行为决定书》，立即停止生产。",
        "将案件移送公安机关拘留",
        "责令停止使用",
    ],
)
def test_orders_and_measures_are_no_kind(text: str) -> None:
    reading = read_kinds(text)
    assert (reading.kinds, reading.measures_only, reading.problem) == ((), True, None)


@pytest.mark.parametrize(
    ("text", "kinds", "problem"),
    [
        (None, (), "blank"),
        ("N/A", (), "blank"),
        ("某某公司", (), "unreadable"),
        ("不予行政处罚", (), "exempted"),
        ("2", (), "code_without_table"),
        ("1;2", (), "code_without_table"),
        ("暂扣或者吊销许可证", (K.PERMIT_SUSPENSION,), "suspension_or_revocation"),
    ],
)
def test_problems(text: str | None, kinds: tuple[PenaltyKind, ...], problem: str) -> None:
    reading = read_kinds(text)
    assert (reading.kinds, reading.problem) == (kinds, problem)


@pytest.mark.parametrize(
    ("text", "kinds", "problem"),
    [
        ("2", (K.FINE,), None),
        ("1;2", (K.WARNING, K.FINE), None),
        ("4", (K.STOP_BUSINESS,), None),
        ("9", (K.OTHER,), None),
        ("3", (K.CONFISCATION_GAINS, K.CONFISCATION_PROPERTY), "ambiguous_code"),
        ("5", (K.PERMIT_SUSPENSION,), "ambiguous_code"),
        ("7", (), "unreadable"),
    ],
)
def test_one_citys_codes_only_when_asked(text: str, kinds: tuple[PenaltyKind, ...], problem: str | None) -> None:
    reading = read_kinds(text, codes=True)
    assert (reading.kinds, reading.problem) == (kinds, problem)


def test_the_heaviest_kind() -> None:
    assert heaviest([K.FINE, K.PERMIT_REVOCATION, K.WARNING]) is K.PERMIT_REVOCATION
    assert heaviest([K.WARNING, K.OTHER]) is K.WARNING
    assert heaviest([K.OTHER]) is K.OTHER
    assert heaviest([]) is None


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    reading = read_kinds(text)
    assert list(reading.kinds) == sorted(set(reading.kinds), key=list(PenaltyKind).index)

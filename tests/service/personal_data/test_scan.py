import csv
import itertools
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.personal_data.bulk import blank_series, scan_series
from service.personal_data.findings import BLANKS, DASHES
from service.personal_data.rules import WITHHELD, WORDS, Finding, Kind, blank, blank_row, scan
from tests.service.personal_data.corpus import CLEAN, HOLDING, bank_card, identity_number, mobile
from tests.service.personal_data.measure import figures, table

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
ALL = [text for texts in HOLDING.values() for text in texts] + CLEAN


def kinds(text: str) -> list[Kind]:
    return [found.kind for found in scan(text)]


def marks(*found: Kind) -> str:
    return "".join(f"[已隐去:{WORDS[kind]}]" for kind in found)


def test_the_measured_figures_hold_and_stand_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{table()}")  # noqa: T201 -- the figures belong in the test report
    assert table() in (ROOT / "docs" / "personal-data.md").read_text("utf-8")
    assert sum(one.texts for one in figures()) > 300
    assert len(CLEAN) > 280
    for one in figures():
        assert len(one.missed) <= 0.08 * one.texts
        assert one.false_alarms == ()


@pytest.mark.parametrize("kind", Kind)
def test_only_forms_known_to_be_missed_are_missed(kind: Kind) -> None:
    known = {
        Kind.IDENTITY_NUMBER: ("证照",),
        Kind.PHONE: ("电话：138 0013 800 0", "联系人张某 6"),
        Kind.EMAIL: ("abc(at)",),
        Kind.HOME_ADDRESS: ("示例小区", "其家在", "住示例市三期"),
    }
    missed = next(one.missed for one in figures() if one.kind is kind)
    assert [text for text in missed if not text.startswith(known.get(kind, ()))] == []


def test_an_identity_number_is_found_exactly_where_it_stands() -> None:
    number = identity_number(3)
    assert scan(f"张某（{number}）") == [Finding(Kind.IDENTITY_NUMBER, 3, 21)]
    assert blank(f"张某（{number}）") == "张某（[已隐去:身份证号]）"


def test_a_number_with_a_wrong_check_digit_needs_a_word_that_names_it() -> None:
    number = identity_number(3)
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    assert kinds(f"当事人{wrong}") == []
    assert kinds(f"身份证号码{wrong}") == [Kind.IDENTITY_NUMBER]


def test_one_bare_case_number_in_eleven_passes_for_an_identity_number() -> None:
    numbers = [
        f"50019920{year}{month:02d}15{serial:04d}"
        for year in range(19, 27)
        for month in range(1, 13)
        for serial in range(12)
    ]
    alarms = [number for number in numbers if scan(number)]
    assert 0.08 < len(alarms) / len(numbers) < 0.1
    assert not any(
        scan(form.format(number)) for form in ("〔2019〕{}", "案件编号{}", "第{}号", "文号：{}") for number in alarms
    )


def test_several_findings_of_one_text_are_all_blanked() -> None:
    text = (
        f"李某，身份证号{identity_number(5)}，电话{mobile(5)}，住示例市示例路5号3单元，驾驶渝A12345，卡号{bank_card(5)}"
    )
    assert blank(text) == (
        f"李某，身份证号{marks(Kind.IDENTITY_NUMBER)}，电话{marks(Kind.PHONE)}，住{marks(Kind.HOME_ADDRESS)}，"
        f"驾驶{marks(Kind.PLATE)}，卡号{marks(Kind.BANK_CARD)}"
    )


def test_a_phone_inside_an_address_is_named_as_what_it_is() -> None:
    text = f"家住示例市示例区和平路5号{mobile(7)}室"
    assert kinds(text) == [Kind.HOME_ADDRESS, Kind.PHONE, Kind.HOME_ADDRESS]


def test_numbers_in_a_list_are_all_found() -> None:
    assert kinds(f"{mobile(1)}、{mobile(2)},{mobile(3)}/{mobile(4)}") == [Kind.PHONE] * 4
    assert kinds("电话：67890123、67890124；67890125") == [Kind.PHONE] * 3
    assert kinds(f"{identity_number(1)} {identity_number(2)}") == [Kind.IDENTITY_NUMBER] * 2


@pytest.mark.parametrize("text", ALL)
def test_nothing_is_left_after_blanking(text: str) -> None:
    blanked = blank(text)
    assert scan(blanked) == []
    assert blank(blanked) == blanked


def test_a_row_is_blanked_by_column() -> None:
    row = {
        "证件": "G12345678",
        "空": "无",
        "名称": "示例有限公司",
        "备注": f"电话{mobile(1)}",
        "缺": None,
        "代码": "91350100M000100Y43",
    }
    assert blank_row(row, {"证件", "空", "缺"}) == {
        "证件": WITHHELD,
        "空": "无",
        "名称": "示例有限公司",
        "备注": f"电话{marks(Kind.PHONE)}",
        "缺": None,
        "代码": "91350100M000100Y43",
    }


def widened(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def split(text: str, sign: str, every: int) -> str:
    return sign.join(text[at : at + every] for at in range(0, len(text), every))


SIGNS = st.sampled_from([*BLANKS, *DASHES, "-", " ", ".", "·", "•", "・", "．", "）", ") ", " - "])
NUMBERS = st.one_of(
    *(st.integers(0, 500).map(make) for make in (identity_number, mobile, bank_card)), st.text("0123456789", min_size=6)
)
FRAGMENTS = st.one_of(
    st.sampled_from(ALL),
    NUMBERS,
    st.builds(split, NUMBERS, SIGNS, st.integers(1, 8)),
    st.sampled_from(
        [
            "电话",
            "Ｔｅｌ",
            "身份证号",
            "护照",
            "E12345678",
            "一三八零零一三八零零零",
            "车牌",
            "使",
            "WJ",
            "海A12345",
            "账号",
            "住",
            "家住",
            "现居",
            "户口",
            "渝",
            "A12345",
            "ａ12345",
            "@",
            "＠",
            "号",
            "元",
            "（023）",
        ]
    ),
    SIGNS,
    st.text(max_size=12),
)
TEXTS = st.builds(
    lambda parts, is_wide: widened("".join(parts)) if is_wide else "".join(parts),
    st.lists(FRAGMENTS, max_size=5),
    st.booleans(),
)


@given(st.lists(st.one_of(TEXTS, st.none()), max_size=20))
def test_the_twin_says_what_the_plain_scan_says(texts: list[str | None]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    expected = [text is not None and bool(scan(text)) for text in texts]
    assert scan_series(series).to_list() == expected
    blanked, found = blank_series(series)
    assert blanked.to_list() == [text if text is None else blank(text) for text in texts]
    assert found.to_list() == expected


@given(TEXTS)
def test_findings_are_in_order_apart_and_inside_the_text(text: str) -> None:
    found = scan(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    assert blank(text, found) == blank(text)


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "1-", "住", "家住1号", "电话6", "a@", "a.", "渝A", "账号", "身份证", "(", "0512-", "。", "[已隐去:"],
)
def test_long_texts_of_one_unit_are_scanned_to_the_end(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    assert all(0 <= found.start < found.end <= len(text) for found in scan(text))


def test_real_texts_about_firms_do_not_alarm() -> None:
    if not SHARED.exists():
        pytest.skip("the shared development data are not beside the project")
    with (SHARED / "amounts" / "amount_gold_dev.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    for path in sorted((SHARED / "companies" / "kinginsun_registry").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                texts += [
                    row["统一社会信用代码"] or "",
                    row["经营范围"] or "",
                    row["注册地址"] or "",
                    row["企业名称"] or "",
                ]
    assert len(texts) > 60_000
    assert scan_series(pl.Series(texts)).sum() == 0

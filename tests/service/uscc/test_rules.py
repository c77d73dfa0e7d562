import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from service.uscc.arithmetic import ALPHABET
from service.uscc.bulk import check_codes
from service.uscc.departments import CATEGORIES, DEPARTMENTS
from service.uscc.rules import (
    KEY_STATES,
    CodeState,
    OldKind,
    c18,
    check,
    is_person_id,
    is_valid_reg_no,
    org_check,
    parse,
    reg_no_check,
)
from service.uscc.words import explain

REGISTRY = Path(__file__).parents[4] / "shared" / "data" / "companies" / "kinginsun_registry"
BOTH_PASS = [
    "91350100M000100Y43", "99140000MA0H3UTK9E", "34530000745285741B", "195300004312000202", "89530624346668905B",
    "91610131MAB0PQQA1E", "92511126MACBT2C33F",
]  # fmt: skip
# The code as printed and the check character that the other seventeen ask for.
FAILING = {
    "91350100M0001TGQXM": "1", "91350211M0000XUF46": "R", "91350203M0001FUE2P": "J", "91350203M0001QKT19": "F",
    "91350203M0001QAY9B": "9", "91340000148941384F": "G", "91340000148941325J": "D", "91520382MAAJM1B991": "J",
}  # fmt: skip
REG_NOS = ["330200400070010", "330200600002522", "440301105984804", "110000000343473"]


@pytest.mark.parametrize("code", BOTH_PASS)
def test_codes_with_both_checks_right_are_valid(code: str) -> None:
    found = check(code)
    assert (found.state, found.code, found.warnings, found.is_key) == (CodeState.VALID, code, (), True)


def test_a_code_whose_inner_check_fails_is_accepted_with_a_warning() -> None:
    found = check("91410100000148661E")
    assert (found.state, found.code) == (CodeState.WARN_ORG_CHECK, "91410100000148661E")
    assert found.warnings == (CodeState.WARN_ORG_CHECK,)


@pytest.mark.parametrize(("code", "expected"), FAILING.items())
def test_a_failing_check_character_is_suspect_and_no_key(code: str, expected: str) -> None:
    found = check(code)
    assert (found.state, found.code, found.is_key) == (CodeState.SUSPECT_CHECK18, None, False)
    assert f"make it {expected};" in found.detail
    assert f"应为{expected};" in found.detail_zh
    assert c18(code[:17]) == expected


@pytest.mark.parametrize("code", [code for code in FAILING if code.startswith("9135")])
def test_early_fujian_codes_pass_the_inner_check(code: str) -> None:
    assert org_check(code[8:16]) == code[16]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("91510823MA6CJ9UAxx", "91510823MA6CJ9UAXX"),
        ("９１３５０１００Ｍ０００１００Ｙ４３", "91350100M000100Y43"),
        ("9135 0100 M000 100Y43", "91350100M000100Y43"),
        ("91350100\u3000M000100Y43\u200b", "91350100M000100Y43"),
        ("\ufeff91350100M000100Y43\xa0", "91350100M000100Y43"),
        ("'91350100M000100Y43", "91350100M000100Y43"),
        ("统一社会信用代码：91350100M000100Y43", "91350100M000100Y43"),
        ("91350100M000100Y43(1-1)", "91350100M000100Y43"),
        ("91350100M000100Y43 1-1", "91350100M000100Y43"),
        ("195300004312000202.0", "195300004312000202"),
        ("9135\n0100M000100Y43", "91350100M000100Y43"),
    ],
)
def test_width_blanks_case_and_wrappings_are_normalised(value: str, code: str) -> None:
    found = check(value)
    assert (found.state, found.code, found.raw) == (CodeState.VALID_NORMALISED, code, value)


@pytest.mark.parametrize(
    ("value", "positions", "suggestion"),
    [
        ("91371626MA3NOLHN7H", (13,), "91371626MA3N0LHN7H"),
        ("91371923MA3COKJY73", (13,), None),
        ("91330302l19373061U", (9,), None),
        ("9135O100M000100Y43", (5,), "91350100M000100Y43"),
        ("9l350100M000100Y43", (2,), "91350100M000100Y43"),
        ("9135０100М000100Y43", (9,), "91350100M000100Y43"),
        ("91350100-M000100Y43", (9, 19), "91350100M000100Y43"),
        ("91350100M000100Y4", (), None),
        ("91350A00M000100Y43", (6,), None),
        ("91350100M000******", (13, 14, 15, 16, 17, 18), None),
        ("②1350100M000100Y43", (1,), None),
    ],
)
def test_an_invalid_code_names_its_wrong_positions(
    value: str, positions: tuple[int, ...], suggestion: str | None
) -> None:
    found = check(value)
    assert (found.state, found.code) == (CodeState.INVALID, None)
    assert (found.positions, found.suggestion) == (positions, suggestion)


def test_a_small_l_that_is_a_capital_l_by_the_check_is_case_only() -> None:
    first = "91110000L0003734"
    first += org_check(first[8:16])
    assert check((first + c18(first)).lower()).state is CodeState.VALID_NORMALISED


def test_two_possible_readings_are_no_suggestion() -> None:
    assert check("91500199LLL1LLAA6K").is_key
    assert check("91500199111L11AA6K").is_key
    assert check("91500199llllllAA6K").suggestion is None


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        *((number, OldKind.REG_NO_15, number) for number in REG_NOS),
        ("４４０３０１１０５９８４８０４", OldKind.REG_NO_15, "440301105984804"),
        ("440301105984804(1-1)", OldKind.REG_NO_15, "440301105984804"),
        ("440301105984804.0", OldKind.REG_NO_15, "440301105984804"),
        ("5001032100123", OldKind.REG_NO_13, "5001032100123"),
        ("50010321001234", OldKind.REG_NO_14, "50010321001234"),
        ("500103210012399", OldKind.OTHER_REG_NO, "500103210012399"),
        ("320506NA000043X", OldKind.COOPERATIVE_NO, "320506NA000043X"),
        ("429006NA000000022X", OldKind.COOPERATIVE_NO, "429006NA000000022X"),
        ("13830295-X", OldKind.ORG_CODE, "13830295-X"),
        ("13830295—x", OldKind.ORG_CODE, "13830295-X"),
        ("13830295X", OldKind.ORG_CODE, "13830295-X"),
        ("50010313830295X", OldKind.TAX_NO, "50010313830295X"),
        ("企合浙绍总字第002112号", OldKind.FOREIGN_REG_NO, "企合浙绍总字第002112号"),
        ("事证第150000000123号", OldKind.INSTITUTION_NO, "事证第150000000123号"),
        ("渝民证字第010123号", OldKind.SOCIAL_ORG_NO, "渝民证字第010123号"),
    ],
)
def test_older_identifiers_are_told_by_kind(value: str, kind: OldKind, number: str) -> None:
    found = check(value)
    assert (found.state, found.old_kind, found.old_identifier) == (CodeState.OLD_IDENTIFIER, kind, number)
    assert not found.is_key


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("111111111111111111", CodeState.INVALID),
        ("000000000000000000", CodeState.INVALID),
        ("000000000000000", CodeState.INVALID),
        ("00000000-0", CodeState.INVALID),
        ("13830295-1", CodeState.INVALID),
        ("8613812345678", CodeState.INVALID),
        ("915001036911111000", CodeState.EXCEL_DAMAGED),
        ("9.15001E+17", CodeState.EXCEL_DAMAGED),
        ("", CodeState.EMPTY),
        ("\u3000", CodeState.EMPTY),
        ("无", CodeState.EMPTY),
        ("N/A", CodeState.EMPTY),
        ("******************", CodeState.INVALID),
    ],
)
def test_what_is_no_code_at_all(value: str, state: CodeState) -> None:
    assert check(value).state is state


def id_check(first17: str) -> str:
    return next(char for char in "0123456789X" if is_person_id(first17 + char))


@pytest.mark.parametrize("first", ["50019919900101101", "11010519491231002", "81000019900101001", "91115619900101001"])
def test_identity_numbers_are_the_persons(first: str) -> None:
    number = first + id_check(first)
    assert check(number).state is CodeState.PERSON_IDENTIFIER
    assert check(number.lower()).code is None
    assert check(f"{number}00").state is CodeState.PERSON_IDENTIFIER


def test_a_mistyped_or_cut_off_identity_number_is_still_the_persons() -> None:
    assert check("500199199001011011").state is CodeState.PERSON_IDENTIFIER
    assert check("500199199001011000").state is CodeState.PERSON_IDENTIFIER


def test_a_number_that_passes_as_both_is_the_persons_unless_all_speaks_for_the_code() -> None:
    both = [
        number
        for serial in range(1_000)
        for first in [f"11010519491231{serial:03d}", f"91115619491231{serial:03d}"]
        if c18(first) == id_check(first)
        for number in [first + c18(first)]
    ]
    states = {number: check(number) for number in both}
    assert len(both) > 40
    for number, found in states.items():
        speaks_for_code = number.startswith("91") and org_check(number[8:16]) == number[16]
        if speaks_for_code:
            assert found.warnings == (CodeState.WARN_PERSON_IDENTIFIER_LOOKALIKE,)
        else:
            assert found.state is CodeState.PERSON_IDENTIFIER
    assert {found.state for found in states.values()} >= {CodeState.PERSON_IDENTIFIER}


def test_an_unknown_department_a_region_and_a_form_warn() -> None:
    first = "77990099MA00ABCD"
    first += org_check(first[8:16])
    code = first + c18(first)
    found = check(code, known_divisions=frozenset({"350100"}))
    assert found.warnings == (CodeState.WARN_UNKNOWN_DEPARTMENT, CodeState.WARN_UNKNOWN_REGION)
    assert (found.state, found.code) == (CodeState.WARN_UNKNOWN_DEPARTMENT, code)
    assert check("91350100M000100Y43", known_divisions=frozenset({"350100"})).warnings == ()
    trader = "92511126MACBT2C33F"
    assert check(trader, name="示例有限公司").warnings == (CodeState.WARN_FORM_MISMATCH,)
    assert check(trader, name="示例有限公司旁小吃店").warnings == ()
    assert check("91350100M000100Y43", name="示例有限公司").warnings == ()


@pytest.mark.parametrize("code", BOTH_PASS)
def test_every_single_substitution_and_adjacent_transposition_is_found(code: str) -> None:
    changed = {code[:at] + char + code[at + 1 :] for at in range(17) for char in ALPHABET}
    changed |= {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(16)}
    changed.discard(code)
    assert len(changed) > 17 * 30
    assert [other for other in changed if c18(other[:17]) == other[17]] == []
    assert [other for other in changed if check(other).is_key] == []


@pytest.mark.parametrize("number", REG_NOS)
def test_every_single_wrong_digit_of_a_registration_number_is_found(number: str) -> None:
    assert reg_no_check(number[:14]) == number[14]
    changed = {number[:at] + digit + number[at + 1 :] for at in range(15) for digit in "0123456789"} - {number}
    assert [other for other in changed if is_valid_reg_no(other)] == []


@given(st.text(alphabet="0123456789", min_size=8, max_size=8), st.text(alphabet=ALPHABET, min_size=9, max_size=9))
def test_the_check_character_agrees_with_another_implementation(digits: str, tail: str) -> None:
    code = digits + tail + c18(digits + tail)
    assert stdnum_uscc.calc_check_digit(digits + tail) == code[17]
    assert stdnum_uscc.is_valid(code)


def test_where_the_other_implementation_differs_by_design() -> None:
    first = f"N2500000MA0H3UTK{org_check('MA0H3UTK')}"
    collective = first + c18(first)
    assert (check(collective).state, stdnum_uscc.is_valid(collective)) == (CodeState.VALID, False)
    assert (check("0" * 18).is_key, stdnum_uscc.is_valid("0" * 18)) == (False, True)
    with_hyphen = "91350100-M000100Y43"
    assert (check(with_hyphen).is_key, stdnum_uscc.is_valid(with_hyphen)) == (False, True)


@pytest.mark.parametrize(
    ("derive", "first"),
    [
        (c18, "9"),
        (c18, "O" * 17),
        (org_check, "1"),
        (org_check, "1234567-"),
        (reg_no_check, "x"),
        (reg_no_check, "²" * 14),
    ],
)
def test_arithmetic_refuses_what_it_is_not_made_for(derive: Callable[[str], str], first: str) -> None:
    with pytest.raises(ValueError, match=r"needed|substring"):
        derive(first)


def test_a_code_comes_apart() -> None:
    parts = parse("92511126MACBT2C33F")
    assert (parts.department, parts.category, parts.check) == ("9", "2", "F")
    assert (parts.division_code, parts.org_code) == ("511126", "MACBT2C33")
    assert (parts.department_words, parts.category_words) == (DEPARTMENTS["9"], CATEGORIES["92"])
    assert parse("77990099MA00ABCD00").category_words is None
    with pytest.raises(ValueError, match="shape"):
        parse("91350100M000100Y4O")


def test_every_category_belongs_to_a_department() -> None:
    assert {pair[0] for pair in CATEGORIES} == set(DEPARTMENTS)


def test_a_code_is_explained_in_words() -> None:
    lines = "\n".join(explain(check("91350100M000100Y43"), division_names={"350100": "福州市"}))
    assert "福州市" in lines
    assert "企业 (enterprise)" in lines
    assert "M000100Y-4  check passes" in lines
    assert "check fails" in "\n".join(explain(check("91410100000148661E"), division_names={}))
    assert "Did you mean 91371626MA3N0LHN7H?" in "\n".join(explain(check("91371626MA3NOLHN7H")))
    assert "440301105984804 (reg_no_15)" in "\n".join(explain(check("440301105984804")))


@given(st.one_of(st.text(max_size=40), st.text(alphabet=ALPHABET + "OIlZSV-*. 　", max_size=22)))
def test_no_value_raises_and_only_keys_have_a_code(value: str) -> None:
    found = check(value)
    assert found.is_key == (found.code is not None) == (found.state in KEY_STATES)
    assert found.code is None or check(found.code).code == found.code
    assert found.suggestion is None or check(found.suggestion).is_key
    assert found.detail.endswith(".")
    assert explain(found)


def test_long_values_are_graded_in_reasonable_time() -> None:
    for value in ("l" * 200_000, "企" * 200_000, "9" * 200_000, "-" * 199_999 + "1", " 1-" * 60_000):
        assert check(value).code is None


def test_the_registry_extracts_are_all_valid() -> None:
    if not REGISTRY.exists():
        pytest.skip("the shared development data are not beside the project")
    values: list[str] = []
    for path in sorted(REGISTRY.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            values += [row["统一社会信用代码"] for row in csv.DictReader(file)]
    states = Counter(check_codes(pl.Series(values))["state"].to_list())
    assert states == {"valid": 16_514, "valid_normalised": 2}

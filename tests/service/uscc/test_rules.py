import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from service.uscc.arithmetic import ALPHABET
from service.uscc.rules import CodeState, c18, check, org_check, parse
from service.uscc.words import explain

CODES = ("91350100M000100Y43", "99140000MA0H3UTK9E", "34530000745285741B", "92511126MACBT2C33F")


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("91350100M000100Y43", CodeState.VALID),
        ("99140000MA0H3UTK9E", CodeState.VALID),
        ("34530000745285741B", CodeState.VALID),
        ("195300004312000202", CodeState.VALID),
        ("89530624346668905B", CodeState.VALID),
        ("91610131MAB0PQQA1E", CodeState.VALID),
        ("92511126MACBT2C33F", CodeState.VALID),
        ("91410100000148661E", CodeState.WARN_ORG_CHECK),
        ("91510823MA6CJ9UAxx", CodeState.VALID_NORMALISED),
        ("91350100M0001TGQXM", CodeState.SUSPECT_CHECK18),
        ("91350203M0001QAY9B", CodeState.SUSPECT_CHECK18),
        ("91340000148941384F", CodeState.SUSPECT_CHECK18),
        ("91371626MA3NOLHN7H", CodeState.INVALID),
        ("91371923MA3COKJY73", CodeState.INVALID),
        ("91330302l19373061U", CodeState.INVALID),
        ("330200400070010", CodeState.OLD_IDENTIFIER),
        ("110000000343473", CodeState.OLD_IDENTIFIER),
        ("111111111111111111", CodeState.INVALID),
        ("", CodeState.EMPTY),
        ("　", CodeState.EMPTY),
        ("９１３５０１００Ｍ０００１００Ｙ４３", CodeState.VALID_NORMALISED),
        ("9135 0100 M000 100Y43", CodeState.VALID_NORMALISED),
    ],
)
def test_the_test_codes_get_their_states(value: str, state: CodeState) -> None:
    assert check(value).state == state


def test_look_alike_letters_are_only_suggested_and_only_when_the_result_passes() -> None:
    assert check("91371626MA3NOLHN7H").suggestion == "91371626MA3N0LHN7H"
    assert check("91371923MA3COKJY73").suggestion is None
    assert check("91371626MA3NOLHN7H").code is None


def test_every_single_substitution_is_found() -> None:
    for code in CODES:
        for place in range(17):
            for char in ALPHABET:
                changed = code[:place] + char + code[place + 1 :]
                assert changed == code or c18(changed[:17]) != changed[17]


def test_every_adjacent_transposition_is_found() -> None:
    for code in CODES:
        for place in range(16):
            changed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert changed == code or c18(changed[:17]) != changed[17]


@given(st.text(alphabet=ALPHABET, min_size=15, max_size=15), st.sampled_from(["91", "92", "93", "51", "12"]))
def test_the_check_character_agrees_with_another_implementation(tail: str, pair: str) -> None:
    digits = "".join(char if char.isdigit() else "1" for char in tail[:6])
    first = pair + digits + tail[6:]
    assert stdnum_uscc.calc_check_digit(first) == c18(first)


def test_the_other_implementation_refuses_legal_codes_that_this_one_takes() -> None:
    org = "MA0H3UTK"
    first = f"N2500000{org}{org_check(org)}"
    code = first + c18(first)
    assert check(code).is_key
    assert not stdnum_uscc.is_valid(code)


def test_a_code_comes_apart_and_is_explained() -> None:
    parts = parse("91350100M000100Y43")
    assert (parts.department, parts.category, parts.division_code, parts.org_code) == ("9", "1", "350100", "M000100Y4")
    lines = "\n".join(explain(check("91350100M000100Y43"), division_names={"350100": "福州市"}))
    assert "福州市" in lines
    assert "Did you mean 91371626MA3N0LHN7H?" in "\n".join(explain(check("91371626MA3NOLHN7H")))


@given(st.text(max_size=40))
def test_no_value_raises(value: str) -> None:
    found = check(value)
    assert found.is_key == (found.code is not None)


def test_a_trader_code_beside_a_company_name_warns() -> None:
    assert CodeState.WARN_FORM_MISMATCH in check("92511126MACBT2C33F", name="示例有限公司").warnings

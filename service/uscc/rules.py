"""Grading of unified social credit codes (GB 32100-2015).

A code is graded, not judged: what the standard forbids but registries have printed is accepted with a warning, what only
the check character speaks against is kept aside, and nothing is corrected silently. A code problem never drops a record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from service.reading.sentinels import is_blank
from service.uscc.arithmetic import (
    ALPHABET,
    PROVINCES,
    c18,
    is_digits,
    is_person_id,
    is_valid_reg_no,
    org_check,
    reads_like_old_person_id,
    reads_like_person_id,
    reg_no_check,
)
from service.uscc.departments import CATEGORIES, DEPARTMENTS, Words
from service.uscc.old_identifiers import OLD_KIND_WORDS, OldKind, read_old_identifier
from service.uscc.writing import LOOK_ALIKES, capitals, normal_form

__all__ = [
    "KEY_STATES",
    "CodeCheck",
    "CodeState",
    "OldKind",
    "Parts",
    "c18",
    "check",
    "is_person_id",
    "is_valid_reg_no",
    "org_check",
    "parse",
    "reg_no_check",
]


class CodeState(StrEnum):
    """What a value in a code column is; the values from `valid` to the last `warn_` may be the key of a record."""

    VALID = "valid"
    VALID_NORMALISED = "valid_normalised"
    WARN_ORG_CHECK = "warn_org_check"
    WARN_UNKNOWN_DEPARTMENT = "warn_unknown_department"
    WARN_UNKNOWN_REGION = "warn_unknown_region"
    WARN_FORM_MISMATCH = "warn_form_mismatch"
    WARN_PERSON_IDENTIFIER_LOOKALIKE = "warn_person_identifier_lookalike"
    SUSPECT_CHECK18 = "suspect_check18"
    EXCEL_DAMAGED = "excel_damaged"
    OLD_IDENTIFIER = "old_identifier"
    PERSON_IDENTIFIER = "person_identifier"
    EMPTY = "empty"
    INVALID = "invalid"


KEY_STATES: Final = frozenset(
    {CodeState.VALID, CodeState.VALID_NORMALISED, *(state for state in CodeState if state.startswith("warn_"))}
)
COMPANY_FORMS: Final = ("有限公司", "有限责任公司")
"""Ends of a company's name, which no sole trader (92) has; a name in which one merely occurs may be a trader's."""

STATE_WORDS: Final = {
    CodeState.VALID: Words("校验通过", "The code passes its checks."),
    CodeState.VALID_NORMALISED: Words(
        "规范化(全角、空格、大小写)后校验通过",
        "The code passes its checks after blanks, width, case or wrapping were normalised.",
    ),
    CodeState.WARN_ORG_CHECK: Words(
        "主体标识码(组织机构代码)校验位不符,予以接受并提示",
        "The check character of the code passes, that of the organisation code inside it (position 17) does not; real codes like that exist.",
    ),
    CodeState.WARN_UNKNOWN_DEPARTMENT: Words(
        "登记管理部门和机构类别代码(第1-2位)未见于代码表",
        "Positions 1 and 2 are no known pair of department and category.",
    ),
    CodeState.WARN_UNKNOWN_REGION: Words(
        "登记管理机关行政区划码(第3-8位)未见于任何版本的GB/T 2260",
        "Positions 3 to 8 are in no known edition of the division codes (GB/T 2260).",
    ),
    CodeState.WARN_FORM_MISMATCH: Words(
        "代码为个体工商户(92),名称却为公司", "The code is a sole trader's (92), the name a company's."
    ),
    CodeState.WARN_PERSON_IDENTIFIER_LOOKALIKE: Words(
        "该代码同时符合居民身份证号码的校验规则", "The code also passes the check of a resident identity number."
    ),
    CodeState.EXCEL_DAMAGED: Words(
        "代码曾被电子表格存为数字,末位数字已丢失",
        "A spreadsheet stored the code as a number and lost its last digits.",
    ),
    CodeState.PERSON_IDENTIFIER: Words(
        "这是自然人的身份证号码,不是统一社会信用代码",
        "This is an identity number of a natural person, not a credit code.",
    ),
    CodeState.EMPTY: Words("未填写代码", "There is no code."),
}


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What `check` found about one value.

    `code` is the code in its normal form when it may be the key of a record, else None. `warnings` are all warnings in
    order of weight, the first of them is then the state as well. `old_identifier` is the number in its normal form.
    `positions` are the wrong positions of an invalid code, from 1, counted in the value without blanks and wrappings.
    `suggestion` is the only code that passes all checks once look-alike characters are replaced. `detail` is a sentence.
    """

    raw: str
    state: CodeState
    detail: str
    detail_zh: str
    code: str | None = None
    warnings: tuple[CodeState, ...] = ()
    old_identifier: str | None = None
    old_kind: OldKind | None = None
    positions: tuple[int, ...] = ()
    suggestion: str | None = None

    @property
    def is_key(self) -> bool:
        """Tell whether the code may be the key of a record."""
        return self.state in KEY_STATES


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a credit code: position 1, 2, 3-8, 9-17 and 18; the words are None where the table has none."""

    department: str
    category: str
    division_code: str
    org_code: str
    check: str
    department_words: Words | None
    category_words: Words | None


def parse(code: str) -> Parts:
    """Return the parts of a code in its normal form, whether it passes the checks or not.

    Raises:
        ValueError: not 18 characters of the alphabet with digits in positions 3 to 8.
    """
    if not _has_shape(code):
        raise ValueError(f"{code!r} has not the shape of a credit code")
    return Parts(
        department=code[0],
        category=code[1],
        division_code=code[2:8],
        org_code=code[8:17],
        check=code[17],
        department_words=DEPARTMENTS.get(code[0]),
        category_words=CATEGORIES.get(code[:2]),
    )


def check(raw: str, *, name: str | None = None, known_divisions: frozenset[str] | None = None) -> CodeCheck:
    """Grade the value of a code column; it never raises.

    `name` is the subject's name, if a code of a sole trader should be compared with it; `known_divisions` are all division
    codes of all editions, if an unknown region should warn. A value that is valid as a credit code and as an identity
    number counts as the person's, unless department, province and organisation code all speak for the credit code.

    Source: GB 32100-2015, GB 11714; grades by experience with registry data.
    """
    text = normal_form(raw)
    if not text or is_blank(raw):
        return _found(raw, CodeState.EMPTY)
    code = capitals(text)
    if _has_shape(code):
        return _grade(raw, text, code, name, known_divisions)
    if _is_persons(code):
        return _found(raw, CodeState.PERSON_IDENTIFIER)
    old = read_old_identifier(code)
    if old is not None:
        words = OLD_KIND_WORDS[old.kind]
        return CodeCheck(
            raw=raw,
            state=CodeState.OLD_IDENTIFIER,
            detail=f"This is an older identifier: {words.en}.",
            detail_zh=f"这是旧的登记号码: {words.zh}",
            old_identifier=old.number,
            old_kind=old.kind,
        )
    if _is_exponent(code):
        return _found(raw, CodeState.EXCEL_DAMAGED)
    return _invalid(raw, text)


def _grade(raw: str, text: str, code: str, name: str | None, known_divisions: frozenset[str] | None) -> CodeCheck:
    if _is_placeholder(code):
        return CodeCheck(
            raw=raw,
            state=CodeState.INVALID,
            detail="Positions 9 to 17 repeat one character: a placeholder, not an organisation code.",
            detail_zh="第9-17位为同一字符的重复,是占位符,不是主体标识码",
            positions=tuple(range(9, 18)),
        )
    passes = c18(code[:17]) == code[17]
    is_org_code = org_check(code[8:16]) == code[16]
    if _reads_as_person(code, is_key=passes and is_org_code):
        return _found(raw, CodeState.PERSON_IDENTIFIER)
    if is_digits(code) and code.endswith("000") and not (passes and is_org_code):
        return _found(raw, CodeState.EXCEL_DAMAGED)
    if not passes:
        return _invalid(raw, text) if "l" in text else _suspect(raw, code, is_org_code=is_org_code)
    doubts = {
        CodeState.WARN_ORG_CHECK: not is_org_code,
        CodeState.WARN_UNKNOWN_DEPARTMENT: code[:2] not in CATEGORIES,
        CodeState.WARN_UNKNOWN_REGION: known_divisions is not None and code[2:8] not in known_divisions,
        CodeState.WARN_FORM_MISMATCH: code.startswith("92") and is_company_name(name),
        CodeState.WARN_PERSON_IDENTIFIER_LOOKALIKE: is_person_id(code),
    }
    warnings = tuple(state for state, is_doubted in doubts.items() if is_doubted)
    good = CodeState.VALID if code == raw else CodeState.VALID_NORMALISED
    found = warnings or (good,)
    return CodeCheck(
        raw=raw,
        state=found[0],
        detail=" ".join(STATE_WORDS[state].en for state in found),
        detail_zh=";".join(STATE_WORDS[state].zh for state in found),
        code=code,
        warnings=warnings,
    )


def is_company_name(name: str | None) -> bool:
    """Tell whether a name ends as only a company's does."""
    return name is not None and name.rstrip(" \u3000").endswith(COMPANY_FORMS)


def _has_shape(code: str) -> bool:
    return len(code) == 18 and all(char in ALPHABET for char in code) and is_digits(code[2:8])


def _is_placeholder(code: str) -> bool:
    return len(set(code[8:17])) == 1


def _reads_as_person(code: str, *, is_key: bool) -> bool:
    is_likely_code = code[:2] in CATEGORIES and code[2:4] in PROVINCES
    if is_person_id(code):
        return not (is_key and is_likely_code)
    # A mistyped or damaged identity number is still a person's when nothing else explains it.
    return reads_like_person_id(code) and not is_likely_code


def _is_persons(code: str) -> bool:
    # Taxpayer numbers of sole traders were the owner's identity number and two more characters.
    if is_person_id(code[:18]) and len(code) in {18, 20}:
        return True
    old = read_old_identifier(code)
    return reads_like_old_person_id(code) and (old is None or old.kind is OldKind.OTHER_REG_NO)


def _is_exponent(code: str) -> bool:
    mantissa, letter, exponent = code.partition("E")
    return bool(letter) and is_digits(mantissa.replace(".", "", 1)) and is_digits(exponent.removeprefix("+"))


def _found(raw: str, state: CodeState) -> CodeCheck:
    return CodeCheck(raw=raw, state=state, detail=STATE_WORDS[state].en, detail_zh=STATE_WORDS[state].zh)


def _suspect(raw: str, code: str, *, is_org_code: bool) -> CodeCheck:
    expected = c18(code[:17])
    inner, inner_zh = ("passes", "相符") if is_org_code else ("does not pass either", "亦不符")
    return CodeCheck(
        raw=raw,
        state=CodeState.SUSPECT_CHECK18,
        detail=f"The check character (position 18) is {code[17]}, the others make it {expected}; the organisation code inside {inner}.",
        detail_zh=f"校验码(第18位)为{code[17]},按前17位计算应为{expected};主体标识码校验{inner_zh}",
    )


def _invalid(raw: str, text: str) -> CodeCheck:
    positions = tuple(place for place, char in enumerate(text[:64], start=1) if not _may_stand(char, place))
    suggestion = _suggestion(text)
    facts, facts_zh = [], []
    if len(text) != 18:
        facts.append(f"it has {len(text)} characters where 18 are needed")
        facts_zh.append(f"长度为{len(text)}位,应为18位")
    if positions and len(text) <= 64:
        shown = ", ".join(f"{text[place - 1]!r} in position {place}" for place in positions)
        facts.append(f"{shown} cannot stand there")
        facts_zh.append("不合规则的字符: " + "、".join(f"第{place}位“{text[place - 1]}”" for place in positions))
    detail = f"This is no credit code: {'; '.join(facts)}."
    detail_zh = f"不是统一社会信用代码: {';'.join(facts_zh)}"
    if suggestion:
        detail += f" {suggestion} would pass: look at the source before using it."
        detail_zh += f"。{suggestion}可通过校验,请核对原件后再使用"
    return CodeCheck(
        raw=raw,
        state=CodeState.INVALID,
        detail=detail,
        detail_zh=detail_zh,
        positions=positions,
        suggestion=suggestion,
    )


def _may_stand(char: str, place: int) -> bool:
    # A small l is taken for the figure 1 more often than it is meant as L: named wherever the code does not pass.
    if char == "l" or place > 18:
        return False
    return is_digits(char) if 3 <= place <= 8 else capitals(char) in ALPHABET


def _suggestion(text: str) -> str | None:
    # More odd characters than this leave nothing that a check character could confirm.
    if not 18 <= len(text) <= 24 or sum(char in LOOK_ALIKES for char in text) > 6:
        return None
    passing = set(_passing(text))
    return passing.pop() if len(passing) == 1 else None


def _passing(text: str) -> Iterator[str]:
    for chars in product(*((LOOK_ALIKES[char] or [""]) if char in LOOK_ALIKES else [capitals(char)] for char in text)):
        code = "".join(chars)
        if (
            _has_shape(code)
            and code[:2] in CATEGORIES
            and c18(code[:17]) == code[17]
            and org_check(code[8:16]) == code[16]
            and not is_person_id(code)
            and not _is_placeholder(code)
        ):
            yield code

"""The numbers that organisations had before the credit code and that old files put in its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.uscc.arithmetic import PROVINCES, is_digits, is_valid_reg_no, org_check
from service.uscc.departments import Words


class OldKind(StrEnum):
    """What kind of number an old identifier is."""

    REG_NO_15 = "reg_no_15"
    REG_NO_14 = "reg_no_14"
    REG_NO_13 = "reg_no_13"
    OTHER_REG_NO = "other_reg_no"
    FOREIGN_REG_NO = "foreign_reg_no"
    COOPERATIVE_NO = "cooperative_no"
    ORG_CODE = "org_code"
    TAX_NO = "tax_no"
    INSTITUTION_NO = "institution_no"
    SOCIAL_ORG_NO = "social_org_no"


OLD_KIND_WORDS: Final[Mapping[OldKind, Words]] = {
    OldKind.REG_NO_15: Words("15位工商注册号", "registration number of 15 digits, check digit right"),
    OldKind.REG_NO_14: Words("14位工商注册号", "registration number of 14 digits"),
    OldKind.REG_NO_13: Words("13位工商注册号", "registration number of 13 digits"),
    OldKind.OTHER_REG_NO: Words("其他注册号", "registration number without a check digit that holds"),
    OldKind.FOREIGN_REG_NO: Words("外商投资企业注册号", "registration number of a foreign-invested enterprise"),
    OldKind.COOPERATIVE_NO: Words("农民专业合作社注册号", "registration number of a farmers' cooperative"),
    OldKind.ORG_CODE: Words("组织机构代码", "organisation code, check character right"),
    OldKind.TAX_NO: Words("纳税人识别号", "old taxpayer number: region and organisation code"),
    OldKind.INSTITUTION_NO: Words("事业单位法人证书号", "certificate number of a public institution"),
    OldKind.SOCIAL_ORG_NO: Words("社会组织登记证号", "certificate number of a social organisation"),
}


@dataclass(frozen=True, slots=True)
class OldIdentifier:
    """An old number in its normal form: capitals, no blanks, an organisation code as 8 characters, hyphen, 1."""

    kind: OldKind
    number: str


# The national administration registered firms under 100000.
_REGISTRIES: Final = PROVINCES | {"10"}
_COOPERATIVE: Final = re.compile(r"[0-9]{6}NA(?:[0-9]{6}|[0-9]{9})[0-9X]")
_ORG_CODE: Final = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
_LETTERED: Final = re.compile(r"[0-9]{6}[0-9A-Z]{7,9}")
_WORDED: Final = (
    (OldKind.FOREIGN_REG_NO, re.compile(r"企[^0-9]{1,12}字第?[0-9]{3,10}号?")),
    (OldKind.INSTITUTION_NO, re.compile(r"事证第?[0-9]{10,13}号?")),
    (OldKind.SOCIAL_ORG_NO, re.compile(r"[^0-9]{0,10}(?:民证|社证|社登|社政|民非|社团|基证)字?第?[0-9]{3,12}号?")),
)


def read_old_identifier(text: str) -> OldIdentifier | None:
    """Return the old identifier that `text` is (capitals, no blanks, half width), or None.

    Numbers of 13 and 14 digits have no check; they must begin with a province, as letters and digits that pass no check
    must. A number of one repeated digit is a placeholder and none.

    Source: GS 15-2006, GB 11714; kinds met on real files.
    """
    if len(set(text.replace("-", ""))) < 2:
        return None
    for kind, pattern in _WORDED:
        if pattern.fullmatch(text):
            return OldIdentifier(kind, text)
    if _COOPERATIVE.fullmatch(text):
        return OldIdentifier(OldKind.COOPERATIVE_NO, text)
    organisation = _ORG_CODE.fullmatch(text)
    if organisation and org_check(organisation[1]) == organisation[2]:
        return OldIdentifier(OldKind.ORG_CODE, f"{organisation[1]}-{organisation[2]}")
    return _registration_number(text)


def _registration_number(text: str) -> OldIdentifier | None:
    if text[:2] not in _REGISTRIES or not _LETTERED.fullmatch(text):
        return None
    if is_valid_reg_no(text):
        return OldIdentifier(OldKind.REG_NO_15, text)
    if len(text) == 15 and text[14] in "0123456789X" and org_check(text[6:14]) == text[14]:
        return OldIdentifier(OldKind.TAX_NO, text)
    by_length = {13: OldKind.REG_NO_13, 14: OldKind.REG_NO_14}
    kind = by_length.get(len(text)) if is_digits(text) else None
    return OldIdentifier(kind or OldKind.OTHER_REG_NO, text)

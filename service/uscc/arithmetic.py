"""Check characters of the codes that identify organisations and persons."""

from datetime import date
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a credit code, each worth its index: no I, O, Z, S, V (GB 32100-2015)."""

C18_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
ORG_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The characters of an organisation code, each worth its index, inside a credit code as well (GB 11714)."""
ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)

_ID_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))
_ID_CHECKS: Final = "10X98765432"

PROVINCES: Final = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
    ]
)
"""First two digits of the division codes in use (GB/T 2260)."""

_ID_PROVINCES: Final = PROVINCES | {"83"}
_DIGITS: Final = frozenset("0123456789")


def is_digits(text: str) -> bool:
    """Tell whether `text` is one or more of the ten ASCII digits and nothing else."""
    return bool(text) and _DIGITS.issuperset(text)


def c18(first17: str) -> str:
    """Return position 18 of the credit code that begins with `first17` (17 characters of `ALPHABET`).

    Raises:
        ValueError: another length or another character.

    Source: GB 32100-2015; 31 minus the weighted sum modulo 31, where 31 counts as 0.
    """
    if len(first17) != 17:
        raise ValueError(f"17 characters are needed, found {len(first17)}")
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(first17, C18_WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def org_check(first8: str) -> str:
    """Return position 9 of the organisation code that begins with `first8` (8 digits or capital letters).

    Raises:
        ValueError: another length or another character.

    Source: GB 11714; 11 minus the weighted sum modulo 11, where 10 is written X and 11 is written 0.
    """
    if len(first8) != 8:
        raise ValueError(f"8 characters are needed, found {len(first8)}")
    total = sum(ORG_ALPHABET.index(char) * weight for char, weight in zip(first8, ORG_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def reg_no_check(first14: str) -> str:
    """Return the last digit of the 15-digit registration number that begins with `first14`.

    Raises:
        ValueError: not 14 digits.

    Source: GS 15-2006 (工商注册号), ISO 7064 MOD 11,10.
    """
    if len(first14) != 14 or not is_digits(first14):
        raise ValueError(f"14 digits are needed, found {first14!r}")
    product = 10
    for digit in first14:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((1 - product) % 10)


def is_valid_reg_no(text: str) -> bool:
    """Tell whether `text` is 15 digits of which the last is the check digit of a registration number."""
    return len(text) == 15 and is_digits(text) and reg_no_check(text[:14]) == text[14]


def is_person_id(text: str) -> bool:
    """Tell whether `text` is a valid 18-character identity number of a natural person (居民身份证号码).

    Asked are the province, a birth date of the calendar from 1900 to 2099, and the check character (`X` in upper case).
    The permanent residence permit of foreigners is one too: 9, province, three digits for the country.

    Source: GB 11643-1999, ISO 7064 MOD 11-2; the permit's numbers since 2023 are of grade secondary.
    """
    return reads_like_person_id(text) and _ID_CHECKS[_id_total(text) % 11] == text[17]


def reads_like_person_id(text: str) -> bool:
    """Tell whether `text` has the shape of an 18-character identity number, whatever its check character says."""
    return (
        len(text) == 18
        and is_digits(text[:17])
        and text[17] in "0123456789X"
        and (text[:2] in _ID_PROVINCES or (text[0] == "9" and text[1:3] in _ID_PROVINCES))
        and _is_day(text[6:14])
    )


def reads_like_old_person_id(text: str) -> bool:
    """Tell whether `text` has the shape of a 15-digit identity number of before 1999, which has no check digit.

    One registration number in about thirty has it as well: only the words around it can decide.
    """
    return len(text) == 15 and is_digits(text) and text[:2] in PROVINCES and _is_day("19" + text[6:12])


def _id_total(text: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text[:17], _ID_WEIGHTS, strict=True))


def _is_day(text: str) -> bool:
    if text[:2] not in {"19", "20"}:
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True

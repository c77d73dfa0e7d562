import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.reading.sentinels import half_width


class Kind(StrEnum):
    """What kind of personal data a finding is."""

    IDENTITY_NUMBER = "identity_number"
    PHONE = "phone"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    EMAIL = "email"
    HOME_ADDRESS = "home_address"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a text: the characters from `start` to `end` (exclusive) are personal data of a kind."""

    kind: Kind
    start: int
    end: int


BLANKS: Final = "\t\n\r\xa0\xad\u2002\u2003\u2009\u200b\u200c\u200d\u200e\u200f\u202f\u2060\u3000\ufeff"
"""Blanks, line breaks and characters nobody sees: inside a number they all count as one blank."""
DASHES: Final = "‐‑‒–—―−－﹣"

_FOLDED: Final = str.maketrans(dict.fromkeys(BLANKS, " ") | dict.fromkeys(DASHES, "-") | {"•": "·", "・": "·"})
_MARK: Final = re.compile(r"\[已隐去:[^\]]*\]")


def folded(text: str) -> str:
    """Return `text` in half width with plain blanks and hyphens, character for character, marks of `blank` muted."""
    plain = half_width(text).translate(_FOLDED)
    return _MARK.sub(lambda mark: "□" * len(mark[0]), plain) if "已隐去" in plain else plain


def compact(text: str) -> str:
    """Return a number without the blanks, hyphens, dots and brackets that group it, in capitals."""
    return "".join(char for char in text if char.isascii() and char.isalnum()).upper()

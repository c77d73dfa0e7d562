"""How people and programs write a code: width, blanks, case, wrappings, look-alike characters."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from service.reading.sentinels import without_noise

# Only a wide or otherwise styled letter or digit *is* that letter or digit; a circled or raised one is something else.
_STYLES: Final = ("<wide>", "<narrow>", "<font>")
_CAPITALS: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_DASHES: Final = dict.fromkeys(map(ord, "‐‑‒–—―−─－﹣"), "-")
_QUOTES: Final = "'\"`‘’“”=,;:.、，；。："
_LABEL: Final = re.compile(
    r"(?:统一社会信用代码|统一信用代码|社会信用代码|信用代码|组织机构代码|(?:工商|营业执照)?注册号|(?:营业)?执照号|纳税人识别号|税号)"
    r"(?:证|号|码)*[:：]?"
)
_COPY_AFTER_BLANK: Final = re.compile(r"\s+[0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,2})?\s*$")
_COPY_IN_BRACKETS: Final = re.compile(r"[(（][0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,2})?[)）]$")
_DECIMAL_ZERO: Final = re.compile(r"([0-9]{13,})\.0+")

LOOK_ALIKES: Final[Mapping[str, str]] = {
    "O": "0",
    "o": "0",
    "I": "1",
    "i": "1",
    "l": "1L",
    "|": "1",
    "Z": "2",
    "z": "2",
    "S": "5",
    "s": "5",
    "V": "U",
    "v": "U",
    "-": "",
    "·": "",
    ".": "",
    "_": "",
    **dict(zip("АВСЕНКМРТХУавсенкмртху", "ABCEHKMPTXY" * 2, strict=True)),
    **dict(zip("ΑΒΕΗΚΜΝΡΤΧΥ", "ABEHKMNPTXY", strict=True)),
    **dict.fromkeys("ОоΟο", "0"),
    "З": "3",
    "з": "3",
    "×": "X",
    "Ι": "1",
    "І": "1",
}
"""What a character that no credit code has may have been, each possibility one character, "" = nothing."""


def normal_form(raw: str) -> str:
    """Return `raw` without blanks, noise and wrappings and in half width; case and look-alikes stay as they are.

    Wrappings are quotes and stray punctuation at the ends, a label in front (统一社会信用代码：), the number of a copy of the
    licence behind (`(1-1)`), and the `.0` of a number column. Dashes of any kind become a hyphen.
    """
    text = without_noise(raw)
    if not text.isascii():
        text = "".join(map(_plain, text)).translate(_DASHES)
    text = "".join(_COPY_AFTER_BLANK.sub("", text).split()).strip(_QUOTES)
    if not text.isalnum():
        text = _COPY_IN_BRACKETS.sub("", text)
        decimal = _DECIMAL_ZERO.fullmatch(text)
        text = decimal[1] if decimal else text
    return text if text.isascii() else _LABEL.sub("", text, count=1).strip(_QUOTES)


def capitals(text: str) -> str:
    """Return `text` with a to z as capitals; no other letter changes, so the length stays."""
    return text.translate(_CAPITALS)


def _plain(char: str) -> str:
    if unicodedata.decomposition(char).startswith(_STYLES):
        return unicodedata.normalize("NFKC", char)
    return char

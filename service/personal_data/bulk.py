"""The scan over whole columns: a cheap pattern finds the few texts that could hold something, `rules.scan` decides."""

from typing import Final

import polars as pl

from service.personal_data.findings import BLANKS, DASHES
from service.personal_data.places import PLATE_PROVINCES
from service.personal_data.rules import blank, scan


def _class(chars: str) -> str:
    return "[" + "".join(rf"\x{{{ord(char):x}}}" for char in chars) + "]"


# Whatever `scan` finds has eleven digits in a row (grouped by what `folded` and the patterns let pass), or one of these words.
_CANDIDATE: Final = "|".join(
    (
        rf"(?:[0-9０-９]{_class(BLANKS + DASHES + ' -－.．·•・)）')}{{0,4}}){{10}}[0-9０-９]",
        "[@＠]",
        rf"[{PLATE_PROVINCES}]{_class(BLANKS + ' ')}?[A-Za-zＡ-Ｚａ-ｚ]",
        "电话|手机|座机|固话|传真|联系方式|联系人|致电|拨打|微信|(?i:tel|phone|mobile)|[\uff34\uff54\uff30\uff50\uff2d\uff4d]",
        "身份|护照|通行证|台胞证|回乡证|车牌|号牌|牌照|军车",
        "[WwＷｗ][JjＪｊ]",
        rf"使{_class(BLANKS + ' ')}?[·.．•・]?[0-9０-９]{{6}}",
        r"住址|现住|家住|住在|住于|居住|现居|暂住|户籍|户口|家庭地址|(?:^|[^\x{4e00}-\x{9fff}])住",
    )
)


def scan_series(values: pl.Series) -> pl.Series:
    """Return for each text whether it holds personal data; as `bool(rules.scan(text))`, false for null."""
    texts = values.cast(pl.String)
    may_hold = texts.str.contains(_CANDIDATE).fill_null(value=False)
    if not may_hold.any():
        return may_hold
    holding = [text for text in texts.filter(may_hold).unique() if scan(text)]
    return may_hold & texts.is_in(holding).fill_null(value=False)


def blank_series(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the texts with personal data blanked as `rules.blank` does, and for each whether anything was."""
    texts = values.cast(pl.String)
    found = scan_series(texts)
    if not found.any():
        return texts, found
    distinct = texts.filter(found).unique()
    return texts.replace(distinct, pl.Series([blank(text) for text in distinct], dtype=pl.String)), found

"""The scan over whole columns: a cheap pattern finds the few texts that could hold something, `rules.scan` decides."""

from typing import Final

import polars as pl

from service.personal_data.rules import blank, scan

# Every finding has ten digits in a row (blanks, hyphens and full width allowed), or one of these marks.
_PLATES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CANDIDATE: Final = (
    r"(?:[0-9０-９][ \-\x{3000}\x{A0}\x{FF0D}\x{2013}\x{2014}]?){10}|[@＠]|住|户籍|户口|电话|手机|联系方式|热线"
    rf"|[{_PLATES}][A-HJ-NP-ZＡ-Ｚ]"
)


def scan_series(values: pl.Series) -> pl.Series:
    """Return for each text whether it holds personal data; as `bool(rules.scan(text))`, false for null."""
    found = values.str.contains(_CANDIDATE).fill_null(value=False)
    places = [place for place in found.arg_true() if not scan(values[place])]
    return found.scatter(places, False) if places else found


def blank_series(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the texts with personal data blanked, and for each whether anything was."""
    found = scan_series(values)
    places = found.arg_true().to_list()
    if not places:
        return values, found
    return values.clone().scatter(places, [blank(values[place]) for place in places]), found

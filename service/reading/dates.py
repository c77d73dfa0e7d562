import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from service.reading.sentinels import half_width, is_blank, without_noise

# Civil days of the law are Chinese days; an instant with an offset is moved there before its day is taken.
_CHINA: Final = timezone(timedelta(hours=8))
_FIRST_YEAR, _LAST_YEAR = 1949, 2100
_DAY_ZERO: Final = date(1899, 12, 30)
_DAY_ZERO_1904: Final = date(1904, 1, 1)

_NUMERALS: Final = {
    char: str(n)
    for n, chars in enumerate(("〇○零ＯO", "一壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for char in chars
}
_CN: Final = "".join(_NUMERALS)
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: n for n, name in enumerate(_MONTH_NAMES, 1)}

_CLOCK: Final = (
    r"(?:[T ]*(?:[上下]午|[AaPp][Mm])? ?(?P<hour>[0-9]{1,2})[:时点](?P<minute>[0-9]{1,2})分?"
    r"(?::?(?P<second>[0-9]{1,2})秒?)?(?:[.,][0-9]+)?"
    r" ?(?:[AaPp][Mm])? ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?|[ T]*[0-9]{1,2}时)?"
)
_TAIL: Final = r"(?: *[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?)?" + _CLOCK + r"[.。,;起止前]?"
_YEAR_FIRST: Final = re.compile(
    r"(?P<year>[0-9]{4}|[0-9]{2})(?: ?[-/.年,、_—–] ?| )(?P<month>[0-9]{1,2})(?: ?[-/.月,、_—–] ?| )(?P<day>[0-9]{1,2}) ?[日号]?"
    + _TAIL
)
_COMPACT: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?:\.0+|[ T]?[0-9]{6}(?:[0-9]{3})?|[ T]?[0-9]{4}|"
    + _CLOCK
    + ")"
)
_YEAR_LAST: Final = re.compile(r"(?P<first>[0-9]{1,2})[-/.](?P<second_field>[0-9]{1,2})[-/.](?P<year>[0-9]{4})" + _TAIL)
_SHORT: Final = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}" + _TAIL)
_SERIAL: Final = re.compile(r"(?P<days>[0-9]{5})(?:\.[0-9]+)?")
_NO_DAY: Final = re.compile(r"[0-9]{4}(?:年度?|[-/.年][0-9]{1,2}月?份?|(?:0[1-9]|1[0-2])|)")
_IN_NUMERALS: Final = re.compile(
    rf"(?P<year>[{_CN}0-9]{{4}})年(?P<month>[{_CN}十拾0-9]{{1,3}})月(?P<day>[{_CN}十拾廿卅0-9]{{1,4}})[日号]?"
)
_NAMED: Final = re.compile(
    r"(?:[A-Za-z]{3,9},? +)?(?:(?P<day>[0-9]{1,2})[- ](?P<name>[A-Za-z]{3})[A-Za-z]*[-, ]+(?P<year>[0-9]{4})|"
    r"(?P<name2>[A-Za-z]{3})[A-Za-z]*\.? +(?P<day2>[0-9]{1,2})(?:,? +[0-9:]{8}(?: +[A-Z]{3})?|,) +"
    r"(?P<year2>[0-9]{4}))(?: +[0-9:]+)?"
)
_UNLIMITED: Final = re.compile(
    r"无?固定期限|长期(?:有效)?|永久|永续|无限期|不限期?|无期限|终身|至今|9999[-/.年]?12[-/.月]?31日?"
)
_RANGE: Final = re.compile(r"\s*(?:至|到|~|～|——|—|--|–| - )\s*")


@dataclass(frozen=True, slots=True)
class DateReading:
    """A civil day, the form it was written in, or what is wrong with the text.

    `form` is `year_first`, `compact`, `numerals`, `serial`, `year_last`, `named_month` or `none`. `problem` is None exactly
    when `value` is set: `blank`, `unreadable`, `impossible` (30 February), `out_of_range` (before 1949, after 2100),
    `two_digit_year`, `ambiguous` (3/4/2018), `no_day` (a year or a month only).
    """

    value: date | None
    form: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DateRangeReading:
    """A period as a register states it, both days included.

    `is_open_ended` says that the text states an end in no year (无固定期限, 长期). `problem` is None, `blank`, `no_end`,
    `reversed` or the problem of the day that could not be read.
    """

    starts_on: date | None
    ends_on: date | None
    is_open_ended: bool
    problem: str | None = None


def _plain(text: str) -> str:
    plain = half_width(without_noise(text)).replace("－", "-").replace("．", ".").replace("∕", "/").replace("‐", "-")
    return " ".join(plain.split()).strip("'\"`")


def _day(year: int, month: int, day: int, form: str) -> DateReading:
    try:
        value = date(year, month, day)
    except ValueError:
        return DateReading(None, form, "impossible")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        return DateReading(None, form, "out_of_range")
    return DateReading(value, form)


def _civil_day(match: re.Match[str], form: str) -> DateReading:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    reading = _day(year, month, day, form)
    zone = match["zone"]
    hour, minute, second = int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0)
    if hour > 24 or minute > 59 or second > 60:
        return DateReading(None, form, "impossible")
    if reading.value is None or not zone:
        return reading
    if zone in {"Z", "UTC"}:
        offset = timedelta(0)
    else:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    instant = datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute) - offset
    return _day(*instant.astimezone(_CHINA).timetuple()[:3], form)


def _numeral(text: str) -> int | None:
    """Return 31 for 三十一, 廿八 as 28, 2 for 二, 0八 as 8; None for what is no number below 100."""
    written = text.replace("拾", "十").replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = written.rpartition("十")
    digits = "".join(_NUMERALS.get(char, char) for char in ones)
    if ten:
        lead = "".join(_NUMERALS.get(char, char) for char in tens) or "1"
        digits = lead + (digits or "0")
    return int(digits) if digits.isdecimal() and len(digits) <= 2 else None


def read_date(text: str | None, *, date1904: bool = False) -> DateReading:
    """Return the civil day that a cell's text states.

    Read are the year first with any usual mark (2017-08-18, 2017/8/18, 2017.8.18, 2017年8月18日), 20170818, Chinese
    numerals (二〇一七年八月十八日), spreadsheet serials as text (42965, 42965.5; `date1904` for workbooks that count from
    1904), English month names, and the year last where day and month cannot be confused. A time of day is dropped; with
    an offset it first moves the day to China's standard time (UTC+8). Two-digit years are refused.
    """
    if text is None or is_blank(text):
        return DateReading(None, "none", "blank")
    plain = _plain(text)
    if len(plain) > 64:
        return DateReading(None, "none", "unreadable")
    if match := _YEAR_FIRST.fullmatch(plain):
        if len(match["year"]) == 2:
            return DateReading(None, "year_first", "two_digit_year")
        return _civil_day(match, "year_first")
    if match := _COMPACT.fullmatch(plain):
        return _civil_day(match, "compact")
    if match := _SERIAL.fullmatch(plain):
        day = (_DAY_ZERO_1904 if date1904 else _DAY_ZERO) + timedelta(days=int(match["days"]))
        return _day(day.year, day.month, day.day, "serial")
    return _rarer_form(plain)


def _rarer_form(plain: str) -> DateReading:
    if match := _YEAR_LAST.fullmatch(plain):
        first, second, year = int(match["first"]), int(match["second_field"]), int(match["year"])
        if first != second and first <= 12 and second <= 12:
            return DateReading(None, "year_last", "ambiguous")
        month, day = (first, second) if second > 12 else (second, first)
        return _day(year, month, day, "year_last")
    if match := _IN_NUMERALS.fullmatch(plain.replace(" ", "")):
        month_number, day_number = _numeral(match["month"]), _numeral(match["day"])
        year_number = "".join(_NUMERALS.get(char, char) for char in match["year"])
        if month_number is None or day_number is None or not year_number.isdecimal():
            return DateReading(None, "numerals", "unreadable")
        return _day(int(year_number), month_number, day_number, "numerals")
    if match := _NAMED.fullmatch(plain):
        month_number = _MONTHS.get((match["name"] or match["name2"]).lower())
        if month_number:
            return _day(
                int(match["year"] or match["year2"]), month_number, int(match["day"] or match["day2"]), "named_month"
            )
    if _SHORT.fullmatch(plain):
        return DateReading(None, "none", "two_digit_year")
    if _NO_DAY.fullmatch(plain):
        return DateReading(None, "none", "no_day")
    return DateReading(None, "none", "unreadable")


def read_date_range(text: str | None, *, date1904: bool = False) -> DateRangeReading:
    """Return the period that a cell such as `1999-11-01 至 无固定期限` states, both days included.

    A lone day is a start without a stated end (`no_end`); `长期` alone is open-ended without a start.
    """
    if text is None or is_blank(text):
        return DateRangeReading(None, None, is_open_ended=False, problem="blank")
    plain = _plain(text).removeprefix("自").replace("起至", "至").replace("起到", "至").removesuffix("止").strip()
    if _UNLIMITED.fullmatch(plain):
        return DateRangeReading(None, None, is_open_ended=True)
    parts = [part for part in _RANGE.split(plain, maxsplit=1) if part]
    start = read_date(parts[0], date1904=date1904) if parts else DateReading(None, "none", "unreadable")
    if start.value is None or len(parts) == 1:
        return DateRangeReading(start.value, None, is_open_ended=False, problem=start.problem or "no_end")
    if _UNLIMITED.fullmatch(parts[1].strip()):
        return DateRangeReading(start.value, None, is_open_ended=True)
    end = read_date(parts[1], date1904=date1904)
    if end.value is not None and end.value < start.value:
        return DateRangeReading(start.value, end.value, is_open_ended=False, problem="reversed")
    return DateRangeReading(start.value, end.value, is_open_ended=False, problem=end.problem)

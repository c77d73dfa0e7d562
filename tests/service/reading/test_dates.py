from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.dates import DateRangeReading, read_date, read_date_range

DAY = date(2017, 8, 18)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        *(
            (text, "year_first")
            for text in ("2017-08-18", "2017/8/18", "2017.8.18", "2017年8月18日", "2017年08月18", "2017-8-18日")
        ),
        *(
            (text, "year_first")
            for text in (
                "２０１７年８月１８日",
                "2017－8－18",
                "　2017-08-18\u200b",
                "2017 年 8 月 18 日",
                "2017.8.18.",
            )
        ),
        *(
            (text, "year_first")
            for text in ("2017-08-18 00:00:00", "2017/8/18 9:05", "2017年8月18日 10时30分", "2017-08-18T10:20:30.123")
        ),
        ("2017年8月18日（星期五）", "year_first"),
        ("20170818", "compact"),
        ("20170818.0", "compact"),
        ("20170818103000", "compact"),
        ("二〇一七年八月十八日", "numerals"),
        ("二○一七年八月十八日", "numerals"),
        ("二零一七年八月十八号", "numerals"),
        ("贰零壹柒年捌月拾捌日", "numerals"),
        ("42965", "serial"),
        ("42965.0", "serial"),
        ("42965.75", "serial"),
        ("18/8/2017", "year_last"),
        ("8/18/2017", "year_last"),
        ("18-Aug-2017", "named_month"),
        ("Aug 18, 2017", "named_month"),
        ("Fri Aug 18 00:00:00 CST 2017", "named_month"),
    ],
)
def test_one_day_is_read_in_every_form(text: str, form: str) -> None:
    reading = read_date(text)
    assert (reading.value, reading.form, reading.problem) == (DAY, form, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, "blank") for text in (None, "", "　", "N/A", "-", "不详", "无")),
        *((text, "two_digit_year") for text in ("17-8-18", "17年8月18日", "18/8/17")),
        ("3/4/2018", "ambiguous"),
        *(
            (text, "impossible")
            for text in (
                "2017-02-29",
                "2017-13-01",
                "0000-00-00",
                "20170230",
                "2017-08-18 25:00",
                "二〇一七年十三月一日",
            )
        ),
        *(
            (text, "out_of_range")
            for text in ("1948-12-31", "2101-01-01", "9999-12-31", "1900-01-01", "17898", "73416")
        ),
        *((text, "no_day") for text in ("2017", "2017年", "2017年8月", "201708", "2017-08")),
        *((text, "unreadable") for text in ("星期五", "罚款5000元", "2017-08-18x", "1234567", "2017年8月份处罚情况")),
    ],
)
def test_what_is_no_day_says_why(text: str | None, problem: str) -> None:
    reading = read_date(text)
    assert (reading.value, reading.problem) == (None, problem)


def test_bounds_leap_day_and_equal_fields() -> None:
    assert read_date("1949-01-01").value == date(1949, 1, 1)
    assert read_date("2100-12-31").value == date(2100, 12, 31)
    assert read_date("2020-02-29").value == date(2020, 2, 29)
    assert read_date("8/8/2018").value == date(2018, 8, 8)
    assert read_date("二〇一七年十二月三十一日").value == date(2017, 12, 31)
    assert read_date("二〇二〇年一月廿八日").value == date(2020, 1, 28)


def test_an_offset_moves_the_day_to_china() -> None:
    assert read_date("2017-08-17T16:00:00Z").value == DAY
    assert read_date("2017-08-17T15:59:59Z").value == DAY - timedelta(days=1)
    assert read_date("2017-08-18T23:00:00+08:00").value == DAY
    assert read_date("2017-08-17T20:00:00-05:00").value == DAY


def test_serials_of_workbooks_that_count_from_1904() -> None:
    assert read_date("41503", date1904=True).value == DAY


@given(st.dates(date(1949, 1, 1), date(2100, 12, 31)), st.sampled_from(["-", "/", "."]))
def test_every_day_is_read_back(day: date, mark: str) -> None:
    assert read_date(f"{day.year}{mark}{day.month}{mark}{day.day}").value == day
    assert read_date(f"{day:%Y%m%d}").value == day
    assert read_date(str((day - date(1899, 12, 30)).days)).value == day


@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789年月日-/. :TZ+十二〇", max_size=24)))
def test_no_text_makes_it_raise(text: str) -> None:
    reading = read_date(text)
    assert (reading.value is None) == (reading.problem is not None)
    assert read_date_range(text).is_open_ended in {True, False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1999-11-01 至 无固定期限", DateRangeReading(date(1999, 11, 1), None, is_open_ended=True)),
        ("1999-11-01至2019-10-31", DateRangeReading(date(1999, 11, 1), date(2019, 10, 31), is_open_ended=False)),
        (
            "自2018年1月1日起至2020年12月31日止",
            DateRangeReading(date(2018, 1, 1), date(2020, 12, 31), is_open_ended=False),
        ),
        ("2018/1/1 - 2018/12/31", DateRangeReading(date(2018, 1, 1), date(2018, 12, 31), is_open_ended=False)),
        ("2018-01-01~9999-12-31", DateRangeReading(date(2018, 1, 1), None, is_open_ended=True)),
        ("长期", DateRangeReading(None, None, is_open_ended=True)),
        ("1999-11-01", DateRangeReading(date(1999, 11, 1), None, is_open_ended=False, problem="no_end")),
        (
            "2020-01-01 至 2019-01-01",
            DateRangeReading(date(2020, 1, 1), date(2019, 1, 1), is_open_ended=False, problem="reversed"),
        ),
        ("2020-01-01 至 某日", DateRangeReading(date(2020, 1, 1), None, is_open_ended=False, problem="unreadable")),
        ("-", DateRangeReading(None, None, is_open_ended=False, problem="blank")),
    ],
)
def test_ranges(text: str, expected: DateRangeReading) -> None:
    assert read_date_range(text) == expected

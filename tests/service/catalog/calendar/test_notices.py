from datetime import date

import pytest

from service.catalog.calendar.notices import ImpossibleNotice, Notice, UnreadableNotice, check_notice, read_notice
from service.working_days.packaged import packaged_years
from service.working_days.rules import CalendarDay

#: In the form of such notices, with the days of 2026; the number is made up.
NOTICE_2026 = """国务院办公厅关于2026年部分节假日安排的通知
国办发明电〔2025〕99号
各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
　　经国务院批准，现将2026年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
　　一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
　　二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
　　三、清明节：4月4日（周六）至6日（周一）放假，共3天。
　　四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
　　五、端午节：6月19日（周五）至21日（周日）放假，共3天。
　　六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
　　七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
　　节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。
"""


def test_a_notice_is_read_as_the_package_has_it() -> None:
    notice = read_notice(NOTICE_2026)
    assert (notice.year, notice.document_no) == (2026, "国办发明电〔2025〕99号")
    assert notice.title == "国务院办公厅关于2026年部分节假日安排的通知"
    assert [(one.day, one.is_workday) for one in notice.days] == [
        (one.day, one.is_workday) for one in packaged_years()[2026]
    ]
    assert notice.days[0].name == "元旦"


def test_days_of_the_december_before_are_read() -> None:
    text = """国务院办公厅关于2019年部分节假日安排的通知
一、元旦：2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。
二、劳动节：5月1日放假。
三、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。"""
    days = {one.day: one.is_workday for one in read_notice(text).days}
    assert days[date(2018, 12, 31)] is False
    assert days[date(2018, 12, 29)] is True
    assert len(days) == 3 + 1 + 1 + 7 + 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param("国务院办公厅关于2026年", "关于", "no title", id="no title"),
        pytest.param("关于2026年", "关于2027年", "check the year", id="weekdays of another year"),
        pytest.param("共9天", "共8天", "9 days off were read and the text says 8", id="a sum that does not fit"),
        pytest.param("4月4日（周六）至6日（周一）放假", "4月31日放假", "no day of the calendar", id="no such day"),
        pytest.param("五、端午节：6月19日", "五、端午节：另行通知。", "0 days off", id="an item without days"),
    ],
)
def test_what_cannot_be_read_with_certainty_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(UnreadableNotice, match=words):
        read_notice(NOTICE_2026.replace(old, new))


def days_of(*texts: str) -> tuple[CalendarDay, ...]:
    """Read `2027-01-01` as a day off and `2027-01-02 worked` as a day worked."""
    return tuple(CalendarDay(date.fromisoformat(text[:10]), "worked" in text, "示例") for text in texts)


FIXED = ("2027-01-01", "2027-05-01", "2027-10-01")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        pytest.param((*FIXED, "2027-05-01"), "2027-05-01 are named twice", id="a day twice"),
        pytest.param((*FIXED, "2028-01-01"), "belong neither to 2027", id="a day of the next year"),
        pytest.param((*FIXED, "2026-11-30"), "belong neither to 2027", id="November of the year before"),
        pytest.param((*FIXED, "2027-05-06 worked"), "are weekdays", id="a Thursday worked in exchange"),
        pytest.param(FIXED[:2], "2027-10-01 are holidays by law", id="no National Day"),
    ],
)
def test_impossible_days_are_refused(days: tuple[str, ...], words: str) -> None:
    with pytest.raises(ImpossibleNotice, match=words):
        check_notice(Notice(2027, "示例通知", None, days_of(*days)))


def test_possible_days_are_taken() -> None:
    check_notice(Notice(2027, "示例通知", None, days_of(*FIXED, "2026-12-31", "2027-05-08 worked")))

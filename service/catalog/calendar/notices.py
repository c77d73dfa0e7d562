"""The State Council's yearly notice on holidays: its text read, and its days held to what such a notice can say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.errors import Invalid
from service.working_days.rules import CalendarDay

_NUMBER: Final = re.compile(r"国办发(?:明电)?〔\d{4}〕\d+号")
_TITLE: Final = re.compile(r"国务院办公厅关于(\d{4})年[^\s，。]*安排的通知")
_ITEM: Final = re.compile(r"^\s*[一二三四五六七八九十]{1,3}、\s*([^：:]{1,40})[：:](.*)$")
_DAYS: Final = re.compile(
    r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日(?:[（(](?P<word>[^）)]*)[）)])?"
    r"(?:至(?:(?P<last_year>\d{4})年)?(?:(?P<last_month>\d{1,2})月)?(?P<last_day>\d{1,2})日"
    r"(?:[（(](?P<last_word>[^）)]*)[）)])?)?"
)
_SUM: Final = re.compile(r"共(\d+)天")
_WEEKDAY: Final = re.compile(r"(?:周|星期)([一二三四五六日天])")
_WEEKDAYS: Final = "一二三四五六日"
#: Days that the law makes a holiday every year, whatever the notice: month and day.
_FIXED: Final = ((1, 1), (5, 1), (10, 1))


class UnreadableNotice(Invalid):
    """The text is not a notice of the State Council on a year's holidays, or a passage of it could not be read with certainty."""

    code = "unreadable_notice"


class ImpossibleNotice(Invalid):
    """The days contradict what a yearly notice can say: a weekday worked in exchange, a day of another year, a day twice."""

    code = "impossible_notice"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for the holidays of `year`: its days off (weekend days among them) and the weekend days that are worked."""

    year: int
    title: str
    document_no: str | None
    days: tuple[CalendarDay, ...]


def read_notice(text: str) -> Notice:
    """Return what the text of a notice says, in the form it has had since 2008 (一、元旦：1月1日（周四）至3日（周六）放假…).

    Weekdays and sums of days in the text are checked, so that a passage is read rightly or not at all.

    Raises:
        UnreadableNotice: title or items are missing, or a weekday or a sum does not fit.
        ImpossibleNotice: see `check_notice`.
    """
    title = _TITLE.search(text)
    if title is None:
        raise UnreadableNotice(
            "The text has no title such as 国务院办公厅关于2027年部分节假日安排的通知; give the whole notice.",
            detail_zh="未找到“国务院办公厅关于××××年部分节假日安排的通知”字样，请提供通知全文。",
        )
    year = int(title[1])
    days = [day for item in map(_ITEM.match, text.splitlines()) if item for day in _item(year, item[1], item[2])]
    number = _NUMBER.search(text)
    notice = Notice(year, title[0], number[0] if number else None, tuple(sorted(days, key=lambda one: one.day)))
    check_notice(notice)
    return notice


def check_notice(notice: Notice) -> None:
    """Refuse days that no notice for the year can mean. December of the year before may be named, as some notices did.

    Raises:
        ImpossibleNotice: what is wrong, with the day.
    """
    days = [one.day for one in notice.days]
    twice = sorted({day for day in days if days.count(day) > 1})
    strange = [day for day in days if day.year != notice.year and (day.year, day.month) != (notice.year - 1, 12)]
    weekdays = [one.day for one in notice.days if one.is_workday and one.day.weekday() < 5]
    off = {one.day for one in notice.days if not one.is_workday}
    missing = [date(notice.year, *fixed) for fixed in _FIXED if date(notice.year, *fixed) not in off]
    for found, words, words_zh in (
        (twice, "are named twice", "重复出现"),
        (strange, f"belong neither to {notice.year} nor to the December before", "不属于该年度"),
        (weekdays, "are weekdays and so cannot be worked in exchange", "不是周末，不可能是调休上班日"),
        (missing, "are holidays by law and are not named", "为法定节日而未列出"),
    ):
        if found:
            raise ImpossibleNotice(
                f"In the notice for {notice.year}, {', '.join(map(str, found[:5]))} {words}.",
                detail_zh=f"{notice.year} 年通知有误：{'、'.join(map(str, found[:5]))}{words_zh}。",
            )


def _item(year: int, name: str, text: str) -> Iterator[CalendarDay]:
    found: list[CalendarDay] = []
    for sentence in text.split("。"):
        is_workday = "上班" in sentence
        if is_workday or "放假" in sentence:
            found += (CalendarDay(day, is_workday, name.strip()) for day in _days(year, sentence))
    off = sum(not one.is_workday for one in found)
    stated = _SUM.search(text)
    if not off or (stated is not None and int(stated[1]) != off):
        raise UnreadableNotice(
            f"{name}: {off} days off were read{f' and the text says {stated[1]}' if stated else ''}; enter the days one by one.",
            detail_zh=f"“{name}”读出放假 {off} 天，与通知所述不符，请改为逐日填报。",
        )
    yield from found


def _days(year: int, sentence: str) -> Iterator[date]:
    for found in _DAYS.finditer(sentence):
        first = _day(found["year"] or year, found["month"], found["day"], found["word"])
        if found["last_day"] is None:
            yield first
            continue
        last_year = found["last_year"] or first.year
        last = _day(last_year, found["last_month"] or first.month, found["last_day"], found["last_word"])
        for after in range((last - first).days + 1):
            yield first + timedelta(days=after)


def _day(year: str | int, month: str | int, day: str | int, word: str | None) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise UnreadableNotice(
            f"{year}-{month}-{day} is no day of the calendar.", detail_zh=f"{year}年{month}月{day}日不存在。"
        ) from error
    weekday = _WEEKDAY.search(word or "")
    if weekday is not None and _WEEKDAYS.index(weekday[1].replace("天", "日")) != found.weekday():
        raise UnreadableNotice(
            f"The text calls {found} a {weekday[0]}, and it is a 周{_WEEKDAYS[found.weekday()]}; check the year.",
            detail_zh=f"{found} 应为周{_WEEKDAYS[found.weekday()]}，通知写作{weekday[0]}，请核对年份。",
        )
    return found

"""What an authority is told about its own work: overdue deadlines as a formal letter, and the quality of what it supplied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from service.catalog.rules import Catalog
from service.errors import NotFound
from service.imports.rules import REASONS
from service.letters.rules import citation_words, day_words
from service.working_days.rules import working_days_left

#: Lines of a letter; what is overdue beyond them is counted.
NAMED: Final = 100
#: Closed months for which a missing sheet is made good.
MONTHS: Final = 12
LETTER_TOPIC: Final = "reminder_letter"
SHEET_TOPIC: Final = "quality_sheet"
_CHANNELS: Final = {"gsxt": "国家企业信用信息公示系统", "credit_china": "信用中国", "enterprise": "企业自行公示"}


class NoSuchLetter(NotFound):
    """There is no reminder letter of this id that the key may see."""

    code = "no_such_letter"


class NoSuchSheet(NotFound):
    """There is no sheet of data quality of this authority and month that the key may see; those of closed months are made by a job."""

    code = "no_such_sheet"


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many open deadlines of one row of the rulebook had their last day on `due_on`, which has passed."""

    deadline: str
    rule_id: str
    channel: str
    due_on: date
    count: int


def week_of(day: date) -> date:
    """Return the Monday with which the week of a day begins."""
    return day - timedelta(days=day.weekday())


def letter_number(authority_code: str, week_on: date) -> str:
    """Return the number of an authority's letter of a week."""
    year, week, _ = week_on.isocalendar()
    return f"催〔{year}〕第{week}周（{authority_code}）"


def letter_page(
    catalog: Catalog, authority_code: str, overdue: Sequence[Overdue], *, week_on: date, number: str
) -> dict[str, Any]:
    """Return what a letter says: how much was overdue when its week began, by deadline and last day, and the law behind it.

    It holds no name, no code, no number of a decision and no id of a record: it is read by those who only supervise, too. The
    day is the week's first, so that the letter says the same on whatever day of the week it is written.
    """
    authority = catalog.authority_by_code[authority_code]
    higher = catalog.authority_by_code.get(authority.parent_code or "")
    rules = {rule.id: rule for rule in catalog.deadlines.rules}
    table = [["期限", "事项", "渠道", "最后期限", "逾期工作日", "件数"]]
    for one in overdue[:NAMED]:
        rule = rules.get(one.rule_id)
        late = -working_days_left(week_on, one.due_on, catalog.calendar)
        event = one.deadline if rule is None else rule.event_zh or rule.event
        channel = _CHANNELS.get(one.channel, one.channel)
        table.append([one.deadline, event, channel, one.due_on.isoformat(), str(late), str(one.count)])
    laws = sorted({citation_words(rules[one.rule_id].citation) for one in overdue if one.rule_id in rules})
    rest = sum(one.count for one in overdue[NAMED:])
    total = sum(one.count for one in overdue)
    signed_by = "信用信息系统（自动生成）" if higher is None else higher.name
    return {
        "title": "逾期事项催办函",
        "authority": signed_by,
        "number": number,
        "addressee": authority.name,
        "parts": [
            {
                "heading": None,
                "lines": [f"截至{day_words(week_on)}，你机关有{total}项法定期限已经届满，尚未登记对方的接收结果："],
                "table": table,
            },
            {
                "heading": None,
                "lines": [
                    *([f"另有{rest}项未逐一列出。"] if rest else []),
                    "各项明细可在系统的期限清单中查询。请尽快办理；已经办理的，请登记对方接收的日期；对方退回的，请登记退回的原因。",
                    f"依据：{'；'.join(laws)}。",
                ],
                "table": [],
            },
        ],
        "signed_by": signed_by,
        "signed_on": day_words(week_on),
        "blanks": [],
        "footer": f"信用（Xinyong） {LETTER_TOPIC}",
    }


def closed_months(today: date) -> list[date]:
    """Return the first days of the months that have ended, the last ones, oldest first."""
    found, first = [], today.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found[::-1]


def next_month(month_on: date) -> date:
    """Return the first day of the month behind."""
    return (month_on + timedelta(days=31)).replace(day=1)


#: Columns of a sheet as a file.
COLUMNS: Final = ("month", "authority", "source", "kind", "measure", "count", "words", "words_zh", "what_to_do")


def reasons_view(reasons: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return reasons with how many rows each stands for, in words, the most frequent first."""
    return [
        {"code": code, "rows": rows, "words": known.words, "words_zh": known.words_zh, "remedy": known.remedy}
        for code, rows in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
        if (known := REASONS.get(code)) is not None
    ]


def sheet_rows(authority_code: str, month: str, content: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a sheet as a file, each as long as `COLUMNS`."""
    for source in content["sources"]:
        begin = (month, authority_code, source["source"], source["kind"])
        counts = {name: source[name] for name in ("imports", "reverted", "failed", "rows", "disputed_open")}
        counts |= source["outcomes"]
        for name, count in counts.items():
            yield (*begin, name, str(count), "", "", "")
        for one in source["reasons"]:
            told = (one["words"], one["words_zh"], one["remedy"])
            yield (*begin, f"reason:{one['code']}", str(one["rows"]), *told)
    for one in content["deadlines"]:
        for name in ("due", "on_time", "late", "overdue", "rejected"):
            yield (month, authority_code, "", one["deadline"], f"deadline:{name}", str(one[name]), "", "", "")

"""Notices by mail: to whom, what they say, and when a try is repeated.

A notice says that something waits, and by when; what it is, its reader sees with his own key. No name, no code and no number of a
decision travels by mail (house decision 4).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from email.message import EmailMessage
from hashlib import sha256
from typing import Final

from service.errors import Forbidden, NotFound
from service.records.outbox import AUTHORITY_NOTICE

#: What goes to the people of the record's own authority. What is overdue goes to the next higher authority too.
TOPICS: Final = (
    *(AUTHORITY_NOTICE, "deadline_reminder", "deadline_overdue", "reminder_letter", "quality_sheet"),
    *("report_received", "report_overdue"),
)
TO_THE_NEXT_HIGHER: Final = "deadline_overdue"
#: A try that failed is repeated after one minute, then after twice the time before, at most after six hours.
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
#: After so many tries nothing is sent any more; the item stays open, and its list shows it as before.
MOST_ATTEMPTS: Final = 12

_WORDS: Final = {
    AUTHORITY_NOTICE: ("有事项待办理", "something waits for a decision of your authority"),
    "deadline_reminder": ("期限将至，且临近长假", "a deadline falls due about a long holiday"),
    "reminder_letter": ("有新的逾期事项催办函", "a letter about overdue deadlines was written to your authority"),
    "quality_sheet": ("有新的数据质量月报", "the monthly sheet of your data quality was written"),
    "deadline_overdue": ("期限已过", "a deadline has passed"),
    "report_received": ("有平台报送的密封报告", "a platform sent a sealed report"),
    "report_overdue": ("有平台逾期未答复的请求", "a platform has not answered a request in time"),
}


class NotYourNotices(Forbidden):
    """Where an authority is told is said by who binds it, and seen by its own people."""

    code = "not_your_notices"


class NoAddresses(NotFound):
    """The authority has not said where it wants to be told."""

    code = "no_addresses"


@dataclass(frozen=True, slots=True)
class Notice:
    """One item of the outbox for one address."""

    outbox_id: int
    address: str
    attempts: int
    topic: str
    record_kind: str
    record_id: str
    due_on: date | None


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries, at least one."""
    doublings: int = min(attempts - 1, 20)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))


def begin_mail(subject: str, *, sender: str, to: str, name: str) -> EmailMessage:
    """Return a mail without its words. `name` is the same at every try, so that a second copy is known for one."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def message_of(notice: Notice, *, sender: str) -> EmailMessage:
    """Return the mail. Its Message-ID is the same at every try, so that a second copy is known for one."""
    words_zh, words = _WORDS[notice.topic]
    mark = sha256(f"{notice.outbox_id}|{notice.address}".encode()).hexdigest()[:24]
    message = begin_mail(
        f"【信用】{words_zh}（{notice.outbox_id}）", sender=sender, to=notice.address, name=f"{notice.outbox_id}.{mark}"
    )
    due_zh = f"最后期限：{notice.due_on}\n" if notice.due_on else ""
    due = f"Last day: {notice.due_on}\n" if notice.due_on else ""
    kind = notice.record_kind.replace("_", " ")
    message.set_content(
        f"{words_zh}。请登录系统办理。\n记录编号：{notice.record_id}\n{due_zh}\n"
        f"Xinyong: {words}.\nRecord: {kind} {notice.record_id}\n{due}"
    )
    return message

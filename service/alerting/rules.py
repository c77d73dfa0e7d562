"""What operators are woken for, and how it is told. No record, code or name of a firm is in an alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, Final

from service.mail.rules import begin_mail

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to know of: `kind` is job_overdue, job_failed, release_stopped, feed_broken_off, file_held or file_overdue."""

    key: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as it is told: since when, and when it was over, if it is."""

    key: str
    kind: str
    words: str
    since: datetime
    over_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """Return what a webhook is sent."""
        return {
            "key": self.key,
            "kind": self.kind,
            "state": "over" if self.over_at else "found",
            "words": self.words,
            "since": self.since.isoformat(),
            "over_at": None if self.over_at is None else self.over_at.isoformat(),
        }


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries, at least one."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempts - 1, 10)))


def mail_of(alerts: Sequence[Told], *, sender: str, to: Sequence[str]) -> EmailMessage:
    """Return one mail about alerts; its Message-ID is the same at every try."""
    found = sum(one.over_at is None for one in alerts)
    mark = sha256("|".join(f"{one.key}{one.since}{one.over_at}" for one in alerts).encode()).hexdigest()[:32]
    subject = f"【信用】运行告警 {found} 项，恢复 {len(alerts) - found} 项"
    message = begin_mail(subject, sender=sender, to=", ".join(to), name=f"alert.{mark}")
    lines = [
        f"{'OVER 已恢复' if one.over_at else 'FOUND 告警'}  {one.since:%Y-%m-%d %H:%MZ}  {one.words}" for one in alerts
    ]
    message.set_content("\n".join(lines) + "\n")
    return message

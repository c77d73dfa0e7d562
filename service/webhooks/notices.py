"""Mails to whoever looks after an endpoint: it was disabled, and why; or a report that was asked of the platform is due. At least once, like all mail (see `service.mail`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256
from typing import Final

import aiosmtplib
import structlog
from sqlalchemy import text

from service.db import Database
from service.mail.rules import MOST_ATTEMPTS, begin_mail, wait_after

BATCH: Final = 50
#: How long nobody else tries what was taken: longer than a send may last.
_LEASE_TIME: Final = timedelta(minutes=5)
_LEASE: Final = text(
    """WITH due AS (
        SELECT id FROM webhook_notice WHERE sent_at IS NULL AND next_at <= :now AND attempts < :most
        ORDER BY next_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_notice n SET attempts = n.attempts + 1, next_at = :until FROM due WHERE n.id = due.id
    RETURNING n.id, n.address, n.endpoint_id, n.reason, n.attempts"""
)
_WORDS: Final = {
    "gone": ("回调地址答复 410", "it answered 410 (gone)"),
    "failing": ("五日内无一成功", "nothing that was sent to it for five days was taken"),
}
_REPORT_WORDS: Final = {
    "report_due": ("有监管机关的报送请求即将到期", "a report that an authority asked for is due soon"),
    "report_overdue": ("有监管机关的报送请求已逾期", "a report that an authority asked for is overdue"),
}

log: structlog.stdlib.BoundLogger = structlog.get_logger("webhooks")


async def deliver_notices(
    database: Database, *, now: datetime, sender: str, deliver: Callable[[EmailMessage], Awaitable[None]]
) -> int:
    """Send the notices that are due; return how many the mail server took."""
    async with database.transaction() as session:
        rows = await session.execute(
            _LEASE, {"now": now, "most": MOST_ATTEMPTS, "limit": BATCH, "until": now + _LEASE_TIME}
        )
        due = rows.all()
    sent = 0
    for one in due:
        problem: str | None = None
        try:
            await deliver(_message(one.id, one.address, str(one.endpoint_id), one.reason, sender=sender))
        except (aiosmtplib.SMTPException, OSError) as error:
            problem = f"{type(error).__name__}: {error}"[:500]
            log.warning("webhook.notice_not_taken", notice=one.id, reason=type(error).__name__)
        wait = wait_after(one.attempts)
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE webhook_notice SET sent_at = :sent, problem = :problem, next_at = :next WHERE id = :id"),
                {"id": one.id, "sent": now if problem is None else None, "problem": problem, "next": now + wait},
            )
        sent += problem is None
    return sent


def _message(number: int, address: str, endpoint: str, reason: str, *, sender: str) -> EmailMessage:
    mark = sha256(f"webhook|{number}|{address}".encode()).hexdigest()[:24]
    if reason in _REPORT_WORDS:
        words_zh, words = _REPORT_WORDS[reason]
        message = begin_mail(
            f"【信用】{words_zh}（{number}）", sender=sender, to=address, name=f"webhook.{number}.{mark}"
        )
        message.set_content(f"{words_zh}，请查询 /v1/report-requests。\n\nXinyong: {words}; see /v1/report-requests.\n")
        return message
    words_zh, words = _WORDS[reason]
    message = begin_mail(f"【信用】回调已停用（{number}）", sender=sender, to=address, name=f"webhook.{number}.{mark}")
    message.set_content(
        f"回调 {endpoint} 已停用：{words_zh}。修复后请重新启用，启用后将从停用处继续，不会遗漏。\n\n"
        f"The webhook {endpoint} was disabled: {words}. Enable it when it is mended; it goes on from where it stood and misses"
        " nothing.\n"
    )
    return message

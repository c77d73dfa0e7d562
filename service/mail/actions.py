"""Sending what waits in the outbox for people, and saying where they want to be told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Final, Self

import aiosmtplib
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.db import Database
from service.mail.queries import find_addresses, keep_problem, keep_sent, lease_deliveries, prepare_deliveries
from service.mail.rules import Notice, NotYourNotices, message_of
from service.models import NoticeAddress
from service.settings import Settings
from service.versions import ExpectedVersion, VersionMismatch

log: structlog.stdlib.BoundLogger = structlog.get_logger("mail")
BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server that takes what is sent, and in whose name. `tls`: `starttls`, `tls` or `none`."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None
    sender: str
    timeout_s: float = 30

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the mail server that the settings name, or None where they name none."""
        if settings.smtp_host is None:
            return None
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_user,
            settings.smtp_password,
            settings.mail_from,
        )


async def send(post: Post, notice: Notice) -> None:
    """Hand one mail to the server.

    Raises:
        aiosmtplib.SMTPException, OSError: it did not take it.
    """
    await hand_over(post, message_of(notice, sender=post.sender))


async def hand_over(post: Post, message: EmailMessage) -> None:
    """Hand a finished mail to the server.

    Raises:
        aiosmtplib.SMTPException, OSError: it did not take it.
    """
    await aiosmtplib.send(
        message,
        hostname=post.host,
        port=post.port,
        username=post.user,
        password=post.password,
        use_tls=post.tls == "tls",
        start_tls=post.tls == "starttls",
        timeout=post.timeout_s,
    )


async def deliver_mail(
    database: Database,
    *,
    now: datetime,
    deliver: Callable[[Notice], Awaitable[None]],
    batch: int = BATCH,
) -> int:
    """Send what is due, each at least once; return how many mails were taken by the server.

    Nothing is sent inside a transaction: a delivery is taken for some minutes, sent, and then marked. Who dies in between has it sent
    once more, with the same Message-ID.
    """
    async with database.transaction() as session:
        await prepare_deliveries(session, now=now)
    sent = 0
    while True:
        async with database.transaction() as session:
            notices = await lease_deliveries(session, now=now, limit=batch)
        for notice in notices:
            sent += await _deliver(database, notice, now=now, deliver=deliver)
        if len(notices) < batch:
            return sent


async def _deliver(
    database: Database, notice: Notice, *, now: datetime, deliver: Callable[[Notice], Awaitable[None]]
) -> int:
    try:
        await deliver(notice)
    except (aiosmtplib.SMTPException, OSError) as error:
        log.warning("mail.not_taken", outbox_id=notice.outbox_id, attempts=notice.attempts, reason=type(error).__name__)
        async with database.transaction() as session:
            await keep_problem(session, notice, f"{type(error).__name__}: {error}", now=now)
        return 0
    async with database.transaction() as session:
        await keep_sent(session, notice, now=now)
    return 1


async def state_addresses(
    session: AsyncSession,
    *,
    authority_code: str,
    addresses: Sequence[str],
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> NoticeAddress:
    """Say where an authority wants to be told; an empty list ends it. The same once more changes nothing.

    Raises:
        NotYourNotices: the actor does not bind this authority.
        VersionRequired, VersionMismatch: the present statement is not the expected one.
    """
    if not actor.acts_for(authority_code, Role.CONSENTER):
        raise NotYourNotices(
            f"The authority {authority_code} says this, by its {Role.CONSENTER}.", detail_zh="应由本机关设定。"
        )
    row = await find_addresses(session, authority_code=authority_code, lock=True)
    expected.check(None if row is None else row.version_no)
    wanted = sorted(set(addresses))
    if row is not None and row.addresses == wanted:
        return row
    if row is None:
        row = NoticeAddress(authority_code=authority_code, version_no=0, addresses=[], since=now)
    if not row.addresses:
        row.since = now
    row.addresses, row.stated_by, row.stated_at = wanted, str(actor.id), now
    row.version_no += 1
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # two first statements at once: the other one came first
        raise VersionMismatch(
            "Somebody else has just said it. Read it again.", detail_zh="资源已被修改，请重新读取后再提交。"
        ) from error
    return row

"""Finding what operators are to know of, and telling them: by the log always, by a webhook and by mail where these are set."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from uuid import uuid4

import aiosmtplib
import orjson
import structlog

from service.alerting.queries import find_stopped, keep_alerts, list_untold, mark_told
from service.alerting.rules import Alert, Told, mail_of
from service.clock import legal_day
from service.db import Database, driver
from service.feeds.rules import BREAKS_AFTER
from service.job_runs.queries import list_jobs
from service.job_runs.rules import RunOutcome
from service.webhooks.calling import Caller

log: structlog.stdlib.BoundLogger = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whom to tell beside the log. `webhook` is an address of the public network, or of this machine with `loopback`."""

    webhook: str | None = None
    loopback: bool = False
    mail: Sequence[str] = ()
    sender: str = ""
    deliver: Callable[[EmailMessage], Awaitable[None]] | None = None


async def find_alerts(database: Database, *, own: str, now: datetime) -> list[Alert]:
    """Return what operators are to know of now; the job `own`, which asks, is not late.

    The last day to decide about a held file is counted in working days, so that no holiday makes one overdue.
    """
    async with database.reading() as session:
        jobs = await list_jobs(session, now=now)
        stopped = await find_stopped(await driver(session), broken_after=BREAKS_AFTER, today=legal_day(now))
    found = [
        Alert(f"job:{one.schedule.name}", "job_overdue", f"The job {one.schedule.name} is overdue. {one.why}")
        if one.is_overdue
        else Alert(
            f"job:{one.schedule.name}", "job_failed", f"The last run of {one.schedule.name} failed: {one.last.problem}"
        )
        for one in jobs
        if one.schedule.name != own
        and one.last is not None
        and (one.is_overdue or one.last.outcome is RunOutcome.FAILED)
    ]
    return [*found, *stopped]


async def tell_alerts(database: Database, *, hooks: Hooks, own: str, now: datetime) -> int:
    """Enter what is new, note what is over, and tell either once; return how many were told.

    Nothing is sent inside a transaction. Who dies after sending sends it again: an alert has the same key and instants.
    """
    found = await find_alerts(database, own=own, now=now)
    async with database.transaction() as session:
        new, over = await keep_alerts(await driver(session), found, now=now)
    words = {one.key: one for one in found}
    for key in new:
        log.error("alert.found", key=key, kind=words[key].kind, words=words[key].words)
    for key in over:
        log.info("alert.over", key=key)
    async with database.reading() as session:
        due = await list_untold(await driver(session), now=now)
    if not due:
        return 0
    problem = await _tell(due, hooks)
    async with database.transaction() as session:
        await mark_told(await driver(session), due, problem=problem, now=now)
    if problem is not None:
        log.warning("alert.not_told", reason=problem, count=len(due))
        return 0
    return len(due)


async def _tell(due: Sequence[Told], hooks: Hooks) -> str | None:
    problems = []
    if hooks.webhook is not None:
        body = orjson.dumps({"alerts": [one.as_dict() for one in due]})
        async with Caller(loopback=hooks.loopback) as caller:
            outcome = await caller.call(hooks.webhook, body, {"x-request-id": str(uuid4())})
        if not outcome.is_success:
            problems.append(f"webhook: {outcome.problem or outcome.status}")
    if hooks.mail and hooks.deliver is not None:
        try:
            await hooks.deliver(mail_of(due, sender=hooks.sender, to=hooks.mail))
        except (aiosmtplib.SMTPException, OSError) as error:
            problems.append(f"mail: {type(error).__name__}")
    return "; ".join(problems) or None

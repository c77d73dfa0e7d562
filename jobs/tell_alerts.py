from datetime import datetime
from functools import partial
from typing import Final

from service.alerting.actions import Hooks, tell_alerts
from service.db import Database
from service.mail.actions import Post, hand_over
from service.settings import Settings

NAME: Final = "tell_alerts"


async def run(database: Database, as_of: datetime) -> int:
    """Tell operators what is overdue, failed or stopped, and what is over; returns how many alerts were told."""
    settings = Settings()
    deliver = None
    if settings.smtp_host is not None:
        post = Post(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_user,
            settings.smtp_password,
            settings.mail_from,
        )
        deliver = partial(hand_over, post)
    hooks = Hooks(
        webhook=settings.alert_webhook,
        loopback=settings.webhook_loopback,
        mail=tuple(one.strip() for one in (settings.alert_mail or "").split(",") if one.strip()),
        sender=settings.mail_from,
        deliver=deliver,
    )
    return await tell_alerts(database, hooks=hooks, own=NAME, now=as_of)

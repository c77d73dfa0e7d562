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
    post = Post.of(settings)
    hooks = Hooks(
        webhook=settings.alert_webhook,
        loopback=settings.webhook_loopback,
        mail=tuple(one.strip() for one in (settings.alert_mail or "").split(",") if one.strip()),
        sender=settings.mail_from,
        deliver=None if post is None else partial(hand_over, post),
    )
    return await tell_alerts(database, hooks=hooks, own=NAME, now=as_of)

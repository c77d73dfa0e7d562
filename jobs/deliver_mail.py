from datetime import datetime
from functools import partial

from service.db import Database
from service.mail.actions import Post, deliver_mail, hand_over, send
from service.settings import Settings
from service.webhooks.notices import deliver_notices


async def run(database: Database, as_of: datetime) -> int:
    """Send notices that are due, where a mail server is named; returns how many it took."""
    settings = Settings()
    if settings.smtp_host is None:
        return 0
    post = Post(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password,
        settings.mail_from,
    )
    told = await deliver_notices(database, now=as_of, sender=post.sender, deliver=partial(hand_over, post))
    return told + await deliver_mail(database, now=as_of, deliver=partial(send, post))

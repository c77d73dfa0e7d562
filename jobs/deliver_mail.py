from datetime import datetime
from functools import partial

from service.db import Database
from service.mail.actions import Post, deliver_mail, send
from service.settings import Settings


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
    return await deliver_mail(database, now=as_of, deliver=partial(send, post))

from datetime import datetime
from functools import partial

from service.db import Database
from service.mail.actions import Post, deliver_mail, hand_over, send
from service.settings import Settings
from service.webhooks.notices import deliver_notices


async def run(database: Database, as_of: datetime) -> int:
    """Send notices that are due, where a mail server is named; returns how many it took."""
    post = Post.of(Settings())
    if post is None:
        return 0
    told = await deliver_notices(database, now=as_of, sender=post.sender, deliver=partial(hand_over, post))
    return told + await deliver_mail(database, now=as_of, deliver=partial(send, post))

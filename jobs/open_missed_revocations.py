from datetime import datetime

from service.blacklist.actions.missed import open_missed_revocations
from service.db import Database


async def run(database: Database, as_of: datetime) -> int:
    """Open revocations of entries whose supporting penalty fell unseen; returns how many."""
    return await open_missed_revocations(database, now=as_of)

from datetime import datetime

from service.db import Database
from service.deadlines.actions import notify_deadlines


async def run(database: Database, as_of: datetime) -> int:
    """Remind of deadlines before long holidays and escalate overdue ones; returns how many were told."""
    return await notify_deadlines(database, now=as_of)

from datetime import datetime

from service.db import Database
from service.supervision.actions import write_letters


async def run(database: Database, as_of: datetime) -> int:
    """Write a letter to every authority that has overdue deadlines and none of this week; returns how many."""
    return await write_letters(database, now=as_of)

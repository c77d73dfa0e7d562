from datetime import datetime

from service.db import Database
from service.supervision.actions import write_sheets


async def run(database: Database, as_of: datetime) -> int:
    """Write the sheets of data quality of closed months that are missing; returns how many."""
    return await write_sheets(database, now=as_of)

from datetime import datetime

from service.db import Database
from service.imports.actions import take_in_waiting


async def run(database: Database, as_of: datetime) -> int:
    """Take in rows that waited for a registration or an authority; returns how many were looked at."""
    return await take_in_waiting(database, clock=lambda: as_of)

from datetime import datetime

from service.db import Database
from service.redatings.actions import find_redatings


async def run(database: Database, as_of: datetime) -> int:
    """List records whose dates the present rulebook would change; returns how many are new or closed."""
    return await find_redatings(database, now=as_of)

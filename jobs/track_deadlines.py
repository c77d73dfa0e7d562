from datetime import datetime

from service.db import Database
from service.deadlines.actions import track_deadlines


async def run(database: Database, as_of: datetime) -> int:
    """Bring deadlines up to the change log and the law; returns how many were opened or changed."""
    return await track_deadlines(database, now=as_of)

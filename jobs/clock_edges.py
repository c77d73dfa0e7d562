from datetime import datetime

from service.db import Database
from service.horizons.actions import log_clock_edges


async def run(database: Database, as_of: datetime) -> int:
    """Log the windows that opened or closed by the clock, and take a horizon; returns how many edges there were."""
    return await log_clock_edges(database, now=as_of)

from datetime import datetime

from service.db import Database
from service.feeds.working import work_feeds
from service.settings import Settings


async def run(database: Database, as_of: datetime) -> int:
    """Give every feed that is due its turn; returns how many rows moved."""
    return await work_feeds(database, Settings().feeds_folder(), clock=lambda: as_of)

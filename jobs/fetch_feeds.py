from datetime import datetime

from service.db import Database
from service.feeds.incoming import fetch_feeds
from service.settings import Settings


async def run(database: Database, as_of: datetime) -> int:
    """Pick up what other systems deliver and take it in; returns how many steps were taken."""
    return await fetch_feeds(database, Settings().data_dir, clock=lambda: as_of)

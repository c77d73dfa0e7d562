from datetime import datetime

from service.db import Database
from service.feeds.reconciling import reconcile_feeds


async def run(database: Database, as_of: datetime) -> int:
    """Compare both sides of every feed that was not compared today; returns how many rows differ."""
    return await reconcile_feeds(database, clock=lambda: as_of)

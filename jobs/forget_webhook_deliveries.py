from datetime import datetime

from service.db import Database
from service.webhooks.actions import forget_deliveries


async def run(database: Database, as_of: datetime) -> int:
    """Delete what the delivery logs of webhooks have kept long enough; returns how many rows."""
    return await forget_deliveries(database, as_of=as_of)

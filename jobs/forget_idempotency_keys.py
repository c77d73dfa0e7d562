from datetime import datetime

from service.db import Database
from service.idempotency.actions import forget_outcomes


async def run(database: Database, as_of: datetime) -> int:
    """Delete idempotency keys that were kept for their 24 hours; returns how many."""
    async with database.transaction() as session:
        return await forget_outcomes(session, as_of=as_of)

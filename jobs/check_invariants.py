from datetime import datetime

from service.db import Database
from service.invariants.actions import check_invariants


async def run(database: Database, as_of: datetime) -> int:
    """Look whether the tables of record hold what they always hold; a run that finds anything fails, and says what."""
    del as_of
    return await check_invariants(database)

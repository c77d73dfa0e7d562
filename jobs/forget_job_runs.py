from datetime import datetime

from service.db import Database
from service.job_runs.queries import forget_runs
from service.job_runs.rules import KEPT, QUIET_KEPT


async def run(database: Database, as_of: datetime) -> int:
    """Delete runs of jobs that were kept long enough; returns how many."""
    async with database.transaction() as session:
        return await forget_runs(session, before=as_of - KEPT, quiet_before=as_of - QUIET_KEPT)

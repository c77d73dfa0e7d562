from datetime import datetime

from service.db import Database
from service.reports.tending import tend_reports


async def run(database: Database, as_of: datetime) -> int:
    """Remind of requests for reports, tell of overdue ones and erase what was kept long enough; returns how many."""
    return await tend_reports(database, now=as_of)

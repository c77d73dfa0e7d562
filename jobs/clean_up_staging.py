from datetime import datetime

from service.db import Database
from service.imports.actions import drop_left_staging


async def run(database: Database, as_of: datetime) -> int:
    """Drop staging tables that killed imports left behind; returns how many."""
    del as_of
    return await drop_left_staging(database)

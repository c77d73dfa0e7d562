from datetime import datetime

from service.db import Database
from service.screenings.actions import watch_results
from service.screenings.files import folder_below
from service.settings import Settings


async def run(database: Database, as_of: datetime) -> int:
    """Take away results of screenings that name an ended record or were kept long enough; returns how many."""
    return await watch_results(database, folder_below(Settings().data_dir), now=as_of)

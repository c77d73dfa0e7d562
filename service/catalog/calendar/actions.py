from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.calendar.notices import Notice, check_notice
from service.catalog.calendar.queries import insert_year, list_years
from service.catalog.calendar.rules import KnownYear
from service.catalog.queries import raise_catalog_version
from service.working_days.packaged import PACKAGE

UPLOAD = "upload"


async def load_notice(session: AsyncSession, notice: Notice, *, actor: str, now: datetime) -> tuple[KnownYear, bool]:
    """Take in a notice as its year's next revision; return the year as it stands, and whether anything was new.

    The same days again change nothing. Dates that were worked out without the notice are moved by the next run of the job
    `track_deadlines`, which lists every one.

    Raises:
        ImpossibleNotice: no notice for the year can mean these days.
    """
    check_notice(notice)
    await raise_catalog_version(session)
    known = {one.year: one for one in await list_years(session)}.get(notice.year)
    days = tuple(sorted(notice.days, key=lambda one: one.day))
    if known is not None and known.days == days:
        return known, False
    year = KnownYear(
        year=notice.year,
        title=notice.title,
        document_no=notice.document_no,
        source=UPLOAD,
        days=days,
        revision=1 if known is None else known.revision + 1,
        loaded_by=actor,
        loaded_at=now,
    )
    await insert_year(session, year)
    return year, True


async def sync_years(session: AsyncSession, years: Iterable[KnownYear], *, now: datetime) -> None:
    """Bring in the years of the seed: those that are missing, and those whose days the package has corrected.

    A year that somebody uploaded stays as uploaded.
    """
    known = {one.year: one for one in await list_years(session)}
    for year in years:
        present = known.get(year.year)
        if present is None or (present.source.startswith(PACKAGE) and present.days != year.days):
            revision = 1 if present is None else present.revision + 1
            await insert_year(session, replace(year, revision=revision, loaded_by="seed", loaded_at=now))

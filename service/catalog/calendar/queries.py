from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.calendar.rules import KnownYear
from service.db import ReadSession
from service.models import Base, CalendarYear
from service.models import CalendarDay as DayRow
from service.working_days.rules import CalendarDay


async def list_years(session: AsyncSession | ReadSession) -> tuple[KnownYear, ...]:
    """Return the last revision of every year, by year, with its days."""
    rows = await session.scalars(
        select(CalendarYear)
        .ext(distinct_on(CalendarYear.year))
        .order_by(CalendarYear.year, CalendarYear.revision.desc())
    )
    years = rows.all()
    days = await _days(session, [(row.year, row.revision) for row in years])
    return tuple(_known(row, days.get((row.year, row.revision), [])) for row in years)


async def insert_year(session: AsyncSession, year: KnownYear) -> None:
    """Append a revision of a year with its days."""
    session.add(
        CalendarYear(
            year=year.year,
            revision=year.revision,
            title=year.title,
            document_no=year.document_no,
            source=year.source,
            loaded_by=year.loaded_by,
            loaded_at=year.loaded_at,
        )
    )
    await session.flush()
    days = [
        {"year": year.year, "revision": year.revision, "day": one.day, "is_workday": one.is_workday, "name": one.name}
        for one in year.days
    ]
    if days:
        await session.execute(insert(Base.metadata.tables[DayRow.__tablename__]), days)


async def _days(
    session: AsyncSession | ReadSession, revisions: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], list[CalendarDay]]:
    found: dict[tuple[int, int], list[CalendarDay]] = {}
    columns = (DayRow.year, DayRow.revision, DayRow.day, DayRow.is_workday, DayRow.name)
    wanted = set(revisions)
    for year, revision, day, is_workday, name in await session.execute(select(*columns).order_by(DayRow.day)):
        if (year, revision) in wanted:
            found.setdefault((year, revision), []).append(CalendarDay(day, is_workday, name))
    return found


def _known(row: CalendarYear, days: list[CalendarDay]) -> KnownYear:
    return KnownYear(
        year=row.year,
        title=row.title,
        document_no=row.document_no,
        source=row.source,
        days=tuple(days),
        revision=row.revision,
        loaded_by=row.loaded_by,
        loaded_at=row.loaded_at,
    )

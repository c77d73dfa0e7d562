from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.actions import sync_seed
from service.catalog.calendar.actions import load_notice
from service.catalog.calendar.notices import ImpossibleNotice, Notice
from service.catalog.calendar.queries import list_years
from service.catalog.queries import get_catalog_version, load_catalog
from service.catalog.seed import load_seed
from service.working_days.packaged import packaged_calendar
from service.working_days.rules import CalendarDay
from tests.clients import NOW

SEED = load_seed()
BARE = replace(SEED, authorities=(), lists=(), sources=(), regions=SEED.regions[:1], rules=SEED.rules[:1])


def notice(*more: CalendarDay, year: int = 2027) -> Notice:
    fixed = [CalendarDay(date(year, month, 1), False, "示例") for month in (1, 5, 10)]
    return Notice(year, f"{year}年示例通知", "示例〔2026〕1号", (*fixed, *more))


async def test_the_seed_brings_the_packaged_years(session: AsyncSession) -> None:
    await sync_seed(session, BARE, now=NOW)
    catalog = await load_catalog(session)
    assert catalog.calendar == packaged_calendar()
    assert {year.revision for year in catalog.years} == {1}


async def test_a_notice_makes_its_year_known_and_raises_the_version(session: AsyncSession) -> None:
    await sync_seed(session, BARE, now=NOW)
    before = await get_catalog_version(session)
    year, is_new = await load_notice(session, notice(), actor="keeper", now=NOW)
    assert (year.revision, is_new) == (1, True)
    catalog = await load_catalog(session)
    assert catalog.version == before + 1
    assert catalog.calendar.covers(date(2027, 6, 1))
    assert not catalog.calendar.is_working_day(date(2027, 1, 1))
    assert catalog.years[-1] == year


async def test_the_same_notice_again_changes_nothing_and_another_is_the_next_revision(session: AsyncSession) -> None:
    await load_notice(session, notice(), actor="keeper", now=NOW)
    same, is_new = await load_notice(session, notice(), actor="other", now=NOW)
    assert (same.loaded_by, is_new) == ("keeper", False)
    corrected = notice(CalendarDay(date(2027, 10, 2), False, "示例"), CalendarDay(date(2027, 10, 9), True, "示例"))
    year, is_new = await load_notice(session, corrected, actor="other", now=NOW)
    assert (year.revision, is_new) == (2, True)
    (stored,) = await list_years(session)
    assert stored == year


async def test_a_new_seed_corrects_the_package_and_leaves_what_people_loaded(session: AsyncSession) -> None:
    await sync_seed(session, BARE, now=NOW)
    await load_notice(session, notice(year=2026), actor="keeper", now=NOW)
    years = tuple(replace(year, days=year.days[:-1]) if year.year > 2024 else year for year in BARE.years)
    await sync_seed(session, replace(BARE, years=years), now=NOW)
    revisions = {year.year: (year.revision, year.source) for year in await list_years(session)}
    assert revisions[2026] == (2, "upload")
    assert revisions[2025][0] == 2
    assert revisions[2024][0] == 1


async def test_days_of_the_december_before_count(session: AsyncSession) -> None:
    await sync_seed(session, BARE, now=NOW)
    await load_notice(session, notice(CalendarDay(date(2026, 12, 31), False, "元旦")), actor="keeper", now=NOW)
    assert not (await load_catalog(session)).calendar.is_working_day(date(2026, 12, 31))


async def test_an_impossible_notice_leaves_no_trace(session: AsyncSession) -> None:
    with pytest.raises(ImpossibleNotice):
        await load_notice(session, notice(CalendarDay(date(2027, 3, 3), True, "示例")), actor="keeper", now=NOW)
    assert await list_years(session) == ()
    assert await get_catalog_version(session) == 0

"""Registering what platforms published about measures, and that it came down."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.rules import Actor
from service.catalog.queries import Catalog
from service.catalog.rules import NoSuchAuthority
from service.clock import legal_day
from service.models import PlatformMeasure
from service.records.rules import check_day
from service.reports.measures.queries import lock_measure
from service.reports.measures.rules import MeasureTakenDown, check_take_down, publish_by
from service.reports.requests.rules import check_open_words
from service.versions import ExpectedVersion


async def register_measure(
    session: AsyncSession,
    *,
    authority_code: str,
    uscc: str | None,
    shop_name: str,
    violation: str,
    measure: str,
    url: str,
    taken_on: date,
    published_on: date,
    until_on: date | None,
    catalog: Catalog,
    actor: Actor,
    now: datetime,
) -> PlatformMeasure:
    """Register a measure that the platform has published; what was published after the last day says so.

    Raises:
        NoSuchAuthority: the catalogue has none of this code.
        ImpossibleDay: it was published in the future, or before it was taken.
        PersonalDataInRequest: the words name a person.
        NoDeadline: no rule says when it was due.
    """
    if authority_code not in catalog.authority_by_code:
        raise NoSuchAuthority(f"There is no authority {authority_code}.", detail_zh="没有该机关。")
    check_day("published_on", published_on, today=legal_day(now), not_before=taken_on, of="measure")
    check_open_words(violation, shop_name)
    last = publish_by(taken_on, catalog.deadlines, catalog.calendar)
    row = PlatformMeasure(
        id=new_id(),
        principal_id=actor.id,
        authority_code=authority_code,
        version_no=1,
        uscc=uscc,
        shop_name=shop_name,
        violation=violation,
        measure=measure,
        url=url,
        taken_on=taken_on,
        publish_by=last,
        published_on=published_on,
        late=published_on > last,
        until_on=until_on,
        registered_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def take_down(
    session: AsyncSession,
    *,
    measure_id: UUID,
    taken_down_on: date,
    because: str,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> PlatformMeasure:
    """State that a measure is not published any more, and why.

    Raises:
        NoSuchMeasure: the platform has none of this id.
        VersionRequired, VersionMismatch: it changed meanwhile.
        MeasureTakenDown: it came down before.
        ImpossibleDay: the day lies in the future, or before it was published.
        MeasureNotEnded: it is said to have ended, and has not.
    """
    row = await lock_measure(session, measure_id=measure_id, platform=actor.id)
    expected.check(row.version_no)
    if row.taken_down_on is not None:
        raise MeasureTakenDown(f"It came down {row.taken_down_on}.", detail_zh="该处置措施已停止公示。")
    check_day("taken_down_on", taken_down_on, today=legal_day(now), not_before=row.published_on, of="publication")
    check_take_down(because, on=taken_down_on, until_on=row.until_on)
    row.taken_down_on, row.taken_down_because = taken_down_on, because
    row.version_no += 1
    await session.flush()
    return row

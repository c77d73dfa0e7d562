from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.access.visibility import among, is_public, visible_to
from service.db import ReadSession
from service.models import PenaltyVersion, SpotCheck, SpotCheckItem, SpotCheckMember
from service.spot_checks.rules import MENDING, Member
from service.versions import VersionMismatch

Row = dict[str, Any]


async def list_population(
    session: AsyncSession, *, authorities: Sequence[str], first: date, last: date, today: date
) -> list[Member]:
    """Return the penalties of these authorities that were first published from `first` to `last` and are public today."""
    version = PenaltyVersion
    found = await session.execute(
        select(version.authority_code, version.uscc, version.id, version.version_no)
        .where(
            version.superseded_at.is_(None),
            version.authority_code.in_(authorities),
            version.published_on.between(first, last),
            is_public(version, on=today),
        )
        .order_by(version.uscc, version.id)
    )
    return [Member(*row) for row in found.all()]


async def insert_check(session: AsyncSession, values: Row, members: Sequence[Member]) -> SpotCheck:
    """Insert a check with its population."""
    check = (await session.scalars(insert(SpotCheck).values(values).returning(SpotCheck))).one()
    await session.execute(
        insert(SpotCheckMember),
        [
            {
                "check_id": check.id,
                "key": one.key,
                "authority_code": one.authority_code,
                "uscc": one.uscc,
                "record_id": one.record_id,
                "record_version": one.record_version,
            }
            for one in members
        ],
    )
    return check


async def list_checks(
    session: ReadSession, *, after: UUID | None, limit: int, newest_first: bool = False
) -> Sequence[SpotCheck]:
    """Return checks behind the id named, oldest first or `newest_first`."""
    query = select(SpotCheck).order_by(SpotCheck.id.desc() if newest_first else SpotCheck.id).limit(limit)
    if after is not None:
        query = query.where(SpotCheck.id < after if newest_first else SpotCheck.id > after)
    return (await session.scalars(query)).all()


async def find_check(session: AsyncSession | ReadSession, *, check_id: UUID, lock: bool = False) -> SpotCheck | None:
    """Return a check, locked when it is to be changed, or None."""
    query = select(SpotCheck).where(SpotCheck.id == check_id)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def list_members(session: AsyncSession, *, check_id: UUID) -> list[Member]:
    """Return the population of a check."""
    one = SpotCheckMember
    found = await session.execute(
        select(one.authority_code, one.uscc, one.record_id, one.record_version).where(one.check_id == check_id)
    )
    return [Member(*row) for row in found.all()]


async def list_keys(
    session: ReadSession, *, check_id: UUID, after: str | None, limit: int
) -> Sequence[tuple[str, str]]:
    """Return authority and key of a check's population, by key, behind the one named."""
    one = SpotCheckMember
    query = select(one.authority_code, one.key).where(one.check_id == check_id).order_by(one.key).limit(limit)
    if after is not None:
        query = query.where(one.key > after)
    return [(row.authority_code, row.key) for row in await session.execute(query)]


async def insert_items(session: AsyncSession, rows: Sequence[Row]) -> None:
    """Insert what was drawn, if anything was."""
    if rows:
        await session.execute(insert(SpotCheckItem), list(rows))


def _item_seen(actor: Actor) -> ColumnElement[bool]:
    """What was drawn is seen by the supervisor who draws, by the record's own authority and those above it, and by auditors."""
    if actor.audits_everything:
        return true()
    return or_(
        among(SpotCheck.authority_code, actor.authorities(Role.SUPERVISOR)),
        among(SpotCheckItem.authority_code, actor.sees_records_of),
    )


def _items(actor: Actor) -> Any:  # noqa: ANN401 - a query of rows
    # A record that may not be seen any more is not named: repair means silence (house decision 4).
    seen = and_(
        PenaltyVersion.uscc == SpotCheckItem.uscc,
        PenaltyVersion.id == SpotCheckItem.record_id,
        PenaltyVersion.superseded_at.is_(None),
        visible_to(actor, PenaltyVersion),
    )
    return (
        select(
            *SpotCheckItem.__table__.columns,
            SpotCheck.authority_code.label("drawn_by_authority"),
            SpotCheck.period_from,
            SpotCheck.period_until,
            PenaltyVersion.document_no,
            PenaltyVersion.id.label("seen_id"),
        )
        .join(SpotCheck, SpotCheck.id == SpotCheckItem.check_id)
        .outerjoin(PenaltyVersion, seen)
        .where(_item_seen(actor))
    )


async def list_items(
    session: ReadSession,
    *,
    actor: Actor,
    check_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> list[Row]:
    """Return what was drawn, as far as the actor sees it, oldest first."""
    query = _items(actor).order_by(SpotCheckItem.id).limit(limit)
    if check_id is not None:
        query = query.where(SpotCheckItem.check_id == check_id)
    if state is not None:
        query = query.where(SpotCheckItem.state == state)
    if after is not None:
        query = query.where(SpotCheckItem.id > after)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    note_owners(session, (row["authority_code"] for row in rows[: limit - 1]))
    return rows


async def count_items(session: ReadSession, *, actor: Actor, state: str) -> int:
    """Return how many drawn records in a state `list_items` would give in all."""
    query = (
        select(func.count())
        .select_from(SpotCheckItem)
        .join(SpotCheck, SpotCheck.id == SpotCheckItem.check_id)
        .where(_item_seen(actor), SpotCheckItem.state == state)
    )
    return await session.scalar(query) or 0


async def list_results(session: ReadSession, *, actor: Actor, first: date | None, last: date | None) -> list[Row]:
    """Return all that was drawn by checks whose period lies between two days, as far as the actor sees it."""
    query = _items(actor)
    if first is not None:
        query = query.where(SpotCheck.period_from >= first)
    if last is not None:
        query = query.where(SpotCheck.period_until <= last)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    note_owners(session, (row["authority_code"] for row in rows))
    return rows


async def find_item(session: AsyncSession | ReadSession, *, check_id: UUID, item_id: UUID, actor: Actor) -> Row | None:
    """Return what was drawn, if the actor sees it."""
    query = _items(actor).where(SpotCheckItem.check_id == check_id, SpotCheckItem.id == item_id)
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    note_owners(session, [row["authority_code"]])
    return dict(row)


async def move_item(session: AsyncSession, row: Row, changes: Row) -> None:
    """Change a drawn record from the very version of `row`; whoever comes second is refused.

    Raises:
        VersionMismatch: somebody else changed it first.
    """
    moved = await session.execute(
        update(SpotCheckItem)
        .where(SpotCheckItem.id == row["id"], SpotCheckItem.version_no == row["version_no"])
        .values(version_no=row["version_no"] + 1, **changes)
        .returning(SpotCheckItem.id)
    )
    if moved.one_or_none() is None:
        raise VersionMismatch("Somebody else changed it first. Read it again.", detail_zh="已被他人修改。")


async def find_mending(session: AsyncSession, *, uscc: str, record_id: UUID, since: datetime) -> tuple[int, str] | None:
    """Return version and command of the last act since an instant by which a record was mended, or None."""
    version = PenaltyVersion
    found = await session.execute(
        select(version.version_no, version.command)
        .where(
            version.uscc == uscc,
            version.id == record_id,
            version.recorded_at >= since,
            version.command.in_(sorted(MENDING)),
        )
        .order_by(version.version_no.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row.version_no, row.command)

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.db import ReadSession
from service.models import Principal, Screening
from service.screenings.rules import OPEN, NoSuchScreening, State
from service.status.queries import PUBLIC

#: First key of the two-key advisory locks that claim a screening.
SCREENING_LOCKS: Final = 0x585343
_PART: Final = 50_000

_TOUCHED: Final = """
SELECT DISTINCT kind, uscc, record_id FROM change
WHERE position > $1 AND position <= $2 AND kind IN ('penalty', 'blacklist_entry')"""
_TAKEN_BACK: Final = """
SELECT EXISTS (
    SELECT FROM change c JOIN subject_version v ON v.uscc = c.uscc AND v.version_no = c.version_no
    WHERE c.position > $1 AND c.position <= $2 AND c.kind = 'subject' AND c.version_no > 1
    AND (v.state = 'void' OR NOT v.registered))"""
_GONE: Final = """
SELECT EXISTS (
    SELECT FROM unnest($3::text[], $4::uuid[]) AS a (uscc, id) WHERE NOT EXISTS (
        SELECT FROM {table} v WHERE v.uscc = a.uscc AND v.id = a.id AND v.superseded_at IS NULL AND {public}))""".replace(
    "{public}", PUBLIC.replace("{first}", "$1").replace("{last}", "$2")
)
_REGISTRATIONS: Final = """
SELECT DISTINCT uscc FROM change WHERE kind = 'subject' AND position > $1 AND position <= $2"""


async def get_screening(
    session: AsyncSession | ReadSession, *, screening_id: UUID, actor: Actor, lock: bool = False
) -> Screening:
    """Return a screening of the actor's, locked where it is to be changed.

    Raises:
        NoSuchScreening: it has none of this id.
    """
    query = select(Screening).where(Screening.id == screening_id, Screening.principal_id == actor.id)
    if lock:
        query = query.with_for_update()
    found: Screening | None = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NoSuchScreening(f"You have no screening {screening_id}.", detail_zh="没有此编号的批量筛查。")
    return found


async def list_screenings(session: ReadSession, *, actor: Actor, after: UUID | None, limit: int) -> Sequence[Screening]:
    """Return screenings of the actor's, newest first, behind the one named."""
    query = select(Screening).where(Screening.principal_id == actor.id).order_by(Screening.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Screening.id < after)
    return (await session.scalars(query)).all()


async def count_screenings(session: AsyncSession, *, actor: Actor) -> tuple[int, int]:
    """Return how many of the actor's screenings are there, and wait or run; its row is locked, so that nobody counts beside."""
    await session.execute(select(Principal.id).where(Principal.id == actor.id).with_for_update())
    query = select(func.count(), func.count().filter(Screening.state.in_(OPEN))).where(
        Screening.principal_id == actor.id
    )
    kept, waiting = (await session.execute(query)).one()
    return int(kept), int(waiting)


async def find_open_screenings(session: ReadSession) -> Sequence[UUID]:
    """Return the screenings that wait or were left running, oldest first."""
    return (await session.scalars(select(Screening.id).where(Screening.state.in_(OPEN)).order_by(Screening.id))).all()


async def find_last_of(session: AsyncSession, screening: Screening) -> Screening | None:
    """Return the platform's last screening of the same list before this one that had a result, or None."""
    query = (
        select(Screening)
        .where(
            Screening.principal_id == screening.principal_id,
            Screening.list_name == screening.list_name,
            Screening.id < screening.id,
            Screening.state.in_((State.FINISHED, State.OUTDATED)),
        )
        .order_by(Screening.id.desc())
        .limit(1)
    )
    found: Screening | None = (await session.scalars(query)).one_or_none()
    return found


async def note_progress(session: AsyncSession, *, screening_id: UUID, rows: int, share: int) -> bool:
    """Write down how far a running screening has come; return whether it still runs."""
    done = await session.execute(
        update(Screening)
        .where(Screening.id == screening_id, Screening.state == State.RUNNING)
        .values(rows_done=rows, done_share=share)
        .returning(Screening.id)
    )
    return done.one_or_none() is not None


async def list_finished(session: ReadSession) -> Sequence[Screening]:
    """Return all screenings that have a result."""
    return (await session.scalars(select(Screening).where(Screening.state == State.FINISHED))).all()


async def list_expired(session: AsyncSession, *, now: datetime) -> Sequence[Screening]:
    """Return screenings that were kept long enough and that nobody works on, locked."""
    query = (
        select(Screening)
        .where(Screening.keep_until <= now, Screening.state.not_in(OPEN))
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(query)).all()


async def list_states(session: ReadSession) -> dict[UUID, str]:
    """Return the state of every screening by its id."""
    return {row.id: row.state for row in await session.execute(select(Screening.id, Screening.state))}


async def mark_outdated(session: AsyncSession, *, screening_id: UUID) -> None:
    """Take the result of a screening away for good, with its sums."""
    await session.execute(
        update(Screening)
        .where(Screening.id == screening_id, Screening.state == State.FINISHED)
        .values(state=State.OUTDATED, sums=None)
    )


async def mark_checked(session: AsyncSession, *, screening_id: UUID, position: int) -> None:
    """Note that the log holds nothing up to `position` that ends a record of the result."""
    await session.execute(
        update(Screening)
        .where(Screening.id == screening_id, Screening.checked_position < position)
        .values(checked_position=position)
    )


async def stream_touched(
    connection: Connection, *, after: int, upto: int
) -> AsyncIterator[list[tuple[str, str, UUID]]]:
    """Yield kind, code and id of the records with changes behind `after` up to `upto`, some at a time; inside a transaction."""
    cursor = await connection.cursor(_TOUCHED, after, upto)
    while rows := await cursor.fetch(_PART):
        yield [(row["kind"], row["uscc"], row["record_id"]) for row in rows]


async def has_taken_back(connection: Connection, *, after: int, upto: int) -> bool:
    """Return whether any registration was taken back behind `after` up to `upto`."""
    return bool(await connection.fetchval(_TAKEN_BACK, after, upto))


async def has_gone(connection: Connection, kind: str, records: Iterable[tuple[str, UUID]], *, day: date) -> bool:
    """Return whether one of the records, given as code and id, is not shown on the day."""
    pairs = list(records)
    statement = _GONE.replace("{table}", f"{kind}_version")
    return bool(await connection.fetchval(statement, day, day, [code for code, _ in pairs], [one for _, one in pairs]))


async def find_changed_registrations(connection: Connection, *, after: int, upto: int) -> frozenset[str]:
    """Return the codes whose registration changed behind `after` up to `upto`."""
    return frozenset(row["uscc"] for row in await connection.fetch(_REGISTRATIONS, after, upto))

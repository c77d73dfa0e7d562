from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.exports.pacing import Pace
from service.exports.rules import Kind, Selection, State
from service.exports.selects import (
    ended_since,
    known_rows,
    selected,
    touched_and_gone,
    touched_rows,
)
from service.exports.shapes import Table
from service.models import ExportRelease

#: How rows come out of COPY. The second writes a single column as it is: neither its quotation mark nor its delimiter can
#: stand in JSON, which escapes control characters.
CSV: Final[dict[str, Any]] = {"format": "csv"}
LINES: Final[dict[str, Any]] = {"format": "csv", "quote": "\x01", "delimiter": "\x02"}
TEXT: Final[dict[str, Any]] = {"format": "text"}

#: A series has one release at most that is in one of these states.
PRESENT: Final = (State.PUBLISHED, State.WITHHELD)

Take = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Extent:
    """Which rows: those shown at `position` on `day`; with `after` only those with changes behind it, up to `upto`.

    `pace` says how much of the time reading them may take.
    """

    position: int
    day: date
    after: int | None = None
    upto: int | None = None
    selection: Selection = field(default_factory=Selection)
    pace: Pace = field(default_factory=Pace, compare=False)

    def at(self, position: int, day: date) -> "Extent":
        """Return the same records at another position and day."""
        return Extent(position, day, self.after, self.upto, self.selection, self.pace)

    def statement(self, table: Table, columns: str) -> tuple[str, list[Any]]:
        """Return the SQL for `columns` of the rows, with its parameters."""
        args: list[Any] = [self.position, self.day]
        if self.after is not None:
            args += [self.after, self.upto]
        condition = ""
        if self.selection.regions or self.selection.lists:
            region, lists = selected(table.name, first=len(args) + 1)
            condition = region + (lists or "")
            args += [list(self.selection.regions), *([list(self.selection.lists)] if lists else [])]
        build = known_rows if self.after is None else touched_rows
        return build(table.name, columns, selection=condition), args


async def copy_rows(
    connection: Connection, extent: Extent, table: Table, columns: str, take: Take, *, form: dict[str, Any]
) -> int:
    """Stream rows out by COPY, handing over blocks of bytes that end anywhere; return how many rows there were."""
    statement, args = extent.statement(table, columns)

    async def paced(piece: bytes) -> None:
        await take(piece)
        await extent.pace.rest()

    done: str = await connection.copy_from_query(statement, *args, output=paced, **form)
    return int(done.rsplit(" ", 1)[1])


async def list_lines(connection: Connection, extent: Extent, table: Table, columns: str) -> list[bytes]:
    """Return the JSON lines of a few rows at once."""
    statement, args = extent.statement(table, columns)
    rows = await connection.fetch(f"SELECT row_to_json(r)::text AS line FROM ({statement}) r", *args)  # noqa: S608 - of constants and whole numbers
    return [row["line"].encode() for row in rows]


async def list_gone(connection: Connection, extent: Extent, table: Table) -> list[tuple[str, UUID | None]]:
    """Return the records, as code and id, with changes behind `after` that are not shown at `position` on `day`."""
    rows = await connection.fetch(touched_and_gone(table.name), extent.position, extent.day, extent.after, extent.upto)
    return [(row["uscc"], row["record_id"]) for row in rows]


async def list_unregistered(connection: Connection, *, codes: Sequence[str], upto: int) -> list[tuple[str, datetime]]:
    """Return those of `codes` that were registered in some version numbered by `upto`, with the instant of their last one."""
    rows = await connection.fetch(
        """SELECT c.uscc, max(c.sequenced_at) AS at FROM change c
        JOIN subject_version v ON v.uscc = c.uscc AND v.version_no = c.version_no
        WHERE c.uscc = ANY ($1::text[]) AND c.kind = 'subject' AND c.position <= $2
        GROUP BY c.uscc HAVING bool_or(v.registered)""",
        list(codes),
        upto,
    )
    return [(row["uscc"], row["at"]) for row in rows]


async def has_ended_since(
    connection: Connection, tables: Sequence[str], *, position: int, day: date, checked: int, after: int | None
) -> bool:
    """Return whether a release at `position` shows something that may not be shown by now; see `ended_since`."""
    for name in tables:
        args = [position, day, checked, *([] if after is None else [after])]
        if await connection.fetchval(ended_since(name, delta=after is not None), *args):
            return True
    return False


async def find_head(connection: Connection) -> tuple[UUID, int]:
    """Return the log's identity and its last position."""
    row = await connection.fetchrow("SELECT log_id, head_position FROM change_log")
    return row["log_id"], row["head_position"]


#: Columns of the two catalogues in a release.
CATALOGUE: Final = {
    "lists": ("id", "name", "name_en", "severity", "legal_basis", "list_authority"),
    "sources": ("code", "name", "owner", "published_where", "licence", "delivered_at"),
}


async def list_catalogue(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return the lists and sources that the codes in the tables refer to, in the columns of `CATALOGUE`."""
    lists = await connection.fetch(
        "SELECT id, name, name_en, severity, legal_basis, list_authority FROM blacklist ORDER BY id"
    )
    sources = await connection.fetch(
        """SELECT s.code, s.name, s.owner, s.published_where, s.licence,
            (SELECT max(i.finished_at) FROM data_import i WHERE i.source_code = s.code AND i.state = 'finished') AS delivered_at
        FROM source s ORDER BY s.code"""
    )
    return {"lists": [tuple(row) for row in lists], "sources": [tuple(row) for row in sources]}


async def find_present(session: AsyncSession | ReadSession, *, slot: str) -> ExportRelease | None:
    """Return the release of a series that holds, shown or withheld, or None before the first."""
    rows = await session.scalars(
        select(ExportRelease)
        .where(ExportRelease.slot == slot, ExportRelease.state.in_(PRESENT))
        .order_by(ExportRelease.created_at.desc())
        .limit(1)
    )
    return rows.one_or_none()


async def list_present(session: AsyncSession | ReadSession) -> Sequence[ExportRelease]:
    """Return the releases that are shown, by series."""
    rows = await session.scalars(
        select(ExportRelease)
        .where(ExportRelease.state == State.PUBLISHED, ExportRelease.kind != Kind.STATISTICS)
        .order_by(ExportRelease.slot)
    )
    return rows.all()


async def find_release(session: AsyncSession | ReadSession, *, release: str) -> ExportRelease | None:
    """Return a release that is or was shown, by its id, or None."""
    found = await session.get(ExportRelease, release)
    return None if found is None or found.state == State.HELD_BACK else found


async def list_releases(
    session: AsyncSession | ReadSession, *, limit: int, before: tuple[datetime, str] | None
) -> Sequence[ExportRelease]:
    """Return releases that are or were shown, newest first, at most `limit` of those older than the key `before`."""
    query = select(ExportRelease).where(ExportRelease.state != State.HELD_BACK)
    if before is not None:
        query = query.where(tuple_(ExportRelease.created_at, ExportRelease.id) < before)
    rows = await session.scalars(query.order_by(ExportRelease.created_at.desc(), ExportRelease.id.desc()).limit(limit))
    return rows.all()


async def find_newest(session: AsyncSession | ReadSession, *, slot: str, state: State) -> ExportRelease | None:
    """Return the newest release of a series in some state, or None."""
    rows = await session.scalars(
        select(ExportRelease)
        .where(ExportRelease.slot == slot, ExportRelease.state == state)
        .order_by(ExportRelease.created_at.desc())
        .limit(1)
    )
    return rows.one_or_none()


async def find_summed(session: AsyncSession | ReadSession, *, log_id: UUID, schema: str) -> ExportRelease | None:
    """Return the newest full release of a log whose sums are of the present schema, shown or not any more, or None."""
    rows = await session.scalars(
        select(ExportRelease)
        .where(
            ExportRelease.slot == Kind.FULL,
            ExportRelease.log_id == log_id,
            ExportRelease.sums.is_not(None),
            ExportRelease.manifest["schema_version"].astext == schema,
        )
        .order_by(ExportRelease.horizon_at.desc())
        .limit(1)
    )
    return rows.one_or_none()


async def list_ids(session: AsyncSession | ReadSession, *, states: Sequence[State]) -> set[str]:
    """Return the ids of all releases in some states."""
    return set(await session.scalars(select(ExportRelease.id).where(ExportRelease.state.in_(states))))


async def mark_checked(session: AsyncSession, *, release: str, position: int) -> None:
    """Note that the log holds nothing up to `position` that ends a record of the release."""
    await session.execute(
        update(ExportRelease)
        .where(ExportRelease.id == release, ExportRelease.checked_position < position)
        .values(checked_position=position)
    )


async def mark_withheld(session: AsyncSession, *, release: str, position: int, now: datetime) -> bool:
    """Take a release that is shown out of sight; return whether it was shown. The end lies at or before `position`."""
    done = await session.execute(
        update(ExportRelease)
        .where(ExportRelease.id == release, ExportRelease.state == State.PUBLISHED)
        .values(state=State.WITHHELD, withheld_at=now, checked_position=position)
        .returning(ExportRelease.id)
    )
    return done.one_or_none() is not None


async def mark_replaced(session: AsyncSession, *, release: str, successor: str, now: datetime) -> None:
    """End a release in favour of its successor."""
    await session.execute(
        update(ExportRelease)
        .where(ExportRelease.id == release)
        .values(state=State.REPLACED, successor_id=successor, replaced_at=now)
    )

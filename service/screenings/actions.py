"""What a platform does with its screenings, and what becomes of them by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.changes.queries import find_head, list_known_versions
from service.changes.rules import ChangeKind, ended_on
from service.clock import legal_day
from service.db import Database, ReadSession, driver
from service.imports.actions import UploadedFile
from service.models import Screening
from service.screenings.answering import NAMED, Named, among, ids_of
from service.screenings.files import Files, ids_in
from service.screenings.queries import (
    count_screenings,
    get_screening,
    has_gone,
    has_taken_back,
    list_expired,
    list_finished,
    list_states,
    mark_checked,
    mark_outdated,
    stream_touched,
)
from service.screenings.rules import (
    MOST_KEPT,
    MOST_OPEN,
    OPEN,
    Format,
    NothingToCompareWith,
    ScreeningEnded,
    ScreeningNotFinished,
    ScreeningOutdated,
    State,
    TooManyScreenings,
)


@dataclass(frozen=True, slots=True)
class ScreeningRequest:
    """What is asked: the form of the result, what the platform calls the list, and how the file is to be read.

    `columns` says by their headings which columns hold `code`, `name` and `reference`; `compare` asks for what changed since the
    platform's last screening of the list.
    """

    format: Format
    list_name: str | None = None
    compare: bool = False
    encoding: str | None = None
    sheet: str | None = None
    columns: Mapping[str, str] | None = None

    def check(self) -> None:
        """Refuse a comparison without a list.

        Raises:
            NothingToCompareWith: see there.
        """
        if self.compare and self.list_name is None:
            raise NothingToCompareWith(
                "`compare` needs `list`: the name by which you screen the same list again.",
                detail_zh="比较变化须指明名单名称 list。",
            )


async def create_screening(
    session: AsyncSession,
    *,
    screening_id: UUID,
    asked: ScreeningRequest,
    file: UploadedFile,
    kept: timedelta,
    actor: Actor,
    now: datetime,
) -> Screening:
    """Queue a screening of a file that was received whole; it is `kept` for that long.

    Raises:
        TooManyScreenings: the actor has as many as it may.
    """
    there, waiting = await count_screenings(session, actor=actor)
    if there >= MOST_KEPT or waiting >= MOST_OPEN:
        raise TooManyScreenings(
            f"{waiting} of your screenings wait or run and {there} are kept; {MOST_OPEN} and {MOST_KEPT} are the most."
            " Wait, or delete one first.",
            detail_zh="批量筛查数量已达上限，请等待或先删除。",
        )
    row = Screening(
        id=screening_id,
        principal_id=actor.id,
        state=State.QUEUED,
        format=asked.format,
        list_name=asked.list_name,
        options={
            "compare": asked.compare,
            "encoding": asked.encoding,
            "sheet": asked.sheet,
            "columns": dict(asked.columns or {}),
        },
        file_name=file.name,
        file_size=file.size,
        file_sha256=file.sha256,
        attempt=0,
        rows_done=0,
        done_share=0,
        created_at=now,
        keep_until=now + kept,
    )
    session.add(row)
    await session.flush()
    return row


async def cancel_screening(session: AsyncSession, *, screening_id: UUID, actor: Actor, now: datetime) -> Screening:
    """End a screening that waits or runs; whoever works on it stops soon, and keeps nothing.

    Raises:
        NoSuchScreening: the actor has none of this id.
        ScreeningEnded: it has ended already.
    """
    row = await get_screening(session, screening_id=screening_id, actor=actor, lock=True)
    if row.state not in OPEN:
        raise ScreeningEnded(f"The screening is {row.state}.", detail_zh="该批量筛查已结束。")
    row.state, row.finished_at = State.CANCELLED, now
    await session.flush()
    return row


async def delete_screening(session: AsyncSession, *, screening_id: UUID, actor: Actor) -> Screening:
    """Delete a screening, and return what it was; its files go with it within a minute.

    Raises:
        NoSuchScreening: the actor has none of this id.
    """
    row = await get_screening(session, screening_id=screening_id, actor=actor, lock=True)
    await session.delete(row)
    await session.flush()
    return row


async def describe_screening(
    database: Database, *, screening_id: UUID, files: Files, actor: Actor, now: datetime
) -> Screening:
    """Return a screening as it stands now: outdated as soon as a record ended that its result names.

    Raises:
        NoSuchScreening: the actor has none of this id.
    """
    async with database.reading() as session:
        row = await get_screening(session, screening_id=screening_id, actor=actor)
        if row.state != State.FINISHED:
            return row
        head, is_good = await _look(session, row, files, now=now)
    if is_good and head == row.checked_position:
        return row
    await _settle(database, row, files, head=head, is_good=is_good)
    async with database.reading() as session:
        return await get_screening(session, screening_id=screening_id, actor=actor)


async def open_result(
    database: Database, *, screening_id: UUID, files: Files, actor: Actor, now: datetime
) -> Screening:
    """Return a screening whose result may be read at this moment.

    Raises:
        NoSuchScreening: the actor has none of this id.
        ScreeningNotFinished: it has no result.
        ScreeningOutdated: a record that the result names may not be shown any more.
    """
    row = await describe_screening(database, screening_id=screening_id, files=files, actor=actor, now=now)
    if row.state == State.OUTDATED:
        raise ScreeningOutdated(
            "A record that the result named may not be shown any more, so the result is gone. Hand the file in again.",
            detail_zh="结果中的部分信息已停止公示，结果已删除，请重新提交名单。",
        )
    if row.state != State.FINISHED:
        raise ScreeningNotFinished(
            f"The screening is {row.state}; it has no result.", detail_zh="该批量筛查没有结果。", state=row.state
        )
    return row


async def list_ended(
    session: ReadSession, files: Files, *, after: int, limit: int, now: datetime
) -> tuple[list[dict[str, Any]], int | None]:
    """Return the records that the screening compared with named and that have ended, from the number `after` on: id and first day.

    Nothing else is told of them. The second value is the number from which to go on, or None.
    """
    part = files.gone()[after : after + limit]
    connection = await driver(session)
    records = list(zip([code.decode() for code in part["uscc"]], ids_of(part), strict=True))
    today = legal_day(now)
    ended = []
    for kind in (ChangeKind.BLACKLIST_ENTRY, ChangeKind.PENALTY):
        known = await list_known_versions(connection, kind, records=records)
        for record, versions in known.items():
            day = ended_on(versions, on=today)
            if day is not None:
                ended.append({"id": record, "ended_on": day})
    more = after + len(part) if after + len(part) < len(files.gone()) else None
    return ended, more


async def watch_results(database: Database, folder: Path, *, now: datetime) -> int:
    """Take results away that name an ended record, delete what was kept long enough and files of nobody; return how many went."""
    count = 0
    async with database.reading() as session:
        finished = await list_finished(session)
        looked = [(row, *await _look(session, row, Files(folder, row.id), now=now)) for row in finished]
    for row, head, is_good in looked:
        count += not is_good
        await _settle(database, row, Files(folder, row.id), head=head, is_good=is_good)
    async with database.transaction() as session:
        for row in await list_expired(session, now=now):
            Files(folder, row.id).drop()
            await session.delete(row)
            count += 1
    present = ids_in(folder)
    async with database.reading() as session:
        states = await list_states(session)
    for one in present:
        files = Files(folder, one)
        state = states.get(one)
        if state is None and now - _made_at(one) > _UNCLAIMED:
            files.drop()
        elif state is not None and state not in OPEN:
            files.drop_unfinished()
            if state != State.FINISHED:
                files.drop_result()
    return count


#: A file that no screening names is being received, or was left by a request that died.
_UNCLAIMED = timedelta(days=1)


def _made_at(one: UUID) -> datetime:
    return datetime.fromtimestamp((one.int >> 80) / 1000, tz=UTC)


async def _settle(database: Database, row: Screening, files: Files, *, head: int, is_good: bool) -> None:
    async with database.transaction() as session:
        if is_good:
            await mark_checked(session, screening_id=row.id, position=head)
        else:
            await mark_outdated(session, screening_id=row.id)
    if not is_good:
        files.drop_result()


async def _look(session: ReadSession, row: Screening, files: Files, *, now: datetime) -> tuple[int, bool]:
    """Return the head of the log, and whether everything that a result names may still be shown there."""
    connection = await driver(session)
    head = await find_head(connection)
    today = legal_day(now)
    if row.log_id != head.log_id or (row.shown_until is not None and row.shown_until < today):
        return head.position, False
    named = files.named()
    if named is None or not files.result.is_file():
        return head.position, False
    checked = row.checked_position or 0
    if head.position == checked:
        return head.position, True
    return head.position, not await _has_ended(connection, named, after=checked, upto=head.position, now=now)


async def _has_ended(connection: Connection, named: Named, *, after: int, upto: int, now: datetime) -> bool:
    if await has_taken_back(connection, after=after, upto=upto):
        return True
    async for touched in stream_touched(connection, after=after, upto=upto):
        for kind in (ChangeKind.BLACKLIST_ENTRY, ChangeKind.PENALTY):
            records = [(code, record) for of, code, record in touched if of == kind]
            if not records:
                continue
            asked = np.zeros(len(records), dtype=NAMED)
            asked["high"] = [record.int >> 64 for _, record in records]
            asked["low"] = [record.int & (1 << 64) - 1 for _, record in records]
            hits = [one for one, is_named in zip(records, among(asked, named), strict=True) if is_named]
            if hits and await has_gone(connection, kind, hits, day=legal_day(now)):
                return True
    return False

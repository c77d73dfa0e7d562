"""Releases appear, are withheld when something in them may not be shown any more, and are replaced."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from asyncpg import Connection

from service.clock import day_start, legal_day
from service.db import Database, ReadSession, driver
from service.exports.building import (
    Built,
    Options,
    build_delta,
    build_full,
    build_statistics,
    drop_unfinished,
    put_in_place,
    unfinished,
)
from service.exports.digests import SetDigest
from service.exports.pacing import Pace
from service.exports.packages import DICTIONARY, MANIFEST, PACKAGE, SIGNATURE, Release
from service.exports.queries import (
    Extent,
    find_head,
    find_newest,
    find_present,
    find_release,
    find_summed,
    has_ended_since,
    list_ids,
    list_present,
    mark_checked,
    mark_replaced,
    mark_withheld,
)
from service.exports.rules import (
    FULL,
    SLOTS,
    STATISTICS,
    Kind,
    NoSuchRelease,
    PersonalDataFound,
    ReleaseReplaced,
    ReleaseWithheld,
    Slot,
    State,
    base_instant,
    is_of_today,
    month_before,
    release_id,
    wanted_horizon,
)
from service.exports.shapes import SCHEMA_VERSION, TABLES
from service.horizons.queries import find_first_horizon_since, find_horizon, find_last_horizon
from service.horizons.rules import LoggedHorizon
from service.models import ExportRelease
from service.signing.keys import SigningKeys

LOCK: Final = 0x58594558  # "XYEX": one process builds
#: How long a series that the scan for personal data stopped waits before it is tried again.
RETRY: Final = timedelta(minutes=15)
#: What stays of a release that was replaced.
KEPT: Final = frozenset({MANIFEST, SIGNATURE, PACKAGE, DICTIONARY})
_NAMES: Final = tuple(table.name for table in TABLES)
_ATTEMPTS: Final = 3

log: structlog.stdlib.BoundLogger = structlog.get_logger("exports")


async def withhold_ended(database: Database, *, now: datetime) -> int:
    """Look through the log for records that ended unplanned, and withhold the releases that hold one; return how many."""
    count = 0
    async with database.transaction() as session:
        connection = await driver(session)
        _, head = await find_head(connection)
        for release in await list_present(session):
            if await _has_ended(connection, release):
                count += await mark_withheld(session, release=release.id, position=head, now=now)
                log.warning("release.withheld", release=release.id)
            else:
                await mark_checked(session, release=release.id, position=head)
    return count


async def list_due(database: Database, *, now: datetime) -> list[Slot]:
    """Return the series whose release is missing, withheld or of an earlier mark, and for which a horizon is there."""
    due = []
    async with database.reading() as session:
        for slot in SLOTS:
            present = await find_present(session, slot=slot.name)
            wanted = wanted_horizon(slot, now=now)
            if present is not None and present.state == State.PUBLISHED and present.horizon_at >= wanted:
                continue
            held = await find_newest(session, slot=slot.name, state=State.HELD_BACK)
            if held is not None and now - held.created_at < RETRY:
                continue
            horizon = await find_horizon(session, at=wanted)
            if horizon is None or horizon.at != wanted:
                continue
            if slot.hours is not None and await _find_base(session, slot, now=now) is None:
                continue
            if present is None or present.horizon_at < wanted or await _can_follow(session, present):
                due.append(slot)
        if await _find_statistics(session, now=now) is not None:
            due.append(STATISTICS)
    return due


async def build_due(
    database: Database, folder: Path, keys: SigningKeys, *, now: datetime, pace: Pace | None = None
) -> int:
    """Build what is due and show it; return how many releases appeared. One process works, others return at once.

    Whatever dies on the way leaves a folder that nobody sees, and the next run deletes it.

    Raises:
        PersonalDataFound: the scan stopped a release; the other series were still built.
    """
    stopped: PersonalDataFound | None = None
    count = 0
    async with database.holding(LOCK) as alone:
        if not alone:
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        drop_unfinished(folder)
        await _sweep(database, folder)
        await withhold_ended(database, now=now)
        for slot in await list_due(database, now=now):
            try:
                if slot is STATISTICS:
                    count += await _build_statistics(database, folder, keys, slot, now=now)
                else:
                    count += await _build(database, folder, keys, slot, now=now, pace=pace or Pace())
            except PersonalDataFound as problem:
                stopped = problem
        await _sweep(database, folder)
    if stopped is not None:
        raise stopped
    return count


async def open_release(database: Database, release: str, *, now: datetime) -> ExportRelease:
    """Return a release whose files may be read at this moment.

    Raises:
        NoSuchRelease: there is none of this id.
        ReleaseReplaced: it was replaced, `successor` holds now.
        ReleaseWithheld: something in it may not be shown any more, and it is not built anew yet.
    """
    found = await describe_release(database, release)
    if found.kind == Kind.STATISTICS and found.state == State.PUBLISHED:
        return found
    if found.state == State.REPLACED:
        raise ReleaseReplaced(
            f"{release} was replaced by {found.successor_id}. Its manifest stays at /v1/exports/{release}/{MANIFEST}.",
            detail_zh="该版本已被替换，请使用后续版本；其清单仍可查阅。",
            successor=found.successor_id,
        )
    if found.state == State.PUBLISHED and is_of_today(found.horizon_at, now=now):
        async with database.reading() as session:
            connection = await driver(session)
            _, head = await find_head(connection)
            ended = head > found.checked_position and await _has_ended(connection, found)
        if not ended:
            return found
        async with database.transaction() as session:
            await mark_withheld(session, release=release, position=head, now=now)
    raise ReleaseWithheld(
        f"{release} holds records that may not be shown any more; a new release is being built. Ask again in some minutes.",
        detail_zh="该版本中有信息已停止公示，新版本正在生成，请稍后再试。",
    )


async def describe_release(database: Database, release: str) -> ExportRelease:
    """Return a release whatever its state, as long as it was ever shown.

    Raises:
        NoSuchRelease: there is none of this id.
    """
    async with database.reading() as session:
        found = await find_release(session, release=release)
    if found is None:
        raise NoSuchRelease(f"There is no release {release!r}. See /v1/exports.", detail_zh="没有此版本。")
    return found


async def _has_ended(connection: Connection, release: ExportRelease) -> bool:
    return await has_ended_since(
        connection,
        _NAMES,
        position=release.position,
        day=legal_day(release.horizon_at),
        checked=release.checked_position,
        after=release.from_position,
    )


async def _can_follow(session: ReadSession, withheld: ExportRelease) -> bool:
    """Return whether a horizon was taken behind the end that made a release unfit."""
    last = await find_last_horizon(session)
    return last is not None and last.position >= withheld.checked_position and last.at > withheld.horizon_at


async def _find_base(session: ReadSession, slot: Slot, *, now: datetime) -> LoggedHorizon | None:
    """Return the horizon from which a series' delta counts: that of the mark or the last one before it, of the same log."""
    base = await find_horizon(session, at=base_instant(slot, wanted_horizon(slot, now=now)))
    last = await find_last_horizon(session)
    return base if base is not None and last is not None and base.log_id == last.log_id else None


async def _build(database: Database, folder: Path, keys: SigningKeys, slot: Slot, *, now: datetime, pace: Pace) -> int:
    for _ in range(_ATTEMPTS):
        horizon = await _choose_horizon(database, slot, now=now)
        if horizon is None:
            return 0
        sums = None if slot is FULL else await _find_sums(database, horizon)
        if slot is not FULL and sums is None:
            return 0
        release = await _plan(database, slot, horizon, now=now)
        draft = unfinished(folder, release.id)
        try:
            built = await _write(database, draft, release, keys, sums, pace)
        except PersonalDataFound as problem:
            shutil.rmtree(draft)
            await _hold_back(database, slot, release, problem, now=now)
            log.exception("release.held_back", release=release.id, **problem.extra)
            raise
        async with database.transaction() as session:
            connection = await driver(session)
            _, head = await find_head(connection)
            row = _row(slot, release, built.manifest, built.sums(), checked=release.position, now=now)
            if await _has_ended(connection, row):
                shutil.rmtree(draft)
                continue
            row.checked_position = head
            if release.previous is not None:
                await mark_replaced(session, release=release.previous, successor=release.id, now=now)
            session.add(row)
            await session.flush()
            put_in_place(built, folder / release.id)
        log.info("release.published", release=release.id, position=release.position)
        return 1
    return 0


async def _find_statistics(session: ReadSession, *, now: datetime) -> LoggedHorizon | None:
    """Return the horizon at which the figures of the month before are frozen, or None where they are there already."""
    first = legal_day(now).replace(day=1)
    if await session.get(ExportRelease, f"{STATISTICS.name}-{month_before(first)}") is not None:
        return None
    return await find_first_horizon_since(session, since=day_start(first))


async def _build_statistics(database: Database, folder: Path, keys: SigningKeys, slot: Slot, *, now: datetime) -> int:
    async with database.reading() as session:
        horizon = await _find_statistics(session, now=now)
    if horizon is None:
        return 0
    month = month_before(legal_day(horizon.at))
    release = Release(
        id=f"{slot.name}-{month}",
        kind=Kind.STATISTICS,
        span=month,
        log_id=horizon.log_id,
        position=horizon.position,
        horizon=horizon.at,
        built_at=now,
    )
    draft = unfinished(folder, release.id)
    async with database.reading() as session:
        built = await build_statistics(await driver(session), draft, release, keys)
    async with database.transaction() as session:
        session.add(_row(slot, release, built.manifest, None, checked=release.position, now=now))
        await session.flush()
        put_in_place(built, folder / release.id)
    log.info("release.published", release=release.id, position=release.position)
    return 1


async def _choose_horizon(database: Database, slot: Slot, *, now: datetime) -> LoggedHorizon | None:
    """Return the horizon of the mark; the newest one where a record shown at the mark has ended, or the scan stopped it."""
    async with database.reading() as session:
        wanted = await find_horizon(session, at=wanted_horizon(slot, now=now))
        last = await find_last_horizon(session)
        if wanted is None or last is None:
            return None
        held = await find_newest(session, slot=slot.name, state=State.HELD_BACK)
        if held is not None and held.horizon_at >= wanted.at:
            return last
        ended = await has_ended_since(
            await driver(session),
            _NAMES,
            position=wanted.position,
            day=legal_day(wanted.at),
            checked=wanted.position,
            after=None,
        )
    return last if ended else wanted


async def _plan(database: Database, slot: Slot, horizon: LoggedHorizon, *, now: datetime) -> Release:
    async with database.reading() as session:
        present = await find_present(session, slot=slot.name)
        base = None if slot.hours is None else await _find_base(session, slot, now=now)
        attempt = 1
        while await session.get(ExportRelease, release_id(slot.name, horizon.at, attempt=attempt)) is not None:
            attempt += 1
    return Release(
        id=release_id(slot.name, horizon.at, attempt=attempt),
        kind=slot.kind,
        span=slot.span,
        log_id=horizon.log_id,
        position=horizon.position,
        horizon=horizon.at,
        built_at=now,
        from_position=None if base is None else base.position,
        from_horizon=None if base is None else base.at,
        previous=None if present is None else present.id,
    )


async def _find_sums(database: Database, horizon: LoggedHorizon) -> tuple[dict[str, SetDigest], Extent] | None:
    """Return the sums of the newest full release of the log and where they were taken; None before the first."""
    async with database.reading() as session:
        summed = await find_summed(session, log_id=horizon.log_id, schema=SCHEMA_VERSION)
    if summed is None or summed.sums is None:
        return None
    sums = {name: SetDigest.from_hex(one["sum"], one["count"]) for name, one in summed.sums.items()}
    return sums, Extent(summed.position, legal_day(summed.horizon_at))


async def _write(
    database: Database,
    draft: Path,
    release: Release,
    keys: SigningKeys,
    sums: tuple[dict[str, SetDigest], Extent] | None,
    pace: Pace,
) -> Built:
    async with database.reading() as session:
        connection = await driver(session)
        if sums is None:
            return await build_full(connection, draft, release, keys, Options(pace=pace))
        return await build_delta(connection, draft, release, keys, sums=sums[0], sums_at=sums[1], pace=pace)


def _row(
    slot: Slot,
    release: Release,
    manifest: dict[str, Any] | None,
    sums: dict[str, Any] | None,
    *,
    checked: int,
    now: datetime,
) -> ExportRelease:
    return ExportRelease(
        id=release.id,
        slot=slot.name,
        kind=release.kind,
        span=release.span,
        state=State.PUBLISHED,
        log_id=release.log_id,
        position=release.position,
        horizon_at=release.horizon,
        from_position=release.from_position,
        from_horizon_at=release.from_horizon,
        checked_position=checked,
        previous_id=release.previous,
        manifest=manifest,
        sums=sums,
        created_at=now,
        published_at=now,
    )


async def _hold_back(
    database: Database, slot: Slot, release: Release, problem: PersonalDataFound, *, now: datetime
) -> None:
    row = _row(slot, release, None, None, checked=release.position, now=now)
    row.state, row.published_at = State.HELD_BACK, None
    row.problem = {"code": problem.code, "detail": problem.detail, **problem.extra}
    async with database.transaction() as session:
        session.add(row)


async def _sweep(database: Database, folder: Path) -> None:
    """Delete the data of releases that were replaced, and folders of releases that never came to be."""
    async with database.reading() as session:
        shown = await list_ids(session, states=[State.PUBLISHED, State.WITHHELD])
        replaced = await list_ids(session, states=[State.REPLACED])
    for one in folder.iterdir():
        if one.name in replaced:
            for file in one.iterdir():
                if file.name not in KEPT:
                    file.unlink()
        elif one.name not in shown and one.is_dir():
            shutil.rmtree(one)

"""Selections of the public data: entered by exporters, delivered by schedule."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.rules import Actor
from service.clock import legal_day
from service.db import Database, driver
from service.errors import Refusal
from service.exports.building import FORMATS, Options
from service.exports.files import Compression
from service.exports.pacing import Pace
from service.exports.selecting import export_selection
from service.feeds.definitions import Definition
from service.feeds.queries import find_feed
from service.feeds.rules import TransportFailure, wait_after
from service.models import ExportSelection
from service.selections.delivering import deliver
from service.selections.queries import count_selections, get_selection, list_due
from service.selections.rules import MOST, Every, NoSuchTarget, TooManySelections, Wanted, period_of
from service.signing.keys import SigningKeys
from service.versions import ExpectedVersion

log: structlog.stdlib.BoundLogger = structlog.get_logger("exports")


async def _target(session: AsyncSession, deliver_to: str, *, principal: UUID) -> Definition:
    """Return the place of delivery of this name.

    Raises:
        NoSuchTarget: there is none, or its definition does not open it to the exporter.
    """
    feed = await find_feed(await driver(session), deliver_to)
    exporters = () if feed is None else feed.definition.body.get("exporters", ())
    if (
        feed is None
        or feed.definition.direction != "exports"
        or feed.state == "retired"
        or (exporters and str(principal) not in exporters)
    ):
        raise NoSuchTarget(
            f"{deliver_to!r} is no place that releases are delivered to for you. The operator opens one by a definition with"
            ' direction = "exports", see docs/open-data.md.',
            detail_zh="没有可供您使用的交付地点。",
        )
    return feed.definition


async def add_selection(
    session: AsyncSession,
    *,
    name: str,
    wanted: dict[str, Any],
    every: Every,
    deliver_to: str,
    is_paused: bool,
    actor: Actor,
    now: datetime,
) -> ExportSelection:
    """Enter a selection; its first delivery is due at once.

    Raises:
        MalformedSelection, UnknownColumns: it cannot be selected.
        NoSuchTarget: there is no such place for the exporter.
        TooManySelections: it has `MOST` already.
    """
    Wanted(**wanted).check()
    await _target(session, deliver_to, principal=actor.id)
    if await count_selections(session, principal=actor.id) >= MOST:
        raise TooManySelections(
            f"You have {MOST} selections already.", detail_zh=f"导出设置最多 {MOST} 个。", most=MOST
        )
    row = ExportSelection(
        id=new_id(),
        principal_id=actor.id,
        name=name,
        body=wanted,
        every=every,
        deliver_to=deliver_to,
        is_paused=is_paused,
        version_no=1,
        failures=0,
        created_at=now,
        changed_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def replace_selection(
    session: AsyncSession,
    *,
    selection_id: UUID,
    name: str,
    wanted: dict[str, Any],
    every: Every,
    deliver_to: str,
    is_paused: bool,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> ExportSelection:
    """Change a selection of one's own; what waits after a failure is tried again at once, and what is selected otherwise anew.

    Raises:
        NoSuchSelection: the exporter has none of this id.
        VersionRequired, VersionMismatch: it changed meanwhile.
        MalformedSelection, UnknownColumns, NoSuchTarget: see `add_selection`.
    """
    row = await get_selection(session, selection_id=selection_id, principal=actor.id, lock=True)
    expected.check(row.version_no)
    Wanted(**wanted).check()
    await _target(session, deliver_to, principal=actor.id)
    if (row.body, row.every, row.deliver_to) != (wanted, every, deliver_to):
        row.last_period = None
    if row.deliver_to != deliver_to:
        row.last_release = None
    row.name, row.body, row.every, row.deliver_to, row.is_paused = name, wanted, every, deliver_to, is_paused
    row.failures, row.retry_at, row.changed_at = 0, None, now
    row.version_no += 1
    await session.flush()
    return row


async def drop_selection(session: AsyncSession, *, selection_id: UUID, expected: ExpectedVersion, actor: Actor) -> None:
    """Forget a selection of one's own; what was delivered stays where it is.

    Raises:
        NoSuchSelection: the exporter has none of this id.
        VersionRequired, VersionMismatch: it changed meanwhile.
    """
    row = await get_selection(session, selection_id=selection_id, principal=actor.id, lock=True)
    expected.check(row.version_no)
    await session.delete(row)


async def count_due(database: Database, *, now: datetime) -> int:
    """Return how many selections are due."""
    async with database.reading() as session:
        return len(await list_due(session, today=legal_day(now), now=now))


async def deliver_due(
    database: Database, folder: Path, keys: SigningKeys, *, now: datetime, pace: Pace | None = None
) -> int:
    """Export and deliver every selection that is due; return how many were delivered. What fails is tried again later.

    Each is a release at the newest horizon, put together below `folder` and deleted there once it was delivered.
    """
    async with database.reading() as session:
        due = await list_due(session, today=legal_day(now), now=now)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for one in due:
        target = folder / one.id.hex
        try:
            release = await _deliver(database, one, target, keys, now=now, pace=pace or Pace())
        except (TransportFailure, Refusal) as problem:
            await _note_trouble(database, one, code=problem.code, words=str(problem), now=now)
        else:
            log.info("selection.delivered", selection=str(one.id), release=release, place=one.deliver_to)
            count += 1
        finally:
            shutil.rmtree(target, ignore_errors=True)
            shutil.rmtree(target.with_name(f".building-{target.name}"), ignore_errors=True)
    return count


async def _deliver(
    database: Database, one: ExportSelection, folder: Path, keys: SigningKeys, *, now: datetime, pace: Pace
) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    async with database.transaction() as session:
        definition = await _target(session, one.deliver_to, principal=one.principal_id)
    wanted = Wanted(**one.body)
    pace.begin()
    built = await export_selection(
        database, folder, keys, selection=wanted.selection, options=_options(wanted, pace), now=now
    )
    series = f"{one.id.hex[-8:]}-"
    name = f"{series}{built.manifest['id']}"
    await deliver(definition, folder, name=name, series=series, replaces=one.last_release)
    async with database.transaction() as session:
        row = await session.get(ExportSelection, one.id, with_for_update=True)
        if row is not None and row.version_no == one.version_no:
            row.last_period, row.last_release = period_of(Every(one.every), legal_day(now)), name
            row.last_horizon_at = datetime.fromisoformat(built.manifest["horizon"])
            row.last_digest = built.manifest["state_digest"]
            row.delivered_at, row.failures, row.retry_at, row.trouble = now, 0, None, None
    return name


def _options(wanted: Wanted, pace: Pace) -> Options:
    """Return how the files are written. JSON Lines are always there, whole, so that the release can be verified."""
    formats = tuple(dict.fromkeys(("jsonl", *(one for one in wanted.formats if one in FORMATS))))
    columns = {name: tuple(names) for name, names in (wanted.columns or {}).items()}
    return Options(formats, Compression(wanted.compression), wanted.bom, columns, pace)


async def _note_trouble(database: Database, one: ExportSelection, *, code: str, words: str, now: datetime) -> None:
    async with database.transaction() as session:
        row = await session.get(ExportSelection, one.id, with_for_update=True)
        if row is None or row.version_no != one.version_no:
            return  # it was changed meanwhile, and is tried anew as it stands now
        row.failures += 1
        row.retry_at = now + wait_after(row.failures)
        row.trouble = {"code": code, "words": words[:1000], "at": now.isoformat()}
    log.warning("selection.not_delivered", selection=str(one.id), place=one.deliver_to, code=code, reason=words)

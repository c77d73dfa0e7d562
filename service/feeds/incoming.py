"""Feeds in: a file is picked up, tried without writing, held where it would change too much, and imported like any upload.

What a file would do is told by a dry run of the same import. More than a share of what its source has (new, changed, or no
longer there), or a file much smaller or larger than expected, waits for a person, who decides within one working day. What a
held file says to have ended ends at once: its rows are imported by themselves. A record that the newest complete file does not
have is hidden, restorably: it comes back by itself when a later file has it, or by a person's hand.
"""

import asyncio
import shutil
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
import structlog
import uuid_utils.compat
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.queries import load_catalog
from service.clock import Clock
from service.db import Database, driver
from service.errors import Refusal
from service.feeds.fetching import Offered, Pickup, open_pickup
from service.feeds.holding import Brake, count_of_source, held_facts
from service.feeds.missing import HIDDEN, count_missing, hide_missing, restore_found
from service.feeds.queries import Row, Standing, list_feeds, note_failure, note_success
from service.feeds.rules import BadFeed, DeliveryNotHeld, NoSuchDelivery, TransportFailure, wait_after
from service.feeds.sending import held
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.ends import ends_file
from service.imports.shapes import SHAPES
from service.versions import ExpectedVersion

log: structlog.stdlib.BoundLogger = structlog.get_logger("feeds")

_OF_ROWS: Final = ("kind", "authority", "source", "list", "basis")
_SETTINGS: Final = (*_OF_ROWS, "encoding", "sheet")


async def fetch_feeds(database: Database, data_dir: Path, *, clock: Clock) -> int:
    """Pick up what is there and take every delivery one step on; return how many steps were taken."""
    async with database.reading() as session:
        feeds = await list_feeds(await driver(session), direction="in")
    total = 0
    for feed in feeds:
        if feed.state != "active" or not feed.definition.connected:
            continue
        async with held(database, feed.id) as free:
            if not free:
                continue
            total += await _advance(database, feed, data_dir, clock)
            if feed.is_due(clock()):
                total += await _fetch(database, feed, data_dir, clock)
                total += await _advance(database, feed, data_dir, clock)
    return total


def folder_of(data_dir: Path) -> Path:
    """Return where picked-up files lie until their import has ended."""
    return data_dir / "deliveries"


async def _fetch(database: Database, feed: Standing, data_dir: Path, clock: Clock) -> int:
    folder = folder_of(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    async with database.reading() as session:
        rows = await (await driver(session)).fetch(
            "SELECT name, mark FROM feed_delivery WHERE feed_id = $1 ORDER BY id DESC LIMIT 1000", feed.id
        )
    count = 0
    try:
        async with open_pickup(feed.definition, now=clock()) as pickup:
            known = {(row["name"], row["mark"]) for row in (rows[:1] if pickup.one_address else rows)}
            for offered in await pickup.offered([row["mark"] for row in reversed(rows)]):
                if (offered.name, offered.mark) not in known:
                    await _bring(database, feed, pickup, offered, folder, clock)
                    count += 1
    except (TransportFailure, BadFeed) as failure:
        async with database.transaction() as session:
            await note_failure(
                await driver(session),
                feed.id,
                code=failure.code,
                words=str(failure),
                wait=wait_after(feed.failures + 1),
                now=clock(),
            )
        log.warning("feed.not_fetched", feed=feed.id, code=failure.code, reason=str(failure))
        return count
    async with database.transaction() as session:
        await note_success(await driver(session), feed.id, now=clock())
    return count


async def _bring(
    database: Database, feed: Standing, pickup: Pickup, offered: Offered, folder: Path, clock: Clock
) -> None:
    # The unfinished file bears the mark: a later version of the same name is not put behind an earlier one's beginning.
    part = folder / f"{feed.id}-{uuid_utils.compat.uuid5(UUID(int=0), offered.name + offered.mark).hex}.part"
    await pickup.fetch(offered, part)
    with part.open("rb") as content:
        sha256 = file_digest(content, "sha256").hexdigest()
    size = part.stat().st_size
    delivery = uuid_utils.compat.uuid7()
    part.replace(folder / delivery.hex)
    async with database.transaction() as session:
        await (await driver(session)).execute(
            """INSERT INTO feed_delivery (id, feed_id, name, mark, size, sha256, state, version_no, fetched_at, source_code,
                authority_code)
            VALUES ($1, $2, $3, $4, $5, $6, 'fetched', 1, $7, $8, $9)""",
            delivery,
            feed.id,
            offered.name,
            offered.mark,
            size,
            sha256,
            clock(),
            feed.definition.incoming.get("source"),
            feed.definition.incoming["authority"],
        )
    log.info("feed.fetched", feed=feed.id, file=offered.name, bytes=size)


async def _advance(database: Database, feed: Standing, data_dir: Path, clock: Clock) -> int:
    """Take the open deliveries of a feed on, oldest first; a later one waits until the earlier has ended."""
    steps = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            row = await connection.fetchrow(
                """SELECT *, brake::text AS told FROM feed_delivery
                WHERE feed_id = $1 AND state NOT IN ('taken', 'failed', 'rejected')
                ORDER BY id LIMIT 1 FOR UPDATE""",
                feed.id,
            )
            if row is None or not await _step(session, feed, row, data_dir, clock):
                return steps
            steps += 1


async def _step(session: AsyncSession, feed: Standing, row: Row, data_dir: Path, clock: Clock) -> bool:
    connection = await driver(session)
    if row["state"] == "fetched":
        return await _try(session, feed, row, data_dir, clock)
    if row["state"] == "held":
        return False
    ended = await connection.fetchrow(
        """SELECT state, rows_read, counts::text AS counts, problem::text AS problem, table_info ->> 'ends' AS ends
        FROM data_import WHERE id = $1""",
        row["check_id"] if row["state"] == "checking" else row["import_id"],
    )
    if ended["state"] in {"queued", "running"}:
        return False
    if ended["state"] != "finished":
        await _close(connection, row, "failed", data_dir, now=clock(), problem=ended["problem"])
        return True
    if row["state"] == "checking":
        await _judge(session, feed, row, ended, data_dir, clock)
    else:
        await _finish(connection, feed, row, data_dir, clock)
    return True


async def _try(session: AsyncSession, feed: Standing, row: Row, data_dir: Path, clock: Clock) -> bool:
    connection = await driver(session)
    try:
        check = await _queue(session, feed, row, data_dir, dry_run=True, now=clock())
    except Refusal as refusal:
        problem = orjson.dumps({"code": refusal.code, "detail": refusal.detail}).decode()
        await _close(connection, row, "failed", data_dir, now=clock(), problem=problem)
        return True
    await connection.execute(
        "UPDATE feed_delivery SET state = 'checking', check_id = $2, version_no = version_no + 1 WHERE id = $1",
        row["id"],
        check,
    )
    return True


async def _queue(
    session: AsyncSession, feed: Standing, row: Row, data_dir: Path, *, dry_run: bool, now: datetime
) -> UUID:
    """Queue an import of a copy of the delivery's file, as an upload would; imports delete their file when they end."""
    incoming = feed.definition.incoming
    request = {name: incoming[name] for name in _SETTINGS if name in incoming}
    return await _queue_file(
        session,
        feed,
        ImportRequest(**request, column_map=incoming.get("map"), dry_run=dry_run, tells_ends=dry_run),
        folder_of(data_dir) / row["id"].hex,
        name=row["name"],
        data_dir=data_dir,
        now=now,
    )


async def _queue_ends(
    session: AsyncSession, feed: Standing, row: Row, data_dir: Path, *, count: int, now: datetime
) -> None:
    """Let what a held file says to have ended take effect at once, as an import of those rows alone."""
    told = ends_file(data_dir / "uploads" / row["check_id"].hex)
    if not count:
        return
    if not told.exists():
        log.error("feed.ends_lost", feed=feed.id, delivery=str(row["id"]), ends=count)
        return
    request = {name: feed.definition.incoming[name] for name in _OF_ROWS if name in feed.definition.incoming}
    import_id = await _queue_file(
        session,
        feed,
        ImportRequest(**request, column_map=feed.definition.incoming.get("map"), is_part=True),
        told,
        name=f"{row['name']} (ends)",
        data_dir=data_dir,
        now=now,
    )
    await (await driver(session)).execute(
        "UPDATE feed_delivery SET ends_import_id = $2, ends_count = $3 WHERE id = $1", row["id"], import_id, count
    )


async def _queue_file(
    session: AsyncSession,
    feed: Standing,
    request: ImportRequest,
    file: Path,
    *,
    name: str,
    data_dir: Path,
    now: datetime,
) -> UUID:
    import_id = new_import_id()
    stored = data_dir / "uploads" / import_id.hex
    stored.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copyfile, file, stored)
    with stored.open("rb") as content:
        sha256 = file_digest(content, "sha256").hexdigest()
    try:
        await create_import(
            session,
            import_id=import_id,
            request=request,
            file=UploadedFile(str(stored), name, stored.stat().st_size, sha256),
            actor=f"feed:{feed.id}",
            catalog=await load_catalog(session),
            now=now,
        )
    except BaseException:
        stored.unlink(missing_ok=True)
        raise
    return import_id


async def _judge(session: AsyncSession, feed: Standing, row: Row, ended: Row, data_dir: Path, clock: Clock) -> None:
    connection = await driver(session)
    incoming = feed.definition.incoming
    brake = Brake.of(
        incoming,
        orjson.loads(ended["counts"])["outcomes"],
        has=await count_of_source(connection, incoming),
        rows=ended["rows_read"],
    )
    if not brake.holds:
        await _import(session, feed, row, data_dir, now=clock())
        return
    told = held_facts(brake, (await load_catalog(session)).calendar, now=clock())
    await connection.execute(
        """UPDATE feed_delivery SET state = 'held', brake = $2, held_at = $3, decide_by = $4, version_no = version_no + 1
        WHERE id = $1""",
        row["id"],
        orjson.dumps(told.brake).decode(),
        clock(),
        told.decide_by,
    )
    await _queue_ends(session, feed, row, data_dir, count=int(ended["ends"] or 0), now=clock())
    log.error(
        "feed.held",
        feed=feed.id,
        delivery=str(row["id"]),
        file=row["name"],
        decide_by=str(told.decide_by),
        ends=int(ended["ends"] or 0),
        **told.brake,
    )


async def _import(session: AsyncSession, feed: Standing, row: Row, data_dir: Path, *, now: datetime) -> None:
    import_id = await _queue(session, feed, row, data_dir, dry_run=False, now=now)
    await (await driver(session)).execute(
        "UPDATE feed_delivery SET state = 'importing', import_id = $2, version_no = version_no + 1 WHERE id = $1",
        row["id"],
        import_id,
    )


async def _finish(connection: Connection, feed: Standing, row: Row, data_dir: Path, clock: Clock) -> None:
    """After its import: bring back what the file has again, and hide what it has no more, where it is complete."""
    incoming = feed.definition.incoming
    hidden = restored = 0
    shape = SHAPES[str(incoming["kind"])]
    if shape.change_kind in HIDDEN and incoming.get("source"):
        restored = await restore_found(connection, shape, feed_id=feed.id, import_id=row["import_id"], now=clock())
        if incoming.get("complete", False):
            gone = await count_missing(connection, shape, source=str(incoming["source"]), import_id=row["import_id"])
            has = await count_of_source(connection, incoming)
            if row["decided_by"] is not None or not Brake.of(incoming, {}, has=has, dropped=gone).holds:
                hidden = await hide_missing(
                    connection, shape, feed_id=feed.id, delivery=row, source=str(incoming["source"]), now=clock()
                )
            else:
                log.error("feed.not_hidden", feed=feed.id, delivery=str(row["id"]), missing=gone, of=has)
    await connection.execute(
        "UPDATE feed_delivery SET hidden_count = $2, restored_count = $3 WHERE id = $1", row["id"], hidden, restored
    )
    await _close(connection, row, "taken", data_dir, now=clock())


async def _close(
    connection: Connection, row: Row, state: str, data_dir: Path, *, now: datetime, problem: str | None = None
) -> None:
    await connection.execute(
        """UPDATE feed_delivery SET state = $2, finished_at = $3, problem = $4, version_no = version_no + 1
        WHERE id = $1""",
        row["id"],
        state,
        now,
        problem,
    )
    (folder_of(data_dir) / row["id"].hex).unlink(missing_ok=True)
    if row["check_id"] is not None:
        ends_file(data_dir / "uploads" / row["check_id"].hex).unlink(missing_ok=True)


async def decide_delivery(
    session: AsyncSession,
    *,
    feed_id: str,
    delivery_id: UUID,
    approved: bool,
    reason: str,
    actor: str,
    expected: ExpectedVersion,
    data_dir: Path,
    now: datetime,
) -> Row:
    """Let a held file be imported, or turn it away; the reason stays with it.

    Raises:
        NoSuchDelivery: the feed has none of this id.
        DeliveryNotHeld: it does not wait for anybody.
        VersionRequired, VersionMismatch: it changed meanwhile.
    """
    connection = await driver(session)
    row = await get_delivery(connection, feed_id=feed_id, delivery_id=delivery_id, lock=True)
    expected.check(row["version_no"])
    if row["state"] != "held":
        raise DeliveryNotHeld(f"{row['name']} is {row['state']}, not held.", detail_zh="该文件未被暂停。")
    await connection.execute(
        "UPDATE feed_delivery SET decided_by = $2, reason = $3 WHERE id = $1", delivery_id, actor, reason
    )
    if approved:
        (feed,) = [one for one in await list_feeds(connection, direction="in") if one.id == feed_id]
        await _import(session, feed, row, data_dir, now=now)
    else:
        await _close(connection, row, "rejected", data_dir, now=now)
    return await get_delivery(connection, feed_id=feed_id, delivery_id=delivery_id)


async def get_delivery(connection: Connection, *, feed_id: str, delivery_id: UUID, lock: bool = False) -> Row:
    """Return a delivery of a feed.

    Raises:
        NoSuchDelivery: there is none.
    """
    tail = " FOR UPDATE" if lock else ""
    row: Row | None = await connection.fetchrow(
        f"SELECT * FROM feed_delivery WHERE feed_id = $1 AND id = $2{tail}",  # noqa: S608 - a constant
        feed_id,
        delivery_id,
    )
    if row is None:
        raise NoSuchDelivery(f"The feed {feed_id!r} has no delivery {delivery_id}.", detail_zh="没有该文件。")
    return row


async def list_deliveries(connection: Connection, *, feed_id: str, after: UUID | None, limit: int) -> list[Row]:
    """Return a page of a feed's deliveries, newest first."""
    rows: list[Row] = await connection.fetch(
        """SELECT * FROM feed_delivery WHERE feed_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",
        feed_id,
        after,
        limit,
    )
    return rows

"""From the queue to the other side: rows are rendered when they leave, and what left is known even after a crash.

A batch is written down with the digest of its bytes before it leaves (`made`), and marked after (`sent`). Whoever finds a
made batch renders it again: the same bytes go once more under the same name, which every transport takes for the same batch;
where a record changed meanwhile the batch is given up and its items are queued anew. Withdrawals go before everything else.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog
import uuid_utils.compat
from asyncpg import Connection

from service.clock import Clock, legal_day
from service.db import Database, driver
from service.feeds.definitions import Definition
from service.feeds.facts import list_facts
from service.feeds.formats import encode_rows
from service.feeds.queries import (
    FEED_LOCKS,
    Row,
    Standing,
    claim_items,
    day_or_none,
    insert_batch,
    keep_accepted,
    list_batch_items,
    list_made,
    next_number,
    reject_items,
    release_batch,
    settle_sent,
    turn_round,
)
from service.feeds.receipts import take_answers
from service.feeds.rules import WITHDRAWAL_AGAIN, ContentRefused, Operation
from service.feeds.shapes import (
    Rendered,
    Shape,
    render_report,
    render_withdrawal,
    withdrawal_columns,
)
from service.feeds.transports import Parcel, Transport

log: structlog.stdlib.BoundLogger = structlog.get_logger("feeds")

#: Batches of one run, so that a feed with a long queue does not keep the others waiting.
MOST_BATCHES: Final = 50

Key = tuple[str, UUID]


def held(database: Database, feed_id: str) -> AbstractAsyncContextManager[bool]:
    """Hold a feed while the block runs: one process sends at a time. Yields whether it was free."""
    return database.holding(FEED_LOCKS, int.from_bytes(sha256(feed_id.encode()).digest()[:4]) % 2**31)


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs: the database, the feed, its shape, the open way, and a clock."""

    database: Database
    feed: Standing
    shape: Shape
    transport: Transport
    clock: Clock

    @property
    def definition(self) -> Definition:
        """The feed's definition."""
        return self.feed.definition


async def send_queued(sender: Sender) -> int:
    """Send what waits, withdrawals first, then by the last day of the law; return how many rows left.

    Raises:
        TransportFailure: the other side could not be reached; what had not left stays queued.
    """
    sent = await _send_made_again(sender)
    for operation in (Operation.WITHDRAW, Operation.REPORT):
        for _ in range(MOST_BATCHES):
            parcel = await _make_batch(sender, operation, limit=sender.definition.rows)
            if parcel is None:
                break
            sent += await _deliver(sender, parcel)
    return sent


async def _send_made_again(sender: Sender) -> int:
    """Send batches of which nobody knows whether they left, if their rows are still what they were."""
    async with sender.database.transaction() as session:
        made = await list_made(await driver(session), sender.feed.id)
    sent = 0
    for batch in made:
        async with sender.database.transaction() as session:
            connection = await driver(session)
            parcel = await _render_again(sender, connection, batch)
            if parcel is None:
                await release_batch(connection, batch_id=batch["id"], state="replaced", problem=None)
                continue
        sent += await _deliver(sender, parcel)
    return sent


async def _render_again(sender: Sender, connection: Connection, batch: Row) -> Parcel | None:
    items = await list_batch_items(connection, batch["id"])
    operation = Operation(batch["operation"])
    if not all(item["is_current"] and item["operation"] == operation.value for item in items):
        return None
    keys = [(item["uscc"], item["record_id"]) for item in items]
    if operation is Operation.REPORT:
        facts = await list_facts(connection, kind=sender.shape.record, channel=sender.definition.channel, keys=keys)
        rendered = [render_report(sender.shape, one) for one in facts]
    else:
        rendered = [
            render_withdrawal(sender.shape, item["row_key"], ended_on=day_or_none(item["ended_on"])) for item in items
        ]
    if len(rendered) != len(items) or any(one.problem for one in rendered):
        return None
    parcel = _parcel(sender, batch["id"], batch["file_name"], operation, rendered)
    return parcel if parcel.sha256 == batch["sha256"] else None


async def _make_batch(sender: Sender, operation: Operation, *, limit: int) -> Parcel | None:
    """Write the next batch down; None where nothing of this kind waits. Rows that cannot be sent are set aside meanwhile."""
    while True:
        async with sender.database.transaction() as session:
            connection = await driver(session)
            now = sender.clock()
            items = await claim_items(connection, feed_id=sender.feed.id, operation=operation, limit=limit, now=now)
            if not items:
                return None
            if operation is Operation.REPORT:
                chosen = await _choose_reports(sender, connection, items)
            else:
                chosen = [
                    (item, 0, render_withdrawal(sender.shape, item["sent_key"], ended_on=day_or_none(item["ended_on"])))
                    for item in items
                ]
            if chosen:
                return await _write_batch(sender, connection, operation, chosen, now=now)


async def _choose_reports(
    sender: Sender, connection: Connection, items: Sequence[Row]
) -> list[tuple[Row, int, Rendered]]:
    keys = [(item["uscc"], item["record_id"]) for item in items]
    facts = {
        (one["uscc"], one["id"]): one
        for one in await list_facts(connection, kind=sender.shape.record, channel=sender.definition.channel, keys=keys)
    }
    rejected: list[tuple[str, UUID, str, str]] = []
    same: list[Key] = []
    turned: list[Key] = []
    chosen: list[tuple[Row, int, Rendered]] = []
    for item, key in zip(items, keys, strict=True):
        fact = facts[key]
        one = render_report(sender.shape, fact)
        if one.problem is not None:
            rejected.append((*key, "cannot_be_sent", one.problem))
        elif item["sent_key"] is not None and item["sent_key"] != one.key:
            turned.append(key)
        elif item["accepted_digest"] == one.digest:
            same.append(key)
        else:
            chosen.append((item, fact["version_no"], one))
    await reject_items(connection, feed_id=sender.feed.id, rejected=rejected)
    await keep_accepted(connection, feed_id=sender.feed.id, same=same)
    await turn_round(connection, feed_id=sender.feed.id, keys=turned)
    if rejected:
        log.warning("feed.cannot_be_sent", feed=sender.feed.id, count=len(rejected))
    return chosen


async def _write_batch(
    sender: Sender,
    connection: Connection,
    operation: Operation,
    chosen: Sequence[tuple[Row, int, Rendered]],
    *,
    now: datetime,
) -> Parcel:
    number = await next_number(connection, sender.feed.id)
    word = "" if operation is Operation.REPORT else "-withdraw"
    name = f"{sender.feed.id}-{legal_day(now):%Y%m%d}-{number:08d}{word}.{sender.definition.format}"
    parcel = _parcel(sender, uuid_utils.compat.uuid7(), name, operation, [one for _, _, one in chosen])
    await insert_batch(
        connection,
        batch_id=parcel.batch_id,
        feed_id=sender.feed.id,
        number=number,
        operation=operation,
        file_name=name,
        sha256=parcel.sha256,
        mapping=sender.shape.mapping,
        items=[(item["uscc"], item["record_id"], version, one.key, one.digest) for item, version, one in chosen],
        now=now,
    )
    return parcel


def _parcel(sender: Sender, batch_id: UUID, name: str, operation: Operation, rendered: Sequence[Rendered]) -> Parcel:
    columns = sender.shape.names if operation is Operation.REPORT else withdrawal_columns(sender.shape)
    rows = [one.cells for one in rendered]
    content = encode_rows(rows, columns, format_=sender.definition.format, bom=sender.definition.bom)
    return Parcel(batch_id, name, operation, columns, rows, content, sha256(content).hexdigest())


async def _deliver(sender: Sender, parcel: Parcel) -> int:
    """Let a batch leave; one whose content is refused is halved until the row that is to blame stands alone."""
    try:
        answers = await sender.transport.send(parcel)
    except ContentRefused as refused:
        return await _halve(sender, parcel, refused)
    async with sender.database.transaction() as session:
        connection = await driver(session)
        await settle_sent(connection, batch_id=parcel.batch_id, operation=parcel.operation, now=sender.clock())
    await take_answers(sender.database, sender.feed, answers, now=sender.clock())
    log.info("feed.sent", feed=sender.feed.id, file=parcel.file_name, rows=len(parcel.rows))
    return len(parcel.rows)


async def _halve(sender: Sender, parcel: Parcel, refused: ContentRefused) -> int:
    problem = {"code": refused.code, "words": refused.words[:1000]}
    async with sender.database.transaction() as session:
        connection = await driver(session)
        items = await list_batch_items(connection, parcel.batch_id)
        await release_batch(connection, batch_id=parcel.batch_id, state="refused", problem=problem)
        if len(items) == 1:
            (item,) = items
            if parcel.operation is Operation.WITHDRAW:
                # A withdrawal is never given up; it waits like one that nobody confirmed.
                await _put_off(connection, sender, item, refused.words, now=sender.clock())
            else:
                rejected = [(item["uscc"], item["record_id"], refused.code, refused.words[:1000])]
                await reject_items(connection, feed_id=sender.feed.id, rejected=rejected)
            log.warning("feed.refused", feed=sender.feed.id, record_id=str(item["record_id"]), code=refused.code)
            return 0
    half = (len(items) + 1) // 2
    sent = 0
    for part in (items[:half], items[half:]):
        halved = await _remake(sender, parcel, part)
        if halved is not None:
            sent += await _deliver(sender, halved)
    return sent


async def _put_off(connection: Connection, sender: Sender, item: Row, words: str, *, now: datetime) -> None:
    await connection.execute(
        "UPDATE feed_item SET next_at = $4, reason = $5 WHERE feed_id = $1 AND uscc = $2 AND record_id = $3",
        sender.feed.id,
        item["uscc"],
        item["record_id"],
        now + WITHDRAWAL_AGAIN,
        words[:1000],
    )


async def _remake(sender: Sender, parcel: Parcel, part: Sequence[Row]) -> Parcel | None:
    """Write a batch of a part of the rows of one that was refused; those that changed meanwhile are left to the queue."""
    rows = {item["row_key"]: parcel.rows[item["line"] - 1] for item in part}
    async with sender.database.transaction() as session:
        connection = await driver(session)
        present = await connection.fetch(
            """SELECT uscc, record_id FROM feed_item WHERE feed_id = $1 AND state = 'queued' AND batch_id IS NULL
            AND operation = $2 AND record_id = ANY ($3::uuid[]) FOR UPDATE""",
            sender.feed.id,
            parcel.operation.value,
            [item["record_id"] for item in part],
        )
        still = {(row["uscc"], row["record_id"]) for row in present}
        chosen = [
            (item, item["version_no"], Rendered(rows[item["row_key"]], item["row_key"], item["row_digest"]))
            for item in part
            if (item["uscc"], item["record_id"]) in still
        ]
        if not chosen:
            return None
        return await _write_batch(sender, connection, parcel.operation, chosen, now=sender.clock())


def shape_of(feed: Standing) -> Shape:
    """Return the shape that a feed sends."""
    return feed.definition.shaped

"""What the other side answers: files, tables, answers to requests, and silence. Once, twice or out of order: the same in the end.

A receipt is about the row that its key names, in the batch that it names or else the newest. It moves the record's item only
while the row says what the item's last one said and nothing opposite was sent after it; otherwise it is noted with its batch, and
what it accepted is a fact for the deadline all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from asyncpg import Connection

from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.db import Database, driver
from service.deadlines.feeding import meet_by_feed, reject_by_feed
from service.feeds.definitions import Definition, Receipts
from service.feeds.formats import decode_rows, join_key
from service.feeds.gsxt_days import set_gsxt_days
from service.feeds.permit_days import set_reported_days
from service.feeds.queries import Standing
from service.feeds.rules import DUE, Answer, Operation, Receipt, answered_day, reason_words
from service.feeds.transports import Answers, Found
from service.reading.dates import read_date
from service.working_days.rules import Limit, Unit, due_day

log: structlog.stdlib.BoundLogger = structlog.get_logger("feeds")

#: Receipts of one transaction.
BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Applied:
    """A receipt with the row it is about; `is_waiting`: it is the last that was said, and a newer version waits to be sent."""

    receipt: Receipt
    batch_id: UUID
    line: int
    uscc: str
    record_id: UUID
    record_kind: str
    operation: Operation
    is_current: bool
    is_waiting: bool
    day: date


async def take_answers(database: Database, feed: Standing, answers: Answers, *, now: datetime) -> int:
    """Take in what came back; return how many receipts were about rows of ours. A file is read once, a broken one not at all."""
    count = 0
    for file in answers.files:
        count += await _take_file(database, feed, file, now=now)
    for at in range(0, len(answers.receipts), BATCH):
        async with database.transaction() as session:
            catalog = await load_catalog(session)
            part = answers.receipts[at : at + BATCH]
            count += await apply_receipts(await driver(session), catalog, feed, part, now=now)
    return count


async def _take_file(database: Database, feed: Standing, file: Found, *, now: datetime) -> int:
    digest = sha256(file.content).hexdigest()
    async with database.transaction() as session:
        connection = await driver(session)
        known = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM feed_receipt_file WHERE feed_id = $1 AND name = $2 AND sha256 = $3)",
            feed.id,
            file.name,
            digest,
        )
        if known:
            return 0
        try:
            receipts = read_receipts(file, feed.definition)
        except ValueError as error:
            # Perhaps it is not written to its end; it is looked at again.
            log.warning("feed.receipts_unreadable", feed=feed.id, file=file.name, reason=str(error))
            return 0
        catalog = await load_catalog(session)
        count = 0
        for at in range(0, len(receipts), BATCH):
            count += await apply_receipts(connection, catalog, feed, receipts[at : at + BATCH], now=now)
        counts = {"rows": len(receipts), "ours": count}
        await connection.execute(
            "INSERT INTO feed_receipt_file (feed_id, name, sha256, read_at, counts) VALUES ($1, $2, $3, $4, $5)",
            feed.id,
            file.name,
            digest,
            now,
            orjson.dumps(counts).decode(),
        )
    return count


def read_receipts(file: Found, definition: Definition) -> list[Receipt]:
    """Return the receipts of a file; rows whose status means nothing to us are left out.

    Raises:
        ValueError: the file cannot be read, or lacks the columns of key and status.
    """
    rows = decode_rows(file.content, name=file.name)
    columns = _columns(definition.receipts, definition.shaped.key)
    needed = {*columns["key"], columns["status"]}
    if rows and not needed <= rows[0].keys():
        raise ValueError(f"{file.name}: no column {', '.join(sorted(needed - rows[0].keys()))}")
    found = []
    for row in rows:
        answer = definition.receipts.statuses.get(row[columns["status"]].strip())
        if answer is None:
            continue
        stated = row.get(columns.get("on", ""), "")
        found.append(
            Receipt(
                key=join_key(row, columns["key"]),
                answer=answer,
                on=read_date(stated).value if stated else None,
                reason_code=row.get(columns.get("reason_code", "")) or None,
                reason=row.get(columns.get("reason", "")) or None,
                file_name=row.get(columns.get("file", "")) or None,
            )
        )
    return found


def _columns(receipts: Receipts, key: Sequence[str]) -> dict[str, Any]:
    named: Mapping[str, Any] = {"key": list(key), "status": "status"} | dict(receipts.columns)
    wanted = named["key"]
    return {**named, "key": [wanted] if isinstance(wanted, str) else list(wanted)}


async def apply_receipts(
    connection: Connection, catalog: Catalog, feed: Standing, receipts: Sequence[Receipt], *, now: datetime
) -> int:
    """Apply receipts in the caller's transaction; return how many were about rows of ours."""
    today = legal_day(now)
    applied = await _matched(connection, feed, receipts, today=today)
    if not applied:
        return 0
    words = feed.definition.receipts.reasons
    reasons = [
        reason_words(one.receipt.reason_code, one.receipt.reason, words)[:1000]
        if one.receipt.answer is Answer.REJECTED
        else None
        for one in applied
    ]
    await _note_outcomes(connection, applied, reasons)
    await _move_items(connection, feed, applied, reasons, now=now)
    await connection.execute("UPDATE feed SET answered_at = $2 WHERE id = $1", feed.id, now)
    await _tell_deadlines(connection, catalog, feed, applied, reasons, now=now)
    return len(applied)


async def _matched(
    connection: Connection, feed: Standing, receipts: Sequence[Receipt], *, today: date
) -> list[Applied]:
    rows = await connection.fetch(
        """SELECT DISTINCT ON (r.n) r.n, b.batch_id, b.line, b.uscc, b.record_id, i.record_kind, f.operation, f.sent_at,
            i.operation = f.operation AND NOT o.is_undone
                AND (f.operation = 'withdraw' OR i.state <> 'queued' AND b.row_digest = i.sent_digest) AS is_current,
            i.operation = f.operation AND NOT o.is_undone AND f.operation = 'report' AND i.state = 'queued'
                AND b.row_digest = i.sent_digest AS is_waiting
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS r (key, file, n)
        JOIN feed_item i ON i.feed_id = $1 AND i.sent_key = r.key
        JOIN feed_batch_item b ON b.uscc = i.uscc AND b.record_id = i.record_id AND b.row_key = r.key
        JOIN feed_batch f ON f.id = b.batch_id AND f.feed_id = $1 AND f.state = 'sent'
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM feed_batch_item l JOIN feed_batch g ON g.id = l.batch_id
            WHERE l.uscc = i.uscc AND l.record_id = i.record_id AND g.feed_id = $1 AND g.number > f.number
            AND g.operation <> f.operation AND g.state IN ('made', 'sent')) AS is_undone) o
        WHERE r.file IS NULL OR r.file = f.file_name
        ORDER BY r.n, f.number DESC""",
        feed.id,
        [one.key for one in receipts],
        [one.file_name for one in receipts],
    )
    return [
        Applied(
            receipt=receipts[row["n"] - 1],
            batch_id=row["batch_id"],
            line=row["line"],
            uscc=row["uscc"],
            record_id=row["record_id"],
            record_kind=row["record_kind"],
            operation=Operation(row["operation"]),
            is_current=bool(row["is_current"]),
            is_waiting=bool(row["is_waiting"]),
            day=answered_day(
                receipts[row["n"] - 1].on,
                sent_on=None if row["sent_at"] is None else legal_day(row["sent_at"]),
                today=today,
            ),
        )
        for row in rows
    ]


async def _note_outcomes(connection: Connection, applied: Sequence[Applied], reasons: Sequence[str | None]) -> None:
    await connection.execute(
        """UPDATE feed_batch_item b SET outcome = r.outcome, answered_on = r.day, reason = r.reason
        FROM unnest($1::uuid[], $2::int[], $3::text[], $4::date[], $5::text[]) AS r (batch_id, line, outcome, day, reason)
        WHERE b.batch_id = r.batch_id AND b.line = r.line
        AND (b.outcome IS NULL OR b.outcome = 'received' OR r.outcome <> 'received')""",
        [one.batch_id for one in applied],
        [one.line for one in applied],
        [one.receipt.answer.value for one in applied],
        [one.day for one in applied],
        list(reasons),
    )


async def _move_items(
    connection: Connection, feed: Standing, applied: Sequence[Applied], reasons: Sequence[str | None], *, now: datetime
) -> None:
    """Move the items whose own batch was answered. A receipt of receipt changes nothing that was decided already.

    Where a newer version waits, it is noted whether the other side has what was said last: the same content is not sent again
    after an acceptance, and is after a rejection.
    """
    waiting = [one for one in applied if one.is_waiting and one.receipt.answer is not Answer.RECEIVED]
    if waiting:
        await connection.execute(
            """UPDATE feed_item i SET accepted_digest = CASE WHEN r.accepted THEN i.sent_digest END
            FROM unnest($2::text[], $3::uuid[], $4::bool[]) AS r (uscc, record_id, accepted)
            WHERE i.feed_id = $1 AND i.uscc = r.uscc AND i.record_id = r.record_id AND i.state = 'queued'""",
            feed.id,
            [one.uscc for one in waiting],
            [one.record_id for one in waiting],
            [one.receipt.answer is Answer.ACCEPTED for one in waiting],
        )
    current = [(one, reason) for one, reason in zip(applied, reasons, strict=True) if one.is_current]
    await connection.execute(
        """UPDATE feed_item i SET answered_at = $6,
            state = CASE
                WHEN i.operation = 'withdraw' THEN
                    CASE WHEN r.answer = 'accepted' THEN 'withdrawn_confirmed' ELSE i.state END
                ELSE r.answer END,
            dead = CASE WHEN i.operation = 'report' THEN r.answer = 'rejected' ELSE i.dead END,
            accepted_digest = CASE WHEN i.operation = 'report' AND r.answer = 'accepted' THEN i.sent_digest END,
            accepted_on = CASE WHEN i.operation = 'report' AND r.answer = 'accepted' THEN r.day ELSE i.accepted_on END,
            reason_code = r.code, reason = r.reason
        FROM unnest($2::text[], $3::uuid[], $4::text[], $5::date[], $7::text[], $8::text[])
            AS r (uscc, record_id, answer, day, code, reason)
        WHERE i.feed_id = $1 AND i.uscc = r.uscc AND i.record_id = r.record_id
        AND (i.state IN ('sent', 'received', 'withdrawn_sent') OR i.operation = 'withdraw' AND i.state = 'queued'
            OR r.answer <> 'received' AND i.state IN ('accepted', 'rejected'))""",
        feed.id,
        [one.uscc for one, _ in current],
        [one.record_id for one, _ in current],
        [one.receipt.answer.value for one, _ in current],
        [one.day for one, _ in current],
        now,
        [one.receipt.reason_code for one, _ in current],
        [reason for _, reason in current],
    )


async def _tell_deadlines(
    connection: Connection,
    catalog: Catalog,
    feed: Standing,
    applied: Sequence[Applied],
    reasons: Sequence[str | None],
    *,
    now: datetime,
) -> None:
    if feed.definition.reports != "duty":
        return
    reports = [
        (one, reason)
        for one, reason in zip(applied, reasons, strict=True)
        if one.operation is Operation.REPORT and one.record_kind in DUE
    ]
    permits = {(one.uscc, one.record_id) for one, _ in reports if one.record_kind == "credit_record"}
    accepted = {(one.uscc, one.record_id): one.day for one, _ in reports if one.receipt.answer is Answer.ACCEPTED}
    rejected = {
        (one.uscc, one.record_id): (one.day, reason or "")
        for one, reason in reports
        if one.receipt.answer is Answer.REJECTED and one.is_current
    }
    channel = feed.definition.channel
    who = f"feed:{feed.id}"
    met = await meet_by_feed(connection, catalog, channel=channel, days=accepted, actor=who, now=now)
    said = {key: day for key, day in met.items() if key in permits} | dict.fromkeys(permits & rejected.keys())
    await set_reported_days(connection, days=said, actor=who, now=now)
    await reject_by_feed(connection, catalog, channel=channel, answers=rejected, actor=who, now=now)
    if channel == "gsxt" and met:
        await set_gsxt_days(connection, catalog, days=met, actor=who, now=now)


async def settle_silence(database: Database, feed: Standing, *, now: datetime) -> int:
    """Look for reports that nobody answered within the feed's working days; return how many there are.

    With `silence = "accepts"` they count as accepted on the last of these days. Otherwise they are only told of: what was sent
    is not sent again without an answer or a list of theirs, or they might have it twice.
    """
    receipts = feed.definition.receipts
    async with database.transaction() as session:
        connection = await driver(session)
        catalog = await load_catalog(session)
        rows = await connection.fetch(
            """SELECT sent_key, sent_at FROM feed_item WHERE feed_id = $1 AND state IN ('sent', 'received')
            AND operation = 'report' AND sent_at < $2 ORDER BY sent_at LIMIT $3""",
            feed.id,
            now,
            BATCH,
        )
        limit = Limit(receipts.days, Unit.WORKING_DAYS)
        today = legal_day(now)
        days = {day: due_day(day, limit, catalog.calendar).on for day in {legal_day(row["sent_at"]) for row in rows}}
        late = [(row["sent_key"], days[legal_day(row["sent_at"])]) for row in rows]
        late = [(key, day) for key, day in late if day < today]
        if receipts.silence == "accepts":
            found = [Receipt(key, Answer.ACCEPTED, on=day) for key, day in late]
            await apply_receipts(connection, catalog, feed, found, now=now)
    return len(late)

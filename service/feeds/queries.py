"""SQL of the ledger: feeds, items, batches. Whole sets of rows at a time; nothing here decides what may be sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Connection

from service.feeds.definitions import Definition, read_definition
from service.feeds.rules import WITHDRAWAL_AGAIN, WITHDRAWAL_LONGEST, Operation

Row = Mapping[str, Any]

FEED_LOCKS: Final = 0x584646  # first key of the two-key advisory locks that give a feed to one process


@dataclass(frozen=True, slots=True)
class Standing:
    """A feed as it stands, with its definition."""

    id: str
    state: str
    definition: Definition
    failures: int
    retry_at: datetime | None
    worked_at: datetime | None
    reconciled_at: datetime | None
    row: Row

    def is_due(self, now: datetime) -> bool:
        """Return whether it is time to work on it: its schedule says so and no failure makes it wait."""
        if self.state != "active" or not self.definition.connected:
            return False
        if self.retry_at is not None and now < self.retry_at:
            return False
        wait = timedelta(seconds=self.definition.every_seconds)
        return self.failures > 0 or self.worked_at is None or now >= self.worked_at + wait


async def sync_feeds(connection: Connection, definitions: Sequence[Definition], *, now: datetime) -> int:
    """Bring the stored feeds to their files; one whose file is gone is retired. Return how many changed.

    A definition that means other records starts the reading of the log anew.
    """
    changed = 0
    for one in definitions:
        done = await connection.execute(
            """INSERT INTO feed (id, name, direction, definition, digest, state, version_no, changed_at)
            VALUES ($1, $2, $3, $4, $5, 'active', 1, $6)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, direction = excluded.direction,
                definition = excluded.definition, digest = excluded.digest, changed_at = excluded.changed_at,
                version_no = feed.version_no + 1, retry_at = NULL, failures = 0, trouble = NULL,
                state = CASE WHEN feed.state = 'retired' THEN 'active' ELSE feed.state END,
                position = CASE WHEN feed.digest = excluded.digest THEN feed.position ELSE 0 END
            WHERE feed.definition <> excluded.definition OR feed.state = 'retired'""",
            one.id,
            one.name,
            one.direction,
            orjson.dumps(one.body, default=str).decode(),
            one.digest,
            now,
        )
        changed += int(done.rsplit(" ", 1)[1])
    done = await connection.execute(
        """UPDATE feed SET state = 'retired', version_no = version_no + 1, changed_at = $2
        WHERE state <> 'retired' AND NOT id = ANY ($1::text[])""",
        [one.id for one in definitions],
        now,
    )
    return changed + int(done.rsplit(" ", 1)[1])


async def list_feeds(connection: Connection, *, direction: str | None = None) -> list[Standing]:
    """Return all feeds by id."""
    rows = await connection.fetch(
        "SELECT *, definition::text AS body FROM feed WHERE $1::text IS NULL OR direction = $1 ORDER BY id", direction
    )
    return [_standing(row) for row in rows]


async def find_feed(connection: Connection, feed_id: str, *, lock: bool = False) -> Standing | None:
    """Return a feed, locked until the transaction ends where asked for, or None."""
    tail = " FOR UPDATE" if lock else ""
    row = await connection.fetchrow(f"SELECT *, definition::text AS body FROM feed WHERE id = $1{tail}", feed_id)  # noqa: S608 - a constant
    return None if row is None else _standing(row)


def _standing(row: Row) -> Standing:
    definition = read_definition(orjson.loads(row["body"]), where=row["id"])
    return Standing(
        id=row["id"],
        state=row["state"],
        definition=definition,
        failures=row["failures"],
        retry_at=row["retry_at"],
        worked_at=row["worked_at"],
        reconciled_at=row["reconciled_at"],
        row=row,
    )


async def note_success(connection: Connection, feed_id: str, *, now: datetime) -> None:
    """Note that the other side could be reached and did what it should."""
    await connection.execute(
        "UPDATE feed SET failures = 0, retry_at = NULL, trouble = NULL, worked_at = $2 WHERE id = $1", feed_id, now
    )


async def note_failure(
    connection: Connection, feed_id: str, *, code: str, words: str, wait: timedelta, now: datetime
) -> int:
    """Note what stopped a feed, and when it is tried again; return how many failures there were in a row."""
    trouble = {"code": code, "words": words[:1000], "at": now.isoformat()}
    count: int = await connection.fetchval(
        """UPDATE feed SET failures = failures + 1, retry_at = $3, worked_at = $4, trouble =
            $2::jsonb || jsonb_build_object('since', coalesce(trouble ->> 'since', $2::jsonb ->> 'at'))
        WHERE id = $1 RETURNING failures""",
        feed_id,
        orjson.dumps(trouble).decode(),
        now + wait,
        now,
    )
    return count


async def claim_items(
    connection: Connection, *, feed_id: str, operation: Operation, limit: int, now: datetime
) -> list[Row]:
    """Return what waits to be sent, most urgent first by the last day of the law, locked; those of a made batch stay with it."""
    rows: list[Row] = await connection.fetch(
        """SELECT uscc, record_id, wanted, sent_key, sent_digest, accepted_digest, accepted_on, ended_on, attempts
        FROM feed_item WHERE feed_id = $1 AND state = 'queued' AND NOT dead AND operation = $2 AND next_at <= $3
        AND batch_id IS NULL ORDER BY due_on NULLS LAST, queued_at, uscc, record_id LIMIT $4 FOR UPDATE""",
        feed_id,
        operation.value,
        now,
        limit,
    )
    return rows


async def insert_batch(
    connection: Connection,
    *,
    batch_id: UUID,
    feed_id: str,
    number: int,
    operation: Operation,
    file_name: str,
    sha256: str,
    mapping: str,
    items: Sequence[tuple[str, UUID, int, str, str]],
    now: datetime,
) -> None:
    """Write a batch that is about to leave; each item is (code, record, version, key, digest). From here on it may be there."""
    await connection.execute(
        """INSERT INTO feed_batch (id, feed_id, number, operation, file_name, sha256, row_count, mapping, state, made_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'made', $9)""",
        batch_id,
        feed_id,
        number,
        operation.value,
        file_name,
        sha256,
        len(items),
        mapping,
        now,
    )
    columns = ("batch_id", "line", "uscc", "record_id", "version_no", "row_key", "row_digest")
    await connection.copy_records_to_table(
        "feed_batch_item", records=[(batch_id, at, *item) for at, item in enumerate(items, 1)], columns=columns
    )
    await connection.execute(
        """UPDATE feed_item i SET batch_id = $1, sent_key = b.row_key, sent_digest = b.row_digest,
            sent_version = b.version_no, accepted_digest = NULL, attempts = i.attempts + 1
        FROM feed_batch_item b WHERE b.batch_id = $1 AND i.feed_id = $2 AND i.uscc = b.uscc AND i.record_id = b.record_id""",
        batch_id,
        feed_id,
    )


async def next_number(connection: Connection, feed_id: str) -> int:
    """Return the next number of a batch."""
    number: int = await connection.fetchval(
        "UPDATE feed SET batch_number = batch_number + 1 WHERE id = $1 RETURNING batch_number", feed_id
    )
    return number


async def list_made(connection: Connection, feed_id: str) -> list[Row]:
    """Return batches that were made and of which nobody knows whether they left, oldest first."""
    rows: list[Row] = await connection.fetch(
        "SELECT * FROM feed_batch WHERE feed_id = $1 AND state = 'made' ORDER BY number", feed_id
    )
    return rows


async def list_batch_items(connection: Connection, batch_id: UUID) -> list[Row]:
    """Return the rows of a batch in their order, with what is wanted of each record by now."""
    rows: list[Row] = await connection.fetch(
        """SELECT b.*, i.wanted, i.operation, i.ended_on, i.batch_id = b.batch_id AS is_current
        FROM feed_batch_item b JOIN feed_batch f ON f.id = b.batch_id
        LEFT JOIN feed_item i ON i.feed_id = f.feed_id AND i.uscc = b.uscc AND i.record_id = b.record_id
        WHERE b.batch_id = $1 ORDER BY b.line""",
        batch_id,
    )
    return rows


async def settle_sent(connection: Connection, *, batch_id: UUID, operation: Operation, now: datetime) -> None:
    """Note that a batch has left: its items are sent, unless something newer was queued for them meanwhile.

    A withdrawal that nobody confirms is due again after an hour, then after twice as long each time, 12 hours at most.
    """
    await connection.execute("UPDATE feed_batch SET state = 'sent', sent_at = $2 WHERE id = $1", batch_id, now)
    state = "sent" if operation is Operation.REPORT else "withdrawn_sent"
    await connection.execute(
        """UPDATE feed_item SET state = $2, sent_at = $3,
            next_at = $3::timestamptz + least($4::interval * power(2, least(attempts, 10) - 1), $5::interval)
        WHERE batch_id = $1 AND state = 'queued'""",
        batch_id,
        state,
        now,
        WITHDRAWAL_AGAIN,
        WITHDRAWAL_LONGEST,
    )


async def release_batch(
    connection: Connection, *, batch_id: UUID, state: str, problem: Mapping[str, str] | None
) -> None:
    """Give the items of a batch back to the queue; the batch is `refused` or `replaced`."""
    await connection.execute(
        "UPDATE feed_batch SET state = $2, problem = $3 WHERE id = $1",
        batch_id,
        state,
        None if problem is None else orjson.dumps(problem).decode(),
    )
    await connection.execute("UPDATE feed_item SET batch_id = NULL WHERE batch_id = $1 AND state = 'queued'", batch_id)


async def reject_items(connection: Connection, *, feed_id: str, rejected: Iterable[tuple[str, UUID, str, str]]) -> None:
    """Set items aside that cannot be sent or were turned away: (code, record, reason code, words). The others go on."""
    values = list(rejected)
    if not values:
        return
    await connection.execute(
        """UPDATE feed_item i SET state = 'rejected', dead = true, batch_id = NULL, reason_code = r.code, reason = r.words
        FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[]) AS r (uscc, record_id, code, words)
        WHERE i.feed_id = $1 AND i.uscc = r.uscc AND i.record_id = r.record_id""",
        feed_id,
        *map(list, zip(*values, strict=True)),
    )


async def keep_accepted(connection: Connection, *, feed_id: str, same: Sequence[tuple[str, UUID]]) -> None:
    """Take items off the queue whose row would say what the other side has accepted already."""
    await connection.execute(
        """UPDATE feed_item i SET state = 'accepted', reason_code = NULL, reason = NULL
        FROM unnest($2::text[], $3::uuid[]) AS k (uscc, record_id)
        WHERE i.feed_id = $1 AND i.uscc = k.uscc AND i.record_id = k.record_id""",
        feed_id,
        [uscc for uscc, _ in same],
        [one for _, one in same],
    )


async def turn_round(connection: Connection, *, feed_id: str, keys: Sequence[tuple[str, UUID]]) -> None:
    """Queue withdrawals of rows whose key over there is another than they would have now; they are reported anew after it."""
    await connection.execute(
        """UPDATE feed_item i SET operation = 'withdraw', state = 'queued', batch_id = NULL, dead = false
        FROM unnest($2::text[], $3::uuid[]) AS k (uscc, record_id)
        WHERE i.feed_id = $1 AND i.uscc = k.uscc AND i.record_id = k.record_id""",
        feed_id,
        [uscc for uscc, _ in keys],
        [one for _, one in keys],
    )


async def requeue_unconfirmed(connection: Connection, *, feed_id: str, now: datetime) -> int:
    """Queue withdrawals again that nobody confirmed, and reports of records whose withdrawal came first."""
    done = await connection.fetchval(
        """WITH again AS (
            UPDATE feed_item SET state = 'queued', batch_id = NULL
            WHERE feed_id = $1 AND state = 'withdrawn_sent' AND next_at <= $2 RETURNING 1
        ), anew AS (
            UPDATE feed_item SET state = 'queued', operation = 'report', batch_id = NULL, next_at = $2, queued_at = $2,
                sent_key = NULL, accepted_digest = NULL
            WHERE feed_id = $1 AND state = 'withdrawn_confirmed' AND wanted = 'show' RETURNING 1
        ) SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM anew)""",
        feed_id,
        now,
    )
    return int(done)


async def try_again(connection: Connection, *, feed_id: str, record_id: UUID | None, now: datetime) -> int:
    """Queue dead items again, all or one; return how many."""
    done = await connection.execute(
        """UPDATE feed_item SET state = 'queued', dead = false, batch_id = NULL, attempts = 0, next_at = $3, reason = NULL,
            reason_code = NULL, accepted_digest = NULL
        WHERE feed_id = $1 AND dead AND ($2::uuid IS NULL OR record_id = $2)""",
        feed_id,
        record_id,
        now,
    )
    return int(done.rsplit(" ", 1)[1])


async def list_outstanding(connection: Connection, *, feed_id: str, limit: int = 20_000) -> list[str]:
    """Return the keys of rows that were sent and not answered for good, oldest first."""
    rows = await connection.fetch(
        """SELECT sent_key FROM feed_item WHERE feed_id = $1 AND state IN ('sent', 'received', 'withdrawn_sent')
        AND sent_key IS NOT NULL ORDER BY sent_at LIMIT $2""",
        feed_id,
        limit,
    )
    return [row["sent_key"] for row in rows]


async def list_items(
    connection: Connection,
    *,
    feed_id: str,
    state: str | None,
    dead: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Row]:
    """Return a page of a feed's items by subject and record."""
    start = after or ("", UUID(int=0))
    rows: list[Row] = await connection.fetch(
        """SELECT i.*, b.file_name, b.number AS batch_number, b.mapping FROM feed_item i
        LEFT JOIN feed_batch b ON b.id = i.batch_id
        WHERE i.feed_id = $1 AND ($2::text IS NULL OR i.state = $2) AND ($3::boolean IS NULL OR i.dead = $3)
        AND (i.uscc, i.record_id) > ($4, $5) ORDER BY i.uscc, i.record_id LIMIT $6""",
        feed_id,
        state,
        dead,
        *start,
        limit,
    )
    return rows


async def count_items(connection: Connection) -> dict[str, dict[str, int]]:
    """Return by feed how many items are in each state, and how many are dead (`dead`)."""
    rows = await connection.fetch(
        "SELECT feed_id, state, count(*) AS n, count(*) FILTER (WHERE dead) AS dead FROM feed_item GROUP BY 1, 2"
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = found.setdefault(row["feed_id"], {})
        counts[row["state"]] = row["n"]
        counts["dead"] = counts.get("dead", 0) + row["dead"]
    return found


async def list_batches(connection: Connection, *, feed_id: str, before: int | None, limit: int) -> list[Row]:
    """Return a page of a feed's batches, newest first."""
    rows: list[Row] = await connection.fetch(
        """SELECT * FROM feed_batch WHERE feed_id = $1 AND ($2::bigint IS NULL OR number < $2)
        ORDER BY number DESC LIMIT $3""",
        feed_id,
        before,
        limit,
    )
    return rows


def day_or_none(value: date | None) -> str:
    """Return a day as text, nothing for None."""
    return "" if value is None else value.isoformat()


async def settle_outbox(connection: Connection, *, now: datetime) -> int:
    """Close the notes that records left for feeds, as far as every feed's ledger has read the log; return how many.

    They named the record and the day of the law; the ledger holds both from there on. Without feeds nothing is closed.
    """
    done = await connection.execute(
        """UPDATE outbox_item o SET done_at = $1
        WHERE o.done_at IS NULL AND o.topic IN ('feed_publication', 'feed_withdrawal', 'feed_repair_result')
        AND EXISTS (SELECT FROM change c WHERE c.uscc = o.uscc AND c.record_id = o.record_id
            AND c.version_no >= o.version_no AND c.position <= (
                SELECT min(f.position) FROM feed f WHERE f.direction = 'out' AND f.state <> 'retired'))""",
        now,
    )
    return int(done.rsplit(" ", 1)[1])


async def list_differences(
    connection: Connection, *, feed_id: str, kind: str | None, settled: bool, after: int, limit: int
) -> list[Row]:
    """Return a page of differences in the order in which they were first seen."""
    rows: list[Row] = await connection.fetch(
        """SELECT * FROM feed_difference WHERE feed_id = $1 AND ($2::text IS NULL OR kind = $2)
        AND ($3 OR settled_at IS NULL) AND id > $4 ORDER BY id LIMIT $5""",
        feed_id,
        kind,
        settled,
        after,
        limit,
    )
    return rows

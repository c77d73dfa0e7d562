"""What belongs on a feed: the ledger filled from the change log, as often as one likes.

A feed's place in the log moves in the transaction that fills the ledger. What decides is the record as it is now, not the
entry of the log, so that reading the log again changes nothing; another definition, other deadlines or another log start it over.
"""

from datetime import date, datetime
from typing import Final

from asyncpg import Connection

from service.db import Database, driver
from service.feeds.queries import Standing, find_feed
from service.feeds.rules import DUE

#: Entries of the log of one transaction.
BATCH: Final = 20_000
#: So many items at once change what is known of the ledger's size.
MANY: Final = 5_000

_KEYS: Final = """
SELECT DISTINCT uscc, record_id AS id FROM change WHERE position > $2 AND position <= $3 AND kind = '{kind}'
UNION
SELECT h.uscc, h.id FROM {head} h
WHERE h.uscc IN (SELECT uscc FROM change WHERE position > $2 AND position <= $3 AND kind = 'subject')"""
#: Records whose window on the channel has ended since they were put on the feed; the log tells of the public window only.
_OVER: Final = """
SELECT i.uscc, i.record_id AS id FROM feed_item i
JOIN {version} v ON v.uscc = i.uscc AND v.id = i.record_id AND v.superseded_at IS NULL
WHERE i.feed_id = $1 AND i.wanted = 'show' AND $2::bigint IS NOT NULL AND $3::bigint IS NOT NULL AND {until} < $4"""

_PLAN: Final = """
WITH k AS ({keys}), wish AS (
    SELECT v.uscc, v.id, v.version_no,
        CASE WHEN v.state = '{current}' AND {reported} AND coalesce({until} >= $4, true) {narrowed}
            THEN 'show' ELSE 'hide' END AS wanted,
        {due} AS due_on,
        CASE WHEN v.state = '{current}' THEN least({until} + 1, $4) ELSE coalesce({acted_on}, $4) END AS ended_on,
        (SELECT min(o.due_on) FROM outbox_item o WHERE o.uscc = v.uscc AND o.record_id = v.id
            AND o.topic = 'feed_withdrawal' AND o.version_no = v.version_no) AS withdraw_by
    FROM k JOIN {version} v ON v.uscc = k.uscc AND v.id = k.id AND v.superseded_at IS NULL
), hide AS MATERIALIZED (SELECT * FROM wish WHERE wanted = 'hide'
), gone AS (
    DELETE FROM feed_item i USING hide w WHERE i.feed_id = $1 AND i.uscc = w.uscc AND i.record_id = w.id
    AND i.sent_key IS NULL RETURNING i.uscc
), hidden AS (
    UPDATE feed_item i SET wanted = 'hide', wanted_version = w.version_no, ended_on = w.ended_on, due_on = w.withdraw_by,
        queued_at = CASE WHEN i.operation = 'withdraw' THEN i.queued_at ELSE $5 END,
        next_at = CASE WHEN i.operation = 'withdraw' THEN i.next_at ELSE $5 END,
        attempts = CASE WHEN i.operation = 'withdraw' THEN i.attempts ELSE 0 END,
        state = CASE WHEN i.operation = 'withdraw' THEN i.state ELSE 'queued' END,
        batch_id = CASE WHEN i.operation = 'withdraw' THEN i.batch_id ELSE NULL END,
        operation = 'withdraw', dead = false, reason = NULL, reason_code = NULL
    FROM hide w WHERE i.feed_id = $1 AND i.uscc = w.uscc AND i.record_id = w.id
    AND i.sent_key IS NOT NULL AND i.wanted <> 'hide' RETURNING i.uscc
), shown AS (
    INSERT INTO feed_item (feed_id, uscc, record_id, record_kind, wanted, wanted_version, operation, state, due_on, queued_at,
        next_at)
    SELECT $1, uscc, id, '{kind}', 'show', version_no, 'report', 'queued', due_on, $5, $5 FROM wish WHERE wanted = 'show'
    ON CONFLICT (feed_id, uscc, record_id) DO UPDATE SET wanted = 'show', wanted_version = excluded.wanted_version,
        due_on = excluded.due_on, ended_on = NULL, queued_at = $5, next_at = $5, attempts = 0, dead = false,
        reason = NULL, reason_code = NULL,
        batch_id = CASE WHEN feed_item.state = 'withdrawn_sent' THEN feed_item.batch_id ELSE NULL END,
        state = CASE WHEN feed_item.state IN ('withdrawn_sent', 'withdrawn_confirmed') THEN feed_item.state ELSE 'queued' END,
        operation = CASE WHEN feed_item.state IN ('withdrawn_sent', 'withdrawn_confirmed') THEN 'withdraw' ELSE 'report' END
    WHERE feed_item.wanted <> 'show' OR feed_item.wanted_version <> excluded.wanted_version
    RETURNING uscc
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM hidden) + (SELECT count(*) FROM shown)"""


async def plan_feed(database: Database, feed_id: str, *, today: date, now: datetime, batch: int = BATCH) -> int:
    """Bring a feed's part of the ledger up to the log and to the day; return how many items changed."""
    total = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            feed = await find_feed(connection, feed_id, lock=True)
            if feed is None or feed.state == "retired":
                return total
            since, upto = await _next_part(connection, feed, batch=batch)
            if upto > since:
                total += await _plan(connection, feed, _KEYS, since=since, upto=upto, today=today, now=now)
                await connection.execute("UPDATE feed SET position = $2 WHERE id = $1", feed.id, upto)
                continue
            if feed.row["swept_on"] != today:
                total += await _plan(connection, feed, _OVER, since=since, upto=upto, today=today, now=now)
                await connection.execute("UPDATE feed SET swept_on = $2 WHERE id = $1", feed.id, today)
            return total


async def _next_part(connection: Connection, feed: Standing, *, batch: int) -> tuple[int, int]:
    """From which position to which to read. What the law asks for is known up to where the deadlines were worked out."""
    log_id, head = await connection.fetchrow("SELECT log_id, head_position FROM change_log")
    position, law = feed.row["position"], feed.row["law"]
    present = law
    if feed.definition.reports == "duty" and feed.definition.shaped.record in DUE:
        cursor = await connection.fetchrow("SELECT log_id, position, law FROM deadline_cursor")
        head = cursor["position"] if cursor["log_id"] == log_id else 0
        present = cursor["law"]
    if feed.row["log_id"] != log_id or present != law:
        position = 0
        await connection.execute(
            "UPDATE feed SET log_id = $2, position = 0, law = $3 WHERE id = $1", feed.id, log_id, present
        )
    return position, min(head, position + batch)


async def _plan(
    connection: Connection, feed: Standing, keys: str, *, since: int, upto: int, today: date, now: datetime
) -> int:
    definition, shape = feed.definition, feed.definition.shaped
    kind = shape.record
    channel = definition.channel if kind == "penalty" else "public"
    parts = {"kind": kind, "head": kind, "version": f"{kind}_version", "acted_on": "v.effective_on"}
    parts |= {"current": "published", "until": f"v.{channel}_until", "due": "NULL::date"}
    parts["reported"] = (
        f"v.{channel}_reason IS NULL AND v.{channel}_from <= $4" if channel == "public" else f"v.{channel}_from <= $4"
    )
    narrowed = (
        "AND (cardinality($6::text[]) = 0 OR v.authority_code = ANY ($6)) AND (cardinality($7::text[]) = 0 OR {list})"
    )
    if kind == "credit_record":
        parts |= {"current": "recorded", "acted_on": "(v.recorded_at AT TIME ZONE 'Asia/Shanghai')::date"}
        parts |= {"until": "v.valid_until", "reported": "coalesce(v.valid_from, v.decided_on) <= $4"}
        narrowed += " AND v.class_id = 'permit'"
    if definition.reports == "duty" and kind in DUE:
        of = f"""FROM deadline d WHERE d.uscc = v.uscc AND d.record_id = v.id AND d.channel = '{definition.channel}'
            AND d.state IN ('open', 'met')"""
        parts["reported"] = f"EXISTS (SELECT {of})"
        parts["due"] = f"(SELECT min(d.due_on) {of} AND d.state = 'open' AND d.bearer = 'authority')"
        if kind == "credit_record":
            # A permit says itself until when it holds: what is over is not taken back.
            parts["until"] = "NULL::date"
    if definition.only_own:
        narrowed += " AND coalesce(v.source_code LIKE 'own:%', true)"
    sql = _PLAN.replace("{keys}", keys).replace("{narrowed}", narrowed)
    sql = sql.replace("{list}", "v.list_id = ANY ($7)" if kind == "blacklist_entry" else "true")
    for name, value in parts.items():
        sql = sql.replace("{" + name + "}", value)
    lists = list(definition.lists or shape.lists)
    changed: int = await connection.fetchval(sql, feed.id, since, upto, today, now, list(definition.authorities), lists)
    if changed > MANY:
        # The planner takes a table that grew a moment ago for empty, and would compare every row with every other one.
        await connection.execute("ANALYZE feed_item")
    return changed

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from asyncpg import Connection

from service.alerting.rules import Alert, Told, wait_after


async def find_stopped(connection: Connection, *, broken_after: int, today: date) -> list[Alert]:
    """Return what was stopped and waits for somebody: releases, feeds, files."""
    rows = await connection.fetch(
        """SELECT 'release:' || r.slot AS key, 'release_stopped' AS kind, 'The scan for personal data stopped ' || r.id
            || ': look at the records that `/v1/exports` jobs name in the log.' AS words
        FROM export_release r WHERE r.state = 'held_back' AND NOT EXISTS (
            SELECT FROM export_release l WHERE l.slot = r.slot AND l.created_at > r.created_at)
        UNION ALL
        SELECT 'feed:' || id, 'feed_broken_off', 'The feed ' || id || ' failed ' || failures || ' times in a row: '
            || coalesce(trouble ->> 'code', 'unknown') FROM feed WHERE state = 'active' AND failures >= $1
        UNION ALL
        SELECT 'file:' || id, CASE WHEN decide_by < $2 THEN 'file_overdue' ELSE 'file_held' END,
            'A file of the feed ' || feed_id || ' waits for a person, by ' || decide_by
            || CASE WHEN decide_by < $2 THEN ': that working day has passed' ELSE '' END
        FROM feed_delivery WHERE state = 'held' AND decide_by IS NOT NULL
        ORDER BY 1""",
        broken_after,
        today,
    )
    return [Alert(**row) for row in rows]


async def keep_alerts(connection: Connection, found: Sequence[Alert], *, now: datetime) -> tuple[list[str], list[str]]:
    """Enter what is new or another kind than before, and note what is over; return the keys of either."""
    columns: list[list[str]] = [[one.key for one in found], [one.kind for one in found], [one.words for one in found]]
    new = await connection.fetch(
        """INSERT INTO alert (key, kind, words, since, next_at)
        SELECT key, kind, words, $4, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS f (key, kind, words)
        ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, words = excluded.words, since = excluded.since, over_at = NULL,
            next_at = excluded.next_at, attempts = 0, problem = NULL
        WHERE alert.over_at IS NOT NULL OR alert.kind <> excluded.kind RETURNING key""",
        *columns,
        now,
    )
    over = await connection.fetch(
        """UPDATE alert SET over_at = $2, next_at = $2, attempts = 0 WHERE over_at IS NULL AND NOT key = ANY ($1::text[])
        RETURNING key""",
        columns[0],
        now,
    )
    return [row["key"] for row in new], [row["key"] for row in over]


async def list_untold(connection: Connection, *, now: datetime) -> list[Told]:
    """Return what is due to be told, oldest first."""
    rows = await connection.fetch(
        """SELECT key, kind, words, since, over_at FROM alert WHERE next_at <= $1 ORDER BY since, key LIMIT 500""", now
    )
    return [Told(**row) for row in rows]


async def mark_told(connection: Connection, told: Sequence[Told], *, problem: str | None, now: datetime) -> None:
    """Note that alerts were told, or why not and when they are tried again; one that changed meanwhile stays due."""
    attempts: int = await connection.fetchval(
        "SELECT coalesce(max(attempts), 0) + 1 FROM alert WHERE key = ANY ($1::text[])", [one.key for one in told]
    )
    wait: timedelta | None = None if problem is None else wait_after(attempts)
    await connection.execute(
        """UPDATE alert a SET attempts = a.attempts + 1, problem = $4, next_at = $5::timestamptz
        FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS t (key, since, over_at)
        WHERE a.key = t.key AND a.since = t.since AND a.over_at IS NOT DISTINCT FROM t.over_at""",
        [one.key for one in told],
        [one.since for one in told],
        [one.over_at for one in told],
        problem,
        None if wait is None else now + wait,
    )

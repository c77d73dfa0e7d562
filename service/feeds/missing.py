"""Records that the newest complete file of their source does not have: hidden as versions of their own, and brought back likewise."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from service.clock import legal_day
from service.feeds.queries import Row
from service.imports.shapes import Shape
from service.models import BlacklistEntryVersion, PenaltyVersion
from service.records.queries import OF_THE_ACT

_VERSIONS: Final[dict[str, Any]] = {"penalty": PenaltyVersion, "blacklist_entry": BlacklistEntryVersion}
#: Kinds of records that are hidden and brought back.
HIDDEN: Final = frozenset(_VERSIONS)
#: Records of the source ($1) that are shown and that no row of the import ($2) is about.
_GONE: Final = """
SELECT v.uscc, v.id FROM {version} v
WHERE v.source_code = $1 AND v.superseded_at IS NULL AND v.state = 'published'
AND NOT EXISTS (SELECT FROM import_row r WHERE r.import_id = $2 AND r.uscc = v.uscc AND r.record_id = v.id)"""
_BACK: Final = """
SELECT v.uscc, v.id FROM feed_missing m JOIN {version} v ON v.uscc = m.uscc AND v.id = m.record_id AND v.superseded_at IS NULL
WHERE m.feed_id = $1 AND m.restored_at IS NULL AND v.state = 'suspended' AND v.actor = 'feed:' || $1
AND EXISTS (SELECT FROM import_row r WHERE r.import_id = $2 AND r.uscc = v.uscc AND r.record_id = v.id)"""
_APPEND: Final = """
WITH k AS MATERIALIZED ({keys}), h AS (
    SELECT p.uscc, p.id, p.version_no FROM k JOIN {head} p ON p.uscc = k.uscc AND p.id = k.id ORDER BY p.uscc, p.id FOR UPDATE
), before AS (
    UPDATE {version} v SET superseded_at = $3 FROM h
    WHERE v.uscc = h.uscc AND v.id = h.id AND v.version_no = h.version_no AND v.superseded_at IS NULL RETURNING v.*
), after AS (
    INSERT INTO {version} (uscc, id, version_no, {carried}, state, command, actor, reason, basis, effective_on, recorded_at)
    SELECT uscc, id, version_no + 1, {carried}, $4, $5, $6, $7, $8, $9, $3 FROM before RETURNING uscc, id, version_no
), heads AS (
    UPDATE {head} p SET version_no = a.version_no, state = $4 FROM after a WHERE p.uscc = a.uscc AND p.id = a.id RETURNING 1
), told AS (
    INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
    SELECT uscc, '{head}', id, version_no, $10, $3 FROM after ORDER BY uscc, id RETURNING 1
)
SELECT uscc, id FROM after"""


async def count_missing(connection: Connection, shape: Shape, *, source: str, import_id: UUID) -> int:
    """Return how many shown records of a source an import does not speak of."""
    gone = _GONE.replace("{version}", shape.version)
    count: int = await connection.fetchval(f"SELECT count(*) FROM ({gone}) AS g", source, import_id)  # noqa: S608 - constants
    return count


async def hide_missing(
    connection: Connection, shape: Shape, *, feed_id: str, delivery: Row, source: str, now: datetime
) -> int:
    """Hide the shown records of a source that a delivery's import does not speak of, and list them; return how many."""
    reason = f"no longer in the newest complete file of the source: {delivery['name']}"
    rows = await connection.fetch(
        _sql(shape, _GONE),
        source,
        delivery["import_id"],
        now,
        "suspended",
        "suspend",
        f"feed:{feed_id}",
        reason,
        f"sha256:{delivery['sha256']}",
        legal_day(now),
        "ended",
    )
    await connection.execute(
        """INSERT INTO feed_missing (feed_id, uscc, record_id, record_kind, delivery_id, hidden_at)
        SELECT $1, uscc, id, $2, $3, $4 FROM unnest($5::text[], $6::uuid[]) AS g (uscc, id)
        ON CONFLICT (feed_id, uscc, record_id) DO UPDATE SET delivery_id = excluded.delivery_id,
            hidden_at = excluded.hidden_at, restored_at = NULL""",
        feed_id,
        shape.change_kind,
        delivery["id"],
        now,
        [row["uscc"] for row in rows],
        [row["id"] for row in rows],
    )
    return len(rows)


async def restore_found(connection: Connection, shape: Shape, *, feed_id: str, import_id: UUID, now: datetime) -> int:
    """Show again what this feed had hidden and an import speaks of; what a person decided meanwhile stays as it is."""
    event = "listed" if shape.change_kind == "blacklist_entry" else "published"
    rows = await connection.fetch(
        _sql(shape, _BACK),
        feed_id,
        import_id,
        now,
        "published",
        "resume",
        f"feed:{feed_id}",
        "in the source's newest file again",
        None,
        legal_day(now),
        event,
    )
    await connection.execute(
        """UPDATE feed_missing m SET restored_at = $2 FROM unnest($3::text[], $4::uuid[]) AS g (uscc, id)
        WHERE m.feed_id = $1 AND m.uscc = g.uscc AND m.record_id = g.id""",
        feed_id,
        now,
        [row["uscc"] for row in rows],
        [row["id"] for row in rows],
    )
    return len(rows)


def _sql(shape: Shape, keys: str) -> str:
    not_carried = {*OF_THE_ACT, "uscc", "id", "version_no", "state"}
    columns = _VERSIONS[shape.change_kind].__table__.columns
    carried = ", ".join(column.name for column in columns if column.name not in not_carried)
    sql = _APPEND.replace("{keys}", keys).replace("{carried}", carried)
    return sql.replace("{version}", shape.version).replace("{head}", shape.head)


async def list_missing(
    connection: Connection, *, feed_id: str, after: tuple[str, UUID] | None, limit: int
) -> list[Row]:
    """Return a page of what a feed has hidden and nobody has brought back, by subject and record."""
    start = after or ("", UUID(int=0))
    rows: list[Row] = await connection.fetch(
        """SELECT m.*, d.name AS file_name FROM feed_missing m JOIN feed_delivery d ON d.id = m.delivery_id
        WHERE m.feed_id = $1 AND m.restored_at IS NULL AND (m.uscc, m.record_id) > ($2, $3) AND EXISTS (
            SELECT FROM penalty p WHERE p.uscc = m.uscc AND p.id = m.record_id AND p.state = 'suspended'
            UNION ALL
            SELECT FROM blacklist_entry b WHERE b.uscc = m.uscc AND b.id = m.record_id AND b.state = 'suspended')
        ORDER BY m.uscc, m.record_id LIMIT $4""",
        feed_id,
        *start,
        limit,
    )
    return rows

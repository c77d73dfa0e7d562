from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.changes.rules import ChangeKind, KnownVersion, LoggedChange, LogHead, Registration
from service.clock import legal_day

#: The least time between two instants that PostgreSQL can tell apart.
INSTANT: Final = timedelta(microseconds=1)

#: On this channel PostgreSQL says that the log has moved on.
CHANNEL: Final = "xinyong_changes"
MOVED: Final = f"SELECT pg_notify('{CHANNEL}', '')"

#: The kinds of which readers are told; credit records of further classes are nobody's but their own people's.
_TOLD: Final = {kind.value: kind for kind in ChangeKind}

#: What a reader sees of a record's present version, beside the columns that both kinds have.
_VIEW: Final = {
    ChangeKind.PENALTY: ("penalty_version", "v.kinds, v.decided_on, v.fine_fen", ""),
    ChangeKind.BLACKLIST_ENTRY: (
        "blacklist_entry_version",
        "v.list_id, v.grounds, v.listed_on, b.name AS list_name, b.severity",
        "JOIN blacklist b ON b.id = v.list_id",
    ),
}


async def sequence_batch(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Number at most `limit` pending changes, in the order of their ids, and return how many there were.

    The log's row is locked by a statement of its own: what follows sees everything that the holder of the lock before us
    committed. Ids may be committed out of order, so nothing is ever skipped as "too old"; of one record they are in order,
    since its writers take turns at the record's head. All changes of a batch become known at one instant, later than that of
    any batch before, whatever the clocks of two machines say: between two batches lies always an instant to ask about.
    """
    head = (await session.execute(text("SELECT head_position, head_at FROM change_log FOR UPDATE"))).one()
    instant = max(now, head.head_at + INSTANT) if head.head_position else now
    numbered = await session.execute(
        text(
            """WITH taken AS (
                DELETE FROM pending_change
                WHERE id <= (SELECT max(id) FROM (SELECT id FROM pending_change ORDER BY id LIMIT :limit) AS first)
                RETURNING id, uscc, kind, record_id, version_no, event, recorded_at
            ), numbered AS (
                INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
                SELECT :head + row_number() OVER (ORDER BY id), uscc, kind, record_id, version_no, event, recorded_at, :now
                FROM taken
                RETURNING 1
            )
            SELECT count(*) FROM numbered"""
        ),
        {"limit": limit, "head": head.head_position, "now": instant},
    )
    count: int = numbered.scalar_one()
    if count:
        await session.execute(
            text("UPDATE change_log SET head_position = head_position + :count, head_at = :now"),
            {"count": count, "now": instant},
        )
        await session.execute(text(MOVED))
    return count


async def find_head(connection: Connection) -> LogHead:
    """Return the log's identity and its last position, in the snapshot of `connection`."""
    row = await connection.fetchrow("SELECT log_id, head_position FROM change_log")
    return LogHead(row["log_id"], row["head_position"])


async def list_changes(connection: Connection, *, after: int, limit: int) -> list[LoggedChange]:
    """Return the rows of the log behind `after`, in order, at most `limit`."""
    rows = await connection.fetch(
        """SELECT position, uscc, kind, record_id, event FROM change
        WHERE position > $1 ORDER BY position LIMIT $2""",
        after,
        limit,
    )
    return [
        LoggedChange(row["position"], row["uscc"], _TOLD.get(row["kind"]), row["record_id"], row["event"])
        for row in rows
    ]


async def list_changes_at(connection: Connection, *, positions: Sequence[int]) -> list[tuple[LoggedChange, datetime]]:
    """Return the rows of the log at these positions, each with the instant at which it was numbered."""
    rows = await connection.fetch(
        "SELECT position, uscc, kind, record_id, event, sequenced_at FROM change WHERE position = ANY ($1::bigint[])",
        list(positions),
    )
    return [
        (
            LoggedChange(row["position"], row["uscc"], _TOLD.get(row["kind"]), row["record_id"], row["event"]),
            row["sequenced_at"],
        )
        for row in rows
    ]


async def find_position_before(connection: Connection, *, instant: datetime) -> int:
    """Return the last position that was numbered before `instant`, 0 where none was."""
    found: int = await connection.fetchval(
        """SELECT coalesce((SELECT min(position) - 1 FROM change WHERE sequenced_at >= $1),
            (SELECT head_position FROM change_log))""",
        instant,
    )
    return found


async def list_known_versions(
    connection: Connection, kind: ChangeKind, *, records: Sequence[tuple[str, UUID]], upto: int | None = None
) -> Mapping[UUID, list[KnownVersion]]:
    """Return the versions of each record that were numbered by position `upto`, all without one, oldest first.

    A version becomes known with its first position. One that was replaced in the very batch that numbered it was never known.
    """
    table = _VIEW[kind][0]
    rows = await connection.fetch(
        f"""WITH told AS (
            SELECT c.uscc, c.record_id, c.version_no, min(c.sequenced_at) AS known_at
            FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
            JOIN change c ON c.uscc = a.uscc AND c.record_id = a.id
            WHERE $3::bigint IS NULL OR c.position <= $3
            GROUP BY 1, 2, 3
        ), turns AS (
            SELECT *, lead(known_at) OVER (PARTITION BY record_id ORDER BY version_no) AS replaced_at FROM told
        )
        SELECT v.id, v.state, v.public_from, v.public_until, v.public_reason, t.known_at, t.replaced_at
        FROM turns t JOIN {table} v ON v.uscc = t.uscc AND v.id = t.record_id AND v.version_no = t.version_no
        WHERE t.replaced_at IS DISTINCT FROM t.known_at
        ORDER BY v.id, v.version_no""",  # noqa: S608 - the table is one of the two above
        [uscc for uscc, _ in records],
        [record for _, record in records],
        upto,
    )
    known: dict[UUID, list[KnownVersion]] = {}
    for row in rows:
        replaced = row["replaced_at"]
        version = KnownVersion(
            state=row["state"],
            public_from=row["public_from"],
            public_until=row["public_until"],
            public_reason=row["public_reason"],
            known_from=legal_day(row["known_at"]),
            known_until=None if replaced is None else legal_day(replaced),
        )
        known.setdefault(row["id"], []).append(version)
    return known


async def list_present_versions(
    connection: Connection, kind: ChangeKind, *, records: Sequence[tuple[str, UUID]]
) -> Mapping[UUID, dict[str, Any]]:
    """Return what the public may see of each record's last numbered version, by id."""
    table, columns, join = _VIEW[kind]
    rows = await connection.fetch(
        f"""SELECT DISTINCT ON (v.id) v.id, v.document_no, v.authority_name, v.public_from, v.public_until, v.held_texts,
            {columns}
        FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
        JOIN change c ON c.uscc = a.uscc AND c.record_id = a.id
        JOIN {table} v ON v.uscc = c.uscc AND v.id = c.record_id AND v.version_no = c.version_no {join}
        ORDER BY v.id, v.version_no DESC""",  # noqa: S608 - table, columns and join are of the two above
        [uscc for uscc, _ in records],
        [record for _, record in records],
    )
    return {row["id"]: dict(row) for row in rows}


async def list_registrations(connection: Connection, *, codes: Sequence[str]) -> Mapping[str, Registration]:
    """Return each subject's last numbered registration, and whether any numbered version was registered."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (v.uscc) v.uscc, v.registered, v.name, v.registration_status, v.successors,
            bool_or(v.registered) OVER (PARTITION BY v.uscc) AS was_registered
        FROM unnest($1::text[]) AS a (uscc)
        JOIN change c ON c.uscc = a.uscc AND c.record_id IS NULL
        JOIN subject_version v ON v.uscc = c.uscc AND v.version_no = c.version_no
        ORDER BY v.uscc, v.version_no DESC""",
        list(codes),
    )
    return {
        row["uscc"]: Registration(
            row["registered"], row["was_registered"], row["name"], row["registration_status"], row["successors"]
        )
        for row in rows
    }

from collections.abc import Iterator
from typing import Final

from asyncpg import Connection

_RECORDS: Final = ("penalty", "blacklist_entry", "credit_record")

# Each counts what should not be. Tables are the three above.
_OF_EACH: Final = {
    "head_is_current_version": """
        SELECT count(*) FROM {head} h LEFT JOIN {head}_version v
            ON v.uscc = h.uscc AND v.id = h.id AND v.superseded_at IS NULL
        WHERE v.id IS NULL OR v.version_no <> h.version_no OR v.state <> h.state""",
    "version_has_head": """
        SELECT count(*) FROM {head}_version v LEFT JOIN {head} h ON h.uscc = v.uscc AND h.id = v.id
        WHERE v.superseded_at IS NULL AND h.id IS NULL""",
    "versions_are_dense": """
        SELECT count(*) FROM (
            SELECT FROM {head}_version GROUP BY uscc, id
            HAVING count(*) <> max(version_no) OR min(version_no) <> 1 OR count(*) - count(superseded_at) <> 1
                OR max(version_no) FILTER (WHERE superseded_at IS NULL) <> max(version_no)) AS g""",
    # What was written before the log had its first change of the kind has none.
    "version_has_change": """
        SELECT count(*) FROM {head}_version v
        WHERE v.recorded_at >= (SELECT min(recorded_at) FROM change WHERE kind = '{head}')
        AND NOT EXISTS (SELECT FROM change c WHERE c.uscc = v.uscc AND c.record_id = v.id AND c.version_no = v.version_no)
        AND NOT EXISTS (
            SELECT FROM pending_change p WHERE p.uscc = v.uscc AND p.record_id = v.id AND p.version_no = v.version_no)""",
    "record_has_subject": """
        SELECT count(*) FROM {head} h LEFT JOIN subject s ON s.uscc = h.uscc WHERE s.uscc IS NULL""",
}
_ALONE: Final = {
    "positions_are_dense": """
        SELECT (SELECT count(*) FROM (SELECT count(*) AS n, coalesce(max(position) - min(position) + 1, 0) AS span FROM change) c
                WHERE c.n <> c.span)
            + (SELECT count(*) FROM change_log l WHERE l.head_position < (SELECT coalesce(max(position), 0) FROM change))""",
    "import_accounts_for_its_rows": """
        SELECT count(*) FROM data_import d WHERE d.state = 'finished' AND d.rows_read <> (
            SELECT coalesce(sum(c.value::bigint), 0) FROM jsonb_each_text(coalesce(d.counts -> 'outcomes', '{}')) AS c)""",
    "ended_entry_has_no_open_revocation": """
        SELECT count(*) FROM blacklist_entry e JOIN blacklist_entry_revocation r ON r.uscc = e.uscc AND r.entry_id = e.id
        WHERE e.state = 'ended' AND r.state = 'open'""",
    "granted_repair_ended_its_record": """
        SELECT count(*) FROM repair r
        LEFT JOIN penalty p ON r.record_kind = 'penalty' AND p.uscc = r.uscc AND p.id = r.record_id
        LEFT JOIN blacklist_entry e ON r.record_kind = 'blacklist_entry' AND e.uscc = r.uscc AND e.id = r.record_id
        WHERE r.state = 'granted' AND coalesce(p.state, e.state, '') NOT IN ('ended', 'void')""",
    "party_is_told_of_its_repair": """
        SELECT count(*) FROM repair r WHERE r.state = 'granted' AND NOT EXISTS (
            SELECT FROM outbox_item o WHERE o.uscc = r.uscc AND o.record_id = r.record_id AND o.topic = 'party_notice')""",
}


def _checks() -> Iterator[tuple[str, str]]:
    for name, query in _OF_EACH.items():
        for head in _RECORDS:
            yield name, query.replace("{head}", head)
    yield from _ALONE.items()


async def count_broken(connection: Connection) -> dict[str, int]:
    """Return how many rows break each invariant; 0 where it holds. Everything is read in the caller's one snapshot."""
    found: dict[str, int] = {}
    for name, query in _checks():
        found[name] = found.get(name, 0) + await connection.fetchval(query)
    return found

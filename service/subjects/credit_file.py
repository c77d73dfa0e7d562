"""What a credit file holds for whom: one condition, `visible_to`, decides for every record of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from service.subjects.rules import Sight

Row = Mapping[str, Any]

_PUBLIC: Final = """(v.state = 'published' AND v.public_reason IS NULL
    AND v.public_from <= $2 AND (v.public_until IS NULL OR v.public_until >= $2))"""

_COMMON: Final = """v.id, v.version_no, v.state, v.authority_code, v.authority_name, v.party_name, v.document_no, v.flags,
    v.held_texts, v.public_from, v.public_until, v.public_rule, v.public_grade, v.public_reason, v.window_flags,
    v.source_code, v.import_id, v.import_row, v.recorded_at, v.remark"""

_PENALTIES: Final = """
SELECT {common}, {public} AS is_public, {seen} AS is_own, v.title, v.kinds, v.fine_fen, v.confiscation_fen, v.violation_type,
    v.violation_facts, v.legal_basis, v.penalty_content, v.permit_affected, v.procedure, v.decided_on, v.published_on, v.tier,
    v.gsxt_from, v.gsxt_until, v.gsxt_reason, v.credit_china_from, v.credit_china_until, v.credit_china_reason
FROM penalty_version v
WHERE v.uscc = $1 AND v.superseded_at IS NULL AND {visible}
ORDER BY v.decided_on DESC NULLS LAST, v.id"""

_ENTRIES: Final = """
SELECT {common}, {public} AS is_public, {seen} AS is_own, v.list_id, b.name AS list_name, b.severity, v.grounds, v.listed_on,
    v.listed_on_grade, v.removed_on, v.removal_grounds, v.removal_document_no
FROM blacklist_entry_version v JOIN blacklist b ON b.id = v.list_id
WHERE v.uscc = $1 AND v.superseded_at IS NULL AND {visible}
ORDER BY v.listed_on DESC NULLS LAST, v.id"""

_IDENTIFIERS: Final = "SELECT i.kind, i.value FROM subject_identifier i WHERE i.uscc = $1 ORDER BY i.kind, i.value"
_NAMES: Final = """
SELECT n.name, n.kind FROM subject_name n WHERE n.uscc = $1 AND n.kind <> 'record' ORDER BY n.kind DESC, n.name"""
_FILES: Final = """
SELECT r.import_id, r.n, r.line, i.file_name FROM unnest($1::uuid[], $2::bigint[]) AS a (import_id, n)
JOIN import_row r ON r.import_id = a.import_id AND r.n = a.n JOIN data_import i ON i.id = r.import_id"""


def _seen(sight: Sight) -> str:
    return "TRUE" if sight.everything else "v.authority_code = ANY ($3::text[])"


def visible_to(sight: Sight) -> str:
    """Return the SQL condition on a version `v` for what `sight` may see, on the day $2 and for the authorities $3.

    A void record was a mistake: nobody sees it in a file.
    """
    return f"v.state <> 'void' AND ({_PUBLIC} OR {_seen(sight)})"


async def list_penalties(connection: Connection, *, uscc: str, sight: Sight, today: date) -> Sequence[Row]:
    """Return the present versions of a subject's penalties that `sight` covers, newest first."""
    return await _records(connection, _PENALTIES, uscc, sight, today)


async def list_entries(connection: Connection, *, uscc: str, sight: Sight, today: date) -> Sequence[Row]:
    """Return the present versions of a subject's blacklist entries that `sight` covers, newest first."""
    return await _records(connection, _ENTRIES, uscc, sight, today)


async def _records(connection: Connection, query: str, uscc: str, sight: Sight, today: date) -> Sequence[Row]:
    sql = (
        query.replace("{common}", _COMMON)
        .replace("{public}", _PUBLIC)
        .replace("{seen}", _seen(sight))
        .replace("{visible}", visible_to(sight))
    )
    rest = [] if sight.everything else [sorted(sight.authorities)]
    rows: Sequence[Row] = await connection.fetch(sql, uscc, today, *rest)
    return rows


async def list_identifiers(connection: Connection, *, uscc: str) -> Sequence[Row]:
    """Return kind and value of a subject's old identifiers."""
    rows: Sequence[Row] = await connection.fetch(_IDENTIFIERS, uscc)
    return rows


async def list_stated_names(connection: Connection, *, uscc: str) -> Sequence[Row]:
    """Return name and kind of the names that registry sources stated, the registered one first."""
    rows: Sequence[Row] = await connection.fetch(_NAMES, uscc)
    return rows


async def find_file_lines(
    connection: Connection, rows: Iterable[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], tuple[str, int]]:
    """Return file name and line of rows of imports, by (import, number of the row)."""
    asked = sorted(set(rows))
    found = (
        await connection.fetch(_FILES, [import_id for import_id, _ in asked], [n for _, n in asked]) if asked else []
    )
    return {(row["import_id"], row["n"]): (row["file_name"], row["line"]) for row in found}

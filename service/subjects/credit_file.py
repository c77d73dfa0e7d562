"""What a credit file holds for whom, at the head of the change log: one condition, `visible_to`, decides for every record.

A version whose change has no position yet is not in it. What stands before it in the file is what the file's position means.
"""

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

#: The versions that have a position, of one subject.
_NUMBERED: Final = """n.uscc = $1 AND NOT EXISTS (
    SELECT FROM pending_change p WHERE p.uscc = n.uscc AND p.kind = '{kind}' AND p.version_no = n.version_no{record})"""


def _numbered(kind: str, record: str = "") -> str:
    return _NUMBERED.replace("{kind}", kind).replace("{record}", record)


def _latest(kind: str) -> str:
    return _LATEST.replace("{kind}", kind).replace("{numbered}", _numbered(kind, " AND p.record_id = n.id"))


_LATEST: Final = """(v.uscc, v.id, v.version_no) IN (
    SELECT n.uscc, n.id, max(n.version_no) FROM {kind}_version n WHERE {numbered} GROUP BY n.uscc, n.id)"""


_PENALTIES: Final = """
SELECT {common}, {public} AS is_public, {seen} AS is_own, v.title, v.kinds, v.fine_fen, v.confiscation_fen, v.violation_type,
    v.violation_facts, v.legal_basis, v.penalty_content, v.permit_affected, v.procedure, v.decided_on, v.published_on, v.tier,
    v.gsxt_from, v.gsxt_until, v.gsxt_reason, v.credit_china_from, v.credit_china_until, v.credit_china_reason
FROM penalty_version v
WHERE {latest} AND {visible}
ORDER BY v.decided_on DESC NULLS LAST, v.id"""

_ENTRIES: Final = """
SELECT {common}, {public} AS is_public, {seen} AS is_own, v.list_id, b.name AS list_name, b.severity, v.grounds, v.listed_on,
    v.listed_on_grade, v.removed_on, v.removal_grounds, v.removal_document_no
FROM blacklist_entry_version v JOIN blacklist b ON b.id = v.list_id
WHERE {latest} AND {visible}
ORDER BY v.listed_on DESC NULLS LAST, v.id"""

_REGISTRATION: Final = """
SELECT n.version_no FROM subject_version n
WHERE {numbered} ORDER BY n.version_no DESC LIMIT 1""".replace("{numbered}", _numbered("subject"))

# The tables that are searched know names and identifiers at once; here a version with a position must state them.
_IDENTIFIERS: Final = """
SELECT i.kind, i.value FROM subject_identifier i
WHERE i.uscc = $1 AND EXISTS (
    SELECT FROM subject_version n WHERE {numbered} AND i.value = CASE i.kind
        WHEN 'reg_no' THEN n.reg_no WHEN 'tax_no' THEN n.tax_no WHEN 'org_code' THEN coalesce(n.org_code, i.value) END)
ORDER BY i.kind, i.value""".replace("{numbered}", _numbered("subject"))
_NAMES: Final = """
SELECT DISTINCT m.name FROM subject_name m
JOIN subject_version n ON n.uscc = m.uscc AND (n.name = m.name OR m.name = ANY (n.former_names))
WHERE m.kind <> 'record' AND {numbered} ORDER BY m.name""".replace("{numbered}", _numbered("subject"))
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
    """Return the known versions of a subject's penalties that `sight` covers, newest first."""
    return await _records(connection, _PENALTIES.replace("{latest}", _latest("penalty")), uscc, sight, today)


async def list_entries(connection: Connection, *, uscc: str, sight: Sight, today: date) -> Sequence[Row]:
    """Return the known versions of a subject's blacklist entries that `sight` covers, newest first."""
    return await _records(connection, _ENTRIES.replace("{latest}", _latest("blacklist_entry")), uscc, sight, today)


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


async def list_stated_names(connection: Connection, *, uscc: str) -> list[str]:
    """Return the names, present and former, that registry sources stated."""
    return [row["name"] for row in await connection.fetch(_NAMES, uscc)]


async def find_known_version_no(connection: Connection, *, uscc: str) -> int | None:
    """Return the number of the registration's last version that has a position, or None when there is none."""
    version_no: int | None = await connection.fetchval(_REGISTRATION, uscc)
    return version_no


async def find_file_lines(
    connection: Connection, rows: Iterable[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], tuple[str, int]]:
    """Return file name and line of rows of imports, by (import, number of the row)."""
    asked = sorted(set(rows))
    found = (
        await connection.fetch(_FILES, [import_id for import_id, _ in asked], [n for _, n in asked]) if asked else []
    )
    return {(row["import_id"], row["n"]): (row["file_name"], row["line"]) for row in found}

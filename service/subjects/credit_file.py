"""What a credit file holds for whom, at the head of the change log: one condition, `visible_to`, decides for every record.

A version whose change has no position yet is not in it. What stands before it in the file is what the file's position means.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import Select, exists, func, select, tuple_
from sqlalchemy.orm import aliased

from service.access.past import Past, as_told_then, select_then
from service.access.rules import Actor
from service.access.seen import note_owners
from service.access.visibility import Version, is_about, is_own, is_public, visible_to
from service.db import ReadSession
from service.models import Blacklist, BlacklistEntryVersion, PenaltyVersion, PendingChange
from service.records.queries import objected
from service.status.queries import find_pending, find_registrations, find_registrations_at

Row = Mapping[str, Any]

KINDS: Final[Mapping[Version, str]] = {PenaltyVersion: "penalty", BlacklistEntryVersion: "blacklist_entry"}
_COMMON: Final = (
    "id", "version_no", "state", "authority_code", "authority_name", "party_name", "document_no", "flags", "held_texts",
    "public_from", "public_until", "public_rule", "public_grade", "public_reason", "window_flags", "source_code",
    "import_id", "import_row", "recorded_at", "remark", "field_sources", "field_decisions",
)  # fmt: skip
_PENALTY: Final = (
    "title", "kinds", "fine_fen", "confiscation_fen", "violation_type", "violation_facts", "legal_basis", "penalty_content",
    "permit_affected", "procedure", "decided_on", "published_on", "tier", "gsxt_from", "gsxt_until", "gsxt_reason",
    "credit_china_from", "credit_china_until", "credit_china_reason",
)  # fmt: skip
_ENTRY: Final = (
    "list_id", "grounds", "listed_on", "listed_on_grade", "removed_on", "removal_grounds", "removal_document_no",
)  # fmt: skip

#: The versions of one subject's registration that have a position, at most `$2` where one is given.
_NUMBERED: Final = """n.uscc = $1 AND CASE WHEN $2::bigint IS NULL THEN NOT EXISTS (
    SELECT FROM pending_change p WHERE p.uscc = n.uscc AND p.kind = 'subject' AND p.version_no = n.version_no)
ELSE EXISTS (
    SELECT FROM change c WHERE c.uscc = n.uscc AND c.record_id IS NULL AND c.kind = 'subject'
    AND c.version_no = n.version_no AND c.position <= $2) END"""

_REGISTRATION: Final = """
SELECT n.version_no FROM subject_version n
WHERE {numbered} ORDER BY n.version_no DESC LIMIT 1""".replace("{numbered}", _NUMBERED)

# The tables that are searched know names and identifiers at once; here a version with a position must state them.
_IDENTIFIERS: Final = """
SELECT i.kind, i.value FROM subject_identifier i
WHERE i.uscc = $1 AND i.kind <> 'former_code' AND EXISTS (
    SELECT FROM subject_version n WHERE {numbered} AND i.value = CASE i.kind
        WHEN 'reg_no' THEN n.reg_no WHEN 'tax_no' THEN n.tax_no WHEN 'org_code' THEN coalesce(n.org_code, i.value) END)
ORDER BY i.kind, i.value""".replace("{numbered}", _NUMBERED)
_NAMES: Final = """
SELECT DISTINCT m.name FROM subject_name m
JOIN subject_version n ON n.uscc = m.uscc AND (n.name = m.name OR m.name = ANY (n.former_names))
WHERE m.kind <> 'record' AND {numbered} ORDER BY m.name""".replace("{numbered}", _NUMBERED)
_LEADING_HERE: Final = """
SELECT i.value FROM subject_identifier i WHERE i.uscc = $1 AND i.kind = 'former_code' ORDER BY i.value"""
_FILES: Final = """
SELECT r.import_id, r.n, r.line, i.file_name FROM unnest($1::uuid[], $2::bigint[]) AS a (import_id, n)
JOIN import_row r ON r.import_id = a.import_id AND r.n = a.n JOIN data_import i ON i.id = r.import_id"""


async def list_penalties(session: ReadSession, *, uscc: str, actor: Actor, past: Past | None = None) -> Sequence[Row]:
    """Return the known versions of a subject's penalties that the actor may read, newest first."""
    version = PenaltyVersion
    query = _known(version, uscc, actor, past, _PENALTY)
    return await _rows(session, query.order_by(version.decided_on.desc().nulls_last(), version.id), past)


async def list_entries(session: ReadSession, *, uscc: str, actor: Actor, past: Past | None = None) -> Sequence[Row]:
    """Return the known versions of a subject's blacklist entries that the actor may read, newest first."""
    version = BlacklistEntryVersion
    query = _known(version, uscc, actor, past, _ENTRY).join(Blacklist, Blacklist.id == version.list_id)
    query = query.add_columns(Blacklist.name.label("list_name"), Blacklist.severity)
    return await _rows(session, query.order_by(version.listed_on.desc().nulls_last(), version.id), past)


async def _rows(session: ReadSession, query: Select[Any], past: Past | None) -> Sequence[Row]:
    rows = (await session.execute(query)).mappings()
    if past is None:
        return list(rows)
    found = [as_told_then(row) for row in rows]
    note_owners(session, (row["authority_code"] for row in found if not row["told"]))
    return found


def _known(version: Version, uscc: str, actor: Actor, past: Past | None, parts: tuple[str, ...]) -> Select[Any]:
    columns = [getattr(version, name) for name in (*_COMMON, *parts)]
    if past is not None:
        day = is_public(version, on=past.day).label("is_public")
        query = select_then(actor, version, past, *columns, day, objected(version, at=past.known_at))
        return query.where(version.uscc == uscc)
    one = aliased(version)
    waits = exists().where(
        PendingChange.uscc == one.uscc,
        PendingChange.kind == KINDS[version],
        PendingChange.record_id == one.id,
        PendingChange.version_no == one.version_no,
    )
    latest = select(one.uscc, one.id, func.max(one.version_no)).where(one.uscc == uscc, ~waits)
    return select(
        *columns,
        is_public(version, on=actor.on).label("is_public"),
        is_own(actor, version).label("is_own"),
        is_about(actor, version).label("is_about"),
        objected(version),
    ).where(
        tuple_(version.uscc, version.id, version.version_no).in_(latest.group_by(one.uscc, one.id)),
        visible_to(actor, version),
    )


async def list_identifiers(connection: Connection, *, uscc: str, by: int | None = None) -> Sequence[Row]:
    """Return kind and value of a subject's old identifiers, as stated by the position `by`."""
    rows: Sequence[Row] = await connection.fetch(_IDENTIFIERS, uscc, by)
    return rows


async def list_stated_names(connection: Connection, *, uscc: str, by: int | None = None) -> list[str]:
    """Return the names, present and former, that registry sources had stated by the position `by`."""
    return [row["name"] for row in await connection.fetch(_NAMES, uscc, by)]


async def list_predecessors(connection: Connection, *, uscc: str, by: int | None = None) -> list[dict[str, object]]:
    """Return the firms whose registrations, as known by the position `by`, say that they go on under this code."""
    codes = [row["value"] for row in await connection.fetch(_LEADING_HERE, uscc)]
    if not codes:
        return []
    if by is None:
        stated = await find_registrations(connection, codes, pending=await find_pending(connection, codes))
    else:
        stated = await find_registrations_at(connection, codes, position=by)
    return [
        {"uscc": code, "kind": stated[code]["succession"], "since": stated[code]["succeeded_on"]}
        for code in codes
        if code in stated and uscc in stated[code]["successors"]
    ]


async def find_known_version_no(connection: Connection, *, uscc: str, by: int | None = None) -> int | None:
    """Return the number of the registration's last version that has a position, at most `by`, or None when there is none."""
    version_no: int | None = await connection.fetchval(_REGISTRATION, uscc, by)
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

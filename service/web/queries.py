"""What the pages show beyond a status answer, as SQL. Windows are held against the day asked; unnumbered versions are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

Row = Mapping[str, Any]

_PUBLIC: Final = """v.superseded_at IS NULL AND v.state = 'published' AND v.public_reason IS NULL
    AND v.public_from <= $1 AND (v.public_until IS NULL OR v.public_until >= $1)"""
_NUMBERED: Final = """NOT EXISTS (SELECT FROM pending_change p
    WHERE p.uscc = v.uscc AND p.record_id = v.id AND p.version_no = v.version_no)"""
_NAME: Final = """(SELECT s.name FROM subject_version s
    WHERE s.uscc = v.uscc AND s.superseded_at IS NULL AND s.registered AND s.state <> 'void') AS registered_name"""

_COUNTS: Final = f"""
SELECT (SELECT count(*) FROM subject_version s
        WHERE s.superseded_at IS NULL AND s.registered AND s.state <> 'void') AS subjects,
       (SELECT count(*) FROM penalty_version v WHERE {_PUBLIC}) AS penalties,
       (SELECT count(*) FROM blacklist_entry_version v WHERE {_PUBLIC}) AS entries"""

_BY_LIST: Final = (
    f"SELECT v.list_id, count(*) AS entries FROM blacklist_entry_version v WHERE {_PUBLIC} GROUP BY v.list_id"
)

_LATEST: Final = f"""
SELECT v.uscc, v.id, v.document_no, v.kinds, v.authority_name, v.decided_on, v.public_from, v.fine_fen, v.party_name,
       v.held_texts, {_NAME}
FROM penalty_version v WHERE {_PUBLIC} AND {_NUMBERED} ORDER BY v.public_from DESC, v.id DESC LIMIT $2"""

_ENTRIES: Final = f"""
SELECT v.uscc, v.id, v.document_no, v.grounds, v.authority_name, v.listed_on, v.public_from, v.public_until, v.party_name,
       v.held_texts, {_NAME}
FROM blacklist_entry_version v
WHERE v.list_id = $2 AND {_PUBLIC} AND {_NUMBERED}
  AND ($3::text IS NULL OR substr(v.uscc, 3, 6) LIKE $3 || '%')
  AND ($4::text IS NULL OR v.authority_name = $4)
  AND ($5::date IS NULL OR v.listed_on >= $5) AND ($6::date IS NULL OR v.listed_on <= $6)
  AND ($7::date IS NULL OR (v.listed_on, v.id) < ($7, $8::uuid))
ORDER BY v.listed_on DESC, v.id DESC LIMIT $9"""

_FACETS: Final = f"""
SELECT v.authority_name, substr(v.uscc, 3, 2) AS province, count(*) AS entries FROM blacklist_entry_version v
WHERE v.list_id = $2 AND {_PUBLIC} GROUP BY 1, 2"""

_LATEST_NUMBERED: Final = """v.uscc = $1 AND v.id = ANY ($2::uuid[]) AND (v.id, v.version_no) IN (
    SELECT n.id, max(n.version_no) FROM {version} n
    WHERE n.uscc = $1 AND n.id = ANY ($2::uuid[]) AND NOT EXISTS (
        SELECT FROM pending_change p WHERE p.uscc = n.uscc AND p.record_id = n.id AND p.version_no = n.version_no)
    GROUP BY n.id)"""

_PENALTY_DETAILS: Final = f"""
SELECT v.id, v.title, v.violation_type, v.violation_facts, v.legal_basis, v.penalty_content, v.confiscation_fen,
       v.published_on, v.tier, v.held_texts, v.public_rule, v.public_grade
FROM penalty_version v WHERE {_LATEST_NUMBERED.replace("{version}", "penalty_version")}"""
_ENTRY_DETAILS: Final = f"""
SELECT v.id, v.held_texts, v.public_from, v.public_rule, v.public_grade
FROM blacklist_entry_version v WHERE {_LATEST_NUMBERED.replace("{version}", "blacklist_entry_version")}"""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of a list are asked for; `region` is a prefix of a division code, both days count in."""

    list_id: str
    region: str | None = None
    authority: str | None = None
    listed_from: date | None = None
    listed_to: date | None = None


async def count_public(connection: Connection, day: date) -> Row:
    """Return how many registered subjects, published penalties and published entries there are on a day."""
    return dict(await connection.fetchrow(_COUNTS, day))


async def count_by_list(connection: Connection, day: date) -> dict[str, int]:
    """Return the number of published entries of each list that has any."""
    return {row["list_id"]: row["entries"] for row in await connection.fetch(_BY_LIST, day)}


async def list_latest_penalties(connection: Connection, day: date, *, limit: int) -> Sequence[Row]:
    """Return the penalties shown since most recently, newest first."""
    rows: Sequence[Row] = await connection.fetch(_LATEST, day, limit)
    return rows


async def list_entries(
    connection: Connection, wanted: EntryFilter, day: date, *, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Row]:
    """Return published entries of a list, newest first, behind the key (`listed_on`, id) of the page before."""
    listed_on, last_id = after or (None, None)
    rows: Sequence[Row] = await connection.fetch(
        _ENTRIES,
        day,
        wanted.list_id,
        wanted.region,
        wanted.authority,
        wanted.listed_from,
        wanted.listed_to,
        listed_on,
        last_id,
        limit,
    )
    return rows


async def count_facets(connection: Connection, list_id: str, day: date) -> Sequence[Row]:
    """Return how many entries each authority and province has on a list."""
    rows: Sequence[Row] = await connection.fetch(_FACETS, day, list_id)
    return rows


async def find_details(
    connection: Connection, uscc: str, *, penalties: Sequence[UUID], entries: Sequence[UUID]
) -> dict[UUID, Row]:
    """Return what a record page adds to the public view, by record id. The caller has seen that the records are public."""
    found: list[Row] = []
    if penalties:
        found += await connection.fetch(_PENALTY_DETAILS, uscc, list(penalties))
    if entries:
        found += await connection.fetch(_ENTRY_DETAILS, uscc, list(entries))
    return {row["id"]: row for row in found}

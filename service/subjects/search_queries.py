"""Finding names by their bigrams, so that two Chinese characters are enough and the answer is quick.

The index is always used: a table scan that stops early is cheap for a common term and ruinous for a rare one, and the planner
cannot tell them apart behind a parameter.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from asyncpg import Connection

from service.status.queries import PUBLIC
from service.subjects.ranking import Candidate, is_findable

_BORNE: Final = """EXISTS (
    SELECT FROM {table} v WHERE v.uscc = n.uscc AND v.party_name = n.name AND NOT 'party_name' = ANY (v.held_texts) AND {public}
    AND v.version_no = (
        SELECT max(k.version_no) FROM {table} k WHERE k.uscc = v.uscc AND k.id = v.id AND NOT EXISTS (
            SELECT FROM pending_change p WHERE p.uscc = k.uscc AND p.record_id = k.id AND p.version_no = k.version_no)))"""


def _borne(table: str) -> str:
    public = PUBLIC.replace("{first}", "$2").replace("{last}", "$2")
    return _BORNE.replace("{table}", table).replace("{public}", public)


# What the public may not find is left out here, before anything is counted or cut off: a search that stops at such a name
# would tell of it by finding less.
_NAMES: Final = """
SELECT n.uscc, n.name, n.kind, n.folded FROM subject_name n
WHERE {fits} AND (n.kind <> 'record' OR {penalty} OR {entry})""".replace(
    "{penalty}", _borne("penalty_version")
).replace("{entry}", _borne("blacklist_entry_version"))
_EXACT: Final = _NAMES.replace("{fits}", "n.folded = $1")
_CONTAINING: Final = _NAMES.replace("{fits}", "n.bigrams @> $1::text[]")
_OVERLAPPING: Final = _NAMES.replace("{fits}", "n.bigrams && $1::text[]")
# A piece of a legal form is in no bigram, since names are folded without them; nearly every name has it, so a scan ends soon.
_LEGAL_FORM: Final = _NAMES.replace("{fits}", "strpos(n.name, $1) > 0")

_BY_IDENTIFIER: Final = """
SELECT DISTINCT i.uscc, i.kind, i.value FROM subject_identifier i WHERE i.value = ANY ($1::text[]) ORDER BY i.uscc LIMIT $2"""

_FREQUENCIES: Final = """
SELECT coalesce(min(e.share), 0)::float8 AS least,
    coalesce(array_agg(e.piece) FILTER (WHERE e.piece = ANY ($1::text[])), '{}') AS pieces,
    coalesce(array_agg(e.share::float8) FILTER (WHERE e.piece = ANY ($1::text[])), '{}') AS shares,
    (SELECT reltuples::float8 FROM pg_class WHERE oid = 'subject_name'::regclass) AS names
FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (piece, share)
WHERE s.schemaname = current_schema() AND s.tablename = 'subject_name' AND s.attname = 'bigrams' AND e.piece IS NOT NULL"""


async def list_exact(connection: Connection, folded: str, *, today: date, limit: int) -> list[Candidate]:
    """Return names that are `folded` when folded and may be found on the day `today`, at most `limit`."""
    return await _findable(connection, _EXACT, folded, today, limit)


async def list_containing(connection: Connection, pieces: Sequence[str], *, today: date, limit: int) -> list[Candidate]:
    """Return names that have all of `pieces` and may be found, in no order."""
    return await _findable(connection, _CONTAINING, pieces, today, limit)


async def list_overlapping(
    connection: Connection, pieces: Sequence[str], *, today: date, limit: int
) -> list[Candidate]:
    """Return names that have any of `pieces` and may be found, in no order."""
    return await _findable(connection, _OVERLAPPING, pieces, today, limit)


async def list_with_legal_form(connection: Connection, text: str, *, today: date, limit: int) -> list[Candidate]:
    """Return names that have `text`, a piece of a legal form, anywhere, and may be found, in no order."""
    return await _findable(connection, _LEGAL_FORM, text, today, limit)


async def list_by_identifier(
    connection: Connection, values: Sequence[str], *, limit: int
) -> list[tuple[str, str, str]]:
    """Return (credit code, kind, value) of subjects that hold one of the old identifiers."""
    rows = await connection.fetch(_BY_IDENTIFIER, values, limit)
    return [(row["uscc"], row["kind"], row["value"]) for row in rows]


async def read_frequencies(connection: Connection, pieces: Sequence[str]) -> tuple[Mapping[str, float], float, float]:
    """Return the shares of names with each of `pieces` that is common, the least such share, and the number of names.

    All three are as last analysed.
    """
    row = await connection.fetchrow(_FREQUENCIES, pieces)
    return dict(zip(row["pieces"], row["shares"], strict=True)), row["least"], max(row["names"], 0.0)


async def _findable(
    connection: Connection, sql: str, wanted: str | Sequence[str], today: date, limit: int
) -> list[Candidate]:
    found: list[Candidate] = []
    async for row in connection.cursor(sql, wanted, today, prefetch=limit):
        candidate = Candidate(row["uscc"], row["name"], row["kind"], row["folded"])
        if is_findable(candidate):
            found.append(candidate)
            if len(found) == limit:
                break
    return found

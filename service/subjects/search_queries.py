"""Finding names by their bigrams, so that two Chinese characters are enough and the answer is quick.

The index is always used: a table scan that stops early is cheap for a common term and ruinous for a rare one, and the planner
cannot tell them apart behind a parameter.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from asyncpg import Connection

from service.access.past import Past
from service.status.queries import KNOWN_BY, PUBLIC, SILENCED
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

# The same for a past: a name that a registry had stated by the position, of the kind it was then; or one on a record that was
# known and public then and may still be told.
_BORNE_THEN: Final = (
    """EXISTS (
    SELECT FROM {table} v JOIN {table} w ON w.uscc = v.uscc AND w.id = v.id AND w.superseded_at IS NULL
    WHERE v.uscc = n.uscc AND v.party_name = n.name AND NOT 'party_name' = ANY (v.held_texts || w.held_texts)
    AND {public} AND {still} AND {known} AND NOT {silenced})""".replace(
        "{public}", PUBLIC.replace("{first}", "$2").replace("{last}", "$2")
    )
    .replace("{still}", PUBLIC.replace("v.", "w.").replace("{first}", "$3").replace("{last}", "$3"))
    .replace("{known}", KNOWN_BY.replace("{v}", "v").replace("{position}", "$4"))
    .replace("{silenced}", SILENCED.replace("{v}", "v"))
)
_REGISTERED_BY: Final = """FROM subject_version s
    JOIN change c ON c.uscc = s.uscc AND c.record_id IS NULL AND c.kind = 'subject' AND c.version_no = s.version_no
    WHERE s.uscc = {of}.uscc AND c.position <= {position} AND s.registered AND s.state <> 'void'"""
_STATED_BY: Final = "SELECT s.name = n.name AS is_name, s.version_no " + _REGISTERED_BY.replace("{of}", "n").replace(
    "{position}", "$4"
)
_NAMES_THEN: Final = (
    """
SELECT n.uscc, n.name, n.folded,
    CASE WHEN n.kind = 'record' THEN n.kind
         WHEN (SELECT t.is_name FROM ({stated}) t ORDER BY t.version_no DESC LIMIT 1) THEN 'registered'
         ELSE 'former' END AS kind
FROM subject_name n
WHERE {fits} AND CASE n.kind WHEN 'record' THEN {penalty} OR {entry}
    ELSE EXISTS ({stated} AND (s.name = n.name OR n.name = ANY (s.former_names))) END""".replace("{stated}", _STATED_BY)
    .replace("{penalty}", _BORNE_THEN.replace("{table}", "penalty_version"))
    .replace("{entry}", _BORNE_THEN.replace("{table}", "blacklist_entry_version"))
)

#: How a name fits a term `$1`.
EXACT: Final = "n.folded = $1"
CONTAINING: Final = "n.bigrams @> $1::text[]"
OVERLAPPING: Final = "n.bigrams && $1::text[]"
#: A piece of a legal form is in no bigram, since names are folded without them; nearly every name has it, so a scan ends soon.
LEGAL_FORM: Final = "strpos(n.name, $1) > 0"

_BY_IDENTIFIER: Final = """
SELECT DISTINCT i.uscc, i.kind, i.value FROM subject_identifier i WHERE i.value = ANY ($1::text[]) AND {stated}
ORDER BY i.uscc LIMIT $2"""
_HELD_NOW: Final = _BY_IDENTIFIER.replace("{stated}", "$3::bigint IS NULL")
_HELD_BY: Final = _BY_IDENTIFIER.replace(
    "{stated}",
    """(i.kind = 'former_code' OR EXISTS (SELECT {registered} AND i.value = CASE i.kind
        WHEN 'reg_no' THEN s.reg_no WHEN 'tax_no' THEN s.tax_no WHEN 'org_code' THEN coalesce(s.org_code, i.value) END))""",
).replace("{registered}", _REGISTERED_BY.replace("{of}", "i").replace("{position}", "$3"))

_FREQUENCIES: Final = """
SELECT coalesce(min(e.share), 0)::float8 AS least,
    coalesce(array_agg(e.piece) FILTER (WHERE e.piece = ANY ($1::text[])), '{}') AS pieces,
    coalesce(array_agg(e.share::float8) FILTER (WHERE e.piece = ANY ($1::text[])), '{}') AS shares,
    (SELECT reltuples::float8 FROM pg_class WHERE oid = 'subject_name'::regclass) AS names
FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (piece, share)
WHERE s.schemaname = current_schema() AND s.tablename = 'subject_name' AND s.attname = 'bigrams' AND e.piece IS NOT NULL"""


async def list_fitting(
    connection: Connection,
    fits: str,
    wanted: str | Sequence[str],
    *,
    today: date,
    past: Past | None = None,
    limit: int,
) -> list[Candidate]:
    """Return names that fit `wanted` (a folded term, its pieces, or a piece of a legal form) and may be found, in no order.

    They are the names of the day `today`, or those that could be found in the `past` asked about; at most `limit`.
    """
    if past is None:
        rows = connection.cursor(_NAMES.replace("{fits}", fits), wanted, today, prefetch=limit)
    else:
        names = _NAMES_THEN.replace("{fits}", fits)
        rows = connection.cursor(names, wanted, past.day, today, past.position, prefetch=limit)
    found: list[Candidate] = []
    async for row in rows:
        candidate = Candidate(row["uscc"], row["name"], row["kind"], row["folded"])
        if is_findable(candidate):
            found.append(candidate)
            if len(found) == limit:
                break
    return found


async def list_by_identifier(
    connection: Connection, values: Sequence[str], *, limit: int, by: int | None = None
) -> list[tuple[str, str, str]]:
    """Return (credit code, kind, value) of subjects that hold one of the old identifiers, as stated by the position `by`."""
    rows = await connection.fetch(_HELD_NOW if by is None else _HELD_BY, values, limit, by)
    return [(row["uscc"], row["kind"], row["value"]) for row in rows]


async def read_frequencies(connection: Connection, pieces: Sequence[str]) -> tuple[Mapping[str, float], float, float]:
    """Return the shares of names with each of `pieces` that is common, the least such share, and the number of names.

    All three are as last analysed.
    """
    row = await connection.fetchrow(_FREQUENCIES, pieces)
    return dict(zip(row["pieces"], row["shares"], strict=True)), row["least"], max(row["names"], 0.0)

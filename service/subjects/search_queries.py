"""Finding names by their bigrams, so that two Chinese characters are enough and the answer is quick.

The index is always used: a table scan that stops early is cheap for a common term and ruinous for a rare one, and the planner
cannot tell them apart behind a parameter.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from asyncpg import Connection

from service.subjects.ranking import Candidate

_COLUMNS: Final = "n.uscc, n.name, n.kind, n.folded"

_EXACT: Final = "SELECT {columns} FROM subject_name n WHERE n.folded = $1 LIMIT $2"
_CONTAINING: Final = "SELECT {columns} FROM subject_name n WHERE n.bigrams @> $1::text[] LIMIT $2"
_OVERLAPPING: Final = "SELECT {columns} FROM subject_name n WHERE n.bigrams && $1::text[] LIMIT $2"
# A piece of a legal form is in no bigram, since names are folded without them; nearly every name has it, so a scan ends soon.
_LEGAL_FORM: Final = "SELECT {columns} FROM subject_name n WHERE strpos(n.name, $1) > 0 LIMIT $2"

_BY_IDENTIFIER: Final = """
SELECT DISTINCT i.uscc, i.kind, i.value FROM subject_identifier i WHERE i.value = ANY ($1::text[]) ORDER BY i.uscc LIMIT $2"""

_FREQUENCIES: Final = """
SELECT e.piece, e.share FROM pg_stats s,
    unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (piece, share)
WHERE s.schemaname = current_schema() AND s.tablename = 'subject_name' AND s.attname = 'bigrams' AND e.piece IS NOT NULL"""
_NAME_COUNT: Final = "SELECT reltuples::float8 FROM pg_class WHERE oid = 'subject_name'::regclass"


async def list_exact(connection: Connection, folded: str, *, limit: int) -> list[Candidate]:
    """Return names that are `folded` when folded."""
    return _candidates(await connection.fetch(_EXACT.replace("{columns}", _COLUMNS), folded, limit))


async def list_containing(connection: Connection, pieces: Sequence[str], *, limit: int) -> list[Candidate]:
    """Return names that have all of `pieces`, in no order."""
    return _candidates(await connection.fetch(_CONTAINING.replace("{columns}", _COLUMNS), pieces, limit))


async def list_overlapping(connection: Connection, pieces: Sequence[str], *, limit: int) -> list[Candidate]:
    """Return names that have any of `pieces`, in no order."""
    return _candidates(await connection.fetch(_OVERLAPPING.replace("{columns}", _COLUMNS), pieces, limit))


async def list_with_legal_form(connection: Connection, text: str, *, limit: int) -> list[Candidate]:
    """Return names that have `text`, a piece of a legal form, anywhere, in no order."""
    return _candidates(await connection.fetch(_LEGAL_FORM.replace("{columns}", _COLUMNS), text, limit))


async def list_by_identifier(
    connection: Connection, values: Sequence[str], *, limit: int
) -> list[tuple[str, str, str]]:
    """Return (credit code, kind, value) of subjects that hold one of the old identifiers."""
    rows = await connection.fetch(_BY_IDENTIFIER, values, limit)
    return [(row["uscc"], row["kind"], row["value"]) for row in rows]


async def read_frequencies(connection: Connection) -> tuple[Mapping[str, float], float]:
    """Return the share of names that have each of the commonest pieces, and how many names there are, as last analysed."""
    rows = await connection.fetch(_FREQUENCIES)
    names: float = await connection.fetchval(_NAME_COUNT)
    return {row["piece"]: row["share"] for row in rows}, max(names, 0.0)


def _candidates(rows: Iterable[Mapping[str, str]]) -> list[Candidate]:
    return [Candidate(row["uscc"], row["name"], row["kind"], row["folded"]) for row in rows]

"""The public search: by name, former name, name on a public record, or old identifier.

The public never finds a subject or an alias that only unpublished or ended records know: a name of the kind `record` counts
only while a public record bears it (DESIGN decision 4).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from asyncpg import Connection

from service.db import ReadSession, driver
from service.errors import Invalid
from service.reading.names import is_sole_trader_without_trade_name
from service.status.queries import find_pending, find_registrations, use_index
from service.subjects.ranking import (
    FEW,
    MOST_CANDIDATES,
    Candidate,
    Found,
    Match,
    Term,
    keep_alike,
    pick_rare,
    rank,
    read_term,
)
from service.subjects.search_queries import (
    list_by_identifier,
    list_containing,
    list_exact,
    list_overlapping,
    list_with_legal_form,
    read_frequencies,
)

#: Names that an overlap search fetches at most, should the statistics have promised fewer.
MOST_OVERLAPPING: Final = 3_000

Hit = dict[str, object]


class NothingToSearch(Invalid):
    """A search takes exactly one of `name` and `identifier`."""

    code = "nothing_to_search"


@dataclass(frozen=True, slots=True)
class Search:
    """Everything that one search found, best first. `truncated`: the term fits more names than were ranked."""

    found: list[Found]
    truncated: bool


async def search_names(session: ReadSession, *, name: str, today: date) -> Search:
    """Return the subjects whose name fits, best first; at most `MOST_CANDIDATES` names are ranked.

    Raises:
        TermTooShort: fewer than two characters count.
    """
    term = read_term(name)
    connection = await driver(session)
    await use_index(connection)
    found, truncated = await _fitting(connection, term, today=today)
    if not truncated and len(found) < FEW and all(candidate.folded != term.folded for candidate in found):
        found += await _alike(connection, term, today=today)
    return Search(rank(term, found), truncated)


async def _fitting(connection: Connection, term: Term, *, today: date) -> tuple[list[Candidate], bool]:
    limit = MOST_CANDIDATES + 1
    if term.is_legal_form:
        found = await list_with_legal_form(connection, term.folded, today=today, limit=limit)
    else:
        exact = await list_exact(connection, term.folded, today=today, limit=limit)
        holding = await list_containing(connection, term.pieces, today=today, limit=limit)
        found = list(dict.fromkeys((*exact, *holding)))
    return found[:MOST_CANDIDATES], len(found) > MOST_CANDIDATES


async def _alike(connection: Connection, term: Term, *, today: date) -> list[Candidate]:
    frequencies, least, names = await read_frequencies(connection, term.turned_pieces)
    rare = pick_rare(term.turned_pieces, frequencies, least=least, names=names)
    return keep_alike(term, await list_overlapping(connection, rare, today=today, limit=MOST_OVERLAPPING))


async def show_found(session: ReadSession, found: Iterable[Found]) -> list[Hit]:
    """Return what the public sees of finds: the registered name and state, and the name by which each was found.

    A find whose registration is not known any more is left out.
    """
    connection = await driver(session)
    finds = list(found)
    registrations = await _registrations(connection, [find.candidate.uscc for find in finds])
    hits: list[Hit] = []
    for find in finds:
        candidate = find.candidate
        row = registrations.get(candidate.uscc)
        if row is None and candidate.kind != "record":
            continue
        hits.append(
            _hit(candidate.uscc, row, fallback=candidate.name)
            | {"match": find.match, "matched": candidate.name, "matched_kind": candidate.kind}
        )
    return hits


async def find_by_identifier(session: ReadSession, *, identifier: str) -> list[Hit]:
    """Return the registered subjects that hold an old registration number, organisation code or tax number."""
    connection = await driver(session)
    await use_index(connection)
    plain = re.sub(r"[\s-]", "", identifier).upper()
    held = await list_by_identifier(connection, [plain, f"{plain[:-1]}-{plain[-1:]}"], limit=MOST_CANDIDATES)
    registrations = await _registrations(connection, [uscc for uscc, _, _ in held])
    hits = [
        _hit(uscc, registrations[uscc], fallback=None) | {"match": Match.EXACT, "matched": value, "matched_kind": kind}
        for uscc, kind, value in held
        if uscc in registrations
    ]
    return sorted(hits, key=identifier_key)


def identifier_key(hit: Hit) -> tuple[str, ...]:
    """Return the key by which finds of an identifier are in order."""
    return str(hit["uscc"]), str(hit["matched_kind"]), str(hit["matched"])


async def _registrations(connection: Connection, codes: list[str]) -> Mapping[str, Mapping[str, Any]]:
    return await find_registrations(connection, codes, pending=await find_pending(connection, codes)) if codes else {}


def _hit(uscc: str, row: Mapping[str, Any] | None, *, fallback: str | None) -> Hit:
    if row is None:
        return {"uscc": uscc, "name": fallback, "registration_status": None}
    nameless = is_sole_trader_without_trade_name(row["name"], uscc)
    return {
        "uscc": uscc,
        "name": fallback if nameless else row["name"],
        "registration_status": row["registration_status"],
    }

"""The public search: by name, former name, name on a public record, or old identifier.

The public never finds a subject or an alias that only unpublished or ended records know: a name of the kind `record` counts
only while a public record bears it (house decision 4).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from asyncpg import Connection

from service.access.past import Past
from service.db import ReadSession, driver
from service.errors import Invalid
from service.reading.names import is_sole_trader_without_trade_name
from service.status.queries import find_pending, find_registrations, find_registrations_at, use_index
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
from service.subjects.rules import FORMER_CODE
from service.subjects.search_queries import (
    CONTAINING,
    EXACT,
    LEGAL_FORM,
    OVERLAPPING,
    list_by_identifier,
    list_fitting,
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


async def search_names(session: ReadSession, *, name: str, today: date, past: Past | None = None) -> Search:
    """Return the subjects whose name fits, best first; at most `MOST_CANDIDATES` names are ranked.

    With a `past` they are found as they could be then, less what may not be told any more.

    Raises:
        TermTooShort: fewer than two characters count.
    """
    term = read_term(name)
    connection = await driver(session)
    await use_index(connection)
    found, truncated = await _fitting(connection, term, today=today, past=past)
    if not truncated and len(found) < FEW and all(candidate.folded != term.folded for candidate in found):
        found += await _alike(connection, term, today=today, past=past)
    return Search(rank(term, found), truncated)


async def _fitting(
    connection: Connection, term: Term, *, today: date, past: Past | None
) -> tuple[list[Candidate], bool]:
    limit = MOST_CANDIDATES + 1
    if term.is_legal_form:
        found = await list_fitting(connection, LEGAL_FORM, term.folded, today=today, past=past, limit=limit)
    else:
        exact = await list_fitting(connection, EXACT, term.folded, today=today, past=past, limit=limit)
        holding = await list_fitting(connection, CONTAINING, term.pieces, today=today, past=past, limit=limit)
        found = list(dict.fromkeys((*exact, *holding)))
    return found[:MOST_CANDIDATES], len(found) > MOST_CANDIDATES


async def _alike(connection: Connection, term: Term, *, today: date, past: Past | None) -> list[Candidate]:
    frequencies, least, names = await read_frequencies(connection, term.turned_pieces)
    rare = pick_rare(term.turned_pieces, frequencies, least=least, names=names)
    found = await list_fitting(connection, OVERLAPPING, rare, today=today, past=past, limit=MOST_OVERLAPPING)
    return keep_alike(term, found)


async def show_found(session: ReadSession, found: Iterable[Found], *, past: Past | None = None) -> list[Hit]:
    """Return what the public sees of finds: the registered name and state, and the name by which each was found.

    A find whose registration is not known any more is left out.
    """
    connection = await driver(session)
    finds = list(found)
    registrations = await _registrations(connection, [find.candidate.uscc for find in finds], past)
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


async def find_by_identifier(session: ReadSession, *, identifier: str, past: Past | None = None) -> list[Hit]:
    """Return the registered subjects that hold, or then held, an old registration number, organisation code or tax number.

    A credit code finds the firms under which its own goes on.
    """
    connection = await driver(session)
    await use_index(connection)
    plain = re.sub(r"[\s-]", "", identifier).upper()
    written = [plain, f"{plain[:-1]}-{plain[-1:]}"]
    by = None if past is None else past.position
    held = await list_by_identifier(connection, written, limit=MOST_CANDIDATES, by=by)
    old = [value for _, kind, value in held if kind == FORMER_CODE]
    registrations = await _registrations(connection, [uscc for uscc, _, _ in held] + old, past)
    hits = [
        _hit(uscc, registrations[uscc], fallback=None) | {"match": Match.EXACT, "matched": value, "matched_kind": kind}
        for uscc, kind, value in held
        if uscc in registrations
        and (kind != FORMER_CODE or (value in registrations and uscc in registrations[value]["successors"]))
    ]
    return sorted(hits, key=identifier_key)


def identifier_key(hit: Hit) -> tuple[str, ...]:
    """Return the key by which finds of an identifier are in order."""
    return str(hit["uscc"]), str(hit["matched_kind"]), str(hit["matched"])


async def _registrations(
    connection: Connection, codes: list[str], past: Past | None
) -> Mapping[str, Mapping[str, Any]]:
    if not codes:
        return {}
    if past is not None:
        return await find_registrations_at(connection, codes, position=past.position)
    return await find_registrations(connection, codes, pending=await find_pending(connection, codes))


def _hit(uscc: str, row: Mapping[str, Any] | None, *, fallback: str | None) -> Hit:
    if row is None:
        return {"uscc": uscc, "name": fallback, "registration_status": None, "successors": []}
    nameless = is_sole_trader_without_trade_name(row["name"], uscc)
    return {
        "uscc": uscc,
        "name": fallback if nameless else row["name"],
        "registration_status": row["registration_status"],
        "successors": list(row["successors"]),
    }

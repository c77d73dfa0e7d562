"""The file of a case (档案管理): what belongs into it, what of it is missing, and how long it is kept.

What belongs into it is data (`data/pieces.toml`), each piece with its article. How long a file is kept is no number of ours: each
authority states its own period with the rule it rests on; without one a file is kept. Nothing is ever deleted by a period.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from service.clock import legal_day
from service.errors import Forbidden, NotFound

Row = Mapping[str, Any]


class CaseKind(StrEnum):
    """What a case file is about."""

    PENALTY = "penalty"
    BLACKLIST_ENTRY = "blacklist_entry"


class NoCaseFile(NotFound):
    """There is no record of this id whose file the key may see: its own authority, those above it and auditors do."""

    code = "no_case_file"


class NotYourArchive(Forbidden):
    """How long an authority keeps its files is said by who binds it."""

    code = "not_your_archive"


class Outcome(StrEnum):
    """How a piece of the file stands."""

    PRESENT = "present"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a case file: where it is looked for, and for which cases it is needed."""

    id: str
    when: str
    words: str
    words_zh: str
    citation: str
    grade: str
    documents: frozenset[str] = frozenset()
    fact: str | None = None
    review: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A piece and how it stands; `by` is what it was found as."""

    piece: Piece
    outcome: Outcome
    by: str | None


#: Sources that publish themselves keep their own files; what they state here is a copy of one record.
OWN_SOURCE: Final = "own:"


@cache
def pieces(kind: CaseKind) -> tuple[Piece, ...]:
    """Return the pieces of a case file of one kind, in the order of the data file."""
    data = tomllib.loads(files("service.archive").joinpath("data/pieces.toml").read_text("utf-8"))
    return tuple(
        Piece(**{**row, "documents": frozenset(row.get("documents", ()))})  # no word is guessed: an unknown key fails
        for row in data[kind.value]
    )


def is_kept_here(row: Row) -> bool:
    """Return whether the file of a record is kept here: its authority made it here, not a source that publishes itself."""
    return str(row["source_code"] or "").startswith(OWN_SOURCE)


def check_pieces(
    kind: CaseKind, versions: Sequence[Row], documents: Collection[str], repairs: Collection[str]
) -> list[Found]:
    """Return every piece of a case and how it stands.

    `versions` are the record's, oldest first, `documents` the kinds of its documents and of those of the applications for its
    repair, and `repairs` the states of these.
    """
    return [_found(piece, versions, documents, repairs) for piece in pieces(kind)]


def _found(piece: Piece, versions: Sequence[Row], documents: Collection[str], repairs: Collection[str]) -> Found:
    by = _found_as(piece, versions, documents)
    if by is not None:
        return Found(piece, Outcome.PRESENT, by)
    needed = is_kept_here(versions[-1]) and _is_needed(piece.when, versions, repairs)
    return Found(piece, Outcome.MISSING if needed else Outcome.NOT_NEEDED, None)


def _found_as(piece: Piece, versions: Sequence[Row], documents: Collection[str]) -> str | None:
    if piece.review:
        signed = [row for row in versions if (row["act"] or {}).get("signed")]
        return f"version {signed[-1]['version_no']}" if signed else None
    if piece.fact is not None:
        stated = versions[-1][piece.fact]
        return None if stated is None else str(stated)
    return next((kind for kind in sorted(documents) if kind in piece.documents), None)


def _is_needed(when: str, versions: Sequence[Row], repairs: Collection[str]) -> bool:
    commands = {row["command"] for row in versions}
    states = {row["state"] for row in versions}
    return {
        "always": versions[-1]["state"] not in {"void", "draft"},
        "shown": "publish" in commands,
        "listed": "list" in commands,
        "told": "notify" in commands,
        "consent": "consent" in commands or "consented" in states,
        "suspended": "suspend" in commands,
        "repair_decided": not {"granted", "refused", "not_accepted"}.isdisjoint(repairs),
        "repaired": "granted" in repairs,
    }[when]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the file of one case is kept. `until` None: for ever, or not known yet; `reason` says which."""

    years: int | None
    basis: str | None
    counts_from: date | None
    until: date | None
    reason: str | None


def case_closed_on(versions: Sequence[Row], *, today: date) -> date | None:
    """Return the legal day on which a case was closed: its ending, or the last day of its window once that is over.

    None: it is open: a draft, published, hidden for a while, or kept without a window.
    """
    last = versions[-1]
    if last["state"] in {"ended", "not_listed"}:
        return last["effective_on"] or legal_day(last["recorded_at"])
    until: date | None = last["public_until"]
    return until if last["state"] == "published" and until is not None and until < today else None


def retention_of(versions: Sequence[Row], *, years: int | None, basis: str | None, today: date) -> Retention:
    """Return how long a case file is kept by its authority's own statement (`basis` None: it has not made one).

    A period of N years counts from 1 January behind the year in which the case was closed, and ends with 31 December: files
    are put in order by years. That is our convention (unverified); an authority's rule that counts otherwise is stated by its years.
    """
    closed = case_closed_on(versions, today=today)
    if basis is None:
        return Retention(None, None, closed, None, "no_period_stated")
    if years is None:
        return Retention(None, basis, closed, None, "for_ever")
    if closed is None:
        return Retention(years, basis, None, None, "case_open")
    first = date(closed.year + 1, 1, 1)
    return Retention(years, basis, first, date(first.year + years - 1, 12, 31), None)


def view_of(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return pieces and how they stand, as JSON has them."""
    return [
        {
            "id": one.piece.id,
            "outcome": one.outcome.value,
            "found": one.by,
            "words": one.piece.words,
            "words_zh": one.piece.words_zh,
            "citation": one.piece.citation,
            "grade": one.piece.grade,
        }
        for one in found
    ]

"""The wire form of status answers, made directly from rows: exactly the fields of the contract (schemas/status.py)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

import orjson

from service.changes.rules import ChangeKind, public_view
from service.clock import SHANGHAI, legal_day
from service.status.queries import Facts, Log, Row
from service.status.rules import (
    RegionCoverage,
    SourceMap,
    SourceState,
    Words,
    outcome,
    region_of,
    succession_warning,
)

Answer = dict[str, object]

_NOTHING: Final[tuple[Row, ...]] = ()


@lru_cache(maxsize=32)
def read_sources(sources: str, on: date) -> SourceMap:
    """Return the coverage on a day from the sources as `Log.sources` gives them."""
    return SourceMap(
        (
            SourceState(
                code=code,
                covers=tuple(covers),
                stale_after_days=stale_after_days,
                fresh_to=legal_day(datetime.fromisoformat(delivered_at)) if delivered_at else None,
                held_since=legal_day(datetime.fromisoformat(held_since)) if held_since else None,
            )
            for code, covers, stale_after_days, delivered_at, held_since in orjson.loads(sources)
        ),
        on=on,
    )


def answer_about(uscc: str, facts: Facts, region: RegionCoverage, warnings: Sequence[Words] = ()) -> Answer:
    """Return the answer about one code, without the members that say when, where in the log and from which sources."""
    subject = facts.subjects.get(uscc)
    entries = facts.entries.get(uscc, _NOTHING)
    penalties = facts.penalties.get(uscc, _NOTHING)
    verdict = outcome(
        listed=bool(entries), penalised=bool(penalties), registered=subject is not None, covered=region.covered
    )
    told = () if subject is None else succession_warnings(subject)
    return {
        "uscc": uscc,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "name": subject["name"] if subject is not None else _name_on_records(entries, penalties),
        "registration": None
        if subject is None
        else {"status": subject["registration_status"], "since": subject["registered_on"]},
        "blacklist_entries": _views(ChangeKind.BLACKLIST_ENTRY, entries) if entries else _NOTHING,
        "penalties": _views(ChangeKind.PENALTY, penalties) if penalties else _NOTHING,
        "warnings": (*warnings, *told, *region.warnings) if warnings or told else region.warnings,
    }


def succession_warnings(subject: Row) -> list[Words]:
    """Return the warning that leads from a registration to the codes under which its firm goes on, if there are any."""
    return succession_warning(subject["succession"], subject["succeeded_on"], subject["successors"])


def _views(kind: ChangeKind, rows: Iterable[Row]) -> list[Answer]:
    return [public_view(kind, cast("dict[str, Any]", row)) for row in rows]


def region_coverage(uscc: str, facts: Facts, sources: SourceMap) -> RegionCoverage:
    """Return how the region that decides for a code is covered."""
    subject = facts.subjects.get(uscc)
    return sources.of(region_of(uscc, None if subject is None else subject["division_code"]))


def names_on_records(*groups: Iterable[Row]) -> list[str]:
    """Return the names that public records give their subject, held ones left out."""
    return [
        row["party_name"]
        for rows in groups
        for row in rows
        if row["party_name"] and "party_name" not in row["held_texts"]
    ]


def _name_on_records(*groups: Iterable[Row]) -> str | None:
    return next(iter(names_on_records(*groups)), None)


def sources_view(sources: Iterable[SourceState]) -> list[Answer]:
    """Return the sources with the day to which each is fresh, in the order given; null: it never delivered."""
    return [{"source": source.code, "fresh_to": source.fresh_to} for source in sources]


def frame(log: Log, *, as_of: datetime, known_at: datetime, position: int, sources: Iterable[SourceState]) -> Answer:
    """Return the members that tie an answer to the log: instants in Shanghai time, position, log and sources."""
    return {
        "as_of": as_of.astimezone(SHANGHAI),
        "known_at": known_at.astimezone(SHANGHAI),
        "position": position,
        "log_id": log.log_id,
        "sources": sources_view(sources),
    }


@lru_cache(maxsize=16)
def _head_at(at: datetime) -> bytes:
    return at.astimezone(SHANGHAI).isoformat().encode()


def frame_json(log: Log, *, as_of: datetime, sources: bytes) -> bytes:
    """Return the members of `frame` for an answer at the head of the log as JSON, without the braces; `sources` is JSON."""
    return b'"as_of":"%b","known_at":"%b","position":%d,"log_id":"%b","sources":%b' % (
        as_of.astimezone(SHANGHAI).isoformat().encode(),
        _head_at(log.at),
        log.position,
        log.log_id.encode(),
        sources,
    )


def to_json(value: object) -> bytes:
    """Return `value` as UTF-8 JSON; days and instants in ISO 8601."""
    return orjson.dumps(value, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # asyncpg's own subclass, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")

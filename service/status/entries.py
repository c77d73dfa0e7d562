"""What an answer needs about one subject as a few bytes, and the answer of any day put together from them.

An entry holds the registration and every record as finished JSON, and beside each record the first and last day on which it
may be shown: windows are held against the day of the question, never before it (house decision 1). The status store keeps
entries, and rows read from the database become the same entry, so that both ways end in one rendering.

    b"S" region registration                                   registered, and nothing else is known
    b"F" region flag counts registration names succession records…       everything else

The succession is the warning that leads to
other codes, as JSON. The letter is small where the code itself has to be looked at once more: what is odd about it is a warning in the answer. A text is its length and its UTF-8; the flag is 1 for a registered subject; days are ordinals (`date.toordinal`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from struct import Struct
from typing import Any, Final, cast

import orjson

from service.changes.rules import ChangeKind, public_view
from service.status.answers import read_sources, sources_view, succession_warnings, to_json
from service.status.queries import Facts, Row
from service.status.rules import (
    RegionCoverage,
    SourceMap,
    Words,
    name_warning,
    outcome,
    region_of,
)

_SIMPLE: Final = b"S", b"s"
_FULL: Final = b"F", b"f"
_SMALL: Final = 0x20
_HEAD: Final = Struct("<BHHIII")  # registered, entries, penalties, bytes of the registration, names and succession
_RECORD: Final = Struct("<iiIH")  # first day, last day, bytes of the record, bytes of the name on it
_LAST: Final = date.max.toordinal()

_NOTHING: Final[tuple[Row, ...]] = ()
_NO_RECORDS: Final = b',"blacklist_entries":[],"penalties":[],"warnings":'
_UNKNOWN: Final = b'{"uscc":"%b","outcome":"not_covered","reason":"no_registration","name":null,"registration":null%b'
_VERDICTS: Final = {
    (listed, penalised, registered, covered): b'"outcome":%b,"reason":%b'
    % (orjson.dumps(verdict.outcome), orjson.dumps(verdict.reason))
    for listed in (False, True)
    for penalised in (False, True)
    for registered in (False, True)
    for covered in (False, True)
    for verdict in [outcome(listed=listed, penalised=penalised, registered=registered, covered=covered)]
}


def is_plain(entry: bytes | None) -> bool:
    """Return whether an entry is there and its code is known to pass every check, that of its region excepted."""
    return entry is not None and not entry[0] & _SMALL


def pack(uscc: str, facts: Facts, names: Iterable[str] = (), *, plain: bool = False) -> bytes | None:
    """Return the entry of a subject, or None where nothing is known of it.

    `plain` says that the code passes every check, that of its region excepted. `names` are all names that registry sources stated; records keep the order they have in `facts`.
    """
    subject = facts.subjects.get(uscc)
    entries = facts.entries.get(uscc, _NOTHING)
    penalties = facts.penalties.get(uscc, _NOTHING)
    current = None if subject is None else subject["name"]
    others = [name for name in dict.fromkeys(names) if name != current]
    if subject is None and not entries and not penalties and not others:
        return None
    code = region_of(uscc, None if subject is None else subject["division_code"]).encode()
    region = bytes([len(code)]) + code
    registration = b""
    succession = b""
    if subject is not None:
        standing = {"status": subject["registration_status"], "since": subject["registered_on"]}
        succession = orjson.dumps(found) if (found := succession_warnings(subject)) else b""
        registration = b'"name":%b,"registration":%b' % (orjson.dumps(current), orjson.dumps(standing))
        if not entries and not penalties and not others and not succession:
            return _SIMPLE[not plain] + region + registration
    told = orjson.dumps(others) if others else b""
    head = _HEAD.pack(subject is not None, len(entries), len(penalties), len(registration), len(told), len(succession))
    records = [
        part
        for kind, rows in ((ChangeKind.BLACKLIST_ENTRY, entries), (ChangeKind.PENALTY, penalties))
        for row in rows
        for part in _record(kind, row)
    ]
    return b"".join((_FULL[not plain], region, head, registration, told, succession, *records))


def _record(kind: ChangeKind, row: Row) -> tuple[bytes, bytes, bytes]:
    shown = to_json(public_view(kind, cast("dict[str, Any]", row)))
    name = row["party_name"] if row["party_name"] and "party_name" not in row["held_texts"] else ""
    told = name.encode()
    last = row["public_until"]
    return (
        _RECORD.pack(_ordinal(row["public_from"]), _LAST if last is None else _ordinal(last), len(shown), len(told)),
        shown,
        told,
    )


def _ordinal(day: date | str) -> int:
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal()


class RegionParts:
    """How one region is covered on one day, with what follows from it as finished JSON."""

    __slots__ = ("clear", "coverage", "sources", "warnings")

    def __init__(self, coverage: RegionCoverage) -> None:
        self.coverage = coverage
        #: What stands before and behind the registration of a subject without records.
        self.clear = _VERDICTS[False, False, True, coverage.covered], _tail(coverage.warnings)
        self.warnings = coverage.warnings
        self.sources = to_json(sources_view(coverage.sources))


class Regions:
    """The regions of one day and one state of the sources."""

    def __init__(self, sources: SourceMap) -> None:
        self._sources = sources
        self._known: dict[bytes, RegionParts] = {}

    def of(self, code: bytes) -> RegionParts:
        """Return the parts of a region by its division code."""
        return self._known.get(code) or self._meet(code)

    def of_entry(self, uscc: str, entry: bytes | None) -> RegionParts:
        """Return the parts of the region that decides for a subject."""
        return self.of(uscc[2:8].encode() if entry is None else entry[2 : 2 + entry[1]])

    def _meet(self, code: bytes) -> RegionParts:
        parts = self._known[code] = RegionParts(self._sources.of(code.decode()))
        return parts


@lru_cache(maxsize=8)
def regions_of(sources: str, day: date) -> Regions:
    """Return the regions on a day from the sources as `Log.sources` gives them."""
    return Regions(read_sources(sources, day))


def _tail(warnings: Sequence[Words]) -> bytes:
    return _NO_RECORDS + orjson.dumps(warnings) + b"}"


def render(
    uscc: str,
    entry: bytes | None,
    parts: RegionParts,
    day: int,
    *,
    odd: Sequence[Words] = (),
    name: str | None = None,
) -> bytes:
    """Return the answer about one subject on the day with the ordinal `day`, without the members of the frame.

    `parts` are those of the subject's region on that day, see `Regions.of_entry`. `odd` are warnings about the code; `name` is the name asked beside it, if any.
    """
    code = uscc.encode()
    if entry is not None and is_full(entry):
        return _render_full(code, entry, parts, day, odd, name)
    if entry is not None and name:
        known = orjson.loads(b"{" + entry[2 + entry[1] :] + b"}")["name"]
        odd = (*odd, *name_warning(name, [known] if known else []))
    verdict, tail = parts.clear
    if odd:
        tail = _tail((*odd, *parts.warnings))
    if entry is None:
        return _UNKNOWN % (code, tail)
    return b'{"uscc":"%b",%b,%b%b' % (code, verdict, entry[2 + entry[1] :], tail)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an entry shows of its subject on one day, as JSON; `name` is the current one, `others` those that were stated besides.

    `records` are those in their window, list entries first, `listed` says how many of them are such; `until` is the last day of the
    first of their windows to close, as an ordinal.
    """

    registered: bool
    registration: bytes
    others: bytes
    succession: bytes
    records: list[bytes]
    names: list[bytes]
    listed: int
    until: int


def is_full(entry: bytes) -> bool:
    """Return whether an entry holds more than a registration."""
    return entry[0] | _SMALL != _SIMPLE[1][0]


def unpack(entry: bytes, day: int) -> Shown:
    """Return what an entry shows on the day with the ordinal `day`."""
    at = 2 + entry[1]
    if not is_full(entry):
        return Shown(True, entry[at:], b"", b"", [], [], 0, _LAST)
    registered, entry_count, penalty_count, size, names_size, succession_size = _HEAD.unpack_from(entry, at)
    at += _HEAD.size
    registration = entry[at : at + size]
    at += size
    others = entry[at : at + names_size]
    at += names_size
    succession = entry[at : at + succession_size]
    at += succession_size
    shown: list[bytes] = []
    names: list[bytes] = []
    listed = 0
    until = _LAST
    for nth in range(entry_count + penalty_count):
        first, last, size, name_size = _RECORD.unpack_from(entry, at)
        at += _RECORD.size
        if first <= day <= last:
            shown.append(entry[at : at + size])
            if name_size:
                names.append(entry[at + size : at + size + name_size])
            listed += nth < entry_count
            until = min(until, last)
        at += size + name_size
    return Shown(bool(registered), registration, others, succession, shown, names, listed, until)


def _render_full(
    code: bytes, entry: bytes, parts: RegionParts, day: int, odd: Sequence[Words], name: str | None
) -> bytes:
    found = unpack(entry, day)
    shown, names, listed = found.records, found.names, found.listed
    registration = found.registration
    verdict = _VERDICTS[bool(listed), len(shown) > listed, found.registered, parts.coverage.covered]
    if not found.registered:
        first_name = orjson.dumps(names[0].decode()) if names else b"null"
        registration = b'"name":%b,"registration":null' % first_name
    if name:
        known = [*orjson.loads(found.others or b"[]"), *(one.decode() for one in names)]
        if found.registered:
            known.append(orjson.loads(b"{" + registration + b"}")["name"] or "")
        odd = (*odd, *name_warning(name, [one for one in known if one]))
    if found.succession:
        odd = (*odd, *orjson.loads(found.succession))
    return b'{"uscc":"%b",%b,%b,"blacklist_entries":[%b],"penalties":[%b],"warnings":%b}' % (
        code,
        verdict,
        registration,
        b",".join(islice(shown, listed)),
        b",".join(islice(shown, listed, None)),
        orjson.dumps((*odd, *parts.warnings)),
    )

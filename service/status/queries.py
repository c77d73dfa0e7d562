"""What is known about subjects at a position of the change log, read from one snapshot.

A version is known once its pending change was numbered. Three ways of reading follow from that, and all three give rows of
the same shape: codes without a pending change take the current versions; codes with one take, for each record, the highest
version that is not pending; and a past position takes the highest version numbered by then.

Codes are sent as one text, parted by blanks: as an array every one of them would be encoded by itself. The plans are the generic
ones, by index: a plan made for ten thousand codes reads whole tables, which is as slow as they are long.

Whether a record is public is decided here, in `PUBLIC`, and nowhere stored: its window covers every day from the first to
the last asked, both shown (house decisions 1 and 4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import orjson
from asyncpg import Connection

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """The log's head in this snapshot, the asked codes that have pending changes, and the sources as JSON text.

    `sources`: an array of `[code, covers, stale_after_days, delivered_at, held_since]`, ordered by code.
    """

    log_id: str
    position: int
    at: datetime
    pending: frozenset[str]
    sources: str
    catalog_version: int


@dataclass(slots=True)
class Facts:
    """What may be shown about subjects: registrations by code, and public records by code, newest first."""

    subjects: dict[str, Row] = field(default_factory=dict)
    entries: dict[str, list[Row]] = field(default_factory=dict)
    penalties: dict[str, list[Row]] = field(default_factory=dict)


#: The sources as JSON text, with the last delivery by the instant `{by}` and since when a file of theirs has waited for a person
#: then; see `Log`. What was only tried, or is a part of a file that waits, is no delivery.
SOURCES: Final = """
(SELECT coalesce(json_agg(json_build_array(s.code, s.covers, s.stale_after_days, (
     SELECT max(i.finished_at) FROM data_import i
     WHERE i.source_code = s.code AND i.state = 'finished' AND i.finished_at <= {by}
     AND NOT coalesce((i.options ->> 'dry_run')::boolean OR (i.options ->> 'is_part')::boolean, false)), (
     SELECT min(d.held_at) FROM feed_delivery d
     WHERE d.source_code = s.code AND d.held_at <= {by} AND (d.finished_at IS NULL OR d.finished_at > {by})))
     ORDER BY s.code), '[]')
 FROM source s)::text AS sources"""
_LOG: Final = """
SELECT l.log_id::text AS log_id, l.head_position, l.head_at, (SELECT version FROM catalog_version) AS catalog_version,
       ARRAY(SELECT DISTINCT p.uscc FROM pending_change p WHERE p.uscc = ANY (string_to_array($1, ' '))) AS pending,
       {sources}
FROM change_log l""".replace("{sources}", SOURCES.replace("{by}", "$2"))

_PENDING: Final = "SELECT DISTINCT p.uscc FROM pending_change p WHERE p.uscc = ANY (string_to_array($1, ' '))"

# Positions and their instants rise together, so the log is halved until one position is left: about 25 index probes.
_POSITION_AT: Final = """
WITH RECURSIVE half (low, high) AS (
    SELECT 0::bigint, l.head_position FROM change_log l
    UNION ALL
    SELECT CASE WHEN c.sequenced_at <= $1 THEN c.position ELSE h.low END,
           CASE WHEN c.sequenced_at <= $1 THEN h.high ELSE c.position - 1 END
    FROM half h JOIN change c ON c.position = (h.low + h.high + 1) / 2 WHERE h.low < h.high
)
SELECT low FROM half WHERE low = high"""

#: The condition on a version `v` for being shown on every day from `{first}` to `{last}`.
PUBLIC: Final = """v.state = 'published' AND v.public_reason IS NULL
    AND v.public_from <= {first} AND (v.public_until IS NULL OR v.public_until >= {last})"""
_PUBLIC: Final = PUBLIC.replace("{first}", "$2").replace("{last}", "$3")

#: The condition that a version `{v}` of the table `{table}` was the last one numbered by the position `{position}`.
KNOWN_BY: Final = """EXISTS (
    SELECT FROM change c WHERE c.uscc = {v}.uscc AND c.record_id = {v}.id AND c.version_no = {v}.version_no
    AND c.position <= {position})
AND NOT EXISTS (
    SELECT FROM change c WHERE c.uscc = {v}.uscc AND c.record_id = {v}.id AND c.version_no > {v}.version_no
    AND c.position <= {position})"""

#: The condition that a version was replaced because of personal data, secrets or a wrong subject, and so is told to nobody else.
SILENCED: Final = """EXISTS (
    SELECT FROM {table} l
    WHERE l.uscc = {v}.uscc AND l.id = {v}.id AND l.version_no > {v}.version_no AND l.silences_before)"""

_SUBJECT: Final = """v.uscc, v.registered, v.name, v.registration_status, v.registered_on, v.division_code, v.state,
    v.succession, v.successors, v.succeeded_on"""
_PENALTY: Final = """v.uscc, v.id::text AS id, v.document_no, v.kinds, v.authority_name, v.decided_on, v.public_from, v.public_until,
    v.fine_fen, v.party_name, v.held_texts"""
_ENTRY: Final = """v.uscc, v.id::text AS id, v.list_id, b.name AS list_name, b.severity, v.grounds, v.authority_name, v.document_no,
    v.listed_on, v.public_from, v.public_until, v.party_name, v.held_texts"""
_LIST: Final = "JOIN blacklist b ON b.id = v.list_id"

_CURRENT: Final = "v.superseded_at IS NULL AND v.uscc = ANY (string_to_array($1, ' '))"
_LATEST_NUMBERED: Final = """(v.uscc, v.id, v.version_no) IN (
    SELECT n.uscc, n.id, max(n.version_no) FROM {version} n
    WHERE n.uscc = ANY (string_to_array($1, ' ')) AND NOT EXISTS (
        SELECT FROM pending_change p WHERE p.uscc = n.uscc AND p.record_id = n.id AND p.version_no = n.version_no)
    GROUP BY n.uscc, n.id)"""
_LATEST_AT: Final = """(v.uscc, v.id, v.version_no) IN (
    SELECT c.uscc, c.record_id, max(c.version_no) FROM change c
    WHERE c.uscc = ANY (string_to_array($1, ' ')) AND c.record_id = ANY ($4::uuid[]) AND c.position <= $5
    GROUP BY c.uscc, c.record_id)
    AND NOT {silenced}""".replace("{silenced}", SILENCED.replace("{table}", "{version}").replace("{v}", "v"))

_SUBJECTS: Final = """SELECT {columns} FROM subject_version v WHERE {known} AND v.registered AND v.state <> 'void'"""
_SUBJECT_LATEST_NUMBERED: Final = """(v.uscc, v.version_no) IN (
    SELECT n.uscc, max(n.version_no) FROM subject_version n
    WHERE n.uscc = ANY (string_to_array($1, ' ')) AND NOT EXISTS (
        SELECT FROM pending_change p WHERE p.uscc = n.uscc AND p.kind = 'subject' AND p.version_no = n.version_no)
    GROUP BY n.uscc)"""
_SUBJECT_LATEST_AT: Final = """(v.uscc, v.version_no) IN (
    SELECT c.uscc, max(c.version_no) FROM change c
    WHERE c.uscc = ANY (string_to_array($1, ' ')) AND c.kind = 'subject' AND c.position <= $2 GROUP BY c.uscc)"""


def _subjects(known: str) -> str:
    return _SUBJECTS.replace("{columns}", _SUBJECT).replace("{known}", known)


def _penalties(known: str) -> str:
    return (
        "SELECT {columns} FROM penalty_version v WHERE {known} AND {public}".replace("{columns}", _PENALTY)
        .replace("{known}", known.replace("{version}", "penalty_version"))
        .replace("{public}", _PUBLIC)
    )


def _entries(known: str) -> str:
    return (
        "SELECT {columns} FROM blacklist_entry_version v {list} WHERE {known} AND {public}".replace("{columns}", _ENTRY)
        .replace("{list}", _LIST)
        .replace("{known}", known.replace("{version}", "blacklist_entry_version"))
        .replace("{public}", _PUBLIC)
    )


_SUBJECTS_CURRENT: Final = _subjects(_CURRENT)
_SUBJECTS_NUMBERED: Final = _subjects(_SUBJECT_LATEST_NUMBERED)
_SUBJECTS_AT: Final = _subjects(_SUBJECT_LATEST_AT)
_PENALTIES_CURRENT: Final = _penalties(_CURRENT)
_PENALTIES_NUMBERED: Final = _penalties(_LATEST_NUMBERED)
_PENALTIES_AT: Final = _penalties(_LATEST_AT)
_ENTRIES_CURRENT: Final = _entries(_CURRENT)
_ENTRIES_NUMBERED: Final = _entries(_LATEST_NUMBERED)
_ENTRIES_AT: Final = _entries(_LATEST_AT)

# All about one code that has no pending change, in one statement. Rows come as JSON, in which days are texts already.
_ONE: Final = (
    """
SELECT l.log_id::text AS log_id, l.head_position, l.head_at, (SELECT version FROM catalog_version) AS catalog_version,
       set_config('application_name', $5, true) AS asked_as,
       EXISTS (SELECT FROM pending_change p WHERE p.uscc = $1) AS is_pending, {sources},
       (SELECT row_to_json(r) FROM ({subject}) r)::text AS subject,
       (SELECT json_agg(r ORDER BY r.listed_on DESC NULLS LAST, r.id DESC) FROM ({entries}) r)::text AS entries,
       (SELECT json_agg(r ORDER BY r.decided_on DESC NULLS LAST, r.id DESC) FROM ({penalties}) r)::text AS penalties
FROM change_log l""".replace("{sources}", SOURCES.replace("{by}", "$4"))
    .replace("{subject}", _SUBJECTS_CURRENT)
    .replace("{entries}", _ENTRIES_CURRENT)
    .replace("{penalties}", _PENALTIES_CURRENT)
)

_REGISTERED_NAMES: Final = """
SELECT v.name, v.former_names FROM subject_version v
JOIN change c ON c.uscc = v.uscc AND c.kind = 'subject' AND c.version_no = v.version_no
WHERE v.uscc = $1 AND v.registered AND v.state <> 'void' AND c.position <= $2"""

_OTHER_NAMES: Final = """
SELECT v.uscc, v.name, v.former_names FROM subject_version v
WHERE v.uscc = ANY (string_to_array($1, ' ')) AND v.registered AND v.state <> 'void'
AND (v.superseded_at IS NOT NULL OR v.former_names <> '{}')
AND NOT EXISTS (SELECT FROM pending_change p WHERE p.uscc = v.uscc AND p.kind = 'subject' AND p.version_no = v.version_no)
ORDER BY v.uscc, v.version_no"""


async def use_index(connection: Connection) -> None:
    """Let the rest of the transaction read by index only, by plans that were made once."""
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off")


def _joined(codes: Iterable[str]) -> str:
    return " ".join(codes)


async def read_log(connection: Connection, codes: Sequence[str], *, delivered_by: datetime) -> Log:
    """Return the head of the log, which of `codes` have pending changes, and the sources' last deliveries by an instant."""
    row = await connection.fetchrow(_LOG, _joined(codes), delivered_by)
    return Log(
        log_id=row["log_id"],
        position=row["head_position"],
        at=row["head_at"],
        pending=frozenset(row["pending"]),
        sources=row["sources"],
        catalog_version=row["catalog_version"],
    )


async def find_at_once(
    connection: Connection, uscc: str, *, today: date, delivered_by: datetime, application: str
) -> tuple[Log, Facts] | None:
    """Return the log's head and what is known there about one code, read by one statement; None when it has pending changes.

    The rows are those of `find_facts` for the day `today`, with texts for days. The statement runs, and is logged by the
    database, under the name `application`.
    """
    row = await connection.fetchrow(_ONE, uscc, today, today, delivered_by, application)
    if row["is_pending"]:
        return None
    log = Log(
        log_id=row["log_id"],
        position=row["head_position"],
        at=row["head_at"],
        pending=frozenset(),
        sources=row["sources"],
        catalog_version=row["catalog_version"],
    )
    facts = Facts()
    if row["subject"] is not None:
        facts.subjects[uscc] = orjson.loads(row["subject"])
    if row["entries"] is not None:
        facts.entries[uscc] = orjson.loads(row["entries"])
    if row["penalties"] is not None:
        facts.penalties[uscc] = orjson.loads(row["penalties"])
    return log, facts


async def find_pending(connection: Connection, codes: Sequence[str]) -> frozenset[str]:
    """Return which of `codes` have changes that are not numbered yet."""
    rows = await connection.fetch(_PENDING, _joined(codes))
    return frozenset(row["uscc"] for row in rows)


async def find_position_at(connection: Connection, at: datetime) -> int:
    """Return the last position that was numbered by the instant `at`; 0 when nothing was."""
    position: int = await connection.fetchval(_POSITION_AT, at)
    return position


async def find_registrations(
    connection: Connection, codes: Sequence[str], *, pending: frozenset[str]
) -> dict[str, Row]:
    """Return the registrations of `codes` as known at the head of the log, by code."""
    calm = [code for code in codes if code not in pending] if pending else codes
    found = _by_code(await connection.fetch(_SUBJECTS_CURRENT, _joined(calm))) if calm else {}
    if pending:
        found |= _by_code(await connection.fetch(_SUBJECTS_NUMBERED, _joined(pending)))
    return found


async def find_registrations_at(connection: Connection, codes: Sequence[str], *, position: int) -> dict[str, Row]:
    """Return the registrations of `codes` as known at a past position, by code."""
    return _by_code(await connection.fetch(_SUBJECTS_AT, _joined(codes), position))


async def find_facts(
    connection: Connection, codes: Sequence[str], *, pending: frozenset[str], first: date, last: date
) -> Facts:
    """Return what is known at the head of the log about `codes`; records whose window covers `first` to `last`."""
    facts = Facts(subjects=await find_registrations(connection, codes, pending=pending))
    calm = [code for code in codes if code not in pending] if pending else codes
    entries: list[Row] = []
    penalties: list[Row] = []
    if calm:
        entries += await connection.fetch(_ENTRIES_CURRENT, _joined(calm), first, last)
        penalties += await connection.fetch(_PENALTIES_CURRENT, _joined(calm), first, last)
    if pending:
        entries += await connection.fetch(_ENTRIES_NUMBERED, _joined(pending), first, last)
        penalties += await connection.fetch(_PENALTIES_NUMBERED, _joined(pending), first, last)
    facts.entries = _newest_first(entries, "listed_on")
    facts.penalties = _newest_first(penalties, "decided_on")
    return facts


async def find_facts_at(
    connection: Connection, codes: Sequence[str], *, position: int, day: date, shown: Iterable[str]
) -> Facts:
    """Return what was known at a past position about `codes`: records in `shown` whose window then covered `day`.

    `shown` are the records that are public today; silence holds for the past too (house decision 4).
    """
    asked, ids = _joined(codes), list(shown)
    return Facts(
        subjects=await find_registrations_at(connection, codes, position=position),
        entries=_newest_first(await connection.fetch(_ENTRIES_AT, asked, day, day, ids, position), "listed_on"),
        penalties=_newest_first(await connection.fetch(_PENALTIES_AT, asked, day, day, ids, position), "decided_on"),
    )


async def list_registered_names(connection: Connection, uscc: str, *, position: int) -> list[str]:
    """Return every name, current or former, that registry sources had stated of a subject by `position`."""
    rows = await connection.fetch(_REGISTERED_NAMES, uscc, position)
    return [name for row in rows for name in (row["name"], *row["former_names"]) if name]


async def list_other_names(connection: Connection, codes: Sequence[str]) -> dict[str, list[str]]:
    """Return by code the names that registry sources had stated by the head of the log, where there may be more than one."""
    names: dict[str, list[str]] = {}
    for row in await connection.fetch(_OTHER_NAMES, _joined(codes)):
        names.setdefault(row["uscc"], []).extend(name for name in (row["name"], *row["former_names"]) if name)
    return names


def _by_code(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["uscc"]: row for row in rows}


def _newest_first(rows: Iterable[Row], day: str) -> dict[str, list[Row]]:
    by_code: dict[str, list[Row]] = {}
    for row in rows:
        by_code.setdefault(row["uscc"], []).append(row)
    for records in by_code.values():
        if len(records) > 1:
            records.sort(key=lambda row: ((row[day] or date.min).toordinal(), row["id"]), reverse=True)
    return by_code

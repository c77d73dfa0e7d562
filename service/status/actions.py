import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import polars as pl
from asyncpg import Connection

from service.changes.queries import find_head
from service.clock import legal_day
from service.db import Database, ReadSession, application_of, driver
from service.status.answers import (
    Answer,
    answer_about,
    frame,
    frame_json,
    names_on_records,
    read_sources,
    region_coverage,
    sources_view,
    to_json,
)
from service.status.entries import RegionParts, is_plain, pack, regions_of, render
from service.status.queries import (
    Facts,
    Log,
    find_at_once,
    find_facts,
    find_facts_at,
    find_position_at,
    list_other_names,
    list_registered_names,
    read_log,
    use_index,
)
from service.status.rules import (
    MAX_BATCH,
    MalformedUscc,
    PositionNotReached,
    TooManyCodes,
    Words,
    code_warnings,
    name_warning,
    read_moment,
)
from service.store.reader import Found, StoreReader
from service.uscc.bulk import check_codes
from service.uscc.rules import KEY_STATES, CodeState, check

BULK_FROM: Final = 100  # below this the vectorised check costs more than it saves
NOBODY: Final = "-"  # stands for what is no code; no entry has this key
ECHOED: Final = 64  # characters of a malformed code that are sent back

#: How long an answer waits for a position that the log has not reached, and how often it looks, in seconds.
LONGEST_WAIT: Final = 5.0
BETWEEN_LOOKS: Final = 0.05

_WARNED: Final = KEY_STATES - {CodeState.VALID, CodeState.VALID_NORMALISED}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one subject. Without `as_of` and `known_at` the answer is about now."""

    uscc: str
    name: str | None = None
    as_of: str | None = None
    known_at: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as JSON, with its ETag as in `StatusAnswer`."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """An answer with its ETag, which holds until the log moves, the sources deliver or the day ends."""

    body: Answer
    etag: str


def read_uscc(
    raw: str, *, name: str | None = None, divisions: frozenset[str] | None = None
) -> tuple[str, tuple[CodeState, ...]]:
    """Return a credit code in its normal form (width, blanks, case) and what is odd about it.

    `name` and `divisions` (all known division codes) let the form of the name and the region be held against the code.

    Raises:
        MalformedUscc: it is no credit code.
    """
    found = check(raw, name=name, known_divisions=divisions)
    if found.code is None:
        raise MalformedUscc(
            found.detail,
            detail_zh=found.detail_zh,
            state=found.state.value,
            positions=[18] if found.state is CodeState.SUSPECT_CHECK18 else list(found.positions),
            suggestion=found.suggestion,
        )
    return found.code, found.warnings


async def look_up(
    database: Database,
    question: Question,
    *,
    divisions: frozenset[str],
    now: datetime,
    store: StoreReader | None = None,
    least: int = 0,
    request_id: str | None = None,
) -> Rendered:
    """Return the public state of one subject: from the store where it is fresh, else from the database.

    `least` is a position that the answer must have reached; it is waited for, at most `LONGEST_WAIT` seconds. The database
    knows the question by `request_id`.

    Raises:
        MalformedUscc: the code is none.
        MalformedMoment, FutureMoment: `as_of` or `known_at`.
        PositionNotReached: the log has not come to `least`.
    """
    if question.as_of is not None or question.known_at is not None:
        await _reach(database, least)
        async with database.reading(request_id=request_id) as session:
            answer = await answer_question(session, question, divisions=divisions, now=now)
        return Rendered(to_json(answer.body), answer.etag)
    uscc, odd = read_uscc(question.uscc, name=question.name, divisions=divisions or None)
    today = legal_day(now)
    found = await _find(database, store, [uscc], now=now, least=least, named=bool(question.name), request_id=request_id)
    return render_one(uscc, found, now=now, today=today, odd=code_warnings(odd), name=question.name)


def render_one(
    uscc: str, found: Found, *, now: datetime, today: date, odd: Sequence[Words] = (), name: str | None = None
) -> Rendered:
    """Return the answer about one subject from the one entry found."""
    log, entry = found.log, found.entries[0]
    parts = regions_of(log.sources, today).of_entry(uscc, entry)
    body = render(uscc, entry, parts, today.toordinal(), odd=odd, name=name)
    tie = frame_json(log, as_of=now, sources=parts.sources)
    return Rendered(b"%b,%b}" % (body[:-1], tie), _etag(log, today))


async def _find(
    database: Database,
    store: StoreReader | None,
    codes: Sequence[str],
    *,
    now: datetime,
    least: int,
    named: bool = False,
    request_id: str | None = None,
) -> Found:
    today = legal_day(now)
    if store is not None:
        await store.look()
        found = store.find(codes, day=today, least=least)
        store.counts["store" if found is not None else "database"] += 1
        if found is not None:
            return found
    await _reach(database, least)
    if len(codes) == 1 and not named:
        async with database.statement() as connection:
            at_once = await find_at_once(
                connection, codes[0], today=today, delivered_by=now, application=application_of(request_id)
            )
        if at_once is not None:
            log, facts = at_once
            return Found(log, [pack(codes[0], facts)])
    async with database.reading(request_id=request_id) as session:
        return await find_entries(session, codes, now=now, named=named)


async def find_entries(session: ReadSession, codes: Sequence[str], *, now: datetime, named: bool = False) -> Found:
    """Return what the database knows of `codes`, as the store would give it; other names only where they are asked for."""
    today = legal_day(now)
    connection = await driver(session)
    await use_index(connection)
    asked = sorted(set(codes))
    log = await read_log(connection, asked, delivered_by=now)
    facts = await find_facts(connection, asked, pending=log.pending, first=today, last=today)
    names = await list_other_names(connection, asked) if named else {}
    return Found(log, [pack(code, facts, names.get(code, ())) for code in codes])


async def _reach(database: Database, least: int) -> None:
    """Return when the log has come to the position `least`.

    Raises:
        PositionNotReached: it has not in time.
    """
    for _ in range(round(LONGEST_WAIT / BETWEEN_LOOKS)):
        if not least:
            return
        async with database.statement() as connection:
            head = (await find_head(connection)).position
        if head >= least:
            return
        await asyncio.sleep(BETWEEN_LOOKS)
    raise PositionNotReached(
        f"The log has not come to position {least} within {LONGEST_WAIT:g} seconds.",
        detail_zh="变更日志尚未到达所给位置。",
        position=least,
        retry_after=round(LONGEST_WAIT),
    )


async def answer_question(
    session: ReadSession, question: Question, *, divisions: frozenset[str], now: datetime
) -> StatusAnswer:
    """Return the public state of one subject, the same for every asker (house decisions 1 to 5).

    `divisions` are the known GB/T 2260 codes; a code with another region gets a warning.

    Raises:
        MalformedUscc: the code is none.
        MalformedMoment, FutureMoment: `as_of` or `known_at`.
    """
    uscc, odd = read_uscc(question.uscc, name=question.name, divisions=divisions or None)
    as_of = read_moment(question.as_of, parameter="as_of", now=now) if question.as_of is not None else now
    known_at = read_moment(question.known_at, parameter="known_at", now=now) if question.known_at is not None else None
    connection = await driver(session)
    await use_index(connection)
    log = await read_log(connection, [uscc], delivered_by=known_at or now)
    day, today = legal_day(as_of), legal_day(now)
    position = log.position
    facts = await find_facts(
        connection, [uscc], pending=log.pending, first=day if known_at is None else today, last=today
    )
    if known_at is not None:
        position = await find_position_at(connection, known_at)
        facts = await _as_known(connection, uscc, facts, position=position, day=day)
    sources = read_sources(log.sources, day)
    warnings = code_warnings(odd)
    if question.name:
        registered = await list_registered_names(connection, uscc, position=position)
        recorded = names_on_records(facts.entries.get(uscc, ()), facts.penalties.get(uscc, ()))
        warnings += name_warning(question.name, [*registered, *recorded])
    region = region_coverage(uscc, facts, sources)
    body = answer_about(uscc, facts, region, warnings)
    body |= frame(log, as_of=as_of, known_at=known_at or log.at, position=position, sources=region.sources)
    return StatusAnswer(body, _etag(log, today))


async def _as_known(connection: Connection, uscc: str, shown: Facts, *, position: int, day: date) -> Facts:
    now_public = {
        row["id"]: row["held_texts"] for records in (shown.entries, shown.penalties) for row in records.get(uscc, ())
    }
    facts = await find_facts_at(connection, [uscc], position=position, day=day, shown=now_public)
    for records in (facts.entries, facts.penalties):
        for rows in records.values():
            # A text that is held back now was perhaps not when this version was current; it stays unsaid all the same.
            rows[:] = [dict(row) | {"held_texts": [*row["held_texts"], *now_public[row["id"]]]} for row in rows]
    return facts


@lru_cache(maxsize=64)
def _etag(log: Log, today: date) -> str:
    sources = blake2b(f"{log.catalog_version} {log.sources}".encode(), digest_size=6).hexdigest()
    return f'W/"{log.log_id[:8]}-{log.position}-{today:%Y%m%d}-{sources}"'


@dataclass(frozen=True, slots=True)
class Batch:
    """The codes of a batch as they were sent, and each in its normal form with what is odd about it; None where it is none."""

    sent: Sequence[object]
    checked: Sequence[tuple[str | None, tuple[CodeState, ...]]]

    @property
    def asked(self) -> list[str]:
        """The codes that are such."""
        return [uscc for uscc, _ in self.checked if uscc is not None]


def read_batch(codes: Sequence[object]) -> Batch:
    """Return the codes of a batch, checked.

    Raises:
        TooManyCodes: there are more than `MAX_BATCH`.
    """
    if len(codes) > MAX_BATCH:
        raise TooManyCodes(
            f"A batch takes {MAX_BATCH:,} codes at most; this one has {len(codes):,}. Send it in parts.",
            detail_zh=f"每批最多 {MAX_BATCH} 个代码，请分批提交。",
            most=MAX_BATCH,
        )
    return Batch(codes, _check_all(codes))


async def answer_batch(
    database: Database,
    codes: Sequence[object],
    *,
    divisions: frozenset[str],
    now: datetime,
    store: StoreReader | None = None,
    least: int = 0,
    request_id: str | None = None,
) -> bytes:
    """Return the public state of many subjects now, in the order of `codes`; a malformed one is an error in its place.

    Everything is read from one snapshot, so all answers are about one position of the log. A code may be asked twice.

    Raises:
        TooManyCodes: there are more than `MAX_BATCH`.
        PositionNotReached: see `look_up`.
    """
    if store is not None and len(codes) <= MAX_BATCH:
        await store.look()
        plainly = find_as_written(store, codes, day=legal_day(now), least=least)
        if plainly is not None:
            store.counts["store"] += 1
            return render_batch(*plainly, divisions=divisions, now=now)
    batch = read_batch(codes)
    found = await _find(database, store, batch.asked, now=now, least=least, request_id=request_id)
    return render_batch(batch, found, divisions=divisions, now=now)


def find_as_written(
    store: StoreReader, codes: Sequence[object], *, day: date, least: int
) -> tuple[Batch, Found] | None:
    """Return a batch and its entries from the store; only codes that are not in it as they were written are checked.

    None where the store cannot say it, or moved on between the two looks that odd codes need.
    """
    texts = [code if isinstance(code, str) and len(code) == 18 else NOBODY for code in codes]
    found = store.find(texts, day=day, least=least)
    if found is None:
        return None
    checked: list[tuple[str | None, tuple[CodeState, ...]]] = [(text, ()) for text in texts]
    entries = list(found.entries)
    rest = [n for n, entry in enumerate(entries) if not is_plain(entry)]
    if rest:
        for n, one in zip(rest, _check_all([codes[n] for n in rest]), strict=True):
            checked[n] = one
        asked = [checked[n][0] or NOBODY for n in rest]
        again = store.find(asked, day=day, least=least)
        if again is None or again.log is not found.log:
            return None
        for n, entry in zip(rest, again.entries, strict=True):
            entries[n] = entry
    known = [entry for entry, (uscc, _) in zip(entries, checked, strict=True) if uscc is not None]
    return Batch(codes, checked), Found(found.log, known)


def render_batch(batch: Batch, found: Found, *, divisions: frozenset[str], now: datetime) -> bytes:
    """Return the answer to a batch; `found` are the entries of `batch.asked`."""
    today = legal_day(now)
    day = today.toordinal()
    regions = regions_of(found.log.sources, today)
    met: set[RegionParts] = set()
    entries = iter(found.entries)
    results: list[bytes] = []
    for raw, (uscc, states) in zip(batch.sent, batch.checked, strict=True):
        if uscc is None:
            results.append(to_json(_malformed_item(raw)))
            continue
        entry = next(entries)
        doubts = states
        if divisions and uscc[2:8] not in divisions:
            doubts = (*states, CodeState.WARN_UNKNOWN_REGION)
        parts = regions.of_entry(uscc, entry)
        met.add(parts)
        results.append(render(uscc, entry, parts, day, odd=code_warnings(doubts) if doubts else ()))
    sources = {source.code: source for parts in met for source in parts.coverage.sources}
    ordered = to_json(sources_view(sources[code] for code in sorted(sources)))
    return b'{%b,"results":[%b]}' % (frame_json(found.log, as_of=now, sources=ordered), b",".join(results))


def _check_all(codes: Sequence[object]) -> list[tuple[str | None, tuple[CodeState, ...]]]:
    texts = [code if isinstance(code, str) else "" for code in codes]
    if len(texts) < BULK_FROM:
        checks = map(check, texts)
        return [(found.code, found.warnings) for found in checks]
    graded = check_codes(pl.Series("code", texts, dtype=pl.String))
    return [
        (code, check(text).warnings if state in _WARNED else ())
        for text, code, state in zip(texts, graded["code"].to_list(), graded["state"].to_list(), strict=True)
    ]


def _malformed_item(raw: object) -> Answer:
    if not isinstance(raw, str):
        detail = "A code is a text of 18 characters."
        return {"uscc": None, "error": {"code": MalformedUscc.code, "detail": detail, "suggestion": None}}
    found = check(raw)
    # An identity number that was sent by mistake is not sent back.
    echo = None if found.state is CodeState.PERSON_IDENTIFIER else raw[:ECHOED]
    error = {"code": MalformedUscc.code, "detail": found.detail, "suggestion": found.suggestion}
    return {"uscc": echo, "error": error}

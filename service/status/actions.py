from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Final

import orjson
import polars as pl
from asyncpg import Connection

from service.clock import legal_day
from service.db import Database, ReadSession, driver
from service.status.answers import (
    Answer,
    Renderer,
    answer_about,
    frame,
    names_on_records,
    read_sources,
    region_coverage,
    to_json,
)
from service.status.queries import (
    Facts,
    Log,
    find_at_once,
    find_facts,
    find_facts_at,
    find_position_at,
    list_registered_names,
    read_log,
    use_index,
)
from service.status.rules import (
    MAX_BATCH,
    MalformedUscc,
    TooManyCodes,
    code_warnings,
    name_warning,
    read_moment,
)
from service.uscc.bulk import check_codes
from service.uscc.rules import KEY_STATES, CodeState, check

BULK_FROM: Final = 100  # below this the vectorised check costs more than it saves
ECHOED: Final = 64  # characters of a malformed code that are sent back

_WARNED: Final = KEY_STATES - {CodeState.VALID, CodeState.VALID_NORMALISED}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one subject. Without `as_of` and `known_at` the answer is about now."""

    uscc: str
    name: str | None = None
    as_of: str | None = None
    known_at: str | None = None


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


async def look_up(database: Database, question: Question, *, divisions: frozenset[str], now: datetime) -> StatusAnswer:
    """Return the public state of one subject as `answer_question` does, by one statement where that is enough.

    It is enough for a question about now of a code that has no pending change, which is nearly every one.

    Raises:
        MalformedUscc: the code is none.
        MalformedMoment, FutureMoment: `as_of` or `known_at`.
    """
    if question.as_of is None and question.known_at is None and not question.name:
        uscc, odd = read_uscc(question.uscc, divisions=divisions or None)
        today = legal_day(now)
        async with database.statement() as connection:
            found = await find_at_once(connection, uscc, today=today, delivered_by=now)
        if found is not None:
            log, facts = found
            region = region_coverage(uscc, facts, read_sources(log.sources, today))
            body = answer_about(uscc, facts, region, code_warnings(odd))
            body |= frame(log, as_of=now, known_at=log.at, position=log.position, sources=region.sources)
            return StatusAnswer(body, _etag(log, today))
    async with database.reading() as session:
        return await answer_question(session, question, divisions=divisions, now=now)


async def answer_question(
    session: ReadSession, question: Question, *, divisions: frozenset[str], now: datetime
) -> StatusAnswer:
    """Return the public state of one subject, the same for every asker (DESIGN decisions 1 to 5).

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


def _etag(log: Log, today: date) -> str:
    sources = blake2b(f"{log.catalog_version} {log.sources}".encode(), digest_size=6).hexdigest()
    return f'W/"{log.log_id[:8]}-{log.position}-{today:%Y%m%d}-{sources}"'


async def answer_batch(
    session: ReadSession, codes: Sequence[object], *, divisions: frozenset[str], now: datetime
) -> Answer:
    """Return the public state of many subjects now, in the order of `codes`; a malformed one is an error in its place.

    Everything is read from one snapshot, so all answers are about one position of the log. A code may be asked twice.

    Raises:
        TooManyCodes: there are more than `MAX_BATCH`.
    """
    if len(codes) > MAX_BATCH:
        raise TooManyCodes(
            f"A batch takes {MAX_BATCH:,} codes at most; this one has {len(codes):,}. Send it in parts.",
            detail_zh=f"每批最多 {MAX_BATCH} 个代码，请分批提交。",
            most=MAX_BATCH,
        )
    checked = _check_all(codes)
    asked = sorted({uscc for uscc, _ in checked if uscc is not None})
    connection = await driver(session)
    await use_index(connection)
    log = await read_log(connection, asked, delivered_by=now)
    today = legal_day(now)
    facts = await find_facts(connection, asked, pending=log.pending, first=today, last=today)
    renderer = Renderer(facts, read_sources(log.sources, today))
    # Rendered one by one: ten thousand answers held as objects would be walked by every collection of garbage.
    rendered: dict[str, orjson.Fragment] = {}
    results: list[orjson.Fragment] = []
    for raw, (uscc, states) in zip(codes, checked, strict=True):
        if uscc is None:
            results.append(orjson.Fragment(to_json(_malformed_item(raw))))
            continue
        item = rendered.get(uscc)
        if item is None:
            odd = states if not divisions or uscc[2:8] in divisions else (*states, CodeState.WARN_UNKNOWN_REGION)
            item = rendered[uscc] = orjson.Fragment(renderer.render(uscc, code_warnings(odd) if odd else ()))
        results.append(item)
    sources = {source.code: source for region in renderer.regions for source in region.sources}
    ordered = [sources[code] for code in sorted(sources)]
    return frame(log, as_of=now, known_at=log.at, position=log.position, sources=ordered) | {"results": results}


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

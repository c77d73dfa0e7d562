"""Running one screening from its file to its result.

All rows are answered from one state: of the status store, held while it moves on, or of one snapshot of the database. A process that
dies leaves a `running` screening behind, and whoever claims it next begins anew, at a newer state: no result is of two positions.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from typing import Any, Final
from uuid import UUID

import numpy as np
import polars as pl
import structlog

from service.catalog.queries import load_catalog
from service.clock import SHANGHAI, Clock, legal_day
from service.db import Database, driver
from service.models import Screening
from service.screenings.answering import NOTHING_NAMED, Answers, Compared, Named, among, sort_named
from service.screenings.files import Files
from service.screenings.queries import SCREENING_LOCKS, find_changed_registrations, find_last_of, note_progress
from service.screenings.reading import RowFile
from service.screenings.rules import ATTEMPTS, MOST_ROWS, OPEN, SHEET_ROWS, Format, State
from service.screenings.writing import KeptRows, write_result
from service.status.actions import find_entries
from service.status.answers import sources_view
from service.status.entries import regions_of
from service.status.queries import Log
from service.store.reader import StoreReader
from service.tables.chunk import Limits
from service.tables.problems import TableProblem

#: Rows that are answered at a time; the database is asked about no more than `_ASKED` codes by one statement.
_ROWS: Final = 40_000
_ASKED: Final = 10_000
#: How often progress is written down, in seconds.
_SAID_SECONDS: Final = 0.5

log: structlog.stdlib.BoundLogger = structlog.get_logger("screenings")

Find = Callable[[Sequence[str]], Awaitable[Sequence[bytes | None]]]


class _Stopped(Exception):
    """The screening was cancelled, or deleted."""


class _Unusable(Exception):
    """The file cannot be screened."""

    def __init__(self, code: str, detail: str, detail_zh: str) -> None:
        super().__init__(detail)
        self.problem = {"code": code, "detail": detail, "detail_zh": detail_zh}


@dataclass(frozen=True, slots=True)
class Screener:
    """What screenings need: the database, the folder of the files, the status store, the clock, and how much of a file is read."""

    database: Database
    files: Callable[[UUID], Files]
    store: StoreReader
    clock: Clock
    limits: Limits

    async def run(self, screening_id: UUID) -> bool:
        """Run a screening that waits or was left running; return False where another process has it or it has ended."""
        async with self.database.holding(SCREENING_LOCKS, screening_id.int % 2**31) as free:
            if not free:
                return False
            begun = await self._begin(screening_id)
            if begun is None:
                return False
            row, divisions = begun
            files = self.files(screening_id)
            try:
                if row.attempt > ATTEMPTS:
                    raise _Unusable("gave_up", f"The screening broke off {ATTEMPTS} times.", "多次中断，已停止。")
                await self._screen(row, divisions, files)
            except _Stopped:
                log.info("screening.cancelled", screening=str(screening_id))
                files.drop_result()
            except TableProblem as problem:
                await self._fail(
                    screening_id, {"code": problem.code, "detail": problem.detail, "detail_zh": problem.detail_zh}
                )
            except _Unusable as unusable:
                await self._fail(screening_id, unusable.problem)
            except FileNotFoundError:
                detail = "The file that was handed in is not on this machine any more."
                await self._fail(
                    screening_id, {"code": "file_gone", "detail": detail, "detail_zh": "上传文件已不存在。"}
                )
            files.drop_unfinished()
        return True

    async def _begin(self, screening_id: UUID) -> tuple[Screening, frozenset[str]] | None:
        async with self.database.transaction() as session:
            row = await session.get(Screening, screening_id, with_for_update=True)
            if row is None or row.state not in OPEN:
                return None
            row.state, row.attempt, row.rows_done, row.done_share = State.RUNNING, row.attempt + 1, 0, 0
            catalog = await load_catalog(session)
        return row, catalog.known_divisions

    async def _fail(self, screening_id: UUID, problem: dict[str, Any]) -> None:
        async with self.database.transaction() as session:
            row = await session.get(Screening, screening_id, with_for_update=True)
            if row is not None and row.state == State.RUNNING:
                row.state, row.problem, row.finished_at = State.FAILED, problem, self.clock()
        log.info("screening.failed", screening=str(screening_id), code=problem["code"])

    async def _screen(self, row: Screening, divisions: frozenset[str], files: Files) -> None:
        now = self.clock()
        today = legal_day(now)
        async with self._held(today, now) as (head, find):
            compared, last = await self._compared(row, head)
            answers = Answers(regions_of(head.sources, today), divisions, today.toordinal(), compared)
            with KeptRows(files.folder) as kept:
                count = await self._answer(row, files, answers, find, kept)
                top = _top(row, head, answers, count, now=now, last=last)
                size, digest = await asyncio.to_thread(
                    write_result, kept, files.draft, form=Format(row.format), top=top
                )
        named = sort_named(np.concatenate(answers.named)) if answers.named else NOTHING_NAMED
        gone = NOTHING_NAMED if compared is None else compared.named[~among(compared.named, named)]
        files.keep_named(named, gone)
        files.draft.replace(files.result)
        async with self.database.transaction() as session:
            done = await session.get(Screening, row.id, with_for_update=True)
            if done is None or done.state != State.RUNNING:
                raise _Stopped
            done.state, done.finished_at = State.FINISHED, self.clock()
            done.rows_done, done.done_share, done.sums = count, 100, top
            done.log_id, done.as_of, done.position, done.checked_position = (
                UUID(head.log_id), now, head.position, head.position,
            )  # fmt: skip
            done.shown_until = None if answers.until == date.max.toordinal() else date.fromordinal(answers.until)
            done.compared_with = None if last is None else last.id
            done.result_size, done.result_sha256 = size, digest
        log.info("screening.finished", screening=str(row.id), rows=count, position=head.position)

    async def _answer(self, row: Screening, files: Files, answers: Answers, find: Find, kept: KeptRows) -> int:
        """Answer every row; return how many there are."""
        options = row.options
        most = SHEET_ROWS if row.format == Format.WORKBOOK else MOST_ROWS
        count, said = 0, monotonic()
        with await asyncio.to_thread(
            RowFile, files.upload, encoding=options["encoding"], sheet=options["sheet"], limits=self.limits
        ) as file:
            frames = file.frames(_ROWS, named=options["columns"])
            while (frame := await asyncio.to_thread(next, frames, None)) is not None:
                count += len(frame)
                if count > most:
                    raise _Unusable(
                        "too_many_rows", f"A screening to {row.format} takes {most:,} rows at most.", "行数超过上限。"
                    )
                kept.add(await _answered(frame, answers, find))
                if monotonic() - said > _SAID_SECONDS:
                    await self._say(row.id, count, file.share)
                    said = monotonic()
        return count

    async def _say(self, screening_id: UUID, rows: int, share: int) -> None:
        async with self.database.transaction() as session:
            if not await note_progress(session, screening_id=screening_id, rows=rows, share=min(share, 99)):
                raise _Stopped

    @asynccontextmanager
    async def _held(self, today: date, now: datetime) -> AsyncIterator[tuple[Log, Find]]:
        """Hold one state for all rows; yields the head of the log of which it is true, and how entries are found in it."""
        await self.store.look()
        with self.store.holding(day=today) as held:
            if held is not None:

                async def look(codes: Sequence[str]) -> Sequence[bytes | None]:
                    return await asyncio.to_thread(held.find, codes)

                yield held.log, look
                return
        async with self.database.reading() as session:

            async def ask(codes: Sequence[str]) -> Sequence[bytes | None]:
                found: list[bytes | None] = []
                for begin in range(0, len(codes), _ASKED):
                    part = await find_entries(session, codes[begin : begin + _ASKED], now=now, named=True)
                    found += part.entries
                return found

            yield (await find_entries(session, [], now=now)).log, ask

    async def _compared(self, row: Screening, head: Log) -> tuple[Compared | None, Screening | None]:
        """Return what the platform's last screening of the same list named, and that screening, where it is asked for and there."""
        if not row.options["compare"]:
            return None, None
        async with self.database.transaction() as session:
            last = await find_last_of(session, row)
            named: Named | None = None if last is None else self.files(last.id).named()
            if last is None or named is None or str(last.log_id) != head.log_id:
                return Compared(NOTHING_NAMED, frozenset()), None
            connection = await driver(session)
            changed = await find_changed_registrations(connection, after=last.position or 0, upto=head.position)
        return Compared(named, changed), last


async def _answered(frame: pl.DataFrame, answers: Answers, find: Find) -> pl.DataFrame:
    graded = await asyncio.to_thread(answers.grade, frame)
    asked = graded["uscc"].drop_nulls()
    found = await find(asked.to_list())
    entries: list[bytes | None] = list(found)
    if len(asked) < len(graded):
        each = iter(found)
        entries = [next(each) if is_code else None for is_code in graded["uscc"].is_not_null()]
    return await asyncio.to_thread(answers.answer, graded, entries)


def _top(
    row: Screening, head: Log, answers: Answers, count: int, *, now: datetime, last: Screening | None
) -> dict[str, Any]:
    """Return what stands at the top of a result: what all rows are true of, and the sums."""
    ordered = [answers.sources[code] for code in sorted(answers.sources)]
    sources = [
        {"source": one["source"], "fresh_to": one["fresh_to"] and str(one["fresh_to"])} for one in sources_view(ordered)
    ]
    told = {
        "screening": str(row.id),
        "list": row.list_name,
        "log_id": head.log_id,
        "position": head.position,
        "as_of": now.astimezone(SHANGHAI).isoformat(),
        "rows": count,
        **answers.top(),
        "sources": sources,
    }
    if row.options["compare"]:
        told["compared_with"] = None if last is None else {"screening": str(last.id), "position": last.position}
    return told

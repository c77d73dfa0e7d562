"""Running one import from its uploaded file to its outcome.

One transaction reads, stages, decides, writes everything of record and settles the import's own row (`take.py`). A process that
dies before its commit leaves nothing but a `running` import behind; whoever claims the import next starts it over and comes to
the same result. A claim is a session-level advisory lock, which dies with its holder.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from service.catalog.queries import load_catalog
from service.clock import Clock
from service.db import Database
from service.imports.opening import FileUnusable, problem_of
from service.imports.queries import IMPORT_LOCKS, get_import
from service.imports.take import Progress, Report, take_in
from service.models import DataImport
from service.tables.chunk import Limits
from service.tables.problems import TableProblem

log = structlog.get_logger()

_ATTEMPTS: Final = 5


def claimed(database: Database, import_id: UUID) -> AbstractAsyncContextManager[bool]:
    """Hold the claim on an import while the block runs; yields whether it was free."""
    return database.holding(IMPORT_LOCKS, import_id.int % 2**31)


async def run_import(
    database: Database, import_id: UUID, *, clock: Clock, limits: Limits | None = None, report: Report | None = None
) -> bool:
    """Run an import that is queued or was left running; returns False when another process has it or it has ended."""
    async with claimed(database, import_id) as free:
        if not free:
            return False
        async with database.transaction() as session:
            row = await get_import(session, import_id)
            if row.state not in {"queued", "running"}:
                return False
            row.state, row.phase, row.attempt = "running", "reading", row.attempt + 1
            row.started_at = row.started_at or clock()
            catalog = await load_catalog(session)
        try:
            if row.attempt > _ATTEMPTS:
                raise FileUnusable(
                    problem_of("gave_up", f"The import broke off {_ATTEMPTS} times.", "多次中断，已停止。")
                )
            told = report or (lambda _: None)
            rows = await take_in(database, row, catalog, clock=clock, limits=limits or Limits(), report=told)
            _delete(row.file_path)
            told(Progress("done", rows, 100))
        except TableProblem as problem:
            await _fail(database, row, problem_of(problem.code, problem.detail, problem.detail_zh), clock)
        except FileUnusable as unusable:
            await _fail(database, row, unusable.problem, clock)
        except OSError as error:
            await _fail(
                database,
                row,
                problem_of("file_unreadable", f"The uploaded file cannot be read: {error.strerror}."),
                clock,
            )
    return True


async def _fail(database: Database, row: DataImport, problem: dict[str, Any], clock: Clock) -> None:
    async with database.transaction() as session:
        current = await get_import(session, row.id)
        current.state, current.phase, current.problem = "failed", "failed", problem
        current.finished_at, current.file_path = clock(), None
    _delete(row.file_path)
    log.info("import failed", import_id=str(row.id), code=problem["code"])


def _delete(path: str | None) -> None:
    if path is not None:
        Path(path).unlink(missing_ok=True)

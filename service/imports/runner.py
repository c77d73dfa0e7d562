"""Running one import from its uploaded file to its outcome.

Reading and staging can be repeated at will; everything of record is written by one transaction at the end, which also
settles the import's own row. A process that dies before that commit leaves staging tables and a `running` import behind;
whoever claims the import next starts it over and comes to the same result. A claim is a session-level advisory lock, which
dies with its holder.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import orjson
import structlog
from asyncpg import Connection

from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.clock import Clock, legal_day
from service.db import Database, driver
from service.imports import merge, staging
from service.imports.interpret.blacklist import blacklist_rows
from service.imports.interpret.cells import row_json
from service.imports.interpret.context import Context
from service.imports.interpret.penalties import penalty_rows
from service.imports.interpret.subjects import subject_rows
from service.imports.queries import IMPORT_LOCKS, get_import, is_known_file, last_digests
from service.imports.shapes import SHAPES
from service.imports.staging import Stage
from service.models import DataImport
from service.personal_data.rules import blank
from service.rulebook.windows import WindowCache
from service.tables.chunk import Chunk, Limits
from service.tables.columns import choose_map
from service.tables.problems import TableProblem
from service.tables.reader import Table, open_table

log = structlog.get_logger()

INTERPRET: Final = {"penalties": penalty_rows, "blacklist": blacklist_rows, "subjects": subject_rows}
#: Raised whenever rows would be read differently than before: cells that were stated then are read again.
READING_VERSION: Final = 1
_CHUNK_ROWS: Final = 20_000
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: its phase, rows read so far, and the share of the file in percent where it is known."""

    phase: str
    rows: int
    share: int | None


Report = Callable[[Progress], None]


class FileUnusable(Exception):
    """The file as a whole cannot be imported; `problem` says why, for the import's row."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


@asynccontextmanager
async def claimed(database: Database, import_id: UUID) -> Any:  # noqa: ANN401 - an async iterator of bool
    """Hold the claim on an import while the block runs; yields whether it was free."""
    async with database.engine.connect() as holder:
        raw = await holder.get_raw_connection()
        connection: Connection = raw.driver_connection
        key = import_id.int % 2**31
        free = await connection.fetchval("SELECT pg_try_advisory_lock($1::int, $2::int)", IMPORT_LOCKS, key)
        try:
            yield free
        finally:
            if free and not connection.is_closed():
                await connection.execute("SELECT pg_advisory_unlock($1::int, $2::int)", IMPORT_LOCKS, key)


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
                    _problem("gave_up", f"The import broke off {_ATTEMPTS} times.", "多次中断，已停止。")
                )
            await _run(database, row, catalog, clock=clock, limits=limits, report=report or (lambda _: None))
        except TableProblem as problem:
            await _fail(database, row, _problem(problem.code, problem.detail, problem.detail_zh), clock)
        except FileUnusable as unusable:
            await _fail(database, row, unusable.problem, clock)
        except OSError as error:
            await _fail(
                database,
                row,
                _problem("file_unreadable", f"The uploaded file cannot be read: {error.strerror}."),
                clock,
            )
    return True


def _problem(code: str, detail: str, detail_zh: str | None = None) -> dict[str, Any]:
    return {"code": code, "detail": detail, "detail_zh": detail_zh}


async def _fail(database: Database, row: DataImport, problem: dict[str, Any], clock: Clock) -> None:
    async with database.transaction() as session:
        current = await get_import(session, row.id)
        current.state, current.phase, current.problem = "failed", "failed", problem
        current.finished_at, current.file_path = clock(), None
    async with database.transaction() as session:
        await staging.drop(await driver(session), Stage.of(SHAPES[row.kind], row.id))
    _delete(row.file_path)
    log.info("import failed", import_id=str(row.id), code=problem["code"])


def _delete(path: str | None) -> None:
    if path is not None:
        Path(path).unlink(missing_ok=True)


def context_of(row: DataImport, catalog: Catalog, header: tuple[str, ...], seen: list[bytes], clock: Clock) -> Context:
    """Return what the interpretation of the rows of this import needs to know.

    Raises:
        TableProblem: an override of the column map names what is not there.
    """
    options = row.options
    choice = choose_map(header, row.kind, options.get("map") or {})  # type: ignore[arg-type] # checked when created
    now = clock()
    listed_on = options.get("listed_on")
    identity = orjson.dumps(
        [
            READING_VERSION,
            row.kind,
            row.list_id,
            listed_on,
            options.get("basis"),
            row.authority_code,
            sorted(choice.fields.items()),
        ]
    )
    return Context(
        kind=row.kind,
        authority=catalog.authority_by_code[row.authority_code],
        source=catalog.source_by_code[row.source_code] if row.source_code else None,
        blacklist=catalog.list_by_id[row.list_id] if row.list_id else None,
        listed_on=date.fromisoformat(listed_on) if listed_on else None,
        listed_on_basis=options.get("basis"),
        accepted_at=now,
        accepted_on=legal_day(now),
        catalog=catalog,
        windows=WindowCache(catalog.rulebook),
        choice=choice,
        header=header,
        digest_key=hashlib.blake2b(identity, digest_size=16).digest(),
        seen=np.sort(np.frombuffer(b"".join(seen), dtype=">u8").astype(np.uint64)),
    )


def source_key(row: DataImport) -> str:
    """Return the source of the rows: its code, or `own:AUTHORITY` for an authority's own."""
    return row.source_code or f"own:{row.authority_code}"


async def _run(
    database: Database, row: DataImport, catalog: Catalog, *, clock: Clock, limits: Limits | None, report: Report
) -> None:
    shape = SHAPES[row.kind]
    stage = Stage.of(shape, row.id)
    bounds = limits or Limits()
    async with database.transaction() as session:
        seen = await last_digests(await driver(session), shape, source_key(row))
    for known in (seen, []):
        with _opened(row, bounds) as table:
            context = context_of(row, catalog, table.header, known, clock)
            _refuse_foreign(row, context, table)
            rows_read = await _stage(database, row, stage, table, context, report)
            info = _table_info(table, context)
        report(Progress("taking in", rows_read, None))
        if await _take_in(database, row, stage, context, info, rows_read, clock, bounds):
            break
    async with database.transaction() as session:
        await staging.drop(await driver(session), stage)
    _delete(row.file_path)
    report(Progress("done", rows_read, 100))


def _opened(row: DataImport, limits: Limits) -> Table:
    if row.file_path is None:
        raise FileUnusable(_problem("file_missing", "The uploaded file is gone."))
    return open_table(
        Path(row.file_path), encoding=row.options.get("encoding"), sheet=row.options.get("sheet"), limits=limits
    )


def _refuse_foreign(row: DataImport, context: Context, table: Table) -> None:
    named = {"name", "party_name", "uscc", "uscc_or_old", "reg_no", "document_no"} & set(context.columns)
    if not named:
        raise FileUnusable(
            _problem(
                "wrong_kind",
                f"No column of the file ({', '.join(name or '(unnamed)' for name in table.header[:12])}) holds what {row.kind}"
                " need: a code or a name. State the kind that fits, or the columns with --map.",
                "文件中没有所需的代码或名称列。请核对类型，或用 --map 指定列。",
            )
        )


def _table_info(table: Table, context: Context) -> dict[str, Any]:
    fields = {name: table.header[at] for name, at in context.columns.items()}
    return {
        "format": table.format,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "header": list(table.header),
        "header_line": table.header_line,
        "notes": list(table.notes),
        "blank_rows": table.blank_rows,
        "map": context.choice.map_id,
        "fields": fields,
        "unknown": [table.header[at] for at in context.choice.unknown],
        "warnings": [asdict(warning) for warning in context.choice.warnings],
    }


async def _stage(
    database: Database, row: DataImport, stage: Stage, table: Table, context: Context, report: Report
) -> int:
    """Read, interpret and copy all rows; reading of the next chunk goes on while one is copied."""
    interpret = INTERPRET[row.kind]
    columns = stage.columns
    size = max(row.file_size, 1)
    iterator = _numbered(table.chunks(_CHUNK_ROWS))

    def next_csv() -> tuple[bytes, int] | None:
        step = next(iterator, None)
        if step is None:
            return None
        chunk, first = step
        csv = b"" if not chunk.lines else interpret(chunk, context, first, columns)
        return csv + _reject_csv(chunk, context, first + len(chunk.lines), columns), first + len(chunk.lines) + len(
            chunk.rejects
        ) - 1

    rows = 0
    async with database.engine.connect() as holder:
        raw = await holder.get_raw_connection()
        connection: Connection = raw.driver_connection
        await staging.create(connection, stage)
        pending = asyncio.create_task(asyncio.to_thread(next_csv))
        while (step := await pending) is not None:
            csv, rows = step
            pending = asyncio.create_task(asyncio.to_thread(next_csv))
            try:
                if csv:
                    await staging.copy(connection, stage, csv)
            except BaseException:
                await asyncio.gather(pending, return_exceptions=True)
                raise
            report(Progress("reading", rows, None))
            await connection.execute(
                "UPDATE data_import SET rows_read = $2, done_share = least(99, $3) WHERE id = $1",
                row.id, rows, min(99, rows * 100 // size),
            )  # fmt: skip
    return rows


def _numbered(chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, int]]:
    first = 1
    for chunk in chunks:
        yield chunk, first
        first += len(chunk.lines) + len(chunk.rejects)


def _reject_csv(chunk: Chunk, context: Context, first: int, columns: tuple[str, ...]) -> bytes:
    """Return the rejected rows as quarantined lines for the stage."""
    if not chunk.rejects:
        return b""
    lines = []
    for at, reject in enumerate(chunk.rejects):
        content = orjson.dumps({"": blank(reject.content)}).decode().replace('"', '""')
        digest = hashlib.blake2b(reject.content.encode(), digest_size=16, key=context.digest_key).hexdigest()
        values = {
            "n": str(first + at),
            "line": str(reject.line),
            "outcome": "quarantined",
            "reasons": f'"{{{reject.reason}}}"',
            "row_digest": f"\\x{digest}",
            "content": f'"{content}"',
        }
        lines.append(",".join(values.get(name, "") for name in columns))
    return ("\n".join(lines) + "\n").encode()


async def _take_in(
    database: Database,
    row: DataImport,
    stage: Stage,
    context: Context,
    info: dict[str, Any],
    rows_read: int,
    clock: Clock,
    limits: Limits,
) -> bool:
    """Decide and write everything in one transaction. False: a row was taken for known and is not, read all again."""
    dry_run = bool(row.options.get("dry_run"))
    try:
        async with database.transaction() as session:
            connection = await driver(session)
            taking = merge.Taking(
                import_id=row.id,
                source=source_key(row),
                actor=row.actor,
                entry_state="published" if context.is_published or row.kind == "subjects" else "draft",
                now=clock(),
                file_known=await is_known_file(
                    connection, import_id=row.id, sha256=row.file_sha256, kind=row.kind, source=source_key(row)
                ),
            )
            await connection.execute("SET LOCAL statement_timeout = 0")
            await merge.classify(connection, stage, taking)
            if await merge.unread_seen(connection, stage):
                raise _ReadAgain
            await _keep_contents(connection, row, stage, limits)
            counts = await merge.counted(connection, stage)
            if dry_run:
                info["first_rows"] = await _first_rows(connection, stage)
                raise _DryRun(counts)
            await merge.apply(connection, stage, taking)
            await _settle(connection, row, info, counts, rows_read, clock)
    except _ReadAgain:
        return False
    except _DryRun as dry:
        async with database.transaction() as session:
            await _settle(await driver(session), row, info, dry.counts, rows_read, clock)
    return True


class _ReadAgain(Exception):
    pass


class _DryRun(Exception):
    def __init__(self, counts: dict[str, dict[str, int]]) -> None:
        super().__init__()
        self.counts = counts


async def _settle(
    connection: Connection,
    row: DataImport,
    info: dict[str, Any],
    counts: dict[str, dict[str, int]],
    rows_read: int,
    clock: Clock,
) -> None:
    await connection.execute(
        """UPDATE data_import SET state = 'finished', phase = 'done', table_info = $2, counts = $3, rows_read = $4,
        done_share = 100, finished_at = $5, file_path = NULL WHERE id = $1""",
        row.id,
        orjson.dumps(info).decode(),
        orjson.dumps(counts).decode(),
        rows_read,
        clock(),
    )


async def _first_rows(connection: Connection, stage: Stage) -> list[dict[str, Any]]:
    rows = await connection.fetch(f"SELECT to_jsonb(d)::text AS row FROM {stage.decided} d WHERE n <= 5 ORDER BY n")
    shown = []
    for record in rows:
        row: dict[str, Any] = orjson.loads(record["row"])
        kept = {
            name.removeprefix("c_"): value for name, value in row.items() if name.startswith("c_") and value is not None
        }
        shown.append(
            {
                "line": row["line"],
                "outcome": row["decided"],
                "reasons": row["why"],
                "uscc": row["uscc"],
                "content": kept,
            }
        )
    return shown


async def _keep_contents(connection: Connection, row: DataImport, stage: Stage, limits: Limits) -> None:
    """Read the cells of rows that were quarantined only by comparison again, so that they are kept."""
    wanted = await merge.needs_content(connection, stage)
    if not wanted:
        return
    numbers = set(wanted)

    def gather() -> list[tuple[int, str]]:
        with _opened(row, limits) as table:
            return [
                (first + at, row_json(table.header, [column[at] for column in chunk.columns]))
                for chunk, first in _numbered(table.chunks(_CHUNK_ROWS))
                for at in range(len(chunk.lines))
                if first + at in numbers
            ]

    contents = await asyncio.to_thread(gather)
    schema, name = stage.contents.split(".")
    await connection.copy_records_to_table(name, schema_name=schema, records=contents, columns=("n", "content"))

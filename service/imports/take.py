"""One import being taken in: read, staged, decided and written in one transaction.

While the file is read, the next piece of it is interpreted in a thread and the last one copied; nothing is decided before all is read.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from asyncpg import Connection

from service.catalog.rules import Catalog
from service.clock import Clock
from service.db import Database, driver
from service.imports import again, deciding, staging, writing
from service.imports.ends import keep_ends
from service.imports.interpret.cells import row_json
from service.imports.interpret.context import Context
from service.imports.interpret.keeping import keep_unspoken
from service.imports.opening import INTERPRET, context_of, entry_of, opened, refuse_foreign, source_key, table_info
from service.imports.preferring import prefer
from service.imports.queries import is_known_file, last_digests, taken_so_far
from service.imports.shapes import SHAPES
from service.imports.spool import Spool
from service.imports.staging import Entry, Load, Stage
from service.models import DataImport
from service.personal_data.rules import blank
from service.tables.chunk import Chunk, Limits
from service.tables.reader import Table

_CHUNK_ROWS: Final = 12_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: its phase, rows read so far, and the share of the file in percent where it is known."""

    phase: str
    rows: int
    share: int | None


Report = Callable[[Progress], None]


async def take_in(
    database: Database, row: DataImport, catalog: Catalog, *, clock: Clock, limits: Limits, report: Report
) -> int:
    """Take an import in, reading its file again where it was overtaken; return how many rows it has."""
    take = _Take(database, row, catalog, clock, limits, report)
    trusts_digests = True
    while True:
        try:
            await take.attempt(trusts_digests=trusts_digests)
        except _ReadAgain as again:
            trusts_digests = trusts_digests and again.trusts_digests
            continue
        return take.rows_read


class _Take:
    """One import being taken in; a second attempt begins anew."""

    def __init__(
        self, database: Database, row: DataImport, catalog: Catalog, clock: Clock, limits: Limits, report: Report
    ) -> None:
        self.database, self.row, self.catalog, self.clock = database, row, catalog, clock
        self.limits, self.report = limits, report
        self.stage = Stage.of(SHAPES[row.kind], row.id)
        self.dry_run = bool(row.options.get("dry_run"))
        self.rows_read = 0
        self.info: dict[str, Any] = {}

    async def attempt(self, *, trusts_digests: bool) -> None:
        """Read, stage, decide and write everything in one transaction.

        Raises:
            _ReadAgain: a row was taken for known and is not, or another import of the source came in between.
        """
        try:
            async with self.database.transaction() as session:
                connection = await driver(session)
                await connection.execute("SET LOCAL statement_timeout = 0")
                counts = await self._as_before(connection)
                if counts is None:
                    counts = await self._decide(connection, trusts_digests=trusts_digests)
                if self.dry_run:
                    self.info["first_rows"] = await _first_rows(connection, self.stage)
                    raise _DryRun(counts)
                await self._settle(connection, counts)
        except _DryRun as dry:
            async with self.database.transaction() as session:
                await self._settle(await driver(session), dry.counts)

    async def _as_before(self, connection: Connection) -> dict[str, dict[str, int]] | None:
        """Settle a file that was taken in before, and of which nothing has changed since, without reading it."""
        source = source_key(self.row)
        former = None if self.dry_run else await again.find_former(connection, self.row, source)
        if former is None:
            return None
        context = context_of(self.row, self.catalog, tuple(former["table"]["header"]), b"", self.clock)
        if former["table"].get("reading") != context.digest_key.hex():
            return None
        self.report(Progress("writing", former["rows_read"], None))
        await deciding.lock(connection)
        if not await again.settle_as_before(connection, self.stage.shape, self.row, former, source):
            return None
        self.info, self.rows_read = former["table"], former["rows_read"]
        return await again.count_account(connection, self.row)

    async def _decide(self, connection: Connection, *, trusts_digests: bool) -> dict[str, dict[str, int]]:
        row, stage = self.row, self.stage
        before = await taken_so_far(connection, import_id=row.id, source=source_key(row))
        seen = await last_digests(connection, stage.shape, source_key(row)) if trusts_digests else b""
        await staging.create(connection, stage)
        with opened(row, self.limits) as table, Spool() as spool:
            context = context_of(row, self.catalog, table.header, seen, self.clock)
            refuse_foreign(row, context, table)
            entry = entry_of(row, context)
            await self._read(connection, table, context, entry, spool)
            self.info = table_info(table, context)
            self.report(Progress("deciding", self.rows_read, None))
            taking = deciding.Taking(
                entry=entry,
                file_known=await is_known_file(
                    connection, import_id=row.id, sha256=row.file_sha256, kind=row.kind, source=source_key(row)
                ),
                unspoken=stage.shape.unspoken(context.columns),
            )
            await deciding.lock(connection)
            if await taken_so_far(connection, import_id=row.id, source=source_key(row)) != before:
                raise _ReadAgain(trusts_digests=True)
            await deciding.classify(connection, stage, taking)
            if await deciding.unread_seen(connection, stage):
                raise _ReadAgain(trusts_digests=False)
            await prefer(connection, stage, taking)
            await self._keep_contents(connection, table.header, spool)
            if row.options.get("tells_ends"):
                self.info["ends"] = await keep_ends(
                    connection, stage, table.header, spool, Path(str(row.file_path)), today=context.accepted_on
                )
        counts = await deciding.counted(connection, stage)
        if not self.dry_run:
            self.report(Progress("writing", self.rows_read, None))
            await keep_unspoken(connection, stage, taking, context)
            await writing.apply(connection, stage, taking)
            await staging.drop(connection, stage)
        return counts

    async def _read(self, connection: Connection, table: Table, context: Context, entry: Entry, spool: Spool) -> None:
        """Read, interpret and copy all rows, their cells kept in `spool`; the next chunk is read while one is copied."""
        row = self.row
        interpret = INTERPRET[row.kind]
        iterator = _numbered(table.chunks(_CHUNK_ROWS))

        def next_load() -> tuple[Load, int, int] | None:
            step = next(iterator, None)
            if step is None:
                return None
            chunk, first = step
            spool.add(chunk, first)
            after = first + len(chunk.lines)
            load = Load(b"")
            if chunk.lines:
                load = staging.encode(self.stage, interpret(chunk, context, first), entry, direct=not self.dry_run)
            rejected = _reject_csv(chunk, context, after, self.stage.columns)
            return replace(load, rows=load.rows + rejected), after + len(chunk.rejects) - 1, table.share

        async with self.database.engine.connect() as holder:
            raw = await holder.get_raw_connection()
            beside: Connection = raw.driver_connection
            pending = asyncio.create_task(asyncio.to_thread(next_load))
            while (step := await pending) is not None:
                load, self.rows_read, share = step
                pending = asyncio.create_task(asyncio.to_thread(next_load))
                try:
                    await staging.copy(connection, self.stage, load)
                except BaseException:
                    await asyncio.gather(pending, return_exceptions=True)
                    raise
                self.report(Progress("reading", self.rows_read, share))
                await beside.execute(
                    "UPDATE data_import SET rows_read = $2, done_share = $3 WHERE id = $1",
                    row.id, self.rows_read, min(99, share),
                )  # fmt: skip

    async def _settle(self, connection: Connection, counts: dict[str, dict[str, int]]) -> None:
        done = await connection.execute(
            """UPDATE data_import SET state = 'finished', phase = 'done', table_info = $3, counts = $4, rows_read = $5,
            done_share = 100, finished_at = $6, file_path = NULL WHERE id = $1 AND state = 'running' AND attempt = $2""",
            self.row.id,
            self.row.attempt,
            orjson.dumps(self.info).decode(),
            orjson.dumps(counts).decode(),
            self.rows_read,
            self.clock(),
        )
        if done != "UPDATE 1":
            raise _LostClaim

    async def _keep_contents(self, connection: Connection, header: tuple[str, ...], spool: Spool) -> None:
        """Keep the cells of rows that were quarantined only by comparison."""
        wanted = await writing.needs_content(connection, self.stage)
        if not wanted:
            return

        def gather() -> list[tuple[int, str]]:
            return [(n, row_json(header, cells)) for n, cells in spool.rows(wanted)]

        contents = await asyncio.to_thread(gather)
        schema, name = self.stage.contents.split(".")
        await connection.copy_records_to_table(name, schema_name=schema, records=contents, columns=("n", "content"))


class _ReadAgain(Exception):
    def __init__(self, *, trusts_digests: bool) -> None:
        super().__init__()
        self.trusts_digests = trusts_digests


class _LostClaim(Exception):
    """Another process holds the import by now; what this one did is rolled back."""


class _DryRun(Exception):
    def __init__(self, counts: dict[str, dict[str, int]]) -> None:
        super().__init__()
        self.counts = counts


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
            "direct": "f",
            "reasons": f'"{{{reject.reason}}}"',
            "row_digest": f"\\x{digest}",
            "content": f'"{content}"',
        }
        lines.append(",".join(values.get(name, "") for name in columns))
    return ("\n".join(lines) + "\n").encode()


async def _first_rows(connection: Connection, stage: Stage) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        f"""SELECT s.line, s.decided, s.why, s.uscc, jsonb_strip_nulls(to_jsonb(w))::text AS content
        FROM {stage.decided} s LEFT JOIN {stage.wide} w ON w.n = s.n WHERE s.n <= 5 ORDER BY s.n"""
    )
    return [
        {
            "line": row["line"],
            "outcome": row["decided"],
            "reasons": row["why"],
            "uscc": row["uscc"],
            "content": _shown(row["content"]),
        }
        for row in rows
    ]


def _shown(content: str | None) -> dict[str, Any]:
    cells: dict[str, Any] = orjson.loads(content or "{}")
    return {name: value for name, value in cells.items() if name not in {"n", "row_digest", "content_digest"}}

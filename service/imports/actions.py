from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl
import uuid_utils.compat
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.visibility import IMPORT_ROLES
from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog, UnknownList
from service.clock import Clock
from service.db import Database, driver
from service.imports import deciding, staging, writing
from service.imports.interpret.keeping import keep_unspoken
from service.imports.opening import INTERPRET, context_of, entry_of
from service.imports.preferring import prefer
from service.imports.queries import (
    count_outcomes,
    find_ready_waiting,
    get_import,
    list_awaited_authorities,
    lock_ready_rows,
    lock_row,
)
from service.imports.reverting import revert_rows
from service.imports.rules import (
    ListClosed,
    MayNotImport,
    NotQuarantined,
    NotRevertible,
    UnknownAuthority,
    UnknownSource,
)
from service.imports.shapes import SHAPES
from service.imports.staging import Stage
from service.models import DataImport, ImportEvent, ImportRow
from service.tables.chunk import Chunk


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is asked: kind, who imports, from which source, onto which list, and how the file is to be read.

    `listed_on` is the day of listing for rows that state none; with `basis` it counts as stated, without it as assumed.
    `column_map` maps names of columns to our fields. `dry_run` writes nothing of record; with `tells_ends` it leaves the rows by
    which shown records end beside the uploaded file (`ends_file`). `is_part` says that the file is a part of another one, so
    that nothing is delivered by it.
    """

    kind: str
    authority: str
    source: str | None = None
    list: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    listed_on: date | None = None
    basis: str | None = None
    column_map: Mapping[str, str] | None = None
    dry_run: bool = False
    tells_ends: bool = False
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was received whole and stored at `path`."""

    path: str
    name: str
    size: int
    sha256: str


def new_import_id() -> UUID:
    """Return a fresh id for an import."""
    return uuid_utils.compat.uuid7()


def check_importer(actor: Actor, request: ImportRequest, catalog: Catalog) -> None:
    """Refuse a file that is handed in for an authority that is not the actor's.

    Raises:
        MayNotImport: it is another one's.
    """
    named = catalog.authorities_named(request.authority)
    if named and not any(actor.acts_for(one.code, *IMPORT_ROLES) for one in named):
        own = ", ".join(sorted(actor.authorities(*IMPORT_ROLES)))
        raise MayNotImport(
            f"You hand files in for {own or 'no authority'}, not for {request.authority!r}.",
            detail_zh="该密钥不代表此机关。",
        )


async def create_import(
    session: AsyncSession,
    *,
    import_id: UUID,
    request: ImportRequest,
    file: UploadedFile,
    actor: str,
    catalog: Catalog,
    now: datetime,
) -> DataImport:
    """Queue an import of an uploaded file.

    Raises:
        UnknownAuthority, UnknownSource, UnknownList: not in the catalogue.
        MayNotImport: the source's row does not name the authority as one that imports it.
        ListClosed: the list had ended on the stated day of listing.
    """
    authority = catalog.find_authority(request.authority)
    if authority is None:
        raise UnknownAuthority(
            f"No authority {request.authority!r} in the catalogue; `GET /v1/catalog/authorities` lists them.",
            detail_zh="目录中没有该机关。",
        )
    source = None
    if request.source is not None:
        source = catalog.source_by_code.get(request.source)
        if source is None:
            raise UnknownSource(
                f"No source {request.source!r} in the catalogue; add it with `xinyong sources add`.",
                detail_zh="目录中没有该来源。",
            )
        if authority.code not in source.importing_authorities:
            raise MayNotImport(
                f"The source {source.code!r} is imported by {', '.join(source.importing_authorities) or 'nobody'},"
                f" not by {authority.code!r}.",
                detail_zh="该来源未授权此机关导入。",
            )
    blacklist = None
    if request.list is not None:
        blacklist = catalog.find_list(request.list)
        if blacklist is None:
            raise UnknownList(f"No list {request.list!r} in the catalogue.", detail_zh="目录中没有该名单。")
        ended = blacklist.effective_to
        if request.listed_on is not None and ended is not None and request.listed_on > ended:
            raise ListClosed(f"The list {blacklist.id!r} ended on {ended}.", detail_zh="该名单已停止列入。")
    row = DataImport(
        id=import_id,
        kind=request.kind,
        authority_code=authority.code,
        source_code=source.code if source else None,
        list_id=blacklist.id if blacklist else None,
        actor=actor,
        options={
            "encoding": request.encoding,
            "sheet": request.sheet,
            "listed_on": request.listed_on.isoformat() if request.listed_on else None,
            "basis": request.basis,
            "map": dict(request.column_map or {}),
            "dry_run": request.dry_run,
            **({"tells_ends": True} if request.tells_ends else {}),
            **({"is_part": True} if request.is_part else {}),
        },
        file_name=file.name,
        file_size=file.size,
        file_sha256=file.sha256,
        file_path=file.path,
        state="queued",
        phase="queued",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def resubmit_row(
    session: AsyncSession,
    *,
    import_id: UUID,
    n: int,
    cells: Mapping[str, str],
    actor: str,
    catalog: Catalog,
    clock: Clock,
) -> ImportRow:
    """Take a corrected quarantined row in; `cells` are its cells by column name, as in the file.

    Raises:
        NoSuchImport, NoSuchRow: there is none.
        NotQuarantined: the row is not quarantined, or its import was reverted.
    """
    job = await get_import(session, import_id)
    row = await lock_row(session, import_id=import_id, n=n)
    if row.outcome != "quarantined" or job.state != "finished":
        raise NotQuarantined(
            f"Row {n} is {row.outcome!r} in an import that is {job.state!r}; only quarantined rows of a finished import are taken.",
            detail_zh="只能重新提交已完成导入中被隔离的行。",
        )
    await take_rows(session, job, [(row.n, row.line, cells)], actor=actor, catalog=catalog, clock=clock)
    await session.refresh(row)
    return row


async def take_rows(
    session: AsyncSession,
    job: DataImport,
    rows: Sequence[tuple[int, int, Mapping[str, str]]],
    *,
    actor: str,
    catalog: Catalog,
    clock: Clock,
) -> None:
    """Interpret rows of a finished import once more and take them in; each is (row number, line, cells by column name)."""
    info: dict[str, Any] = job.table_info or {}
    header = tuple(info["header"])
    shape = SHAPES[job.kind]
    stage = Stage.of(shape, job.id, f"_{rows[0][0]}")
    context = context_of(job, catalog, header, b"", clock)
    chunk = Chunk([line for _, line, _ in rows], [[cells.get(name) for _, _, cells in rows] for name in header])
    connection = await driver(session)
    entry = replace(entry_of(job, context), actor=actor)
    await deciding.lock(connection)
    await staging.create(connection, stage)
    found = INTERPRET[job.kind](chunk, context, 1)
    numbers = pl.Series("n", [n for n, _, _ in rows], dtype=pl.Int64)
    found = replace(found, staged={**found.staged, "n": numbers})
    await staging.copy(connection, stage, staging.encode(stage, found, entry, direct=False))
    unspoken = stage.shape.unspoken(context.columns)
    taking = deciding.Taking(entry=entry, file_known=False, unspoken=unspoken, first_take=False)
    await deciding.classify(connection, stage, taking)
    await prefer(connection, stage, taking)
    await writing.needs_content(connection, stage)
    await writing.keep_own_contents(connection, stage, job.id)
    await keep_unspoken(connection, stage, taking, context)
    await writing.apply(connection, stage, taking)
    await staging.drop(connection, stage)
    locked = await session.get(DataImport, job.id, with_for_update=True, populate_existing=True)
    if locked is not None:
        locked.counts = await count_outcomes(session, job.id)
        await session.flush()


async def take_in_waiting(database: Database, *, clock: Clock, batch: int = 500) -> int:
    """Take in waiting rows whose older number a subject holds by now, or whose authority the catalogue has by now.

    Each import's rows are taken in under its own authority, a batch in a transaction. Returns how many rows were looked
    at. Rows that turn out otherwise (ambiguous, another authority's) say so and are not looked at again.
    """
    async with database.reading() as reading:
        catalog = await load_catalog(reading)
        authorities = [name for name in await list_awaited_authorities(reading) if catalog.find_authority(name)]
        imports = await find_ready_waiting(reading, authorities)
    seen = 0
    for import_id in imports:
        while True:
            async with database.transaction() as session:
                job = await get_import(session, import_id)
                rows = await lock_ready_rows(session, import_id, authorities, limit=batch)
                if not rows:
                    break
                told = [(row.n, row.line, row.content or {}) for row in rows]
                await take_rows(session, job, told, actor="job:take_in_waiting", catalog=catalog, clock=clock)
                seen += len(rows)
    return seen


async def revert_import(session: AsyncSession, *, import_id: UUID, actor: str, now: datetime) -> DataImport:
    """Take a mistaken import back as a whole: what it made becomes void, what it changed goes back, by new versions.

    Records that somebody else changed afterwards stay as they are; the event says how many.

    Raises:
        NoSuchImport: there is none.
        NotRevertible: it is not finished, was a dry run, or was reverted before.
    """
    job = await get_import(session, import_id)
    await session.refresh(job, with_for_update=True)
    if job.state != "finished" or job.options.get("dry_run"):
        raise NotRevertible(
            f"The import is {job.state!r}; only a finished one that was no dry run can be reverted, once.",
            detail_zh="只能撤回已完成且非试运行的导入，且只能一次。",
        )
    connection: Connection = await driver(session)
    done = await revert_rows(connection, SHAPES[job.kind], import_id=import_id, actor=actor, now=now)
    job.state, job.reverted_at = "reverted", now
    session.add(
        ImportEvent(
            import_id=import_id,
            n=None,
            event="reverted",
            was="finished",
            became="reverted",
            actor=actor,
            detail=done,
            at=now,
        )
    )
    await session.flush()
    return job

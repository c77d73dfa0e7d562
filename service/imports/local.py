"""Importing a file from this machine, in this process, as the command line does it."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.catalog.queries import load_catalog
from service.changes.actions import drain
from service.clock import Clock
from service.db import Database
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.queries import get_import
from service.imports.runner import run_import
from service.imports.take import Report
from service.settings import Settings
from service.tables.chunk import Limits


async def import_file(
    database: Database, settings: Settings, file: Path, request: Mapping[str, Any], *, clock: Clock, report: Report
) -> dict[str, Any]:
    """Copy a file to the data directory, import it, number its changes, and return the import's row as a mapping.

    Should this process die, the jobs process finds the import and finishes it.

    Raises:
        Refusal: the request names something the catalogue does not have.
    """
    folder = settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    import_id = new_import_id()
    stored = folder / import_id.hex
    shutil.copyfile(file, stored)
    try:
        with stored.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        async with database.transaction() as session:
            await create_import(
                session,
                import_id=import_id,
                request=ImportRequest(**request),
                file=UploadedFile(str(stored), file.name, stored.stat().st_size, digest),
                actor="command line",
                catalog=await load_catalog(session),
                now=clock(),
            )
    except BaseException:
        stored.unlink(missing_ok=True)
        raise
    limits = Limits(cells=settings.max_sheet_cells)
    await run_import(database, import_id, clock=clock, limits=limits, report=report)
    await drain(database, clock)
    async with database.transaction() as session:
        job = await get_import(session, import_id)
    return {
        "id": str(job.id),
        "state": job.state,
        "dry_run": bool(job.options.get("dry_run")),
        "file_name": job.file_name,
        "rows_read": job.rows_read,
        "counts": job.counts,
        "table": job.table_info,
        "problem": job.problem,
    }

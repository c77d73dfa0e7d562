"""Opening an uploaded file: what is in it, by which map its columns are read, and how its rows are interpreted."""

import hashlib
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from service.catalog.rules import Catalog
from service.clock import Clock, legal_day
from service.imports.interpret.blacklist import blacklist_rows
from service.imports.interpret.context import Context, NamesMet
from service.imports.interpret.penalties import penalty_rows
from service.imports.interpret.permits import permit_rows
from service.imports.interpret.subjects import subject_rows
from service.imports.shapes import SHAPES
from service.imports.staging import Entry
from service.models import DataImport
from service.rulebook.windows import WindowCache
from service.tables.chunk import Limits
from service.tables.columns import choose_map
from service.tables.reader import Table, open_table

INTERPRET: Final = {
    "penalties": penalty_rows,
    "blacklist": blacklist_rows,
    "subjects": subject_rows,
    "permits": permit_rows,
}
#: Raised whenever rows would be read differently than before: cells that were stated then are read again.
READING_VERSION: Final = 3


class FileUnusable(Exception):
    """The file as a whole cannot be imported; `problem` says why, for the import's row."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


def problem_of(code: str, detail: str, detail_zh: str | None = None) -> dict[str, Any]:
    """Return what the row of an import says of its problem."""
    return {"code": code, "detail": detail, "detail_zh": detail_zh}


def context_of(row: DataImport, catalog: Catalog, header: tuple[str, ...], seen: bytes, clock: Clock) -> Context:
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
        seen=np.sort(np.frombuffer(seen, dtype=">u8").astype(np.uint64)),
        named=NamesMet(),
    )


def entry_of(row: DataImport, context: Context) -> Entry:
    """Return what the versions of this import have in common."""
    shape = SHAPES[row.kind]
    state = shape.published if context.is_published else shape.own
    return Entry(row.id, source_key(row), row.actor, state, context.accepted_at)


def source_key(row: DataImport) -> str:
    """Return the source of the rows: its code, or `own:AUTHORITY` for an authority's own."""
    return row.source_code or f"own:{row.authority_code}"


def opened(row: DataImport, limits: Limits) -> Table:
    """Return the table of the uploaded file, read as the options say.

    Raises:
        FileUnusable: the file is gone.
        TableProblem: it holds no table that can be read.
    """
    if row.file_path is None:
        raise FileUnusable(problem_of("file_missing", "The uploaded file is gone."))
    return open_table(
        Path(row.file_path), encoding=row.options.get("encoding"), sheet=row.options.get("sheet"), limits=limits
    )


def refuse_foreign(row: DataImport, context: Context, table: Table) -> None:
    """Refuse a file none of whose columns says about whom it speaks.

    Raises:
        FileUnusable: `wrong_kind`.
    """
    named = {"name", "party_name", "uscc", "uscc_or_old", "reg_no", "document_no"} & set(context.columns)
    if not named:
        raise FileUnusable(
            problem_of(
                "wrong_kind",
                f"No column of the file ({', '.join(name or '(unnamed)' for name in table.header[:12])}) holds what {row.kind}"
                " need: a code or a name. State the kind that fits, or the columns with --map.",
                "文件中没有所需的代码或名称列。请核对类型，或用 --map 指定列。",
            )
        )


def table_info(table: Table, context: Context) -> dict[str, Any]:
    """Return what the import's own row keeps of the file: its form, its header and how that was understood."""
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
        "reading": context.digest_key.hex(),
        "unknown": [table.header[at] for at in context.choice.unknown],
        "warnings": [asdict(warning) for warning in context.choice.warnings],
    }

"""Staging tables of one import, made and dropped inside the transaction that takes its rows in.

They hold the interpreted rows of a file until the set-based statements at its end decide about them. Rows that look new are
written where they belong at once (`direct`): their version and their account go in while the file is read, and the few that
turn out otherwise are taken back. Nobody sees either before the transaction commits, and a killed import leaves nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

import polars as pl
from asyncpg import Connection

from service.imports.shapes import STAGE_COLUMNS, Shape


@dataclass(frozen=True, slots=True)
class Stage:
    """The names of the staging tables of one import: rows, in-file groups, decisions, and the view that joins them."""

    shape: Shape
    suffix: str

    @classmethod
    def of(cls, shape: Shape, import_id: UUID, part: str = "") -> "Stage":
        """Return the stage of an import; `part` tells later, smaller takes-in of the same import apart."""
        return cls(shape, f"{import_id.hex}{part}")

    @property
    def rows(self) -> str:
        """The interpreted rows, one each, without their content."""
        return f"staging.rows_{self.suffix}"

    @property
    def wide(self) -> str:
        """Content columns of the rows whose version is not written directly, by row number."""
        return f"staging.wide_{self.suffix}"

    @property
    def groups(self) -> str:
        """Rows that share their natural key with another row of the file."""
        return f"staging.groups_{self.suffix}"

    @property
    def known(self) -> str:
        """Rows whose record exists already, with what is decided about them."""
        return f"staging.known_{self.suffix}"

    @property
    def contents(self) -> str:
        """Cells of rows that were quarantined only after they were staged."""
        return f"staging.contents_{self.suffix}"

    @property
    def exceptions(self) -> str:
        """Rows that were written directly and are not new."""
        return f"staging.exceptions_{self.suffix}"

    @property
    def decided(self) -> str:
        """The view of all rows with their decision."""
        return f"staging.decided_{self.suffix}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `rows`, in the order of COPY."""
        return (*(name for name, _ in STAGE_COLUMNS), *self.shape.head_columns)

    @property
    def wide_columns(self) -> tuple[str, ...]:
        """Columns of `wide`, in the order of COPY."""
        return ("n", "row_digest", "content_digest", *self.shape.names)


@dataclass(frozen=True, slots=True)
class Interpreted:
    """The rows of one chunk: `seen` are those whose very cells their source stated last, the others come by column.

    `staged` has the columns of the staging table, `content` those of the version, all `height` rows long.
    """

    seen: pl.DataFrame | None
    staged: Mapping[str, pl.Series]
    content: Mapping[str, pl.Series]
    height: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What the versions that one import writes have in common; `state` is the one in which new records enter."""

    import_id: UUID
    source: str
    actor: str
    state: str
    now: datetime

    @property
    def recorders(self) -> str:
        """Who handed the rows in and may not review them, as a text[] literal."""
        return array_literal([self.actor])


@dataclass(frozen=True, slots=True)
class Load:
    """CSV for COPY: staged rows, wide rows, and versions and accounts that are written directly."""

    rows: bytes
    wide: bytes = b""
    versions: bytes = b""
    accounts: bytes = b""


_ACCOUNT = ("import_id", "n", "line", "outcome", "uscc", "record_id", "version_no", "row_digest")
_EVENT = (
    "uscc",
    "id",
    "version_no",
    "state",
    "command",
    "actor",
    "recorders",
    "recorded_at",
    "source_code",
    "import_id",
)
_ORIGIN = ("import_row", "row_digest", "content_digest")


def encode(stage: Stage, found: Interpreted, entry: Entry, *, direct: bool) -> Load:
    """Return interpreted rows as CSV; with `direct` those that look new are written to their tables at once."""
    seen = b"" if found.seen is None else _csv(_frame(found.seen.to_dict(), stage.columns, found.seen.height))
    if not found.height:
        return Load(seen)
    staged, shape = dict(found.staged), stage.shape
    outcome = staged["outcome"]
    is_direct = outcome.is_null() if direct and shape.has_id else pl.repeat(value=False, n=found.height, eager=True)
    staged |= {"direct": is_direct, "name": found.content[shape.party]}
    staged |= {name: found.content[name] for name in shape.head_columns}
    rows = seen + _csv(_frame(staged, stage.columns, found.height))
    told = _frame({**staged, **found.content}, stage.wide_columns, found.height)
    wide = told.filter(~is_direct & (outcome != "natural_person").fill_null(value=True))
    if not is_direct.any():
        return Load(rows, _csv(wide))
    constant = {
        "state": entry.state,
        "command": "import",
        "actor": entry.actor,
        "recorders": entry.recorders,
        "source_code": entry.source,
    }
    events = (
        told.rename({"n": "import_row"})
        .with_columns(uscc=staged["uscc"], id=staged["new_id"], line=staged["line"])
        .filter(is_direct)
        .with_columns(
            pl.lit(1).alias("version_no"),
            pl.lit(entry.now.isoformat()).alias("recorded_at"),
            pl.lit(entry.import_id.hex).alias("import_id"),
            *(pl.lit(value).alias(name) for name, value in constant.items()),
        )
    )
    accounts = events.with_columns(n=pl.col("import_row"), record_id=pl.col("id"), outcome=pl.lit("new"))
    versions = events.select(*_EVENT, *_ORIGIN, *shape.names)
    return Load(rows, _csv(wide), _csv(versions), _csv(accounts.select(_ACCOUNT)))


def array_literal(words: Collection[str]) -> str:
    """Return a PostgreSQL text[] literal, every element quoted."""
    if not words:
        return "{}"
    joined = '","'.join(words)
    if "\\" not in joined and joined.count('"') == 2 * (len(words) - 1):
        return f'{{"{joined}"}}'
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"


def _frame(fields: Mapping[str, pl.Series], columns: tuple[str, ...], height: int) -> pl.DataFrame:
    empty = pl.repeat(None, height, dtype=pl.String, eager=True)
    return pl.DataFrame([fields.get(name, empty).alias(name) for name in columns])


def _csv(frame: pl.DataFrame) -> bytes:
    # Null is empty and unquoted, an empty text is quoted.
    if frame.is_empty():
        return b""
    target = BytesIO()
    frame.write_csv(target, include_header=False, quote_style="necessary", null_value="")
    return target.getvalue()


async def create(connection: Connection, stage: Stage) -> None:
    """Make the empty staging tables, in the caller's transaction."""
    heads = ", ".join(f"{name} text" for name in stage.shape.head_columns)
    columns = ", ".join(f"{name} {kind}" for name, kind in STAGE_COLUMNS) + (f", {heads}" if heads else "")
    content = ", ".join(f"{name} {kind}" for name, kind in stage.shape.content)
    await connection.execute(
        f"CREATE UNLOGGED TABLE {stage.rows} ({columns});"
        f"CREATE UNLOGGED TABLE {stage.wide} (n bigint, row_digest bytea, content_digest bytea, {content})"
    )


async def copy(connection: Connection, stage: Stage, load: Load) -> None:
    """Append rows to the stage, and direct ones to the tables of record."""
    schema, rows = stage.rows.split(".")
    wide = stage.wide.partition(".")[2]
    for csv, table, where, columns in (
        (load.rows, rows, schema, stage.columns),
        (load.wide, wide, schema, stage.wide_columns),
        (load.versions, stage.shape.version, None, (*_EVENT, *_ORIGIN, *stage.shape.names)),
        (load.accounts, "import_row", None, _ACCOUNT),
    ):
        if csv:
            await connection.copy_to_table(table, schema_name=where, source=BytesIO(csv), columns=columns, format="csv")


async def drop(connection: Connection, stage: Stage) -> None:
    """Remove the staging tables."""
    tables = (stage.rows, stage.wide, stage.groups, stage.known, stage.contents, stage.exceptions)
    await connection.execute(f"DROP VIEW {stage.decided}; DROP TABLE IF EXISTS {', '.join(tables)}")

"""Staging tables of one import, made and dropped inside the transaction that takes its rows in.

They hold the interpreted rows of a file until the set-based statements at its end decide about them. Rows that look new are
written where they belong at once (`direct`): their version, account and pending change go in while the file is read, and the
few that turn out otherwise are taken back. Nobody sees either before the transaction commits, and a killed import leaves nothing.
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
    def names(self) -> str:
        """Names by which rows call their subjects, once for a file; `sure` where that row's version is written directly."""
        return f"staging.names_{self.suffix}"

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
    def preferred(self) -> str:
        """Rows of which some fields are shown from the source that is trusted more, made when they are written."""
        return f"staging.preferred_{self.suffix}"

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
    """CSV for COPY: staged rows, wide rows and names, and versions, accounts and pending changes that are written directly.

    `told` are the content columns that any of `versions` fills.
    """

    rows: bytes
    wide: bytes = b""
    names: bytes = b""
    versions: bytes = b""
    accounts: bytes = b""
    pending: bytes = b""
    told: tuple[str, ...] = ()


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
_PENDING = ("uscc", "kind", "record_id", "version_no", "event", "recorded_at")
_NAMES = ("uscc", "name", "folded_name", "bigrams", "direct")
#: What the tables of record hold of a row that is written directly, so that its stage need not.
_ELSEWHERE = ("line", "row_digest", "name", "folded_name")


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
    narrow = _frame(staged, stage.columns, found.height)
    named = b""
    if shape.has_id:
        is_named = staged["uscc"].is_not_null() & staged["bigrams"].is_not_null()
        named = _csv(_frame(staged, _NAMES, found.height).filter(is_named))
        narrow = narrow.with_columns(
            pl.when(~is_named).then("bigrams"), *(pl.when(~is_direct).then(name).alias(name) for name in _ELSEWHERE)
        )
    rows = seen + _csv(narrow)
    told = _frame({**staged, **found.content}, stage.wide_columns, found.height)
    wide = told.filter(~is_direct & (outcome != "natural_person").fill_null(value=True))
    if not is_direct.any():
        return Load(rows, _csv(wide), named)
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
    accounts = events.with_columns(
        n=pl.col("import_row"),
        record_id=pl.col("id"),
        outcome=pl.lit("new"),
        kind=pl.lit(shape.change_kind),
        event=pl.lit(new_event(shape, entry.state)),
    )
    filled = tuple(name for name in shape.names if events.get_column(name).null_count() < events.height)
    return Load(
        rows,
        _csv(wide),
        named,
        _csv(events.select(*_EVENT, *_ORIGIN, *filled)),
        _csv(accounts.select(_ACCOUNT)),
        _csv(accounts.select(_PENDING)),
        filled,
    )


def new_event(shape: Shape, entry_state: str) -> str:
    """Return the event of the change that tells of a record which enters in this state."""
    if not shape.has_id:
        return "registered"
    if entry_state in {"draft", "recorded"}:
        return "recorded"
    return "published" if shape.head == "penalty" else "listed"


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
        f"CREATE UNLOGGED TABLE {stage.wide} (n bigint, row_digest bytea, content_digest bytea, {content});"
        f"CREATE UNLOGGED TABLE {stage.names} (uscc text, name text, folded text, bigrams text[], sure boolean)"
    )


async def copy(connection: Connection, stage: Stage, load: Load) -> None:
    """Append rows to the stage, and direct ones to the tables of record."""
    schema, rows = stage.rows.split(".")
    wide, names = stage.wide.partition(".")[2], stage.names.partition(".")[2]
    for csv, table, where, columns in (
        (load.rows, rows, schema, stage.columns),
        (load.wide, wide, schema, stage.wide_columns),
        (load.names, names, schema, ("uscc", "name", "folded", "bigrams", "sure")),
        (load.versions, stage.shape.version, None, (*_EVENT, *_ORIGIN, *load.told)),
        (load.accounts, "import_row", None, _ACCOUNT),
        (load.pending, "pending_change", None, _PENDING),
    ):
        if csv:
            await connection.copy_to_table(table, schema_name=where, source=BytesIO(csv), columns=columns, format="csv")


async def drop(connection: Connection, stage: Stage) -> None:
    """Remove the staging tables."""
    read = (stage.rows, stage.wide, stage.names, stage.contents)
    decided = (stage.groups, stage.known, stage.exceptions, stage.preferred)
    tables = (*read, *decided)
    await connection.execute(f"DROP VIEW {stage.decided}; DROP TABLE IF EXISTS {', '.join(tables)}")

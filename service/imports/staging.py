"""Staging tables of one import: unlogged, outside the schema of record, dropped when the import has ended.

They hold the interpreted rows of a file until one set-based transaction takes them in. A killed import leaves them behind;
the next attempt drops them first and reads the file again, so nothing in them needs to be durable.
"""

from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

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
        """The interpreted rows, one each."""
        return f"staging.rows_{self.suffix}"

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
    def decided(self) -> str:
        """The view of all rows with their decision."""
        return f"staging.decided_{self.suffix}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `rows`, in the order of COPY."""
        return (*(name for name, _ in STAGE_COLUMNS), *(f"c_{name}" for name in self.shape.names))


async def create(connection: Connection, stage: Stage) -> None:
    """Make the empty staging table, dropping what an earlier attempt left."""
    await drop(connection, stage)
    columns = ", ".join(
        f"{name} {kind}"
        for name, kind in (*STAGE_COLUMNS, *((f"c_{name}", kind) for name, kind in stage.shape.content))
    )
    await connection.execute(f"CREATE UNLOGGED TABLE {stage.rows} ({columns}) WITH (autovacuum_enabled = false)")


async def copy(connection: Connection, stage: Stage, csv: bytes) -> None:
    """Append rows to the stage; `csv` has no header and the columns of `stage.columns`, empty and unquoted for NULL."""
    schema, table = stage.rows.split(".")
    await connection.copy_to_table(table, schema_name=schema, source=BytesIO(csv), columns=stage.columns, format="csv")


async def drop(connection: Connection, stage: Stage) -> None:
    """Remove the staging tables of one import, if there are any."""
    await connection.execute(
        f"DROP VIEW IF EXISTS {stage.decided};"
        f"DROP TABLE IF EXISTS {stage.rows}, {stage.groups}, {stage.known}, {stage.contents}"
    )

"""The front-end database (前置库): rows in a table of the other side's PostgreSQL, in one transaction a batch.

Cells become what the table's columns are; a row replaces the one with the same key. Their own timestamps are neither
written nor read. What `[transport]` names: `dsn_env` or `dsn_file`, `table`, and how a row is withdrawn: `withdraw = "delete"`,
or a column with a mark, `mark = { column = "CF_ZT", report = "0", withdraw = "1" }`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final, Self

import asyncpg

from service.feeds.definitions import Definition, secret
from service.feeds.rules import Answer, BadFeed, ContentRefused, Operation, Receipt, TransportFailure
from service.feeds.shapes import Shape
from service.feeds.transports import Answers, Parcel

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_COLUMNS: Final = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
    AS is_needed
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped"""


@contextmanager
def told() -> Iterator[None]:
    """Turn what their database says into what it means for a feed."""
    try:
        yield
    except (
        asyncpg.InvalidPasswordError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        raise TransportFailure("credentials", str(error)) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise TransportFailure("schema_changed", str(error)) from error
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise ContentRefused(str(error), code=error.sqlstate or "refused") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise TransportFailure("unreachable", str(error) or type(error).__name__) from error
    except BadFeed as error:
        raise TransportFailure(error.code, error.detail) from error


def quoted(name: str) -> str:
    """Return an identifier, with its schema perhaps, as SQL takes it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


async def connect(definition: Definition) -> asyncpg.Connection:
    """Connect to the database that a definition names.

    Raises:
        TransportFailure: the definition names no table or no database.
    """
    transport = definition.transport
    table = str(transport.get("table", ""))
    if not _NAME.fullmatch(table):
        raise TransportFailure("misconfigured", f"the table {table!r} is no name of a table")
    dsn = secret(transport, "dsn")
    if dsn is None:
        raise TransportFailure("misconfigured", "dsn_env or dsn_file is missing")
    return await asyncpg.connect(
        dsn.replace("postgresql+asyncpg://", "postgresql://"),
        timeout=float(transport.get("timeout_s", 20)),
        command_timeout=float(transport.get("timeout_s", 20)) * 15,
        server_settings={"application_name": f"xinyong feed {definition.id}"},
    )


class DatabaseTransport:
    """Rows of one table."""

    def __init__(self, definition: Definition, shape: Shape) -> None:
        self._definition = definition
        self._shape = shape
        self._types: Mapping[str, str] = {}

    async def __aenter__(self) -> Self:
        with told():
            self._connection = await connect(self._definition)
        self._table = quoted(str(self._definition.transport["table"]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close(timeout=5)

    @property
    def _mark(self) -> Mapping[str, str] | None:
        mark = self._definition.transport.get("mark")
        return None if mark is None else {str(name): str(value) for name, value in mark.items()}

    async def send(self, parcel: Parcel) -> Answers:
        """Put the rows in place of those with the same key, or take these away; one transaction."""
        with told():
            await self._look_at_table()
            async with self._connection.transaction():
                await self._stage(parcel)
                same = " AND ".join(
                    f"t.{quoted(name)} = CAST(NULLIF(s.{quoted(name)}, '') AS {self._types[name]})"
                    for name in self._shape.key
                )
                mark = self._mark
                if parcel.operation is Operation.WITHDRAW and mark is not None:
                    await self._connection.execute(
                        f"UPDATE {self._table} t SET {quoted(mark['column'])} = $1{self._no_status()} FROM feed_stage s WHERE {same}",  # noqa: S608 - names are quoted
                        mark["withdraw"],
                    )
                    return Answers()
                await self._connection.execute(f"DELETE FROM {self._table} t USING feed_stage s WHERE {same}")  # noqa: S608 - names are quoted
                if parcel.operation is Operation.WITHDRAW:
                    keys = ["|".join(row[name] for name in self._shape.key) for row in parcel.rows]
                    return Answers(receipts=[Receipt(key, Answer.ACCEPTED) for key in keys])
                await self._insert(parcel, mark)
        return Answers()

    async def _stage(self, parcel: Parcel) -> None:
        columns = ", ".join(f"{quoted(name)} text" for name in parcel.columns)
        await self._connection.execute(f"CREATE TEMP TABLE feed_stage ({columns}) ON COMMIT DROP")
        rows = [tuple(row[name] for name in parcel.columns) for row in parcel.rows]
        await self._connection.copy_records_to_table("feed_stage", records=rows, columns=parcel.columns)

    async def _insert(self, parcel: Parcel, mark: Mapping[str, str] | None) -> None:
        names = [quoted(name) for name in parcel.columns]
        cells = [f"CAST(NULLIF(s.{quoted(name)}, '') AS {self._types[name]})" for name in parcel.columns]
        extra: list[str] = []
        if mark is not None:
            names.append(quoted(mark["column"]))
            cells.append("$1")
            extra.append(mark["report"])
        await self._connection.execute(
            f"INSERT INTO {self._table} ({', '.join(names)}) SELECT {', '.join(cells)} FROM feed_stage s",  # noqa: S608 - names are quoted
            *extra,
        )

    def _no_status(self) -> str:
        receipts = self._definition.receipts
        return f", {quoted(str(receipts.columns['status']))} = NULL" if receipts.kind == "table" else ""

    def _cell(self, name: str) -> str:
        kind = self._types.get(name, "text")
        if kind.startswith("timestamp"):
            return f"coalesce(to_char(t.{quoted(name)}, 'YYYY-MM-DD'), '')"
        return f"coalesce(CAST(t.{quoted(name)} AS text), '')"

    async def _look_at_table(self) -> None:
        """Compare the table with what is to be written: a schema that changed stops the feed and not single rows."""
        rows = await self._connection.fetch(_COLUMNS, self._table)
        self._types = {row["name"]: row["type"] for row in rows}
        if not rows:
            raise TransportFailure("schema_changed", f"there is no table {self._table}")
        gone = [name for name in self._shape.names if name not in self._types]
        if gone:
            raise TransportFailure("schema_changed", f"the table has no column {', '.join(gone)} any more")
        mark = self._mark
        ours = {*self._shape.names, *([mark["column"]] if mark else [])}
        new = [row["name"] for row in rows if row["is_needed"] and row["name"] not in ours]
        if new:
            raise TransportFailure(
                "schema_changed", f"the table asks for {', '.join(new)}, which the shape does not have"
            )

    async def receipts(self, outstanding: Sequence[str]) -> Answers:
        """Read the status columns of the rows that wait for an answer."""
        receipts = self._definition.receipts
        if receipts.kind != "table" or not outstanding:
            return Answers()
        columns = receipts.columns
        key = self._shape.key
        parts = [one.split("|") for one in outstanding if one.count("|") == len(key) - 1]
        asked = {name: columns[name] for name in ("status", "reason_code", "reason", "on") if name in columns}
        with told():
            await self._look_at_table()
            if missing := [str(one) for one in asked.values() if one not in self._types]:
                raise TransportFailure("schema_changed", f"the table has no column {', '.join(missing)} any more")
            same = " AND ".join(f"{self._cell(name)} = k.k{at}" for at, name in enumerate(key))
            rows = await self._connection.fetch(
                f"""SELECT {", ".join(f"{self._cell(name)} AS k{at}" for at, name in enumerate(key))},
                {", ".join(f"t.{quoted(str(column))} AS {name}" for name, column in asked.items())}
                FROM {self._table} t JOIN unnest({", ".join(f"${at + 1}::text[]" for at in range(len(key)))})
                    AS k ({", ".join(f"k{at}" for at in range(len(key)))}) ON {same}
                WHERE t.{quoted(str(columns["status"]))} IS NOT NULL""",  # noqa: S608 - names are quoted
                *([one[at] for one in parts] for at in range(len(key))),
            )
        return Answers(receipts=[found for row in rows if (found := self._receipt(row, len(key))) is not None])

    def _receipt(self, row: Any, width: int) -> Receipt | None:  # noqa: ANN401 - a record of asyncpg
        answer = self._definition.receipts.statuses.get(str(row["status"]).strip())
        if answer is None:
            return None
        on = row.get("on")
        day = on.date() if isinstance(on, datetime) else on if isinstance(on, date) else None
        return Receipt(
            key="|".join(row[f"k{at}"] for at in range(width)),
            answer=answer,
            on=day,
            reason_code=None if row.get("reason_code") is None else str(row["reason_code"]),
            reason=None if row.get("reason") is None else str(row["reason"]),
        )

    async def shown(self) -> list[dict[str, str]] | None:
        """Return all rows of the table that are not marked as withdrawn."""
        mark = self._mark
        with told():
            await self._look_at_table()
            cells = ", ".join(f"{self._cell(name)} AS {quoted(name)}" for name in self._shape.names)
            where = f" WHERE t.{quoted(mark['column'])} IS DISTINCT FROM $1" if mark else ""
            rows = await self._connection.fetch(
                f"SELECT {cells} FROM {self._table} t{where}",  # noqa: S608 - names are quoted
                *([mark["withdraw"]] if mark else []),
            )
        return [dict(row) for row in rows]

"""What a file does not speak of stays as its source stated it last, and windows follow from the whole."""

from typing import Final

import polars as pl
from asyncpg import Connection

from service.imports.deciding import Taking
from service.imports.interpret.context import Context
from service.imports.interpret.windows import ENTRY_FACTS, PENALTY_FACTS, entry_window_columns, penalty_window_columns
from service.imports.shapes import Shape
from service.imports.staging import Stage

_KINDS: Final = {"date": pl.Date, "bigint": pl.Int64}


async def keep_unspoken(connection: Connection, stage: Stage, taking: Taking, context: Context) -> None:
    """Fill the columns that the file does not speak of in rows that change a record, and work their windows out again."""
    shape = stage.shape
    if not taking.unspoken or not await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM {stage.decided} WHERE decided = 'changed')"
    ):
        return
    same = "c.uscc = s.uscc" + (" AND c.id = s.head_id" if shape.has_id else "")
    filled = [f"{name} = c.{name}" for name in sorted(taking.unspoken)]
    if shape.has_id:
        # A text that was held back stays held back while it is kept.
        filled.append(
            "held_texts = w.held_texts || ARRAY(SELECT kept FROM unnest(c.held_texts) AS kept"
            " WHERE kept = ANY ($1) AND NOT kept = ANY (w.held_texts))"
        )
    await connection.execute(
        f"""UPDATE {stage.wide} w SET {", ".join(filled)} FROM {stage.decided} s JOIN {shape.version} c
        ON {same} AND c.superseded_at IS NULL WHERE s.decided = 'changed' AND w.n = s.n
        AND ($1::text[] IS NOT NULL)""",
        sorted(taking.unspoken),
    )
    if "public_from" in shape.names:
        await _work_out_windows(connection, stage, context)


async def _work_out_windows(connection: Connection, stage: Stage, context: Context) -> None:
    shape = stage.shape
    is_penalty = shape.head == "penalty"
    facts = (*PENALTY_FACTS, "fine_fen", "confiscation_fen") if is_penalty else ENTRY_FACTS
    told = ", ".join(f"w.{name}::text" if name == "kinds" else f"w.{name}" for name in facts)
    rows = await connection.fetch(
        f"SELECT w.n, {told} FROM {stage.wide} w JOIN {stage.decided} s ON s.n = w.n WHERE s.decided = 'changed'"
    )
    schema = {"n": pl.Int64} | {name: _kind(shape, name) for name in facts}
    frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    content = {name: frame.get_column(name) for name in facts}
    if is_penalty:
        columns = penalty_window_columns(content, context, pl.repeat(value=True, n=frame.height, eager=True))
    else:
        columns = entry_window_columns(content, context)
    kinds = dict(shape.content)
    updates = ", ".join(f"{name} = ${at}::text::{kinds[name]}" for at, name in enumerate(columns, start=2))
    values = zip(frame.get_column("n"), *(column.cast(pl.String) for column in columns.values()), strict=True)
    await connection.executemany(f"UPDATE {stage.wide} SET {updates} WHERE n = $1", list(values))


def _kind(shape: Shape, name: str) -> type[pl.DataType]:
    return _KINDS.get(dict(shape.content)[name], pl.String)

"""The rows of a file by which records that are shown now end: stated in so many words, not by being absent.

A dry run leaves them beside the uploaded file, as JSON Lines with the cells of the rows, so that they can be imported by
themselves while the rest of the file waits for a person.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import orjson
from asyncpg import Connection

from service.imports.interpret.cells import row_json
from service.imports.spool import Spool
from service.imports.staging import Stage

#: Rows ($1: today) that state a removal, or a last day of publication, that has come; by kind of record.
_ENDS: Final = {
    "penalty": "w.stated_until <= $1 AND w.stated_until IS DISTINCT FROM c.stated_until",
    "blacklist_entry": """(w.removed_on <= $1 AND w.removed_on IS DISTINCT FROM c.removed_on
        OR w.stated_until <= $1 AND w.stated_until IS DISTINCT FROM c.stated_until)""",
}


def ends_file(stored: Path) -> Path:
    """Return where the ends of an uploaded file are left."""
    return stored.with_name(f"{stored.name}.ends")


async def keep_ends(
    connection: Connection, stage: Stage, header: Sequence[str], spool: Spool, stored: Path, *, today: date
) -> int:
    """Write the rows of a staged and decided file by which shown records end; return how many they are."""
    condition = _ENDS.get(stage.shape.change_kind)
    rows = (
        []
        if condition is None
        else await connection.fetch(
            f"""SELECT d.n FROM {stage.decided} d JOIN {stage.wide} w ON w.n = d.n
            JOIN {stage.shape.version} c ON c.uscc = d.uscc AND c.id = d.head_id AND c.superseded_at IS NULL
            WHERE d.decided = 'changed' AND c.state = 'published' AND c.public_reason IS NULL
            AND (c.public_until IS NULL OR c.public_until >= $1) AND {condition} ORDER BY d.n""",
            today,
        )
    )

    def write() -> None:
        # A column that is empty in all of these rows is spoken of all the same.
        empty = dict.fromkeys(name for name in header if name)
        lines = [
            orjson.dumps(empty | orjson.loads(row_json(header, cells)))
            for _, cells in spool.rows([row["n"] for row in rows])
        ]
        ends_file(stored).write_bytes(b"".join(line + b"\n" for line in lines))

    if rows:
        await asyncio.to_thread(write)
    else:
        ends_file(stored).unlink(missing_ok=True)
    return len(rows)

from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from service.audit.rules import Entry

#: Column and type of each field of `Entry`, in its order.
_COLUMNS: Final = {
    "at": "timestamptz",
    "id": "uuid",
    "kind": "text",
    "operation": "text",
    "outcome": "text",
    "actor_kind": "text",
    "actor_id": "text",
    "actor_name": "text",
    "roles": "text",
    "authority_code": "text",
    "uscc": "text",
    "record_kind": "text",
    "record_id": "text",
    "owners": "text[]",
    "purpose": "text",
    "request_id": "text",
    "entry_count": "integer",
    "digest": "bytea",
    "codes": "bytea",
}
_FIELDS: Final = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_NAMES: Final = ", ".join(_COLUMNS)

# One statement: entries and their place in the queue of the chainer cannot come apart, and it costs one way to the server.
# They travel as JSON: the driver would encode nineteen arrays element by element, which took half of an answer's time.
INSERT: Final = f"""
WITH given AS (SELECT * FROM json_to_recordset($1::json) AS g ({_FIELDS})),
queued AS (INSERT INTO audit_pending (entry_ids, first_at, last_at) SELECT array_agg(id), min(at), max(at) FROM given)
INSERT INTO audit_entry ({_NAMES}) SELECT {_NAMES} FROM given"""  # noqa: S608 - put together from constants


class Executes(Protocol):
    """A connection of asyncpg, as far as it is needed here."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement."""


async def insert_entries(connection: Executes, entries: Sequence[Entry]) -> None:
    """Add entries, at least one, and queue them for the chain, in the transaction of `connection` or in one of their own."""
    await connection.execute(INSERT, orjson.dumps(entries, default=_hexadecimal).decode())


def _hexadecimal(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return str(value)  # an id of a subclass that orjson does not know

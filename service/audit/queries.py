from collections.abc import Sequence
from typing import Any, Final, Protocol

from service.audit.rules import Entry

#: Column and array type of each field of `Entry`, in its order; `owners` travels as one text, since arrays do not nest freely.
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
    "owners": "text",
    "purpose": "text",
    "request_id": "text",
    "entry_count": "integer",
    "digest": "bytea",
    "codes": "bytea",
}
_ARRAYS: Final = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), 1))
_NAMES: Final = ", ".join(_COLUMNS)
_VALUES: Final = _NAMES.replace("owners", "string_to_array(owners, ' ')")

# One statement: entries and their place in the queue of the chainer cannot come apart, and it costs one way to the server.
INSERT: Final = f"""
WITH given AS (SELECT * FROM unnest({_ARRAYS}) AS g ({_NAMES})),
queued AS (INSERT INTO audit_pending (entry_ids, first_at, last_at) SELECT array_agg(id), min(at), max(at) FROM given)
INSERT INTO audit_entry ({_NAMES}) SELECT {_VALUES} FROM given"""  # noqa: S608 - put together from constants


class Executes(Protocol):
    """A connection of asyncpg, as far as it is needed here."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement."""


async def insert_entries(connection: Executes, entries: Sequence[Entry]) -> None:
    """Add entries, at least one, and queue them for the chain, in the transaction of `connection` or in one of their own."""
    await connection.execute(INSERT, *_arrays(entries))


def _arrays(entries: Sequence[Entry]) -> list[list[Any]]:
    columns: list[list[Any]] = [[getattr(entry, name) for entry in entries] for name in _COLUMNS]
    at = list(_COLUMNS).index("owners")
    columns[at] = [None if owners is None else " ".join(owners) for owners in columns[at]]
    return columns

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from service.audit.chain.rules import Block

Row = Mapping[str, Any]

_BLOCK: Final = "number, month, first_position, first_at, last_at, entry_ids, leaves"


async def take_pending(connection: Connection, *, limit: int) -> Sequence[Row]:
    """Take the oldest groups of entries out of the queue, in its order; a second chainer waits here and finds the rest."""
    taken: Sequence[Row] = await connection.fetch(
        "DELETE FROM audit_pending WHERE id IN (SELECT id FROM audit_pending ORDER BY id LIMIT $1)"
        " RETURNING id, entry_ids, first_at, last_at",
        limit,
    )
    return sorted(taken, key=lambda row: row["id"])


async def find_entries(
    connection: Connection, ids: Sequence[UUID], *, first_at: datetime, last_at: datetime
) -> Sequence[Row]:
    """Return the entries with these ids between two instants, both included, in no order."""
    rows: Sequence[Row] = await connection.fetch(
        "SELECT * FROM audit_entry WHERE at >= $1 AND at <= $2 AND id = ANY ($3)", first_at, last_at, ids
    )
    return rows


async def find_entries_anywhere(connection: Connection, ids: Sequence[UUID]) -> Sequence[Row]:
    """Return the entries with these ids, wherever they are; reads everything."""
    rows: Sequence[Row] = await connection.fetch("SELECT * FROM audit_entry WHERE id = ANY ($1)", ids)
    return rows


async def last_block(connection: Connection) -> tuple[int, int, bytes] | None:
    """Return number, last position and hash of the newest block."""
    row = await connection.fetchrow(
        "SELECT number, first_position + entry_count - 1 AS position, hash FROM audit_block ORDER BY number DESC LIMIT 1"
    )
    return None if row is None else (row["number"], row["position"], row["hash"])


async def insert_block(connection: Connection, block: Block, *, block_hash: bytes, now: datetime) -> None:
    """Add a block.

    Raises:
        UniqueViolationError: another chainer added this number meanwhile.
    """
    await connection.execute(
        f"INSERT INTO audit_block ({_BLOCK}, entry_count, hash, linked_at)"  # noqa: S608 - a constant
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        *(
            block.number,
            block.month,
            block.first_position,
            block.first_at,
            block.last_at,
            block.entry_ids,
            block.leaves,
        ),
        *(block.count, block_hash, now),
    )


async def list_blocks(
    connection: Connection, *, after: int, until: int | None = None, limit: int = 200
) -> Sequence[tuple[Block, bytes]]:
    """Return blocks behind a number, at most `limit`, each with the hash that stands beside it."""
    rows = await connection.fetch(
        f"SELECT {_BLOCK}, hash FROM audit_block WHERE number > $1 AND ($2::bigint IS NULL OR number <= $2)"  # noqa: S608 - a constant
        " ORDER BY number LIMIT $3",
        after,
        until,
        limit,
    )
    return [(Block(*(row[name] for name in _BLOCK.split(", "))), row["hash"]) for row in rows]


async def list_heads(connection: Connection) -> Sequence[Row]:
    """Return number and signature of all signed heads in the database."""
    rows: Sequence[Row] = await connection.fetch("SELECT number, signature FROM audit_head ORDER BY number")
    return rows


async def last_signed_number(connection: Connection) -> int:
    """Return the number of the newest block that a head in the database covers; 0 without one."""
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM audit_head"))


async def insert_head(connection: Connection, *, number: int, signed_at: datetime, signature: str) -> None:
    """Add a signed head; one that is there already stays."""
    await connection.execute(
        "INSERT INTO audit_head (number, signed_at, signature) VALUES ($1, $2, $3) ON CONFLICT (number) DO NOTHING",
        number,
        signed_at,
        signature,
    )


async def list_seals(connection: Connection) -> Sequence[str]:
    """Return the signatures of all seals in the database."""
    return [row["signature"] for row in await connection.fetch("SELECT signature FROM audit_seal")]


async def insert_seal(connection: Connection, *, month: str, sealed_at: datetime, signature: str) -> None:
    """Add the seal of a month; one that is there already stays."""
    await connection.execute(
        "INSERT INTO audit_seal (month, sealed_at, signature) VALUES ($1, $2, $3) ON CONFLICT (month) DO NOTHING",
        month,
        sealed_at,
        signature,
    )


async def make_partition(connection: Connection, month: datetime) -> bool:
    """Make the partition of a month, by the function that the server's role may call; return whether it was missing."""
    return bool(await connection.fetchval("SELECT audit_make_partition($1)", month.date()))


async def partition_of(connection: Connection, month: str) -> str | None:
    """Return the name of the partition of a month, or None where there is none."""
    name = f"audit_entry_{month.replace('-', '_')}"
    found = await connection.fetchval("SELECT to_regclass('public.' || $1::text)::text", name)
    return None if found is None else name


async def count_pending(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many entries wait for their link, and the instant of the oldest."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(cardinality(entry_ids)), 0) AS count, min(first_at) AS oldest FROM audit_pending"
    )
    return int(row["count"]), row["oldest"]


async def stream_ids(connection: Connection, *, first: datetime, until: datetime) -> AsyncIterator[Sequence[bytes]]:
    """Yield the ids of all entries from `first` and before `until`, some at a time. Needs a transaction."""
    cursor = await connection.cursor("SELECT id FROM audit_entry WHERE at >= $1 AND at < $2", first, until)
    while rows := await cursor.fetch(20_000):
        yield [row["id"].bytes for row in rows]


async def list_pending_ids(connection: Connection) -> set[bytes]:
    """Return the ids of all entries that wait for their link."""
    rows = await connection.fetch("SELECT unnest(entry_ids) AS id FROM audit_pending")
    return {row["id"].bytes for row in rows}


async def entry_bounds(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return the first and the last instant of all entries."""
    row = await connection.fetchrow("SELECT min(at) AS first, max(at) AS last FROM audit_entry")
    return None if row["first"] is None else (row["first"], row["last"])

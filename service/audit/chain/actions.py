"""Linking what was written, signing the head, ageing out: each step may die anywhere, and the next run goes on from there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Connection

from service.audit.chain.files import Outside, block_line
from service.audit.chain.queries import (
    count_pending,
    find_entries,
    insert_block,
    insert_head,
    insert_seal,
    last_block,
    last_signed_number,
    list_blocks,
    make_partition,
    partition_of,
    take_pending,
)
from service.audit.chain.rules import (
    GENESIS,
    GONE,
    HEAD_KIND,
    RESTORED_KIND,
    SEAL_KIND,
    Block,
    Head,
    leaf,
    month_of,
)
from service.db import Database, driver
from service.errors import Conflict
from service.signing.keys import SigningKeys
from service.signing.rules import BadSignature
from service.signing.signatures import verify

#: Groups of one transaction, and entries of one block.
GROUPS: Final = 500
MOST_IN_BLOCK: Final = 10_000


class NotYetSigned(Conflict):
    """Entries of the month are not in the signed part of the chain yet, so they cannot be removed."""

    code = "not_yet_signed"


@dataclass(frozen=True, slots=True)
class Chain:
    """What the chainer works with: the database, the signing keys, the files outside."""

    database: Database
    keys: SigningKeys
    outside: Outside


async def link_pending(database: Database, *, now: datetime) -> int:
    """Link what waits, at most `GROUPS` groups, in one transaction; return how many entries were linked."""
    async with database.transaction() as session:
        connection = await driver(session)
        groups = await take_pending(connection, limit=GROUPS)
        if not groups:
            return 0
        # After the queue: a chainer that had to wait there sees the other's blocks here.
        newest = await last_block(connection)
        number, position, before = newest or (0, 0, GENESIS)
        linked = await _read(connection, groups)
        for part in _parts(linked):
            block = _block(part, number=number + 1, first_position=position + 1)
            before = block.hash(before)
            await insert_block(connection, block, block_hash=before, now=now)
            number, position = block.number, block.last_position
    return len(linked)


@dataclass(frozen=True, slots=True)
class _Linked:
    id: UUID
    at: datetime
    leaf: bytes


async def _read(connection: Connection, groups: Sequence[Mapping[str, Any]]) -> list[_Linked]:
    ids = [entry_id for group in groups for entry_id in group["entry_ids"]]
    rows = await find_entries(
        connection,
        ids,
        first_at=min(group["first_at"] for group in groups),
        last_at=max(group["last_at"] for group in groups),
    )
    found = {row["id"]: row for row in rows}
    linked = []
    for group in groups:
        for entry_id in group["entry_ids"]:
            row = found.get(entry_id)
            at, value = (group["first_at"], GONE) if row is None else (row["at"], leaf(row))
            linked.append(_Linked(entry_id, at, value))
    return linked


def _parts(linked: Sequence[_Linked]) -> Iterator[list[_Linked]]:
    for _, group in groupby(linked, key=lambda one: month_of(one.at)):
        part = list(group)
        for begin in range(0, len(part), MOST_IN_BLOCK):
            yield part[begin : begin + MOST_IN_BLOCK]


def _block(part: Sequence[_Linked], *, number: int, first_position: int) -> Block:
    return Block(
        number,
        month_of(part[0].at),
        first_position,
        min(one.at for one in part),
        max(one.at for one in part),
        b"".join(one.id.bytes for one in part),
        b"".join(one.leaf for one in part),
    )


async def sign_head(chain: Chain, *, now: datetime) -> Head | None:
    """Sign the chain as it stands and write head and blocks to the file outside, then the head to the database.

    Returns None where nothing is unsigned. A head that is in the file and not in the database, because a process was killed
    between the two, is put there first.
    """
    async with chain.database.transaction() as session:
        connection = await driver(session)
        await _reconcile(connection, chain)
        newest = await last_block(connection)
        signed = await last_signed_number(connection)
        if newest is None or newest[0] <= signed:
            return None
        lines = []
        after = max(signed, chain.outside.tail().number)
        while blocks := await list_blocks(connection, after=after, until=newest[0]):
            lines += [block_line(block) for block, _ in blocks]
            after = blocks[-1][0].number
        head = Head(newest[0], newest[1], newest[2], now)
        signature = chain.keys.sign(head.payload(), kind=HEAD_KIND, now=now)
        chain.outside.append([*lines, {"head": signature}], month=month_of(now))
        await insert_head(connection, number=head.number, signed_at=now, signature=signature)
    return head


async def _reconcile(connection: Connection, chain: Chain) -> None:
    signature = chain.outside.tail().head
    if signature is None:
        return
    try:
        head = Head.of(verify(signature, chain.keys.jwks(), kind=HEAD_KIND)[0])
    except BadSignature:
        return  # not for this to mend: `verify audit` says it
    present = await list_blocks(connection, after=head.number - 1, until=head.number)
    if present and present[0][1] == head.hash:
        await insert_head(connection, number=head.number, signed_at=head.signed_at, signature=signature)


async def state_restored(chain: Chain, *, now: datetime) -> int:
    """State in the files outside, signed, where the chain of a restored database ends; return that block's number.

    What was signed behind it went with the backup: the next block takes its number, and `verify audit` counts what is lost.
    """
    async with chain.database.transaction() as session:
        newest = await last_block(await driver(session))
    number, _, value = newest or (0, 0, GENESIS)
    payload = orjson.dumps({"number": number, "hash": value.hex(), "restored_at": now.isoformat()})
    signature = chain.keys.sign(payload, kind=RESTORED_KIND, now=now)
    chain.outside.append([{"restored": signature, "number": number}], month=month_of(now))
    return number


async def make_partitions(database: Database, *, now: datetime) -> int:
    """Make the partitions of this month and the next; return how many were missing."""
    async with database.transaction() as session:
        connection = await driver(session)
        following = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
        return sum([await make_partition(connection, month) for month in (now, following)])


async def seal_month(chain: Chain, *, month: str, now: datetime) -> int:
    """State, signed, that the entries of a month may go; return how many they are. The owner then removes the partition.

    Raises:
        NotYetSigned: some are not in the signed part of the chain, or wait for their link.
    """
    async with chain.database.transaction() as session:
        connection = await driver(session)
        _, oldest = await count_pending(connection)
        signed = await last_signed_number(connection)
        row = await connection.fetchrow(
            "SELECT coalesce(max(number), 0) AS last, coalesce(sum(entry_count), 0) AS count FROM audit_block WHERE month = $1",
            month,
        )
        if (oldest is not None and month_of(oldest) <= month) or row["last"] > signed or month_of(now) <= month:
            raise NotYetSigned(
                f"{month} is not over, or not all of its entries are in the signed chain yet. Let `xinyong jobs serve` run.",
                detail_zh="该月审计记录尚未全部签名入链。",
            )
        payload = {"month": month, "last_block": row["last"], "count": int(row["count"]), "sealed_at": now.isoformat()}
        signature = chain.keys.sign(orjson.dumps(payload), kind=SEAL_KIND, now=now)
        chain.outside.append([{"seal": signature}], month=month_of(now))
        await insert_seal(connection, month=month, sealed_at=now, signature=signature)
    return int(row["count"])


async def drop_month(database: Database, month: str) -> bool:
    """Remove the partition of a sealed month, as the owner of the tables; return whether it was there.

    Raises:
        NotYetSigned: the month has no seal.
    """
    async with database.transaction() as session:
        connection = await driver(session)
        if not await connection.fetchval("SELECT true FROM audit_seal WHERE month = $1", month):
            raise NotYetSigned(f"{month} has no seal.", detail_zh="该月尚未封存。")
        name = await partition_of(connection, month)
        if name is not None:
            await connection.execute(f"ALTER TABLE audit_entry DETACH PARTITION {name}")
            await connection.execute(f"DROP TABLE {name}")
    return name is not None

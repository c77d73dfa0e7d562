"""What was altered, removed, inserted or re-ordered is found and told, wherever it was and whoever did it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uuid_utils.compat
from sqlalchemy import text

from service.audit.chain.actions import (
    Chain,
    NotYetSigned,
    drop_month,
    link_pending,
    make_partitions,
    seal_month,
    sign_head,
)
from service.audit.chain.files import Outside
from service.audit.chain.queries import list_blocks
from service.audit.chain.rules import GENESIS, Block, Head, leaf
from service.audit.chain.verification import Finding, Report, verify_audit
from service.audit.queries import insert_entries
from service.audit.rules import Entry, EntryKind
from service.db import Database, driver
from service.signing.keys import SigningKeys
from tests.clients import NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
def chain(database: Database, tmp_path: Path) -> Chain:
    return Chain(database, SigningKeys(tmp_path / "keys"), Outside(tmp_path / "audit"))


def entry(n: int, **changes: Any) -> Entry:
    made = Entry(
        NOW + n * MINUTE / 10, uuid_utils.compat.uuid7(), EntryKind.READ, "GET /v1/test", "ok", "key", f"key-{n}"
    )
    return replace(made, **changes)


async def add(database: Database, entries: list[Entry]) -> None:
    async with database.transaction() as session:
        await insert_entries(await driver(session), entries)


async def made(chain: Chain, minutes: int = 3, each: int = 5) -> list[Entry]:
    """Write some entries, link and sign them minute by minute; return them in the order of the chain."""
    everything = []
    for minute in range(minutes):
        entries = [entry(minute * each + n) for n in range(each)]
        for group in (entries[:2], entries[2:]):
            await add(chain.database, group)
        assert await link_pending(chain.database, now=NOW) == each
        assert await sign_head(chain, now=NOW + (minute + 1) * MINUTE) is not None
        everything += entries
    return everything


async def verified(chain: Chain) -> Report:
    return await verify_audit(chain.database, Outside(chain.outside.folder), jwks=chain.keys.jwks())


async def run(database: Database, statement: str, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def forge(database: Database) -> None:
    """Compute the whole chain again from what is in the database now: what somebody does who owns it and has no key."""
    async with database.transaction() as session:
        connection = await driver(session)
        before, position = GENESIS, 0
        for block, _ in await list_blocks(connection, after=0):
            ids = [entry_id for _, entry_id, _ in block.entries()]
            rows = {
                row["id"]: row for row in await connection.fetch("SELECT * FROM audit_entry WHERE id = ANY ($1)", ids)
            }
            kept = [rows[one] for one in ids if one in rows]
            again = Block(
                block.number, block.month, position + 1, block.first_at, block.last_at,
                b"".join(row["id"].bytes for row in kept), b"".join(leaf(row) for row in kept),
            )  # fmt: skip
            before, position = again.hash(before), again.last_position
            await connection.execute(
                "UPDATE audit_block SET entry_ids = $2, leaves = $3, hash = $4, first_position = $5, entry_count = $6"
                " WHERE number = $1",
                again.number, again.entry_ids, again.leaves, before, again.first_position, again.count,
            )  # fmt: skip


async def test_an_untouched_audit_is_intact_and_the_unsigned_tail_is_stated(chain: Chain) -> None:
    await made(chain)
    await add(chain.database, [entry(20), entry(21)])
    await link_pending(chain.database, now=NOW)
    await add(chain.database, [entry(22)])
    report = await verified(chain)
    assert report.intact
    assert (report.entries, report.tail) == (15, 3)
    assert report.tail_since == NOW + 2 * MINUTE
    assert report.signed_until == NOW + 3 * MINUTE


async def alter(database: Database, one: Entry) -> None:
    await run(database, "UPDATE audit_entry SET actor_name = 'somebody else' WHERE id = :id", id=one.id)


async def move(database: Database, one: Entry) -> None:
    await run(database, "UPDATE audit_entry SET at = at - interval '2 days' WHERE id = :id", id=one.id)


async def remove(database: Database, one: Entry) -> None:
    await run(database, "DELETE FROM audit_entry WHERE id = :id", id=one.id)


KINDS = [(alter, "altered"), (move, "altered"), (remove, "removed")]


@pytest.mark.parametrize("recomputed", [False, True], ids=["chain left", "chain computed again"])
@pytest.mark.parametrize("at", [0, 7, 14], ids=["first", "middle", "last"])
@pytest.mark.parametrize(("spoil", "kind"), KINDS, ids=["altered", "moved in time", "removed"])
async def test_a_spoiled_entry_is_told(
    chain: Chain, spoil: Callable[[Database, Entry], Awaitable[None]], kind: str, at: int, recomputed: bool
) -> None:
    entries = await made(chain)
    await spoil(chain.database, entries[at])
    if recomputed:
        await forge(chain.database)
    report = await verified(chain)
    told = [finding for finding in report.findings if finding.entry_id == entries[at].id]
    assert told
    assert kind in {finding.kind for finding in told}
    assert at + 1 in {finding.position for finding in told}
    others = {finding.entry_id for finding in report.findings} - {entries[at].id, None}
    assert others == set()


@pytest.mark.parametrize("at", [0, 7, 14], ids=["first", "middle", "last"])
async def test_without_the_files_a_computed_chain_is_found_in_its_minute(chain: Chain, at: int) -> None:
    entries = await made(chain)
    await alter(chain.database, entries[at])
    await forge(chain.database)
    for file in chain.outside.folder.iterdir():
        file.unlink()
    report = await verified(chain)
    broken = [finding.position for finding in report.findings if finding.kind == "broken"]
    assert broken[0] == at // 5 * 5 + 1


@pytest.mark.parametrize("at", [0, 7, 14], ids=["first", "middle", "last"])
async def test_an_inserted_entry_is_told(chain: Chain, at: int) -> None:
    entries = await made(chain)
    stranger = entry(0, at=entries[at].at)
    await add(chain.database, [stranger])
    await run(chain.database, "DELETE FROM audit_pending")
    assert [(one.kind, one.entry_id) for one in (await verified(chain)).findings] == [("inserted", stranger.id)]
    async with chain.database.transaction() as session:
        connection = await driver(session)
        for block, _ in await list_blocks(connection, after=at // 5, until=at // 5 + 1):
            rows = await connection.fetch("SELECT * FROM audit_entry WHERE id = $1", stranger.id)
            await connection.execute(
                "UPDATE audit_block SET entry_ids = $2, leaves = $3, entry_count = entry_count + 1 WHERE number = $1",
                block.number, block.entry_ids + stranger.id.bytes, block.leaves + leaf(rows[0]),
            )  # fmt: skip
    await forge(chain.database)
    assert ("inserted", stranger.id) in {(one.kind, one.entry_id) for one in (await verified(chain)).findings}


@pytest.mark.parametrize("at", [0, 6, 13], ids=["first", "middle", "last"])
async def test_re_ordered_entries_are_told(chain: Chain, at: int) -> None:
    entries = await made(chain)
    number, n = at // 5 + 1, at % 5
    async with chain.database.transaction() as session:
        connection = await driver(session)
        ((block, _),) = await list_blocks(connection, after=number - 1, until=number)
        ids = [block.entry_ids[16 * k : 16 * k + 16] for k in range(5)]
        ids[n], ids[n + 1] = ids[n + 1], ids[n]
        await connection.execute("UPDATE audit_block SET entry_ids = $2 WHERE number = $1", number, b"".join(ids))
    await forge(chain.database)
    told = {(one.kind, one.entry_id, one.position) for one in (await verified(chain)).findings}
    assert told == {("reordered", entries[at].id, at + 1), ("reordered", entries[at + 1].id, at + 2)}


async def test_blocks_and_heads_taken_out_of_the_database_are_told(chain: Chain) -> None:
    entries = await made(chain)
    await run(chain.database, "DELETE FROM audit_block WHERE number = 2")
    await run(chain.database, "DELETE FROM audit_head")
    report = await verified(chain)
    assert [finding.words for finding in report.findings] == ["Block 2, entries 6 to 10, is not in the database"]
    assert report.entries == len(entries)


async def test_a_head_by_another_key_and_a_damaged_file_are_told(chain: Chain, tmp_path: Path) -> None:
    await made(chain, minutes=1)
    other = SigningKeys(tmp_path / "other")
    forged = other.sign(b'{"number": 1}', kind="audit-head", now=NOW)
    await run(chain.database, "UPDATE audit_head SET signature = :forged", forged=forged)
    assert [finding.kind for finding in (await verified(chain)).findings] == ["forged"]
    (file,) = chain.outside.folder.iterdir()
    file.write_bytes(b"{nonsense\n" + file.read_bytes())
    assert {finding.kind for finding in (await verified(chain)).findings} == {"forged", "damaged"}


async def test_a_head_dated_after_the_end_of_its_key_does_not_count(chain: Chain) -> None:
    await made(chain, minutes=1)
    stolen = Head(2, 6, bytes(32), NOW + 3 * MINUTE)
    signature = chain.keys.sign(stolen.payload(), kind="audit-head", now=NOW + MINUTE)
    chain.keys.rotate(now=NOW + 2 * MINUTE, overlap=timedelta())
    assert (await verified(chain)).intact
    await run(chain.database, "INSERT INTO audit_head VALUES (2, now(), :signature)", signature=signature)
    ((kind, words),) = [(finding.kind, finding.words) for finding in (await verified(chain)).findings]
    assert kind == "forged"
    assert "did not sign" in words


async def test_a_head_that_only_the_file_has_comes_into_the_database(chain: Chain) -> None:
    await made(chain)
    await run(chain.database, "DELETE FROM audit_head WHERE number = 3")
    again = replace(chain, outside=Outside(chain.outside.folder))
    assert await sign_head(again, now=NOW + 9 * MINUTE) is None
    async with chain.database.reading() as session:
        assert await session.scalar(text("SELECT max(number) FROM audit_head")) == 3


async def test_half_a_line_of_a_killed_process_is_cut_off(chain: Chain) -> None:
    await made(chain, minutes=1)
    (file,) = chain.outside.folder.iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"block": {"number": 2, "mon')
    assert (await verified(chain)).intact
    await add(chain.database, [entry(30)])
    await link_pending(chain.database, now=NOW)
    assert await sign_head(replace(chain, outside=Outside(chain.outside.folder)), now=NOW + 2 * MINUTE) is not None
    report = await verified(chain)
    assert report.intact
    assert report.entries == 6


async def test_a_sealed_month_may_go_and_an_unsealed_one_may_not(chain: Chain) -> None:
    old = [entry(n, at=NOW - timedelta(days=40) + n * MINUTE) for n in range(4)]
    await make_partitions(chain.database, now=NOW - timedelta(days=40))
    await make_partitions(chain.database, now=NOW)
    await add(chain.database, old)
    await add(chain.database, [entry(1)])
    await link_pending(chain.database, now=NOW)
    await sign_head(chain, now=NOW + MINUTE)
    await run(chain.database, "CREATE TABLE kept AS SELECT * FROM audit_entry_2026_10")
    await run(chain.database, "DROP TABLE audit_entry_2026_10")
    assert {finding.kind for finding in (await verified(chain)).findings} == {"removed"}
    await make_partitions(chain.database, now=NOW - timedelta(days=40))
    await run(chain.database, "INSERT INTO audit_entry SELECT * FROM kept")
    assert (await verified(chain)).intact
    with pytest.raises(NotYetSigned):
        await seal_month(chain, month="2026-11", now=NOW + 2 * MINUTE)
    assert await seal_month(chain, month="2026-10", now=NOW + 2 * MINUTE) == 4
    assert (await verified(chain)).sealed == 0
    with pytest.raises(NotYetSigned):
        await drop_month(chain.database, "2026-11")
    assert await drop_month(chain.database, "2026-10")
    assert not await drop_month(chain.database, "2026-10")
    report = await verified(chain)
    assert report.intact
    assert (report.sealed, report.entries) == (4, 1)


async def test_entries_that_are_gone_before_they_are_linked_are_told(chain: Chain) -> None:
    entries = [entry(n) for n in range(3)]
    await add(chain.database, entries)
    await remove(chain.database, entries[1])
    await link_pending(chain.database, now=NOW)
    await sign_head(chain, now=NOW + MINUTE)
    assert (await verified(chain)).findings == [
        Finding("removed", f"Entry 2 ({entries[1].id}) is gone", 2, entries[1].id)
    ]


async def test_entries_that_came_before_their_partition_are_taken_into_it(chain: Chain) -> None:
    entries = await made(chain)
    assert await make_partitions(chain.database, now=NOW) == 2
    assert await make_partitions(chain.database, now=NOW) == 0
    async with chain.database.reading() as session:
        parts = await session.execute(text("SELECT tableoid::regclass::text, count(*) FROM audit_entry GROUP BY 1"))
        assert [tuple(part) for part in parts] == [("audit_entry_2026_11", len(entries))]
    assert (await verified(chain)).intact

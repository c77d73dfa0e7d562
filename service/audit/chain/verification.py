"""Holding the audit against its chain, and the chain against its signatures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import orjson
from asyncpg import Connection

from service.audit.chain.files import Outside, read_block
from service.audit.chain.queries import (
    count_pending,
    entry_bounds,
    find_entries,
    find_entries_anywhere,
    list_blocks,
    list_heads,
    list_pending_ids,
    list_seals,
    partition_of,
    stream_ids,
)
from service.audit.chain.rules import (
    HEAD_KIND,
    NO_HEAD,
    RESTORED_KIND,
    SEAL_KIND,
    Block,
    Head,
    leaf,
    month_of,
)
from service.db import Database, driver
from service.signing.rules import BadSignature, from_jwks
from service.signing.signatures import verify

#: Findings of one kind that are told one by one; the others are counted.
MOST_TOLD: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was signed. `kind`: altered, removed, inserted, reordered, broken, forged or damaged."""

    kind: str
    words: str
    position: int | None = None
    entry_id: UUID | None = None


@dataclass(slots=True)
class Report:
    """What a verification found.

    `entries` were held against the signed chain, `sealed` belong to months that were removed because of their age. The tail,
    `tail` entries since `tail_since`, has no signature yet: what happened to it cannot be proved. `lost` entries were signed and
    went with a restored backup.
    """

    entries: int = 0
    sealed: int = 0
    lost: int = 0
    signed_until: datetime | None = None
    tail: int = 0
    tail_since: datetime | None = None
    findings: list[Finding] = field(default_factory=list)
    untold: int = 0

    @property
    def intact(self) -> bool:
        """Whether everything that is signed is as it was signed."""
        return not self.findings

    def add(self, finding: Finding) -> None:
        """Take up a finding, or count it where there are very many."""
        if len(self.findings) < MOST_TOLD:
            self.findings.append(finding)
        else:
            self.untold += 1


@dataclass(slots=True)
class _Stated:
    """What is signed: heads and seals from both places, blocks from the files."""

    heads: dict[int, Head]
    blocks: dict[int, Block]
    seals: dict[str, int]


async def verify_audit(database: Database, outside: Outside, *, jwks: Mapping[str, Any]) -> Report:
    """Hold every entry against the chain and the chain against the signed heads, in one snapshot; change nothing.

    `jwks` is the public set from outside the database. Whoever altered the database and computed the chain again, without the
    signing key, is found by the heads; by the files outside each altered entry is told, without them the minute it is in.
    """
    report = Report()
    async with database.reading() as session:
        connection = await driver(session)
        stated = await _read_stated(connection, outside, jwks, report)
        check = _Check(connection, report, stated)
        before = NO_HEAD
        for number in sorted(stated.heads):
            before = await check.segment(before, stated.heads[number])
        report.signed_until = before.signed_at if stated.heads else None
        await check.tail(before)
        await check.strangers()
    return report


async def _read_stated(connection: Connection, outside: Outside, jwks: Mapping[str, Any], report: Report) -> _Stated:
    stated = _Stated({}, {}, {})
    signer = _Signer(jwks, report)
    for line in outside.lines():
        if "damaged" in line:
            report.add(Finding("damaged", f"{line['damaged']} of the files outside the database cannot be read"))
        elif "block" in line:
            _take_block(stated, line, report)
        elif "head" in line:
            head = signer.head(str(line["head"]), "a file outside the database")
            if head is not None:
                stated.heads[head.number] = head
        elif "seal" in line:
            signer.seal(str(line["seal"]), stated.seals)
        elif "restored" in line:
            kept = signer.restored(str(line["restored"]))
            if kept is not None:
                gone = [head for number, head in stated.heads.items() if number > kept]
                last = max((h.position for n, h in stated.heads.items() if n <= kept), default=0)
                report.lost += max((head.position for head in gone), default=last) - last
                stated.heads = {n: head for n, head in stated.heads.items() if n <= kept}
                stated.blocks = {n: block for n, block in stated.blocks.items() if n <= kept}
    for row in await list_heads(connection):
        head = signer.head(row["signature"], "the database")
        if head is not None:
            known = stated.heads.setdefault(head.number, head)
            if known.hash != head.hash:
                report.add(Finding("forged", f"Two heads were signed for block {head.number}, and they differ"))
    for signature in await list_seals(connection):
        signer.seal(signature, stated.seals)
    return stated


def _take_block(stated: _Stated, line: dict[str, Any], report: Report) -> None:
    try:
        block = read_block(line)
    except (ValueError, KeyError, TypeError):
        report.add(Finding("damaged", "A block in a file outside the database cannot be read"))
    else:
        stated.blocks[block.number] = block


class _Signer:
    def __init__(self, jwks: Mapping[str, Any], report: Report) -> None:
        self._jwks = jwks
        self._keys = {key.kid: key for key in from_jwks(jwks)}
        self._report = report

    def _payload(self, signature: str, kind: str, where: str) -> dict[str, Any] | None:
        try:
            payload, _ = verify(signature, self._jwks, kind=kind)
        except BadSignature as bad:
            self._report.add(Finding("forged", f"A signature in {where} does not hold ({kind}): {bad.detail}"))
            return None
        stated: dict[str, Any] = orjson.loads(payload)
        return stated

    def head(self, signature: str, where: str) -> Head | None:
        try:
            payload, kid = verify(signature, self._jwks, kind=HEAD_KIND)
        except BadSignature as bad:
            self._report.add(Finding("forged", f"A signed head in {where} does not hold: {bad.detail}"))
            return None
        head = Head.of(payload)
        if not self._keys[kid].signs_at(head.signed_at):
            self._report.add(
                Finding(
                    "forged", f"A head in {where} says {head.signed_at:%Y-%m-%d %H:%M}, when its key {kid} did not sign"
                )
            )
            return None
        return head

    def seal(self, signature: str, seals: dict[str, int]) -> None:
        stated = self._payload(signature, SEAL_KIND, "a seal")
        if stated is not None:
            seals[str(stated["month"])] = int(stated["last_block"])

    def restored(self, signature: str) -> int | None:
        stated = self._payload(signature, RESTORED_KIND, "a statement about a restored database")
        return None if stated is None else int(stated["number"])


class _Check:
    def __init__(self, connection: Connection, report: Report, stated: _Stated) -> None:
        self._connection = connection
        self._report = report
        self._stated = stated
        self._known: dict[str, list[bytes]] = {}
        self._present: dict[str, bool] = {}

    async def segment(self, before: Head, head: Head) -> Head:
        """Check the blocks behind one head up to and with the next."""
        numbers = range(before.number + 1, head.number + 1)
        there = {block.number: (block, stored) async for block, stored in self._blocks(before.number, head.number)}
        own = [there[n][0] for n in numbers if n in there]
        outside = [self._stated.blocks[n] for n in numbers if n in self._stated.blocks]
        if _leads_to(outside, before, head):
            for block in outside:
                self._compare(block, there.get(block.number))
            own = outside
        elif not _leads_to(own, before, head):
            self._report.add(
                Finding(
                    "broken",
                    f"Blocks {before.number + 1} to {head.number}, entries {before.position + 1} to {head.position}, do not give"
                    f" the hash signed at {head.signed_at:%Y-%m-%d %H:%M:%S} UTC, and the files outside do not hold them",
                    before.position + 1,
                )
            )
        for block in own:
            await self._entries(block)
        return head

    async def tail(self, head: Head) -> None:
        """Check what comes behind the last head as far as its own hashes go, and count it."""
        before, number = head.hash, head.number
        async for block, stored in self._blocks(head.number, None):
            number += 1
            if block.number != number or block.hash(before) != stored:
                self._report.add(
                    Finding(
                        "broken",
                        f"Block {block.number}, not signed yet, does not follow from the one before",
                        block.first_position,
                    )
                )
                number = block.number
            before = stored
            self._report.tail += block.count
            since = self._report.tail_since
            self._report.tail_since = block.first_at if since is None else min(since, block.first_at)
            await self._entries(block, signed=False)
        count, oldest = await count_pending(self._connection)
        self._report.tail += count
        if oldest is not None:
            since = self._report.tail_since
            self._report.tail_since = oldest if since is None else min(since, oldest)

    async def strangers(self) -> None:
        """Find entries that are in no block and not waiting for one."""
        pending = await list_pending_ids(self._connection)
        bounds = await entry_bounds(self._connection)
        if bounds is None:
            return
        month = bounds[0].astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while month <= bounds[1]:
            following = (month + timedelta(days=32)).replace(day=1)
            known = np.sort(np.array(self._known.get(month_of(month), [b""]), dtype="S16"))
            odd: list[bytes] = []
            async for ids in stream_ids(self._connection, first=month, until=following):
                found = np.array(ids, dtype="S16")
                places = np.minimum(np.searchsorted(known, found), len(known) - 1)
                strange = [ids[int(n)] for n in np.flatnonzero(known[places] != found)]
                odd += [entry_id for entry_id in strange if entry_id not in pending]
            for entry_id in odd:
                self._report.add(
                    Finding(
                        "inserted",
                        f"Entry {UUID(bytes=entry_id)} is in no block of the chain",
                        None,
                        UUID(bytes=entry_id),
                    )
                )
            month = following

    async def _blocks(self, after: int, until: int | None) -> Any:  # noqa: ANN401 - an asynchronous iterator of pairs
        while blocks := await list_blocks(self._connection, after=after, until=until):
            for block, stored in blocks:
                yield block, stored
            after = blocks[-1][0].number

    def _compare(self, block: Block, there: tuple[Block, bytes] | None) -> None:
        if there is None:
            self._report.add(
                Finding(
                    "removed",
                    f"Block {block.number}, entries {block.first_position} to {block.last_position}, is not in the database",
                    block.first_position,
                )
            )
        elif there[0] != block:
            for finding in _differences(block, there[0]):
                self._report.add(finding)

    async def _entries(self, block: Block, *, signed: bool = True) -> None:
        if await self._is_sealed(block):
            self._report.sealed += block.count
            return
        self._known.setdefault(block.month, []).extend(
            block.entry_ids[n : n + 16] for n in range(0, len(block.entry_ids), 16)
        )
        stated = list(block.entries())
        rows = await find_entries(
            self._connection, [entry_id for _, entry_id, _ in stated], first_at=block.first_at, last_at=block.last_at
        )
        found = {row["id"]: row for row in rows}
        missing = [entry_id for _, entry_id, _ in stated if entry_id not in found]
        moved = {row["id"]: row for row in await find_entries_anywhere(self._connection, missing)} if missing else {}
        for position, entry_id, expected in stated:
            row = found.get(entry_id)
            if row is not None and leaf(row) == expected:
                continue
            there = row or moved.get(entry_id)
            kind, words = ("removed", "is gone") if there is None else ("altered", "is not what was linked")
            self._report.add(Finding(kind, f"Entry {position} ({entry_id}) {words}", position, entry_id))
        if signed:
            self._report.entries += block.count

    async def _is_sealed(self, block: Block) -> bool:
        if block.number > self._stated.seals.get(block.month, 0):
            return False
        if block.month not in self._present:
            self._present[block.month] = await partition_of(self._connection, block.month) is not None
        return not self._present[block.month]


def _leads_to(blocks: Sequence[Block], before: Head, head: Head) -> bool:
    value, number, position = before.hash, before.number, before.position
    for block in blocks:
        if block.number != number + 1 or block.first_position != position + 1:
            return False
        value, number, position = block.hash(value), block.number, block.last_position
    return (value, number, position) == (head.hash, head.number, head.position)


def _differences(block: Block, there: Block) -> Iterator[Finding]:
    signed, present = list(block.entries()), list(there.entries())
    if signed != present and sorted(one[1:] for one in signed) == sorted(one[1:] for one in present):
        for (position, entry_id, _), other in zip(signed, present, strict=True):
            if entry_id != other[1]:
                words = f"Entry {position} ({entry_id}) stands at another place of block {block.number}"
                yield Finding("reordered", words, position, entry_id)
        return
    known = {entry_id: (position, value) for position, entry_id, value in signed}
    now = {entry_id: value for _, entry_id, value in present}
    for entry_id, (position, value) in known.items():
        if entry_id not in now:
            words = f"Entry {position} ({entry_id}) was taken out of block {block.number}"
            yield Finding("removed", words, position, entry_id)
        elif now[entry_id] != value:
            words = f"Entry {position} ({entry_id}) was linked again with other content in block {block.number}"
            yield Finding("altered", words, position, entry_id)
    for entry_id in now.keys() - known.keys():
        yield Finding("inserted", f"Entry {entry_id} was put into block {block.number}", None, entry_id)
    if {one[1] for one in signed} == now.keys() and all(now[key] == value for key, (_, value) in known.items()):
        yield Finding("altered", f"Block {block.number} was written again", block.first_position)

"""The chain over the audit: entries by their leaves in blocks, a block by its hash over itself and the block before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

#: What the first block has before it.
GENESIS: Final = bytes(32)
#: The leaf of an entry that was gone when it should have been linked.
GONE: Final = bytes(32)
#: Kinds of what is signed, each of its own, so that no signature passes for one of another kind.
HEAD_KIND: Final = "audit-head"
SEAL_KIND: Final = "audit-seal"
RESTORED_KIND: Final = "audit-restored"


@dataclass(frozen=True, slots=True)
class Block:
    """Some entries of one month in their order. `entry_ids` has 16 bytes an entry, `leaves` 32; positions count from 1."""

    number: int
    month: str
    first_position: int
    first_at: datetime
    last_at: datetime
    entry_ids: bytes
    leaves: bytes

    @property
    def count(self) -> int:
        """How many entries the block has."""
        return len(self.entry_ids) // 16

    @property
    def last_position(self) -> int:
        """The position of its last entry."""
        return self.first_position + self.count - 1

    def entries(self) -> Iterator[tuple[int, UUID, bytes]]:
        """Yield position, id and leaf of each entry."""
        for n in range(self.count):
            yield (
                self.first_position + n,
                UUID(bytes=self.entry_ids[16 * n : 16 * n + 16]),
                self.leaves[32 * n : 32 * n + 32],
            )

    def hash(self, before: bytes) -> bytes:
        """Return the hash of the block behind the one with the hash `before`."""
        content = {
            "before": before.hex(),
            "number": self.number,
            "month": self.month,
            "first_position": self.first_position,
            "first_at": _instant(self.first_at),
            "last_at": _instant(self.last_at),
            "entry_ids": sha256(self.entry_ids).hexdigest(),
            "leaves": sha256(self.leaves).hexdigest(),
        }
        return sha256(b"xinyong audit block 1\n" + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """A signed statement: after block `number`, with `position` entries in all, the chain's hash is `hash`."""

    number: int
    position: int
    hash: bytes
    signed_at: datetime

    def payload(self) -> bytes:
        """Return what is signed."""
        return orjson.dumps(
            {
                "number": self.number,
                "position": self.position,
                "hash": self.hash.hex(),
                "signed_at": _instant(self.signed_at),
            }
        )

    @classmethod
    def of(cls, payload: bytes) -> "Head":
        """Return the head that a verified payload states."""
        stated = orjson.loads(payload)
        return cls(
            stated["number"],
            stated["position"],
            bytes.fromhex(stated["hash"]),
            datetime.fromisoformat(stated["signed_at"]),
        )


NO_HEAD: Final = Head(0, 0, GENESIS, datetime(1970, 1, 1, tzinfo=UTC))


def leaf(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 over the canonical form of an entry: its columns that are not null, by name.

    A column that is added later is null in old entries, so their leaves stay what they are.
    """
    content = {name: _plain(value) for name, value in row.items() if value is not None}
    return sha256(b"xinyong audit entry 1\n" + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def month_of(instant: datetime) -> str:
    """Return the month of the partition that holds an instant, as 2026-11."""
    return f"{instant.astimezone(UTC):%Y-%m}"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, UUID) else value


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")

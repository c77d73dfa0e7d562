"""The digest of a set of rows that does not depend on their order, and that a delta moves along.

Each row is its line of the JSON Lines file, without the line feed. Its number is SHAKE128 of its SHA-256, 512 bytes read as a
little-endian integer; a set's number is the sum of its rows' numbers modulo 2^4096, and its digest the SHA-256 of that
sum, written in 512 little-endian bytes. Adding a row adds its number, removing one subtracts it.

This is AdHash (Bellare and Micciancio 1997) with a modulus that keeps the best known attack, Wagner's generalised birthday
attack (2002), at about 2^128 steps.
"""

from collections.abc import Sequence
from hashlib import sha256, shake_128
from typing import Final

import numpy as np

BYTES: Final = 512
_MODULUS: Final = 1 << (8 * BYTES)
_BATCH: Final = 4096


def _number(lines: Sequence[bytes]) -> int:
    """Return the sum of the lines' numbers, added column by column of 32 bits."""
    total = 0
    for first in range(0, len(lines), _BATCH):
        spread = b"".join([shake_128(sha256(line).digest()).digest(BYTES) for line in lines[first : first + _BATCH]])
        columns = np.frombuffer(spread, dtype="<u4").reshape(-1, BYTES // 4).sum(axis=0, dtype="<u8")
        low, high = (columns & 0xFFFFFFFF).astype("<u4"), (columns >> 32).astype("<u4")
        total += int.from_bytes(low.tobytes(), "little") + (int.from_bytes(high.tobytes(), "little") << 32)
    return total


class SetDigest:
    """The running sum of a set of rows, with their count."""

    def __init__(self, total: int = 0, count: int = 0) -> None:
        self.total = total
        self.count = count

    @classmethod
    def from_hex(cls, text: str, count: int) -> "SetDigest":
        """Return the sum that `sum_hex` gave."""
        return cls(int.from_bytes(bytes.fromhex(text), "little"), count)

    def copy(self) -> "SetDigest":
        """Return an independent copy."""
        return SetDigest(self.total, self.count)

    def add(self, lines: Sequence[bytes]) -> None:
        """Add rows."""
        self.total = (self.total + _number(lines)) % _MODULUS
        self.count += len(lines)

    def remove(self, lines: Sequence[bytes]) -> None:
        """Take rows out that were in."""
        self.total = (self.total - _number(lines)) % _MODULUS
        self.count -= len(lines)

    def sum_hex(self) -> str:
        """Return the sum itself; with it the digest of a later state is computed without reading this one again."""
        return self.total.to_bytes(BYTES, "little").hex()

    def hex(self) -> str:
        """Return the digest, 64 hexadecimal digits."""
        return sha256(self.total.to_bytes(BYTES, "little")).hexdigest()


def state_digest(tables: dict[str, str]) -> str:
    """Return the digest of a whole state: SHA-256 of the lines `table digest` in the order of the tables' names."""
    text = "".join(f"{name} {tables[name]}\n" for name in sorted(tables))
    return sha256(text.encode()).hexdigest()

"""The counters of rate limits in one memory-mapped file, which all processes of a machine share.

Nothing in it has to survive: the file may be deleted at any time, and nothing is ever synced to disk. A process that is killed
in the middle of a write leaves the counters as they were before it (LMDB copies on write and recovers the lock).
"""

import struct
from collections.abc import Callable
from math import floor
from pathlib import Path
from typing import Final

import lmdb
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport, TimestampedSlidingWindow

#: A count, and the instant (seconds since 1970) from which on it is worth nothing.
_ENTRY: Final = struct.Struct("<Qd")

#: Bytes of the file: about 400,000 counters.
SIZE: Final = 64 * 1024**2

#: After so many writes of a process a part of the file is looked through for counters that are worth nothing any more.
SWEEP_EVERY: Final = 256
SWEEP_PART: Final = 1024


class SharedStorage(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counters for the strategies of the `limits` library. `clock` gives seconds since 1970.

    Raises:
        lmdb.Error: from every method; the file cannot be used.
    """

    STORAGE_SCHEME = None

    def __init__(self, folder: Path, *, clock: Callable[[], float], size: int = SIZE) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._environment = lmdb.open(
            str(folder), map_size=size, sync=False, metasync=False, writemap=True, max_readers=1024
        )
        self._environment.reader_check()  # places of readers that were killed
        self._writes = 0
        self._swept_to = b""

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the methods may raise."""
        return lmdb.Error

    def close(self) -> None:
        """Close the file."""
        self._environment.close()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter that begins anew `expiry` seconds after its first addition; return its count."""
        with self._environment.begin(write=True) as transaction:
            return self._add(transaction, key, expiry, amount, self._clock())

    def get(self, key: str) -> int:
        """Return the count of a counter."""
        with self._environment.begin() as transaction:
            return _read(transaction, key, self._clock())

    def get_expiry(self, key: str) -> float:
        """Return when a counter begins anew, in seconds since 1970; now where there is none."""
        with self._environment.begin() as transaction:
            entry = transaction.get(key.encode())
        return self._clock() if entry is None else float(_ENTRY.unpack(entry)[1])

    def clear(self, key: str) -> None:
        """Forget a counter."""
        with self._environment.begin(write=True) as transaction:
            transaction.delete(key.encode())

    def check(self) -> bool:
        """Return whether the file can be used."""
        try:
            self.get("")
        except lmdb.BadValsizeError:  # the answer to an empty name: somebody is there
            return True
        except lmdb.Error:
            return False
        return True

    def reset(self) -> int | None:
        """Forget all counters; return how many there were."""
        with self._environment.begin(write=True) as transaction:
            count: int = transaction.stat()["entries"]
            transaction.drop(self._environment.open_db(None, txn=transaction), delete=False)
        return count

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` where it fits into the limit, in one transaction; return whether it did."""
        now = self._clock()
        before, within = self.sliding_window_keys(key, expiry, now)
        with self._environment.begin(write=True) as transaction:
            weight = 1 - (now / expiry) % 1
            used = _read(transaction, before, now) * weight + _read(transaction, within, now)
            if floor(used) + amount > limit:
                return False
            self._add(transaction, within, 2 * expiry, amount, now)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and remaining seconds of the window before and of this one."""
        now = self._clock()
        before, within = self.sliding_window_keys(key, expiry, now)
        left = (1 - (now / expiry) % 1) * expiry
        with self._environment.begin() as transaction:
            return _read(transaction, before, now), left, _read(transaction, within, now), left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows of a key."""
        for name in self.sliding_window_keys(key, expiry, self._clock()):
            self.clear(name)

    def _add(self, transaction: lmdb.Transaction, key: str, expiry: float, amount: int, now: float) -> int:
        count, until = amount, now + expiry
        entry = transaction.get(key.encode())
        if entry is not None:
            known, ends = _ENTRY.unpack(entry)
            if ends > now:
                count, until = known + amount, ends
        transaction.put(key.encode(), _ENTRY.pack(count, until))
        self._writes += 1
        if self._writes % SWEEP_EVERY == 0:
            self._sweep(transaction, now)
        return count

    def _sweep(self, transaction: lmdb.Transaction, now: float) -> None:
        cursor = transaction.cursor()
        there = cursor.set_range(self._swept_to) if self._swept_to else cursor.first()
        for _ in range(SWEEP_PART):
            if not there:
                self._swept_to = b""
                return
            if _ENTRY.unpack(cursor.value())[1] <= now:
                cursor.delete()  # and stands at the next one, or at none
                there = bool(cursor.key())
            else:
                there = cursor.next()
            self._swept_to = bytes(cursor.key()) if there else b""


def _read(transaction: lmdb.Transaction, key: str, now: float) -> int:
    entry = transaction.get(key.encode())
    if entry is None:
        return 0
    count, until = _ENTRY.unpack(entry)
    return int(count) if until > now else 0

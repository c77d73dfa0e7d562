"""Counts what is asked, and says no when it is too much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import Final

import lmdb
import structlog
from limits import RateLimitItem
from limits.strategies import SlidingWindowCounterRateLimiter

from service.limits.rules import Kind, Window, read_rates
from service.limits.storage import SharedStorage

#: The part of a quota that may be counted in advance, and for how many seconds.
LARGEST_PART: Final = 0.001
LEASE_SECONDS: Final = 0.1
MOST_LEASES: Final = 10_000

log: structlog.stdlib.BoundLogger = structlog.get_logger("limits")


class LimiterFailed(Exception):
    """The counters cannot be read or written; how often that happened is in the metrics."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something may be done: `wait` is 0, or in how many seconds it may; `windows` are the quotas after it."""

    wait: int
    windows: tuple[Window, ...]


@dataclass(slots=True)
class _Lease:
    """Units of work counted in advance for one asker: how many, what is left of them, and until when (monotonic seconds)."""

    size: int
    left: int
    ends_at: float
    verdict: Verdict


class Limiter:
    """Holds keys and addresses to their rates, together with all other processes that use the same `folder`."""

    def __init__(self, folder: Path, rates: Mapping[Kind, str], *, clock: Callable[[], float]) -> None:
        self.rates: Mapping[Kind, tuple[RateLimitItem, ...]] = {kind: read_rates(text) for kind, text in rates.items()}
        self._largest = {
            kind: int(LARGEST_PART * min((rate.amount for rate in rates), default=0))
            for kind, rates in self.rates.items()
        }
        self._leases: dict[tuple[Kind, str], _Lease] = {}
        self.refusals = 0
        self.failures = 0
        try:
            self._storage = SharedStorage(folder, clock=clock)
        except lmdb.Error as error:  # spoilt, or of another version: there is nothing in it to be kept
            log.warning("limits.started_anew", folder=str(folder), reason=str(error))
            rmtree(folder, ignore_errors=True)
            self._storage = SharedStorage(folder, clock=clock)
        self._strategy = SlidingWindowCounterRateLimiter(self._storage)

    def ask(self, kind: Kind, who: str, *, cost: int = 1) -> Verdict:
        """Count `cost` units of work, at most a whole quota, for `who`, or say when they may be asked again.

        Who asks without a pause is counted in advance, at most `LARGEST_PART` of its quota for `LEASE_SECONDS`: most of its
        questions then cost no look at the counters. What one window refuses was counted by the shorter ones: who asks again
        too soon waits longer.

        Raises:
            LimiterFailed: the counters cannot be used.
        """
        lease = self._leases.get((kind, who))
        if lease is not None and lease.left >= cost and monotonic() < lease.ends_at:
            lease.left -= cost
            return lease.verdict
        return self._ask(kind, who, cost, lease)

    def _ask(self, kind: Kind, who: str, cost: int, before: _Lease | None) -> Verdict:
        size = self._lease_size(kind, before)
        verdict = self._count(kind, who, max(cost, size))
        if not verdict.wait and self._largest[kind] > 1:
            if len(self._leases) >= MOST_LEASES:
                self._leases.clear()
            self._leases[kind, who] = _Lease(size, max(0, size - cost), monotonic() + LEASE_SECONDS, verdict)
        return verdict

    def _lease_size(self, kind: Kind, before: _Lease | None) -> int:
        """Return how much to count at once: more and more for who asks without a pause, one for everybody else."""
        largest = self._largest[kind]
        if before is None or monotonic() >= before.ends_at:
            return 1
        if any(window.remaining < 2 * largest for window in before.verdict.windows):
            return 1
        return max(1, min(2 * before.size, largest))

    def _count(self, kind: Kind, who: str, cost: int) -> Verdict:
        try:
            for rate in self.rates[kind]:
                if not self._strategy.hit(rate, kind, who, cost=min(cost, rate.amount)):
                    self.refusals += 1
                    window = self._window(rate, kind, who)
                    return Verdict(window.wait(cost), (window,))
            return Verdict(0, tuple(self._window(rate, kind, who) for rate in self.rates[kind]))
        except lmdb.Error as error:
            raise self._failed(error) from error

    def look(self, kind: Kind, who: str) -> Verdict:
        """Say whether one more unit may be asked for `who`, without counting it.

        Raises:
            LimiterFailed: the counters cannot be used.
        """
        try:
            windows = tuple(self._window(rate, kind, who) for rate in self.rates[kind])
        except lmdb.Error as error:
            raise self._failed(error) from error
        return Verdict(max((window.wait(1) for window in windows if not window.remaining), default=0), windows)

    def close(self) -> None:
        """Let go of the counters."""
        self._storage.close()

    def _window(self, rate: RateLimitItem, kind: Kind, who: str) -> Window:
        seconds = rate.get_expiry()
        before, left, within, _ = self._storage.get_sliding_window(rate.key_for(kind, who), seconds)
        return Window(rate.amount, seconds, before, within, seconds - left)

    def _failed(self, error: lmdb.Error) -> LimiterFailed:
        if not self.failures:
            log.error("limits.failed", reason=str(error))
        self.failures += 1
        if isinstance(error, lmdb.MapFullError):
            self._storage.reset()  # everybody begins anew, which is better than that nobody is counted
        return LimiterFailed(str(error))

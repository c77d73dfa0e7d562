"""Counts what is asked, and says no when it is too much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import lmdb
import structlog
from limits import RateLimitItem
from limits.strategies import SlidingWindowCounterRateLimiter

from service.limits.rules import Kind, Window, read_rates
from service.limits.storage import SharedStorage

log: structlog.stdlib.BoundLogger = structlog.get_logger("limits")


class LimiterFailed(Exception):
    """The counters cannot be read or written; how often that happened is in the metrics."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something may be done: `wait` is 0, or in how many seconds it may; `windows` are the quotas after it."""

    wait: int
    windows: tuple[Window, ...]


class Limiter:
    """Holds keys and addresses to their rates, together with all other processes that use the same `folder`."""

    def __init__(self, folder: Path, rates: Mapping[Kind, str], *, clock: Callable[[], float]) -> None:
        self.rates: Mapping[Kind, tuple[RateLimitItem, ...]] = {kind: read_rates(text) for kind, text in rates.items()}
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

        What one window refuses was counted by the shorter ones: who asks again too soon waits longer.

        Raises:
            LimiterFailed: the counters cannot be used.
        """
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

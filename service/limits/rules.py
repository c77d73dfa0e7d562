"""How much a key or an address may ask in which time, and what the fields of an answer say about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from limits import RateLimitItem, parse_many

#: Written instead of rates, this switches a kind of limit off.
OFF: Final = "off"


class Kind(StrEnum):
    """Who is counted: a key, an address without one, or an address whose keys were refused."""

    KEY = "key"
    ADDRESS = "address"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Window:
    """The state of one window of a quota: what was asked in the one before and in this one, in units of work.

    `elapsed` and `seconds` are seconds. What was asked before counts by the part of it that still lies within `seconds`.
    """

    quota: int
    seconds: int
    before: int
    within: int
    elapsed: float

    @property
    def used(self) -> float:
        """How much counts now."""
        return self.before * (1 - self.elapsed / self.seconds) + self.within

    @property
    def remaining(self) -> int:
        """How much more may be asked now."""
        return max(0, self.quota - ceil(self.used))

    @property
    def reset(self) -> int:
        """Seconds until this window ends, rounded up."""
        return max(1, ceil(self.seconds - self.elapsed))

    def wait(self, cost: int) -> int:
        """Return in how many seconds `cost` units may be asked if nothing else is, rounded up, at least 1."""
        free = self.quota - min(cost, self.quota)
        if self.within <= free:
            # It is enough that a part of the window before passes out of sight.
            part = 1 - (free - self.within) / self.before if self.before else 0.0
            return max(1, ceil(part * self.seconds - self.elapsed))
        part = 1 - free / self.within
        return max(1, ceil(self.seconds - self.elapsed + part * self.seconds))


def read_rates(text: str) -> tuple[RateLimitItem, ...]:
    """Return the rates of a setting such as `1000/10 seconds; 60000/hour`, shortest window first; none for `off`.

    Raises:
        ValueError: it is not written like that.
    """
    if text.strip().lower() == OFF:
        return ()
    rates = tuple(sorted(parse_many(text), key=lambda rate: rate.get_expiry()))
    if not all(rate.amount > 0 for rate in rates):
        raise ValueError("a rate of nothing; write `off` for no limit")
    return rates


@lru_cache(maxsize=10_000)
def address_key(host: str | None) -> str:
    """Return what stands for an address: itself, or its /64 for IPv6, where one customer has that many."""
    if host is None:
        return "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host[:100]
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else f"{address.packed[:8].hex()}::/64"
    return str(address)


def secret_key(authorization: str) -> str:
    """Return what stands for a key; the key itself is written nowhere."""
    return sha256(authorization.encode()).hexdigest()[:32]


def policy_field(kind: Kind, rates: Sequence[RateLimitItem]) -> str:
    """Return `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): the quotas and their windows in seconds."""
    return ", ".join(f'"{_name(kind, rate.get_expiry())}";q={rate.amount};w={rate.get_expiry()}' for rate in rates)


def state_field(kind: Kind, windows: Sequence[Window]) -> str:
    """Return `RateLimit` (the same draft): what remains of each quota, and in how many seconds its window ends."""
    return ", ".join(f'"{_name(kind, window.seconds)}";r={window.remaining};t={window.reset}' for window in windows)


def _name(kind: Kind, seconds: int) -> str:
    return f"{kind.value}-{seconds}s"

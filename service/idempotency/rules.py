"""When a request is the same as an earlier one, and how long that is remembered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from service.errors import Conflict, Invalid

#: How long a key stands for its request, counted from the request that succeeded.
KEPT: Final = timedelta(hours=24)


class KeyReused(Invalid):
    """The `Idempotency-Key` stands for another request: other body, path or parameters. Take a new key for a new request."""

    code = "idempotency_key_reused"


class RequestInFlight(Conflict):
    """A request with this `Idempotency-Key` is being worked on. Send it again in a moment and get its outcome."""

    code = "request_in_flight"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a creating request: who sends it under which key, what it asks for besides its body, and when.

    `target` is the method, path and query of the request.
    """

    principal: str
    key: str
    target: str
    at: datetime

    def digest(self, body_sha256: bytes) -> bytes:
        """Return the SHA-256 of the whole request, given that of its body."""
        return sha256(self.target.encode() + b"\n" + body_sha256).digest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the request that succeeded under a key."""

    request_sha256: bytes
    status: int
    location: str


def check_same(outcome: Outcome, request_sha256: bytes) -> None:
    """Refuse a key that stands for another request.

    Raises:
        KeyReused: the digests differ.
    """
    if outcome.request_sha256 != request_sha256:
        raise KeyReused(
            "This Idempotency-Key was sent with another request within the last 24 hours. Take a new key for a new request.",
            detail_zh="此 Idempotency-Key 已用于另一请求，请为新请求使用新的键。",
        )

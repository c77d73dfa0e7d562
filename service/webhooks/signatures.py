"""Signatures of messages as Standard Webhooks 1.0 has them: `v1` HMAC-SHA256 by a shared secret, `v1a` Ed25519."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """One secret of an endpoint with its Ed25519 key, both as 32 bytes."""

    secret: bytes
    private_key: bytes

    @property
    def shown_secret(self) -> str:
        """The shared secret as its owner sees it, once."""
        return f"whsec_{b64encode(self.secret).decode()}"

    @property
    def public_key(self) -> str:
        """The public half of the Ed25519 key, which anybody may know."""
        raw = Ed25519PrivateKey.from_private_bytes(self.private_key).public_key().public_bytes_raw()
        return f"whpk_{b64encode(raw).decode()}"


def make_signer() -> Signer:
    """Return a new secret and a new key."""
    return Signer(token_bytes(SECRET_BYTES), Ed25519PrivateKey.generate().private_bytes_raw())


def signed_headers(message_id: str, body: bytes, signers: Sequence[Signer], *, now: datetime) -> dict[str, str]:
    """Return the three headers of a message, signed by each of `signers` in both ways, newest first."""
    seconds = int(now.timestamp())
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    shared = [("v1", hmac.new(one.secret, signed, sha256).digest()) for one in signers]
    public = [("v1a", Ed25519PrivateKey.from_private_bytes(one.private_key).sign(signed)) for one in signers]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"{name},{b64encode(mark).decode()}" for name, mark in (*shared, *public)),
    }

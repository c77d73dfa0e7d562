"""Which key signs when, and what a signature is worth: pure, on values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from service.errors import Conflict, Invalid, Unavailable

#: RFC 9864; RFC 8037's `EdDSA` is deprecated since it does not say which curve.
ALGORITHM: Final = "Ed25519"


class BadSignature(Invalid):
    """The signature is not one of this installation over this content: altered, of an unknown key, or of another kind."""

    code = "bad_signature"


class SigningKeyUnusable(Unavailable):
    """The signing key cannot be read, or is no Ed25519 key; without it nothing is signed."""

    code = "signing_key_unusable"


class KeyFromOutside(Conflict):
    """The signing key is a file that the installation provides, so it is not this service that replaces it."""

    code = "key_from_outside"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a signing key, with its dates.

    `kid` is the RFC 7638 thumbprint and `x` the key itself, both base64url. It is published from `made_at` on, signs from
    `signs_from` on (inclusive) and until `signs_until` (exclusive; None: no end is set).
    """

    kid: str
    x: str
    made_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None

    def signs_at(self, instant: datetime) -> bool:
        """Return whether signatures of this key made at `instant` count."""
        return self.signs_from <= instant and (self.signs_until is None or instant < self.signs_until)


def key_at(keys: Sequence[PublicKey], instant: datetime) -> PublicKey | None:
    """Return the key that signs at `instant`: of several the one that began last; None where there is no key.

    Where none has begun, because a clock was set back, it is the one without an end: a clock must not make keys.
    """
    signing = [key for key in keys if key.signs_at(instant)] or [key for key in keys if key.signs_until is None]
    return max(signing, key=lambda key: key.signs_from, default=None)


def succeed(
    keys: Sequence[PublicKey], successor: PublicKey, *, now: datetime, overlap: timedelta
) -> tuple[PublicKey, ...]:
    """Return `keys` with a new one that signs after `overlap`; the others sign until then.

    In the overlap both are published, so whoever keeps a copy of the key set has the new key before it signs. A key that
    was waiting for its turn never signs.
    """
    turn = now + overlap
    ended = tuple(
        key if key.signs_until is not None and key.signs_until <= now else replace(key, signs_until=turn)
        for key in keys
        if key.signs_from <= now
    )
    return (*ended, replace(successor, signs_from=turn, signs_until=None))


def to_jwks(keys: Sequence[PublicKey]) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON Web Key Set (RFC 7517) of `keys`.

    The dates are NumericDate members as in the historical keys of OpenID Federation 1.0: `iat` made, `nbf` signs from, `exp`
    signs no more.
    """
    return {"keys": [_to_jwk(key) for key in keys]}


def _to_jwk(key: PublicKey) -> dict[str, Any]:
    end = {} if key.signs_until is None else {"exp": int(key.signs_until.timestamp())}
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": key.x,
        "kid": key.kid,
        "use": "sig",
        "alg": ALGORITHM,
        "iat": int(key.made_at.timestamp()),
        "nbf": int(key.signs_from.timestamp()),
        **end,
    }


def from_jwks(jwks: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Return the keys of a set that `to_jwks` made.

    Raises:
        SigningKeyUnusable: it is no such set.
    """
    try:
        return tuple(
            PublicKey(
                one["kid"],
                one["x"],
                _instant(one["iat"]),
                _instant(one["nbf"]),
                _instant(one["exp"]) if "exp" in one else None,
            )
            for one in jwks["keys"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SigningKeyUnusable(
            f"The set of public signing keys cannot be read ({type(error).__name__}: {error}). Restore it from the backup.",
            detail_zh="签名公钥集无法读取，请从备份恢复。",
        ) from error


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""The form of a key, and what one may be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from uuid import UUID
from zlib import crc32

from service.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX: Final = "xy_"
SECRET_LENGTH: Final = 43  # 62**43 is the first power above 2**256
CHECK_LENGTH: Final = 6  # 62**6 is the first power above 2**32
HINT_LENGTH: Final = 7

Network = IPv4Network | IPv6Network


class NoSuchKey(NotFound):
    """No valid key has this id: there never was one, or it is revoked already."""

    code = "no_such_key"


class ExpiredKey(Unauthenticated):
    """The key was valid until its end, which is past. Its administrator can make another one."""

    code = "expired_key"


class UnconfirmedKey(Unauthenticated):
    """The key is good and opens nothing yet: an administrator made it, and another one has to confirm it."""

    code = "unconfirmed_key"


class WrongNetwork(Forbidden):
    """The key is valid, and not from the address that this request comes from."""

    code = "wrong_network"


class BadNetwork(Invalid):
    """An address range is not in CIDR notation, such as `10.1.0.0/16` or `2001:db8::/48`."""

    code = "bad_network"


class BadExpiry(Invalid):
    """A key would end before it begins, or an overlap would last longer than the old key."""

    code = "bad_expiry"


class NoKeyUsed(Invalid):
    """A key is replaced by the key itself, and this was asked with a token."""

    code = "no_key_used"


class AlreadyRotated(Conflict):
    """The key has a successor already; rotate that one."""

    code = "already_rotated"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What is stored of a key that is not revoked."""

    id: UUID
    name: str
    secret_hash: bytes
    expires_at: datetime | None
    networks: tuple[Network, ...]
    is_confirmed: bool = True

    def check(self, *, now: datetime, address: str | None) -> None:
        """Refuse a use of the key at the instant `now` from `address`.

        Raises:
            UnconfirmedKey: nobody has confirmed it.
            ExpiredKey: its end has come.
            WrongNetwork: it is bound to address ranges, and the address lies in none of them.
        """
        if not self.is_confirmed:
            raise UnconfirmedKey(
                f"The key {self.name!r} waits for a second administrator, who has to confirm it.",
                detail_zh="该密钥尚待另一名管理员确认。",
            )
        if self.expires_at is not None and now >= self.expires_at:
            raise ExpiredKey(
                f"The key {self.name!r} was valid until {self.expires_at.isoformat()}; ask for a new one.",
                detail_zh="密钥已过有效期，请申领新密钥。",
            )
        if self.networks and not _lies_in(address, self.networks):
            raise WrongNetwork(
                f"The key {self.name!r} is not valid from the address {address}; its address ranges do not hold it.",
                detail_zh="该密钥不允许从此网络地址使用。",
            )


def key_state(
    *, confirmed_at: datetime | None, expires_at: datetime | None, revoked_at: datetime | None, now: datetime
) -> str:
    """Return whether a key is `valid`, `expired`, `revoked`, or `unconfirmed` as yet, at the instant `now`."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and now >= expires_at:
        return "expired"
    return "unconfirmed" if confirmed_at is None else "valid"


def _lies_in(address: str | None, networks: Iterable[Network]) -> bool:
    try:
        asked = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(asked, "ipv4_mapped", None)  # an IPv4 client on a socket that takes both
    return any((mapped or asked) in network for network in networks)


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the address ranges that `texts` name in CIDR notation; a plain address is a range of one.

    Raises:
        BadNetwork: one is no address range.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip()))
        except ValueError as error:
            raise BadNetwork(
                f"{text!r} is no address range: {error}. Write 10.1.0.0/16 or 2001:db8::/48.",
                detail_zh="网络地址范围须写作 CIDR 形式，如 10.1.0.0/16。",
            ) from error
    return tuple(found)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(crc32(body.encode("ascii")), CHECK_LENGTH)


def key_text(random_bytes: bytes) -> str:
    """Return a key for 32 random bytes: `xy_`, 43 characters of base 62, 6 characters of CRC-32 over these.

    The check tells a mistyped key from a revoked one without asking the database; it protects nothing.

    Raises:
        ValueError: there are not exactly 32 bytes.
    """
    if len(random_bytes) != 32:
        raise ValueError(f"a key needs 32 random bytes, not {len(random_bytes)}")
    body = _base62(int.from_bytes(random_bytes), SECRET_LENGTH)
    return f"{PREFIX}{body}{_check(body)}"


def is_well_formed_key(text: str) -> bool:
    """Return whether `text` has the form that `key_text` gives, its check included."""
    body, check = text[len(PREFIX) : -CHECK_LENGTH], text[-CHECK_LENGTH:]
    return (
        text.startswith(PREFIX)
        and len(body) == SECRET_LENGTH
        and all(character in ALPHABET for character in body)
        and _check(body) == check
    )


def key_hash(key: str) -> bytes:
    """Return the SHA-256 of a key, the only trace of it that is stored. 256 random bits need no salt and no stretching."""
    return sha256(key.encode()).digest()


def key_hint(key: str) -> str:
    """Return the first 7 characters of a key: enough for its holder to tell it from others, useless for anybody else."""
    return key[:HINT_LENGTH]

"""Who may do what: roles, the actor behind a request, and the form of a key."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID
from zlib import crc32

from service.errors import Invalid, Unauthenticated

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX: Final = "xy_"
SECRET_LENGTH: Final = 43  # 62**43 is the first power above 2**256
CHECK_LENGTH: Final = 6  # 62**6 is the first power above 2**32
HINT_LENGTH: Final = 7


class Role(StrEnum):
    """What a key is for. A key may carry several roles; none of them includes another."""

    REGISTRAR = "registrar"
    RECORDER = "recorder"
    REVIEWER = "reviewer"
    CONSENTER = "consenter"
    LISTER = "lister"
    REPAIR_OFFICER = "repair_officer"
    SUPERVISOR = "supervisor"
    RULE_KEEPER = "rule_keeper"
    PLATFORM = "platform"
    EXPORTER = "exporter"
    AUDITOR = "auditor"
    SUBJECT_AGENT = "subject_agent"
    ADMINISTRATOR = "administrator"


class MissingKey(Unauthenticated):
    """The request carries no `Authorization: Bearer KEY` header, and this answer needs a key."""

    code = "missing_key"


class MalformedKey(Unauthenticated):
    """What was sent as a key is none: a wrong beginning, length or character, or a check that does not fit."""

    code = "malformed_key"


class UnknownKey(Unauthenticated):
    """The key has the right form and is not valid: it was never issued here, or it was revoked."""

    code = "unknown_key"


class RoleWithoutAuthority(Invalid):
    """A key for work in an authority's name does not say which authority."""

    code = "role_without_authority"


#: Roles that act in the name of an authority, so that a key without one makes no sense.
AUTHORITY_ROLES: Final = frozenset(
    {Role.RECORDER, Role.REVIEWER, Role.CONSENTER, Role.LISTER, Role.REPAIR_OFFICER, Role.SUPERVISOR}
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whom a valid key stands for. `authority_code` is the authority in whose name it acts, if any."""

    id: UUID
    name: str
    roles: frozenset[Role]
    authority_code: str | None = None

    def may(self, *roles: Role) -> bool:
        """Return whether the actor has at least one of `roles`."""
        return not self.roles.isdisjoint(roles)

    def acts_for(self, authority_code: str, *roles: Role) -> bool:
        """Return whether the actor has at least one of `roles` in the name of this authority."""
        return self.authority_code == authority_code and self.may(*roles)


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


def check_key_grant(roles: frozenset[Role], authority_code: str | None) -> None:
    """Refuse a key whose roles and authority do not fit together.

    Raises:
        RoleWithoutAuthority: a role acts in an authority's name and none is given.
    """
    lonely = sorted(roles & AUTHORITY_ROLES)
    if lonely and authority_code is None:
        raise RoleWithoutAuthority(
            f"A key with the role {', '.join(lonely)} acts in the name of an authority; say which one.",
            detail_zh="此类角色以行政机关名义办理业务，请指明所属机关。",
        )
